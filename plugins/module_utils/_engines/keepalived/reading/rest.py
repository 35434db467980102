# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of keepalived.conf when the blocks that became a configuration are taken out of it. Pure.

Private to evenkeel.lb. Lines stay as they are, comments with them; a comment that stands right above a block goes with
that block. Included files are put in where they were included.
"""

from __future__ import annotations

import re
from typing import Iterable, List, Set

from ...blocks import HEADER, MARK
from .lines import Conf
from .tree import Statement

_INCLUDE = re.compile(r"\s*(@\S+\s+)?include[rmwba]?\s")


def rest(conf: Conf, statements: List[Statement], taken: Iterable[Statement]) -> str:
    """The text without the statements that were taken; empty when nothing but space is left."""
    gone_ids = {id(statement) for statement in taken}
    gone: Set[int] = set()
    again: List[Statement] = []
    for statement in statements:
        if id(statement) in gone_ids:
            gone.update(range(statement.at, statement.end + 1))
    for statement in statements:
        if id(statement) not in gone_ids and gone.intersection((statement.at, statement.end)):
            # it shares a line with one that goes, and is written anew
            gone.update(range(statement.at, statement.end + 1))
            again.append(statement)
    lines: List[str] = []
    for at, physical in enumerate(conf.physical):
        if at in gone:
            if at - 1 not in gone:
                _drop_comment(lines)
            continue
        text = physical.text.rstrip()
        included = _INCLUDE.match(text) is not None and at + 1 < len(conf.physical) and _opens(conf, at)
        if not included and not text.startswith(MARK) and text != HEADER.rstrip() and (text or (lines and lines[-1])):
            lines.append(text)
    for statement in again:
        lines += ["", *_written(statement)] if lines and lines[-1] else _written(statement)
    return "\n".join(lines).strip("\n") + "\n" if any(lines) else ""


def _opens(conf: Conf, at: int) -> bool:
    """Whether the line behind an include is the first of another file."""
    return conf.physical[at + 1].place.line == 1 and conf.physical[at + 1].place.file != ""


def _drop_comment(lines: List[str]) -> None:
    while lines and lines[-1].lstrip().startswith(("#", "!")):
        lines.pop()


def _written(statement: Statement) -> List[str]:
    """A statement on lines of its own."""
    found: List[str] = []
    open_ = [iter([statement])]
    while open_:
        inner = next(open_[-1], None)
        indent = "    " * (len(open_) - 1)
        if inner is None:
            open_.pop()
            if open_:
                found.append("    " * (len(open_) - 1) + "}")
        elif inner.block is None:
            found.append(indent + inner.raw)
        else:
            found.append(f"{indent}{inner.raw} {{")
            open_.append(iter(inner.block))
    return found
