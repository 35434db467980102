# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes as a person writes them in one line of text: what a health check sends and expects. Private to evenkeel.lb.

Text stands for itself, in UTF-8; ``\\r``, ``\\n``, ``\\t``, ``\\\\`` and ``\\xHH`` stand for bytes.
"""

from __future__ import annotations

import re

from .fields import BadValue

_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\"}
_PART = re.compile(r"\\x(?P<hex>[0-9A-Fa-f]{2})|\\(?P<letter>[rnt\\])|(?P<plain>[^\\]+)|\\")


def octets(text: str) -> bytes:
    """The bytes a text stands for; BadValue for a backslash that begins nothing known."""
    found = []
    for part in _PART.finditer(text):
        if part["hex"]:
            found.append(bytes.fromhex(part["hex"]))
        elif part["letter"]:
            found.append(_ESCAPES[part["letter"]])
        elif part["plain"]:
            found.append(part["plain"].encode())
        else:
            beginning = text[part.start() : part.start() + 2]
            raise BadValue(f"{beginning!r} stands for nothing", r"text, with \r, \n, \t, \\ and \xHH for bytes")
    return b"".join(found)
