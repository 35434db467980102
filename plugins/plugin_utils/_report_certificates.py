# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are not valid for much longer, or no more, of several directors. Private to evenkeel.lb."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, Timestamp, shown

# How many days before its end a certificate is warned of, unless said otherwise.
DAYS = 30

_DAY = datetime.timedelta(days=1)


def days(value: Any) -> int:
    """The number of days that was asked for. Raises BadValue for what is none."""
    said = str(value)
    if isinstance(value, (bool, float)) or not said.isdecimal() or len(said) > 5:
        raise BadValue(f"certificate_days: {shown(value)} is no number of days", "a whole number from 0 to 99999")
    return int(said)


def ending(infos: Mapping[str, Mapping[str, Any]], generated: str, within: int) -> list[dict[str, Any]]:
    """The certificates that are expired at the moment of the audit or less than so many days later, the first to end
    first, those of chains and authorities too. What directors show alike is there once. `infos` are results of lb_info
    by director."""
    found: dict[tuple[str, str, str, str], dict[str, set[str]]] = defaultdict(
        lambda: {"directors": set(), "virtual_servers": set(), "farms": set()}
    )
    now = _moment(generated)
    for director, info in infos.items():
        for one in info.get("certificates", []):
            for each in one["ends"]:
                if each["not_after"] is not None and _moment(each["not_after"]) - now < within * _DAY:
                    where = found[(each["not_after"], one["name"], each["part"], each["subject"])]
                    where["directors"].add(director)
                    where["virtual_servers"].update(one["virtual_servers"])
                    where["farms"].update(one["farms"])
    return [
        {"name": name, "part": part, "subject": subject, "not_after": end}
        | {"days_left": (_moment(end) - now) // _DAY, "state": "expired" if _moment(end) < now else "expiring"}
        | {key: sorted(values) for key, values in where.items()}
        for (end, name, part, subject), where in sorted(found.items())
    ]


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.strptime(Timestamp().parse(text), "%Y-%m-%dT%H:%M:%SZ")
