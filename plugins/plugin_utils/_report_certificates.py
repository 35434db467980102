# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of several directors that are not valid for much longer, or no more, or not there. Private."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, Timestamp, shown

# How many days before its end a certificate is warned of, unless said otherwise.
DAYS = 30

_DAY = datetime.timedelta(days=1)


class _Finding(NamedTuple):
    """What there is to say of a certificate; `not_after` is empty where that is not about its end."""

    not_after: str
    name: str
    part: str
    subject: str
    state: str


def days(value: Any) -> int:
    """The number of days that was asked for. Raises BadValue for what is none."""
    said = str(value)
    if isinstance(value, (bool, float)) or not said.isdecimal() or len(said) > 5:
        raise BadValue(f"certificate_days: {shown(value)} is no number of days", "a whole number from 0 to 99999")
    return int(said)


def findings(infos: Mapping[str, Mapping[str, Any]], generated: str, within: int) -> list[dict[str, Any]]:
    """The certificates that are expired at the moment of the audit or less than so many days later, the first to end
    first, those of chains and authorities too; then those that should be there and are missing, or not known. What
    directors show alike is there once. `infos` are results of lb_info by director."""
    found: dict[_Finding, dict[str, set[str]]] = defaultdict(
        lambda: {"directors": set(), "virtual_servers": set(), "farms": set()}
    )
    now = _moment(generated)
    for director, info in infos.items():
        for one in info.get("certificates", []):
            for finding in _findings(one, now, within):
                where = found[finding]
                where["directors"].add(director)
                where["virtual_servers"].update(one["virtual_servers"])
                where["farms"].update(one["farms"])
    return [
        {**finding._asdict(), "not_after": finding.not_after or None, "days_left": _days(finding.not_after, now)}
        | {key: sorted(values) for key, values in where.items()}
        for finding, where in sorted(found.items(), key=lambda item: (not item[0].not_after, item[0]))
    ]


def _findings(one: Mapping[str, Any], now: datetime.datetime, within: int) -> Iterator[_Finding]:
    for each in one["ends"]:
        if each["not_after"] is not None and _moment(each["not_after"]) - now < within * _DAY:
            state = "expired" if _moment(each["not_after"]) < now else "expiring"
            yield _Finding(each["not_after"], one["name"], each["part"], each["subject"], state)
    if one["state"] in ("missing", "unknown"):
        yield _Finding("", one["name"], "certificate", "", one["state"])


def _days(end: str, now: datetime.datetime) -> int | None:
    return (_moment(end) - now) // _DAY if end else None


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(Timestamp().parse(text), "%Y-%m-%dT%H:%M:%SZ")
