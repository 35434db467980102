# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A generated file as blocks of text, each behind a comment that names what it is for. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import Dict, Iterator, Tuple

# What a generated file begins with.
HEADER = "# Written by the Ansible collection evenkeel.lb from /etc/evenkeel/lb.json. Changes made here are put back.\n"
MARK = "# evenkeel.lb: "

# The text of each block by its subject, such as ``virtual server web``.
Blocks = Dict[str, str]


def body(blocks: Blocks) -> Iterator[str]:
    """The blocks behind their marks, in the order of their subjects, a gap before each."""
    for subject, text in sorted(blocks.items()):
        yield f"\n{MARK}{subject}\n{text}"


def parse(text: str) -> Tuple[str, Blocks]:
    """What stands before the first block, and the blocks by subject; the one and their ``body`` give the text again."""
    head, *rest = re.split(f"^{re.escape(MARK)}", text, flags=re.MULTILINE)
    found: Blocks = {}
    for part in rest:
        subject, _newline, block = part.partition("\n")
        # a block that is there twice is told as both, so that it is no block of ours
        found[subject] = found.get(subject, "") + _without_gap(block)
    return _without_gap(head), found


def subject_at(text: str, line: int) -> str:
    """The subject of the block that holds a line of a generated file, counted from 1; empty outside of all blocks."""
    for above in reversed(text.splitlines()[:line]):
        if above.startswith(MARK):
            return above[len(MARK) :]
    return ""


def _without_gap(text: str) -> str:
    return text[:-1] if text.endswith("\n\n") else text
