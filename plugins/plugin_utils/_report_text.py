# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody reads of an audit on a screen. Private to evenkeel.lb."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from . import _report_words
from ._report import made


def text(value: Any) -> str:
    """The report of an audit in lines: the verdict first, then each finding. Nothing in it moves a terminal's cursor.

    Raises BadValue for what is no report.
    """
    return _report_words.visible("\n".join(_lines(made(value))))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    findings = report["findings"]
    yield f"{report['verdict'].upper()}: {report['summary']} ({report['generated']})"
    if report["attention"]:
        yield f"ATTENTION: {report['attention']}"
    for name, director in report["directors"].items():
        if director["message"]:
            yield f"{name}: {director['verdict']}: {director['message']}"
    for entry in findings["drift"]:
        yield from _drift(entry)
    for group in findings["ha_groups"]:
        yield f"HA group {group['name']}: {group['message']}"
    for service in findings["virtual_servers"]:
        yield f"virtual server {service['name']}: {_report_words.down(service)} on {', '.join(service['directors'])}"
    for server in findings["servers"]:
        where = _report_words.endpoint(server["address"], server["port"])
        yield f"server {server['name']} ({where}) of farm {server['farm']}: down on {', '.join(server['directors'])}"
    for one in findings["certificates"]:
        which = one["name"] if one["part"] == "certificate" else f"{one['name']}, {_report_words.part(one)}"
        whose = f" ({one['subject']})" if one["subject"] else ""
        yield f"certificate {which}{whose}: {_report_words.ending(one)} on {', '.join(one['directors'])}"


def _drift(entry: Mapping[str, Any]) -> Iterator[str]:
    title = f"{entry['director']}: {entry['path']} {entry['field']}:"
    after = f"(the next run {_report_words.next_run(entry)})"
    values = [entry[side] or "nothing" for side in ("intended", "running")]
    if any("\n" in value for value in values):
        yield f"{title} intended {after}"
        yield textwrap.indent(values[0].rstrip("\n"), "    ")
        yield "  running"
        yield textwrap.indent(values[1].rstrip("\n"), "    ")
    else:
        yield f"{title} {' → '.join(values)} {after}"
