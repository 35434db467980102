# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of keepalived.conf as the lines that keepalived acts on: without comments, with everything put in. Pure.

Private to evenkeel.lb. What is understood: comments and quotes, definitions (``$NAME=value``, also over several lines),
``${_HASH}``, ``${_BANG}`` and ``${_INSTANCE}``, ``~SEQ``, lines for one director only (``@name``), and included files
that are given. What only the director knows (``${_ENV …}``, ``${_PWD}``, ``${_RANDOM}``, files that are not given) is
refused by line. Work and result are bounded, however the text multiplies itself.
Sources: keepalived.conf(5), "Conditional configuration" to "Sequence blocks"; what lib/parser.c does (2.2.7 to 2.4.3).
"""

from __future__ import annotations

import contextlib
import re
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ...reading import BadText, Finding, Place
from .files import matching

# lib/parser.h, MAXBUF 1024: what fgets(3) reads of a line, without its end
_LONGEST = 1022
# How much definitions and sequences may make of a text, beyond its own length: enough for five hundred virtual
# servers with ten servers each from one definition.
_MOST_MADE = 100_000
_MOST_SUBSTITUTIONS = 200
_MOST_FILES = 1000
_DEEPEST_INCLUDE = 16
# What this collection wrote itself is in no text that is to be read, unless it is given.
_OUR_FILE = "/etc/keepalived/evenkeel.conf"

_DEFINITION = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)=[ \t]*(.*)", re.DOTALL)
_REFERENCE = re.compile(
    r"\$(?:\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?:[ \t]+[A-Za-z0-9_]+)*\}"
    r"|(?P<bare>[A-Za-z_][A-Za-z0-9_]*)(?=[ \t,)]|\Z))"
)
_SEQUENCE = re.compile(r"~SEQ(x?)[ \t]*\([ \t]*([^ \t,()]+)[ \t]*,([^()]*)\)[ \t]*(.*)", re.DOTALL)
_INCLUDE = re.compile(r"include[rmwba]?[ \t\f\v\r]+(.*)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]{1,15}|[0-9]{1,18})")
_ON_THE_DIRECTOR = ("_PWD", "_RANDOM", "_ENV")
_SIGNS = {"_HASH": "#", "_BANG": "!"}


class Physical(NamedTuple):
    """A line as it stands in a file."""

    place: Place
    text: str


class Line(NamedTuple):
    """A line that keepalived acts on: a brace, or words. ``at`` is the number of the physical line it came from, in the
    order of reading."""

    at: int
    text: str


class Conf(NamedTuple):
    """A whole text: the lines to act on, and the physical lines in the order of reading."""

    lines: List[Line]
    physical: List[Physical]


def read_lines(text: str, director: Optional[str] = None, files: Optional[Mapping[str, str]] = None) -> Conf:
    """The lines of a text, with included ``files`` (by absolute path) in their places. ``director`` is the name that
    conditional lines ask for. Raises BadText."""
    return _Reader(director, files or {}).read(text)


class _Definition(NamedTuple):
    lines: Tuple[str, ...]
    several: bool


class _Source(NamedTuple):
    """Where lines come from: a file (``depth`` of inclusion) or something that a line stands for (0). ``at`` of each
    line."""

    strings: Iterator[Tuple[int, str]]
    path: str = ""
    depth: int = 0


class _Reader:
    def __init__(self, director: Optional[str], files: Mapping[str, str]) -> None:
        self._director = director
        self._files = files
        self._definitions: Dict[str, _Definition] = {}
        self._sources: List[_Source] = []
        self._faults: List[Finding] = []
        self._physical: List[Physical] = []
        self._lines: List[Line] = []
        self._opened = 0
        self._left = _MOST_MADE

    def read(self, text: str) -> Conf:
        self._sources.append(_Source(self._file(text, ""), "/etc/keepalived/keepalived.conf", 1))
        with contextlib.suppress(_TooMuch):  # which is among the faults already
            self._read_all()
        if self._faults:
            raise BadText(dict.fromkeys(self._faults))
        return Conf(self._lines, self._physical)

    def _read_all(self) -> None:
        while self._sources:
            at, string = next(self._sources[-1].strings, (-1, ""))
            if at < 0:
                self._sources.pop()
            elif string:
                self._act_on(at, string)

    def _fault(self, at: int, message: str, allowed: str) -> None:
        physical = self._physical[at]
        self._faults.append(Finding(physical.place, "", message, allowed))

    def _file(self, text: str, name: str) -> Iterator[Tuple[int, str]]:
        """The lines of a file without their comments."""
        self._left += len(text)
        for number, line in enumerate(text.split("\n"), 1):
            at = len(self._physical)
            self._physical.append(Physical(Place(number, name), line))
            string = line.rstrip("\r")
            if _is_too_long(string):
                self._fault(at, f"is longer than the {_LONGEST} bytes that keepalived reads", "shorter lines")
            elif "\0" in string:
                self._fault(at, "holds a NUL character", "text")
            else:
                yield at, self._without_comment(at, string)

    def _without_comment(self, at: int, string: str) -> str:
        """Without comment, surrounding space, and the backslash before a sign that begins no comment."""
        string = string.lstrip(" \t")
        kept, quoted, position = [], False, 0
        for match in re.finditer(r'\\[#!]|\\.|[!#"]', string):
            sign = match[0]
            if sign == '"':
                quoted = not quoted
            elif not quoted and sign in ("\\#", "\\!"):
                kept.append(string[position : match.start()])
                position = match.start() + 1
            elif not quoted and sign in ("!", "#"):
                string = string[: match.start()]
                break
        if quoted:
            self._fault(at, "opens a quote and does not close it", 'a second "')
            return ""
        kept.append(string[position:])
        return "".join(kept).rstrip(" \t")

    def _act_on(self, at: int, string: str) -> None:
        """Take one string for what it is, until nothing is left to put in or to take away."""
        for _round in range(_MOST_SUBSTITUTIONS):
            if string.startswith("@"):
                string = self._for_this_director(at, string)
            definition = _DEFINITION.fullmatch(string)
            if definition is not None:
                self._define(at, definition[1], definition[2])
                return
            if string.startswith("~"):
                self._repeat(at, string)
                return
            replaced = self._put_in(at, string)
            if replaced == string or not replaced:
                break
            string = self._without_comment(at, replaced)
        else:
            self._fault(at, "has definitions that stand for each other without end", "definitions that end")
            return
        include = _INCLUDE.fullmatch(string)
        if include is not None:
            self._include(at, include[1].strip().strip('"'))
        elif string:
            self._emit(at, string)

    def _for_this_director(self, at: int, string: str) -> str:
        """What is left of a conditional line: nothing, when it is for another director."""
        match = re.fullmatch(r"@(\^?)([^ \t]*)[ \t]+(.*)", string, re.DOTALL)
        if match is None:
            return ""
        if self._director is None:
            self._fault(at, f"is only for a director that is{' not' * bool(match[1])} {match[2]!r}", "option director")
            return ""
        return match[3] if (match[2] == self._director) != bool(match[1]) else ""

    def _define(self, at: int, name: str, value: str) -> None:
        lines, several = [], value.endswith("\\")
        line, more = value, several
        while more:
            lines.append(line[:-1].rstrip(" \t"))
            line = self._next_of_definition()
            more = line.endswith("\\")
        lines.append(line)
        kept = tuple(filter(None, lines)) if several else (value,)
        self._definitions[name] = _Definition(kept or ("",), several and bool(kept))

    def _next_of_definition(self) -> str:
        """The next line of a definition; an empty one ends it, one that is a comment does not."""
        while self._sources:
            at, string = next(self._sources[-1].strings, (-1, ""))
            if at >= 0 and (string or not self._physical[at].text.strip("\r")):
                return string
            if at < 0:
                self._sources.pop()
        return ""

    def _repeat(self, at: int, string: str) -> None:
        match = _SEQUENCE.fullmatch(string)
        if match is None:
            self._fault(at, f"{string[:20]!r} is not understood here", "~SEQ(name, first, step, last), or the lines")
            return
        numbers = self._put_in(at, match[3]).split(",")
        if len(numbers) > 3 or not all(_NUMBER.fullmatch(number.strip()) for number in numbers):
            self._fault(
                at, f"({match[3].strip()[:40]}) is not a sequence", "last, or first, last, or first, step, last"
            )
            return
        values = [_as_c_reads(number.strip()) for number in numbers]
        last = values[-1]
        first = values[0] if len(values) > 1 else (-1 if last < 0 else 1)
        step = values[1] if len(values) > 2 else (-1 if first > last or (len(values) == 1 and last < 1) else 1)
        if step == 0 or (last - first) * step < 0 or (match[1] and min(first, last) < 0):
            self._fault(at, f"from {first} in steps of {step} never gets to {last}", "a step in the right direction")
            return
        values_to_last = range(first, last + (1 if step > 0 else -1), step)
        self._sources.append(_Source(self._sequence(at, match[2], match[4], match[1], values_to_last)))

    def _sequence(self, at: int, name: str, text: str, hexadecimal: str, values: range) -> Iterator[Tuple[int, str]]:
        for value in values:
            self._count(at)
            self._definitions[name] = _Definition((f"{value:x}" if hexadecimal else str(value),), False)
            yield at, text

    def _put_in(self, at: int, string: str) -> str:
        """The string with what its definitions stand for; the further lines of one that has several come next."""
        position = 0
        for _substitution in range(_MOST_SUBSTITUTIONS):
            match = _REFERENCE.search(string, position)
            if match is None:
                return string
            definition = self._definition(at, match["braced"] or match["bare"])
            if definition is None or (definition.several and match.end() < len(string)):
                position = match.start() + 1
                continue
            string = string[: match.start()] + definition.lines[0] + string[match.end() :]
            self._count(at)
            if _is_too_long(string):
                self._fault(at, f"becomes longer than the {_LONGEST} bytes that keepalived reads", "shorter lines")
                return ""
            if len(definition.lines) > 1:
                self._sources.append(_Source(iter([(at, line) for line in definition.lines[1:]])))
            if definition.lines[0].lstrip(" \t").startswith("~"):
                return string
        self._fault(at, "has definitions that stand for each other without end", "definitions that end")
        return ""

    def _definition(self, at: int, name: str) -> Optional[_Definition]:
        if name in self._definitions:
            return self._definitions[name]
        if name in _SIGNS:
            return _Definition((_SIGNS[name],), False)
        if name == "_INSTANCE" and self._director is not None:
            return _Definition((self._director,), False)
        if name == "_INSTANCE" or name in _ON_THE_DIRECTOR:
            allowed = "option director" if name == "_INSTANCE" else "the value itself"
            self._fault(at, f"${{{name}}} stands for something that only the director knows", allowed)
        return None

    def _include(self, at: int, pattern: str) -> None:
        file = next(source for source in reversed(self._sources) if source.depth)
        found = matching(pattern, file.path, self._files)
        if not found and pattern == _OUR_FILE:
            return
        if not found:
            self._fault(
                at,
                f"includes {pattern[:80]!r}, which cannot be followed from here",
                "the files by their absolute paths in option files, empty where there is none, or their text instead",
            )
        self._opened += len(found)
        if self._opened > _MOST_FILES or file.depth >= _DEEPEST_INCLUDE:
            self._fault(at, "includes too many files, or files that include each other", "files that end")
            raise _TooMuch
        for path in reversed(found):
            self._sources.append(_Source(self._file(self._files[path], path), path, file.depth + 1))

    def _emit(self, at: int, string: str) -> None:
        """A brace is a line of its own, whatever stands beside it; what follows it is looked at anew."""
        if string.endswith("\\"):
            self._fault(at, "ends in a backslash and defines nothing", "one line")
            return
        self._count(at)
        if "{" not in string and "}" not in string:
            self._lines.append(Line(at, string))
            return
        brace = next((match.start() for match in re.finditer(r'"[^"]*"|[{}]', string) if match[0] in ("{", "}")), None)
        end = len(string) if brace is None else max(brace, 1)
        rest = string[end:].strip(" \t")
        if rest:
            self._sources.append(_Source(iter([(at, rest)])))
        self._lines.append(Line(at, string[:end].rstrip(" \t")))

    def _count(self, at: int) -> None:
        self._left -= 1
        if self._left < 0:
            self._fault(at, "makes too many lines of too few", f"definitions and sequences for {_MOST_MADE} lines")
            raise _TooMuch


class _TooMuch(Exception):
    """A text that would take for ever; what is wrong with it is told already."""


def _is_too_long(string: str) -> bool:
    return len(string) > _LONGEST or len(string.encode("utf-8", "replace")) > _LONGEST


def _as_c_reads(number: str) -> int:
    """A number as strtol(3) with base 0 takes it."""
    digits = number.lstrip("+-").lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") and not digits.strip("01234567") else 10
    value = int(digits, base)
    return -value if number.startswith("-") else value
