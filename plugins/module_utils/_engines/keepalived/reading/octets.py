# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes as keepalived.conf has them, in hexadecimal or in a regular expression, as text of the model. Pure.

Private to evenkeel.lb. Source: lib/parser.c, read_hex_str (2.2.7 to 2.4.3); pcre2pattern(3) for what has a meaning.
"""

from __future__ import annotations

import re
from typing import Optional

from ...found_octets import said

_HEX = re.compile(r"[ \t]*([0-9a-fA-F]{1,2})")
# A regular expression that is nothing but text: what has no meaning, signs that a backslash keeps from having one, and
# bytes by their numbers.
_LITERAL = re.compile(rb"(?:[^\\^$.\[\]|()?*+{}\x00]|\\[^A-Za-z0-9]|\\x[0-9a-fA-F]{2})*", re.DOTALL)
_KEPT = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)


def from_hexadecimal(text: str) -> Optional[str]:
    """``50 49 4e 47`` or ``50494e47`` as text; None where it holds wildcards or is no bytes that can be said."""
    found, position = bytearray(), 0
    text = text.rstrip(" \t")
    while position < len(text):
        match = _HEX.match(text, position)
        if match is None:
            return None
        found.append(int(match[1], 16))
        position = match.end()
    return said(bytes(found))


def literal(pattern: bytes) -> Optional[str]:
    """The text that a regular expression finds when it finds nothing else; None where it is more than text."""
    if not _LITERAL.fullmatch(pattern):
        return None
    return said(_KEPT.sub(lambda kept: bytes.fromhex(kept[1].decode()) if kept[1] else kept[2], pattern))
