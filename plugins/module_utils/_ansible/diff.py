# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes, for people: the objects that were asked for, then each step of an engine. Private to evenkeel.lb."""

from __future__ import annotations

import json
from typing import Any, Dict, List

from .._model.configuration import KINDS
from .._model.objects import serialise
from .._reconcile import Result

_encode = json.JSONEncoder(ensure_ascii=False).encode


def diff_of(result: Result) -> List[Dict[str, str]]:
    """Ansible's diff: one entry for each object and each step that changes, nothing for what stays."""
    entries = []
    for kind in KINDS:
        before, after = result.recorded.of(kind), result.wanted.of(kind)
        for name in sorted({*before, *after}):
            if before.get(name) != after.get(name):
                entries.append(_entry(f"intended: {kind}[{name}]", _text(before.get(name)), _text(after.get(name))))
    for step in result.steps:
        entries.append(_entry(f"{step.engine}: {step.subject}", step.before, step.after))
    return entries


def _entry(header: str, before: str, after: str) -> Dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def _text(thing: Any) -> str:
    """YAML, one field a line, and of a list of objects one object a line: what a change of one server shows is that
    server, with its name, and a few of its neighbours; and one that is added changes no other line."""
    if thing is None:
        return ""
    return "".join(f"{name}:{_value(value)}\n" for name, value in serialise(thing, hide_secrets=True).items())


def _value(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "".join(f"\n  - {_encode(member)}" for member in value)
    return f" {_encode(value)}"
