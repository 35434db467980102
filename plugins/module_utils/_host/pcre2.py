# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The regular expressions of this machine's PCRE2, in the words of its own library. Private to evenkeel.lb.

For programs that take a pattern without telling what is wrong with it. Source: pcre2api(3).
"""

from __future__ import annotations

import ctypes
from typing import NamedTuple, Optional

_LIBRARY = "libpcre2-8.so.0"
_JIT_PARTIAL_HARD = 4
_INFO_MAXLOOKBEHIND = 15
_LONGEST_MESSAGE = 256


class Examined(NamedTuple):
    """What PCRE2 says about a pattern: what is wrong with it and where (a byte, from 0), or by how many characters it
    looks behind the place where it matches."""

    fault: Optional[str] = None
    offset: int = 0
    looks_behind: int = 0


def examine(pattern: bytes) -> Optional[Examined]:
    """A pattern compiled as for matching answers that come in pieces; None where there is no PCRE2."""
    try:
        library = ctypes.CDLL(_LIBRARY)
    except OSError:
        return None
    compile_ = library.pcre2_compile_8
    compile_.restype = ctypes.c_void_p
    error, offset = ctypes.c_int(), ctypes.c_size_t()
    code = ctypes.c_void_p(
        compile_(pattern, ctypes.c_size_t(len(pattern)), 0, ctypes.byref(error), ctypes.byref(offset), None)
    )
    if not code:
        return Examined(_message(library, error.value), offset.value)
    try:
        failed = library.pcre2_jit_compile_8(code, _JIT_PARTIAL_HARD)
        if failed:
            return Examined(_message(library, failed))
        looks_behind = ctypes.c_uint32()
        library.pcre2_pattern_info_8(code, _INFO_MAXLOOKBEHIND, ctypes.byref(looks_behind))
        return Examined(looks_behind=looks_behind.value)
    finally:
        library.pcre2_code_free_8(code)


def _message(library: ctypes.CDLL, error: int) -> str:
    text = ctypes.create_string_buffer(_LONGEST_MESSAGE)
    library.pcre2_get_error_message_8(error, text, ctypes.c_size_t(_LONGEST_MESSAGE))
    return text.value.decode("ascii", "replace")
