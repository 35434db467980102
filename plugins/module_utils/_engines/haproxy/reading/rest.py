# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of haproxy.cfg when sections of it became a configuration. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from typing import List, Sequence, Set

from ...blocks import HEADER, MARK
from .sections import Section


def rest(text: str, sections: Sequence[Section], taken: Set[int]) -> str:
    """The text without the sections that were taken, by the numbers of their first lines, and without the comments
    right above them; empty when nothing but space is left."""
    lines = text.split("\n")
    heads = [section.head.at for section in sections]
    begins = [_begin(lines, head) for head in heads]
    ends = [*begins[1:], len(lines) + 1]
    gone = {at for head, begin, end in zip(heads, begins, ends) if head in taken for at in range(begin, end)}
    kept: List[str] = []
    for at, line in enumerate(lines, start=1):
        plain = line.rstrip()
        ours = plain == HEADER.rstrip() or plain.startswith(MARK)
        if at not in gone and not ours and (plain or (kept and kept[-1])):
            kept.append(plain)
    return "\n".join(kept).strip("\n") + "\n" if any(kept) else ""


def _begin(lines: Sequence[str], head: int) -> int:
    """The first of the comments right above the first line of a section."""
    at = head
    while at > 1 and lines[at - 2].lstrip().startswith("#"):
        at -= 1
    return at
