# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Damages good inputs: the same way for the same random numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

# Lengths and counts that programs get wrong.
_EDGES = (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 20, 31, 32, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 1 << 31)
_MOST_BYTES = 4096
# How often an input is damaged: mostly little, so that much of it is still understood.
_DAMAGED = (1, 1, 1, 2, 3, 5, 8)

Damage = Callable[[Random, bytearray, Sequence[bytes]], None]


def mutated(random: Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the seeds with some damage, at most 4096 bytes; now and then bytes that are nothing but random.

    ``words`` are bytes that mean something to what reads the input.
    """
    if random.random() < 0.02:
        return random.randbytes(random.randrange(300))
    data = bytearray(random.choice(seeds))
    for _damage in range(random.choice(_DAMAGED)):
        random.choice(_DAMAGES)(random, data, [*words, random.choice(seeds)])
    return bytes(data[:_MOST_BYTES])


def _place(random: Random, data: bytearray) -> int:
    return random.randint(0, len(data))


def _part(random: Random, data: bytearray) -> slice:
    start = _place(random, data)
    longest = 1 << random.randint(0, 8)
    return slice(start, min(len(data), start + random.randint(0, longest)))


def _flip_bit(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _set_byte(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] = random.randrange(256)


def _set_number(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    size = random.choice((1, 2, 4))
    if len(data) >= size:
        start = random.randint(0, len(data) - size)
        # Attributes and messages begin at multiples of four.
        start -= start % 4 if random.random() < 0.5 else 0
        number = random.choice(_EDGES) % (1 << 8 * size)
        data[start : start + size] = number.to_bytes(size, random.choice(("little", "big")))


def _set_digits(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    start = _place(random, data)
    digits = str(random.choice(_EDGES) * random.choice((1, -1))) if random.random() < 0.9 else "9" * 5000
    data[start : start + len(digits)] = digits.encode()


def _insert(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    start = _place(random, data)
    data[start:start] = random.randbytes(random.randint(1, 8))


def _insert_word(random: Random, data: bytearray, words: Sequence[bytes]) -> None:
    start = _place(random, data)
    data[start:start] = random.choice(words)


def _delete(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    del data[_part(random, data)]


def _cut(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    del data[_place(random, data) :]


def _copy(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    part = data[_part(random, data)]
    start = _place(random, data)
    data[start:start] = part


def _repeat(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    part = _part(random, data)
    data[part] = data[part] * random.choice((2, 3, 50))


def _move_line(random: Random, data: bytearray, _words: Sequence[bytes]) -> None:
    lines = data.split(b"\n")
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randint(0, len(lines)), line)
    data[:] = b"\n".join(lines)


_DAMAGES: Sequence[Damage] = (
    # What keeps the length comes more often: most else is noticed at once by what reads lengths.
    *3 * (_flip_bit, _set_byte, _set_number),
    _set_digits,
    _insert,
    _insert_word,
    _insert_word,
    _delete,
    _cut,
    _copy,
    _repeat,
    _move_line,
)
