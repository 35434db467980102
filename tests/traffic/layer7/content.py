# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What downloads are made of."""

from __future__ import annotations

from collections.abc import Iterator

CHUNK = bytes(range(256)) * 16
CHUNKS = 40
#: Seconds until an answer that the server is asked to think about.
THOUGHT = 0.1
_NUMBERED = 2048
#: Bytes of a download that takes as long as its client wants: more than all that lies between can hold for it.
LONG = _NUMBERED * len(CHUNK)


def long_chunks() -> Iterator[bytes]:
    """What that one is made of, no two of them the same."""
    for number in range(_NUMBERED):
        yield number.to_bytes(4, "big") + CHUNK[4:]
