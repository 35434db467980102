# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of an object as Ansible documents them."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.argspec import argument_spec
from ansible_collections.evenkeel.lb.plugins.module_utils._model.lists import Nested, ObjectList
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import Option, options


def documented(kind: type, inner: str = "suboptions", nested: bool = False) -> dict[str, Any]:
    """The options of an object class; ``inner`` is what options of options are called (modules and roles differ)."""
    spec = argument_spec(kind)
    return {name: _documented(option, spec[name], inner, nested) for name, option in options(kind).items()}


def _documented(option: Option, spec: dict[str, Any], inner: str, nested: bool) -> dict[str, Any]:
    text = [*option.text, *_default(option)]
    if nested or inner == "options":  # Ansible finds O() among the options of the module or role itself only
        text = [re.sub(r"\bO\(", "C(", sentence) for sentence in text]
    described: dict[str, Any] = {"description": text, "type": spec["type"]}
    for name in ("elements", "required", "choices"):
        if name in spec:
            described[name] = spec[name]
    if isinstance(option.type, (Nested, ObjectList)):
        described[inner] = documented(option.type.kind, inner, nested=True)
    if inner == "options" and option.secret:
        described["no_log"] = True
    return described


def _default(option: Option) -> list[str]:
    if option.default is None:
        return []
    return [f"Taken as V({default_text(option)}) when unset."]


def default_text(option: Option) -> str:
    """The default as a person writes it."""
    default = option.default
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, float):
        return f"{default:g}"
    return ", ".join(default) if isinstance(default, tuple) else str(default)
