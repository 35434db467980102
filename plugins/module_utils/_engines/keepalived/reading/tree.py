# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lines of keepalived.conf as statements, some with a block of statements. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import List, Optional, Tuple

from ...reading import BadText, Finding, Place
from .lines import Conf

# A path in a url in a checker in a real server in a virtual server, with room for what is to come.
_DEEPEST = 12
_WORD = re.compile(r'"([^"]*)"?|([^ \t\f\n\r\v"]+)')
_SECRETS = ("auth_pass", "password", "key")
_SHOWN = 60
# What a backslash and a letter stand for in a regular expression of keepalived.
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"E": b"\x1b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_QUOTED = re.compile(
    r"""(?P<space>[ \t\f\n\r\v]+)|"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>(?:\\.|[^'\\])*)'"""
    r"""|(?P<escape>\\(?:x[0-9a-fA-F]{1,2}|c.|[0-7]{1,3}|.))|(?P<plain>[^ \t\f\n\r\v"'\\]+)""",
    re.DOTALL,
)
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{1,2})|c(.)|([0-7]{1,3})|(.))", re.DOTALL)


@dataclass
class Statement:
    """A keyword with what stands behind it, and the statements in its braces, or None where it has none.

    ``at`` and ``end`` are the numbers of its first and last physical line in the order of reading.
    """

    place: Place
    at: int
    end: int
    raw: str
    words: Tuple[str, ...]
    block: Optional[List[Statement]] = field(default=None, repr=False)

    @property
    def keyword(self) -> str:
        return self.words[0]

    @property
    def argument(self) -> str:
        """The word behind the keyword; empty without one."""
        return self.words[1] if len(self.words) > 1 else ""

    @property
    def shown(self) -> str:
        """The statement for messages: short, and without secrets."""
        if self.keyword in _SECRETS:
            return f"{self.keyword} ********"
        text = " ".join(self.words)
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

    def inside(self) -> List[Statement]:
        """The statements of its block; none without one."""
        return self.block or []


def read_tree(conf: Conf) -> List[Statement]:
    """The statements of a text. Raises BadText with every brace that has no counterpart."""
    faults: List[Finding] = []
    top: List[Statement] = []
    # the blocks that are open, each with the statement it belongs to
    blocks: List[List[Statement]] = [top]
    owners: List[Statement] = []
    for line in conf.lines:
        place = conf.physical[line.at].place
        if line.text == "{":
            owner = blocks[-1][-1] if blocks[-1] else None
            if owner is None or owner.block is not None:
                faults.append(Finding(place, "", "opens a block that belongs to no keyword", "a keyword before it"))
                owner = Statement(place, line.at, line.at, "{", ("{",))
                blocks[-1].append(owner)
            owner.block = []
            owners.append(owner)
            blocks.append(owner.block)
            if len(blocks) > _DEEPEST:
                message = f"opens a block in {_DEEPEST} others; none of keepalived lies so deep"
                faults.append(Finding(place, "", message, "a shallower block"))
                break
        elif line.text == "}":
            if owners:
                owners.pop().end = line.at
                blocks.pop()
            else:
                faults.append(Finding(place, "", "closes a block that is not open", "a { before it"))
        else:
            words = split(line.text)
            if words:
                blocks[-1].append(Statement(place, line.at, line.at, line.text, words))
    else:
        for owner in owners:
            faults.append(Finding(owner.place, owner.shown, "opens a block that nothing closes", "a } behind it"))
    if faults:
        raise BadText(faults)
    return top


def split(text: str) -> Tuple[str, ...]:
    """The words of a line, as most keywords take them: quotes hold a word together, and nothing is escaped."""
    return tuple(match[1] if match[1] is not None else match[2] for match in _WORD.finditer(text))


def split_quoted(text: str, escapes: bool) -> Tuple[str, ...]:
    """The words of a line as commands and regular expressions take them: with both kinds of quotes, also within a word.

    With ``escapes``, a backslash and what follows stand for one byte; else both stay. Bytes that are no UTF-8 are lone
    surrogates, as Python has them. A quote without an end ends with the line.
    """
    words: List[bytes] = []
    current: Optional[bytes] = None
    for match in _QUOTED.finditer(text):
        if match["space"] is not None:
            if current is not None:
                words.append(current)
            current = None
            continue
        part = next(group for group in match.groups() if group is not None)
        octets = part.encode("utf-8", "surrogateescape" if _is_encodable(part) else "replace")
        current = (current or b"") + (_ESCAPE.sub(_escaped, octets) if escapes else octets)
    if current is not None:
        words.append(current)
    return tuple(word.decode("utf-8", "surrogateescape") for word in words)


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= sign < "\udc80" or "\udcff" < sign <= "\udfff" for sign in text)


def _escaped(match: "re.Match[bytes]") -> bytes:
    hexadecimal, control, octal, sign = match.groups()
    if hexadecimal is not None:
        return bytes([int(hexadecimal, 16)])
    if control is not None:
        return bytes([control[0] & 0x1F])
    if octal is not None:
        return bytes([int(octal, 8) & 0xFF])
    return _ESCAPES.get(sign, sign)
