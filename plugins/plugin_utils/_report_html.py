# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of an audit's report. Private to evenkeel.lb.

The template escapes whatever it is given. Should that ever fail, the page still runs no script and loads no style but
its own: its content security policy names both by their hashes, and allows no request at all.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from . import _report_topology, _report_words
from ._report import counted, made

_TEMPLATE = Path(__file__).with_name("_report.html.j2")

# More findings than this in a table, or in the drawing, begin folded, and more virtual servers that are in order.
_MANY_FINDINGS = 50
_MANY_IN_ORDER = 20

# How much a state matters, and a sign for it, so that nobody needs to tell colours apart.
_STATES = {
    "clean": ("good", "✓"),
    "up": ("good", "✓"),
    "master": ("good", "★"),
    "backup": ("calm", "☆"),
    "drained": ("calm", "▽"),
    "disabled": ("calm", "⊘"),
    "unchecked": ("calm", "○"),
    "drifted": ("poor", "≠"),
    "degraded": ("poor", "◐"),
    "sorry server": ("poor", "!"),
    "expiring": ("poor", "!"),
    "unknown": ("poor", "?"),
    "stopped": ("bad", "■"),
    "fault": ("bad", "✕"),
    "down": ("bad", "✕"),
    "expired": ("bad", "✕"),
    "missing": ("bad", "✕"),
    "failed": ("bad", "✕"),
    "unreachable": ("bad", "✕"),
}


def page(value: Any) -> str:
    """The report as one HTML page that needs nothing beside it. Equal reports give equal pages.

    Raises BadValue for what is no report.
    """
    report = made(value)
    source = _TEMPLATE.read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, finalize=_finalized, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters.update(
        counted=counted,
        down=_report_words.down,
        ending=_report_words.ending,
        next_run=_report_words.next_run,
        part=_report_words.part,
        sign=lambda state: _STATES.get(state, ("poor", "?"))[1],
        tone=tone,
    )
    environment.tests.update(troubled=_report_topology.troubled, troubled_vip=_report_topology.needs_a_look)
    environment.globals["endpoint"] = _report_words.endpoint
    hashes = {f"{name}_hash": _hash(source, name) for name in ("style", "script")}
    services = [service for node in report["topology"] for service in node["virtual_servers"]]
    return environment.from_string(source).render(
        report=report,
        urgency=_urgency(report),
        many=_MANY_FINDINGS,
        many_troubled=sum(map(_report_topology.troubled, services)) > _MANY_FINDINGS,
        open_all=len(services) <= _MANY_IN_ORDER,
        **hashes,
    )


def tone(state: str) -> str:
    """How much a state matters: good, calm, poor or bad."""
    return _STATES.get(state, ("poor", "?"))[0]


def _urgency(report: Mapping[str, Any]) -> str:
    """How much the report as a whole matters, in the same words."""
    if report["findings"]["ha_groups"] or report["findings"]["virtual_servers"]:
        return "bad"
    if any(tone(one["state"]) == "bad" for one in report["findings"]["certificates"]):
        return "bad"
    verdict = tone(report["verdict"])
    return "poor" if verdict == "good" and report["attention"] else verdict


def _finalized(value: Any) -> Any:
    """What an expression of the template puts on the page. Markup is what the template itself wrote."""
    return value if isinstance(value, Markup) else _report_words.visible(str(value))


def _hash(source: str, element: str) -> str:
    """How a content security policy names the element, of which the template has one, in which nothing varies."""
    (content,) = re.findall(f"<{element}>(.*?)</{element}>", source, re.DOTALL)
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
