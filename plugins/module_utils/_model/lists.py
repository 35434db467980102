# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Field types for several values in one field, and for objects inside objects. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import Any, Sequence

from .fields import BadValue, FieldType, InterfaceName, ProgramName, Reference, Text, shown


class Ranges(FieldType):
    """Numbers and ranges of them, as sorted text without overlaps: ``("80", "443", "8000-8100")``."""

    ansible = "list"

    def __init__(self, least: int, most: int, allowed: str) -> None:
        self._least = least
        self._most = most
        self._allowed = allowed

    def parse(self, value: Any) -> "tuple[str, ...]":
        if not isinstance(value, (list, tuple)) or not value:
            raise BadValue(f"{shown(value)} is not valid here", self._allowed)
        merged: "list[tuple[int, int]]" = []
        for first, last in sorted(self._range(item) for item in value):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = (merged[-1][0], max(merged[-1][1], last))
            else:
                merged.append((first, last))
        return tuple(str(first) if first == last else f"{first}-{last}" for first, last in merged)

    def _range(self, item: Any) -> "tuple[int, int]":
        text = str(item) if isinstance(item, int) and 0 <= item <= 65535 else item if isinstance(item, str) else ""
        match = re.fullmatch(r"([0-9]{1,5})(?:-([0-9]{1,5}))?", text)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        if not self._least <= first <= last <= self._most:
            raise BadValue(f"{shown(item)} is not valid here", self._allowed)
        return first, last

    def serialise(self, value: Sequence[str]) -> "list[str]":
        return list(value)


class Ports(Ranges):
    """Ports and ranges of them."""

    def __init__(self) -> None:
        super().__init__(1, 65535, "a list of ports from 1 to 65535 and ranges of them, such as 8000-8100")


class StatusCodes(Ranges):
    """HTTP status codes and ranges of them."""

    def __init__(self) -> None:
        super().__init__(100, 599, "a list of status codes from 100 to 599 and ranges of them, such as 200-299")


class Each(FieldType):
    """Several values of one type, each once. They are sorted unless ``ordered``."""

    ansible = "list"

    def __init__(self, one: FieldType, allowed: str, ordered: bool = False) -> None:
        self._one = one
        self._allowed = allowed
        self._ordered = ordered

    def parse(self, value: Any) -> "tuple[str, ...]":
        if not isinstance(value, (list, tuple)):
            raise BadValue(f"{shown(value)} is not a list", self._allowed)
        values = dict.fromkeys(self._one.parse(item) for item in value)
        return tuple(values if self._ordered else sorted(values))

    def serialise(self, value: Sequence[str]) -> "list[str]":
        return list(value)


class References(Each):
    """The names of other objects, each once, in the order given: the first is the default."""

    def __init__(self) -> None:
        super().__init__(Reference(), "a list of names", ordered=True)


class Interfaces(Each):
    """The names of network interfaces, each once."""

    def __init__(self) -> None:
        super().__init__(InterfaceName(), "a list of network interfaces")


class Programs(Each):
    """Programs by the names the kernel has for their processes, each once."""

    def __init__(self) -> None:
        super().__init__(ProgramName(), "a list of names of programs")


class Arguments(FieldType):
    """The arguments of a program, in characters no configuration language and no shell gives a meaning to."""

    ansible = "list"
    _word = Text(r"[A-Za-z0-9/._+:@=,%-]{1,255}", "words of the characters A-Z a-z 0-9 / . _ + : @ = , % -")

    def parse(self, value: Any) -> "tuple[str, ...]":
        if not isinstance(value, (list, tuple)):
            raise BadValue(f"{shown(value)} is not a list", "a list of arguments, each by itself")
        return tuple(self._word.parse(str(item) if _is_number(item) else item) for item in value)

    def serialise(self, value: Sequence[str]) -> "list[str]":
        return list(value)


class ConfigLines(FieldType):
    """Lines in the language of the engine, in the order given, without the space around them."""

    ansible = "list"
    _line = Text(
        r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff#.\s][^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{0,1023}",
        "lines of at most 1024 characters that are neither empty nor begin with # or .",
    )

    def parse(self, value: Any) -> "tuple[str, ...]":
        if not isinstance(value, (list, tuple)):
            raise BadValue(f"{shown(value)} is not a list", "a list of lines")
        return tuple(self._line.parse(item.strip() if isinstance(item, str) else item) for item in value)

    def serialise(self, value: Sequence[str]) -> "list[str]":
        return list(value)


class Nested(FieldType):
    """One object inside another; ``kind`` is its class."""

    ansible = "dict"

    def __init__(self, kind: type) -> None:
        self.kind = kind


class ObjectList(FieldType):
    """A list of objects with unique names, such as the servers of a farm; ``kind`` is their class."""

    ansible = "list"

    def __init__(self, kind: type) -> None:
        self.kind = kind


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
