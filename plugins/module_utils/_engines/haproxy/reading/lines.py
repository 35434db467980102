# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of haproxy.cfg as lines of words. Pure. Private to evenkeel.lb.

Source: configuration.txt, 2.2 "Quoting and escaping", of 2.6 to 3.0. Variables of the environment stay as they are
written: nobody here knows them.
"""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple, Tuple

from ...reading import BadText, Finding, Place

# How many words HAProxy takes in a line (MAX_LINE_ARGS).
_MOST_WORDS = 64
_ESCAPED = {"r": "\r", "n": "\n", "t": "\t"}
_PLAIN = re.compile(r"[^ \t\\\"'#]+")
# What HAProxy evaluates itself; which of its branches holds is told by the build and the environment.
_CONDITIONS = (".if", ".elif", ".else", ".endif")
_SPOKEN = (".notice", ".warning", ".alert", ".diag")


class Statement(NamedTuple):
    """A line with words in it; ``at`` is its number, ``raw`` the line without the space around it."""

    at: int
    raw: str
    words: Tuple[str, ...]

    @property
    def place(self) -> Place:
        return Place(self.at)

    @property
    def keyword(self) -> str:
        """The word that says what it is about: with ``option`` and ``no option`` what follows belongs to it."""
        words = self.words[1:] if self.words[0] in ("no", "default") and len(self.words) > 1 else self.words
        pairs = ("option", "timeout", "stick", "http-check", "tcp-check", "compression", "stats")
        return " ".join(words[:2]) if words[0] in pairs else words[0]


def read_lines(text: str) -> List[Statement]:
    """The lines of a text that say something. Raises BadText with all that cannot be understood."""
    found: List[Statement] = []
    bad: List[Finding] = []
    lines = text.split("\n")
    for at, line in enumerate(lines, start=1):
        raw = line.strip(" \t\r")
        if not raw or raw.startswith("#"):
            continue
        try:
            words = tuple(map(_joined, _words(raw)))
        except ValueError as error:
            bad.append(Finding(Place(at), raw[:80], str(error)))
            continue
        if len(words) > _MOST_WORDS:
            bad.append(Finding(Place(at), raw[:80], f"has more than {_MOST_WORDS} words"))
        elif words:
            found.append(Statement(at, raw, words))
    if bad:
        raise BadText(bad)
    return found


def refuse_conditions(statements: List[Statement]) -> None:
    """Raises BadText where lines count only under conditions."""
    bad = [
        Finding(one.place, one.raw[:80], "what follows counts under a condition alone", "the lines that count, as such")
        for one in statements
        if one.words[0] in _CONDITIONS
    ]
    if bad:
        raise BadText(bad)


def is_spoken(statement: Statement) -> bool:
    """Whether a line only makes HAProxy say something."""
    return statement.words[0] in _SPOKEN


def _joined(word: str) -> str:
    """A word whose bytes are the characters that they make together."""
    return word.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _words(line: str) -> Iterator[str]:
    """The words of a line; ValueError with what is wrong."""
    word, begun, at = "", False, 0
    while at < len(line):
        sign = line[at]
        if sign in " \t":
            if begun:
                yield word
            word, begun = "", False
            at += 1
        elif sign == "#":
            break
        elif sign == "'":
            end = line.find("'", at + 1)
            if end < 0:
                raise ValueError("a quote is not closed")
            word, begun, at = word + line[at + 1 : end], True, end + 1
        elif sign == '"':
            inner, at = _quoted(line, at + 1)
            word, begun = word + inner, True
        elif sign == "\\":
            inner, at = _escaped(line, at)
            word, begun = word + inner, True
        else:
            plain = _PLAIN.match(line, at)
            if plain is None:
                raise AssertionError(f"{sign!r} is no sign of its own")
            word, begun, at = word + plain[0], True, plain.end()
    if begun:
        yield word


def _quoted(line: str, at: int) -> Tuple[str, int]:
    """What is in double quotes that begin before ``at``, and where the text goes on."""
    found: List[str] = []
    while at < len(line):
        if line[at] == '"':
            return "".join(found), at + 1
        if line[at] == "\\" and line[at + 1 : at + 2] in ('"', "\\", "$"):
            found.append(line[at + 1])
            at += 2
        elif line[at] == "\\":
            inner, at = _escaped(line, at)
            found.append(inner)
        else:
            found.append(line[at])
            at += 1
    raise ValueError("a quote is not closed")


def _escaped(line: str, at: int) -> Tuple[str, int]:
    """What a backslash and what is behind it stand for, and where the text goes on."""
    sign = line[at + 1 : at + 2]
    if sign in _ESCAPED:
        return _ESCAPED[sign], at + 2
    if sign == "x":
        digits = line[at + 2 : at + 4]
        if not re.fullmatch("[0-9A-Fa-f]{2}", digits):
            raise ValueError(r"\x is not followed by two hexadecimal digits")
        # a byte that is no character by itself: those around it may make one of them
        return bytes.fromhex(digits).decode("utf-8", "surrogateescape"), at + 4
    if sign in ("", " ", "#", "\\", '"', "'"):
        return sign, at + 2
    return "\\" + sign, at + 2
