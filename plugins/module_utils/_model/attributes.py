# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attributes of an appliance that have no field of their own. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from .fields import BadValue, FieldType, shown

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VALUE = re.compile(r"[ -~]{1,255}")


class Attributes(FieldType):
    """Names with texts, or with nothing, which resets one: ``(("log", "enabled"), ("log_format", None))``."""

    ansible = "dict"

    def parse(self, value: Any) -> Tuple[Tuple[str, Optional[str]], ...]:
        allowed = "a mapping of names in lower case, with _ for -, to texts of printable ASCII, or to null"
        if not isinstance(value, Mapping):
            raise BadValue(f"{shown(value)} is not a mapping", allowed)
        found: Dict[str, Optional[str]] = {}
        for name, said in value.items():
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise BadValue(f"{shown(name)} is no name of an attribute", allowed)
            # what YAML takes for a number is meant as its digits; what it takes for a boolean has no such text
            text = str(said) if isinstance(said, int) and not isinstance(said, bool) and 0 <= said < 10**9 else said
            if text is not None and not (isinstance(text, str) and _VALUE.fullmatch(text)):
                raise BadValue(
                    f"{shown(said)} is no value of attribute {name}", f"{allowed}; in quotes where YAML reads more"
                )
            found[name] = text
        return tuple(sorted(found.items()))

    def serialise(self, value: Sequence[Tuple[str, Optional[str]]]) -> Dict[str, Optional[str]]:
        return dict(value)
