# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived does with a quoted value, and with a pattern and an answer: for properties over many values.

Written after lib/parser.c and check_http.c; that the real one does the same is shown by tests/contract.
"""

from __future__ import annotations

import ctypes
import re

_ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]+)|c(.)|([0-7]{1,3})|(.))", re.DOTALL)
_LETTERS = {b"a": b"\a", b"b": b"\b", b"E": b"\x1b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_BUFFER = 4095
_PARTIAL_HARD = 0x20
_ERROR_PARTIAL = -2


def value_of(line: str) -> str:
    """The one value of ``keyword "value"``; an AssertionError where keepalived sees anything else."""
    assert "\n" not in line and "\r" not in line and "\0" not in line
    assert len(line.encode()) <= 1022
    quoted, position = False, 0
    for match in re.finditer(r'[!#"\\]', line):
        if match.start() < position:
            continue
        if match[0] == "\\":
            position = match.start() + 2
        elif match[0] == '"':
            quoted = not quoted
        else:
            assert quoted, "a comment"
    assert not quoted, "an open quote"
    assert not re.search(r"\$(?:[A-Za-z_]\w*(?=[ \t,)]|$)|\{[A-Za-z_])", line), "a definition"
    _keyword, value = re.fullmatch(r' *(\w+) "([^"]*)"', line).groups()
    assert value not in ("{", "}"), "a brace"
    return value


def read_again(value: str) -> bytes:
    """A value whose escapes keepalived reads, as that of ``regex``; an AssertionError where its versions differ."""

    def octet(match: re.Match[bytes]) -> bytes:
        hexadecimal, control, octal, other = match.groups()
        assert hexadecimal is None and control is None
        return bytes([int(octal, 8)]) if octal is not None else _LETTERS.get(other, other)

    return _ESCAPE.sub(octet, value.encode("latin-1"))


class Answer:
    """keepalived looking for a pattern while an answer comes in, by the machine's PCRE2 and as check_regex does."""

    def __init__(self, pattern: bytes) -> None:
        self._pcre2 = ctypes.CDLL("libpcre2-8.so.0")
        for function in ("compile", "match_data_create_from_pattern", "get_ovector_pointer"):
            getattr(self._pcre2, f"pcre2_{function}_8").restype = ctypes.c_void_p
        error, offset = ctypes.c_int(), ctypes.c_size_t()
        self._code = ctypes.c_void_p(
            self._pcre2.pcre2_compile_8(
                pattern, ctypes.c_size_t(len(pattern)), 0, ctypes.byref(error), ctypes.byref(offset), None
            )
        )
        assert self._code, pattern
        assert self._pcre2.pcre2_jit_compile_8(self._code, 4) == 0
        self._data = ctypes.c_void_p(self._pcre2.pcre2_match_data_create_from_pattern_8(self._code, None))

    def holds(self, head: bytes, body: bytes, pieces: int) -> bool:
        """Whether it finds the pattern in an answer that comes in pieces of this many bytes."""
        answer, kept, extracted = head + body, b"", False
        while answer:
            size = min(pieces, _BUFFER - len(kept)) if extracted else min(max(pieces, len(head)), _BUFFER)
            window, answer = kept + answer[:size], answer[size:]
            if not extracted:
                extracted = True
                if len(window) == len(head):  # the headers alone are not searched
                    continue
            result, start = self._match(window)
            if result >= 0:
                return True
            kept = window[start:] if result == _ERROR_PARTIAL else b""
            if result == _ERROR_PARTIAL and start == 0 and len(window) == _BUFFER:
                kept = b""
        return False

    def _match(self, window: bytes) -> tuple[int, int]:
        result = self._pcre2.pcre2_jit_match_8(
            self._code, window, ctypes.c_size_t(len(window)), ctypes.c_size_t(0), _PARTIAL_HARD, self._data, None
        )
        places = ctypes.cast(self._pcre2.pcre2_get_ovector_pointer_8(self._data), ctypes.POINTER(ctypes.c_size_t))
        return result, places[0] if result == _ERROR_PARTIAL else 0
