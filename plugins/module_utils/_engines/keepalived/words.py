# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How values are written in keepalived.conf. Pure. Private to evenkeel.lb.

Between quotes keepalived finds no comments, braces, conditions or sequences, and knows no escapes either; what it would
still change there cannot be said at all. The pattern of a ``regex`` is read once more, with escapes. Source:
lib/parser.c of 2.2.7 to 2.4.3 (read_line, decomment, find_definition, alloc_strvec_r, alloc_strvec_quoted_escaped).
"""

from __future__ import annotations

import re
from typing import Optional

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]*")

# lib/parser.h, MAXBUF 1024: fgets(3) gives 1023 characters, the end of the line among them, and then the rest of it.
_LONGEST_LINE = 1022
# $NAME and ${NAME} of a definition, which may be any the user has made.
_DEFINITION = re.compile(r"\$[A-Za-z_{]")


def seconds(duration: float) -> str:
    """Seconds to the hundredth, in as few characters as there can be."""
    return f"{duration:.2f}".rstrip("0").rstrip(".")


def word(text: str) -> str:
    """A word as it is, or in quotes where keepalived could find a meaning in it, as in an @ that begins a line."""
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


def flaw(text: str) -> Optional[str]:
    """Why a text cannot be said to keepalived in quotes; None when it can."""
    if any(character < " " or character == "\x7f" for character in text):
        return "holds a control character"
    if '"' in text:
        return "holds a quotation mark"
    if _DEFINITION.search(text):
        return "holds a $ that keepalived could take for one of its definitions"
    if (len(text) - len(text.rstrip("\\"))) % 2:
        return "ends with a backslash, which would hide the end of the text"
    if text in ("{", "}"):
        return "is a brace, which a process of keepalived that skips the block takes for one of its own"
    return None


def quoted(text: str) -> str:
    """A text in quotes, where it means nothing but itself. Raises ValueError for one with a flaw: that has to be
    refused before, with the path of its field."""
    found = flaw(text)
    if found is not None:
        raise ValueError(f"{text!r} {found}")
    return f'"{text}"'


def fits(line: str) -> bool:
    """Whether keepalived reads a line as one."""
    return len(line.encode()) <= _LONGEST_LINE


def pattern(octets: bytes) -> str:
    """The pattern of a ``regex``, in quotes and escaped for being read again. Octal escapes have three digits in every
    version; hexadecimal ones take in what follows before 2.3.2. A NUL would end it, and is a ValueError."""
    if 0 in octets:
        raise ValueError(f"{octets!r} holds a NUL")
    return '"' + "".join(map(_escaped, octets)) + '"'


def _escaped(octet: int) -> str:
    if octet == ord("\\"):
        return r"\\"
    return chr(octet) if 0x20 <= octet < 0x7F and octet not in b'"${}' else f"\\{octet:03o}"
