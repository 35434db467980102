# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/reference/capabilities.md: what each engine can express, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.capabilities import (
    LAYER4,
    LAYER7,
    SAID_4,
    SAID_7,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import INFORMATIONAL, NOTHING_NEAR, Can
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import carriers
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import Boolean, Choice
from ansible_collections.evenkeel.lb.plugins.module_utils._model.lists import Nested, ObjectList
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import Option, described, options

_HEAD = """# What each engine can express

Written from the declarations of the engines by `python tools/reference`.

*yes* means every value; a list means these values alone. What an engine cannot express is an error that names the
field, the value, the engine and the nearest thing it can do; nothing is dropped or approximated in silence. Where
software of a certain version is needed, an older one that is found on the director is such an error too. Fields that
only people and inventories read are borne by every engine and marked *informational*.
"""

# Neither of them, but the farms and virtual servers of one layer, is all of the appliance.
_APPLIANCE = [
    ("aloha, layer 4", {**LAYER4, **{f"health_checks.{name}": can for name, can in SAID_4.items()}}),
    ("aloha, layer 7", {**LAYER7, **{f"health_checks.{name}": can for name, can in SAID_7.items()}}),
]
_MANY = 20


def page() -> str:
    """The page as text."""
    columns = [*((engine.name, engine.describe()) for engine in carriers()), *_APPLIANCE]
    parts = [_HEAD]
    for key, kind in KINDS.items():
        word = described(kind)
        parts += [f"## {word[0].upper()}{word[1:]} (`{key}`)", ""]
        parts += [
            "| field | " + " | ".join(name for name, _can in columns) + " |",
            "|---" * (len(columns) + 1) + "|",
        ]
        for field, option in _fields(key, kind):
            cells = [_cell(field, option, can.get(field)) for _name, can in columns]
            parts.append(f"| `{field.partition('.')[2]}` | " + " | ".join(cells) + " |")
        parts.append("")
    return "\n".join(parts)


def _fields(path: str, kind: type) -> list[tuple[str, Option]]:
    found = []
    for name, option in options(kind).items():
        field = f"{path}.{name}"
        found.append((field, option))
        if isinstance(option.type, (Nested, ObjectList)) and field not in INFORMATIONAL:
            found += _fields(field, option.type.kind)
    return found


def _cell(field: str, option: Option, can: Can | None) -> str:
    if field in INFORMATIONAL:
        return "informational"
    if can is None:
        return "no"
    if can.beside is not None:
        values = ", ".join(f"`{_word(value)}`" for value in can.beside.values)
        return f"{_cell(field, option, replace(can, beside=None))}, with `{can.beside.field}` {values}"
    if can.values is None and not can.since:
        return "yes"
    if isinstance(can.values, range):
        return f"{can.values.start} to {can.values.stop - 1}"
    able = [value for value in _values(option) if can.expresses(value)] or sorted(can.values or (), key=str)
    by_nearest: dict[str, list[str]] = {}
    for value in [value for value in _values(option) if not can.expresses(value)]:
        by_nearest.setdefault(can.hint(value), []).append(f"`{_word(value)}`")
    hints = "; ".join(
        f"{nearest} for {', '.join(words)}" for nearest, words in by_nearest.items() if nearest != NOTHING_NEAR
    )
    if len(able) > _MANY:
        return can.otherwise
    if not able:
        return "no" if can.otherwise == NOTHING_NEAR else f"no; nearest {can.otherwise}"
    said = ", ".join(_able(value, can) for value in able)
    return f"{said}; nearest {hints}" if hints else said


def _able(value: Any, can: Can) -> str:
    needs = can.since.get(value)
    return f"`{_word(value)}` (from {needs})" if needs else f"`{_word(value)}`"


def _values(option: Option) -> list[Any]:
    if isinstance(option.type, Choice):
        return list(option.type.choices)
    return [True, False] if isinstance(option.type, Boolean) else []


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
