# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs made from the model's fields: no module promises what the model refuses. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Any, Dict

from .._model.fields import Choice, FieldType
from .._model.lists import Nested, ObjectList
from .._model.objects import options


def argument_spec(kind: type) -> Dict[str, Any]:
    """The options of one object. No defaults: an option that was not given leaves the recorded value alone."""
    found = {}
    for name, option in options(kind).items():
        found[name] = _spec(option.type)
        if name == "name":
            found[name]["required"] = True
        if option.secret:
            found[name]["no_log"] = True
    return found


def _spec(type_: FieldType) -> Dict[str, Any]:
    if isinstance(type_, ObjectList):
        return {"type": "list", "elements": "dict", "options": argument_spec(type_.kind)}
    if isinstance(type_, Nested):
        return {"type": "dict", "options": argument_spec(type_.kind)}
    if type_.ansible == "list":
        return {"type": "list", "elements": "str"}
    if isinstance(type_, Choice):
        return {"type": "str", "choices": list(type_.choices)}
    return {"type": type_.ansible}
