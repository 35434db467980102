# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""haproxy.cfg as sections, each with what its defaults say for it. Pure. Private to evenkeel.lb.

Source: configuration.txt, 4 "Proxies".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

from ...reading import BadText, Finding
from ..words import GENERATION, OWN
from .lines import Statement, is_spoken, refuse_conditions

PROXIES = ("frontend", "backend", "listen")
_SECTIONS = (
    *("global", "defaults", *PROXIES, "peers", "resolvers", "mailers", "userlist", "program", "ring"),
    *("http-errors", "cache", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme"),
)


@dataclass
class Section:
    """A section: its first line, the lines in it, and for a proxy those of its defaults (``inherited``)."""

    kind: str
    name: str
    head: Statement
    lines: List[Statement] = field(default_factory=list)
    inherited: Tuple[Statement, ...] = ()

    @property
    def own(self) -> bool:
        """Whether it stands before the blocks of our own file, and says nothing of a configuration."""
        if self.kind == "global":
            return any(one.words[:2] == ("setenv", GENERATION) for one in self.lines)
        return self.name == OWN

    @property
    def from_ours(self) -> bool:
        """Whether it takes its defaults from our own."""
        return "from" in self.head.words and self.head.words[-1] == OWN


def read_sections(statements: Sequence[Statement]) -> List[Section]:
    """The sections of a text. Raises BadText for lines before the first, and for names that are used twice."""
    found: List[Section] = []
    bad: List[Finding] = []
    defaults: Dict[str, Section] = {}
    last: Optional[Section] = None
    for statement in statements:
        if statement.words[0] in _SECTIONS:
            section = Section(statement.words[0], _name(statement), statement)
            if section.kind == "defaults":
                last = defaults[section.name] = section
            found.append(section)
        elif found:
            found[-1].lines.append(statement)
        elif not is_spoken(statement):
            bad.append(Finding(statement.place, statement.raw[:80], "stands before the first section"))
        if statement.words[0] in PROXIES:
            _inherit(found[-1], defaults, last, bad)
    if bad:
        raise BadText(bad)
    refuse_conditions([line for section in found if not section.own for line in section.lines])
    _refuse_twins(found)
    return found


def _name(statement: Statement) -> str:
    words = statement.words
    return words[1] if len(words) > 1 and words[1] != "from" else ""


def _inherit(section: Section, defaults: Dict[str, Section], last: Optional[Section], bad: List[Finding]) -> None:
    words = section.head.words
    source = last
    if not section.name:
        bad.append(Finding(section.head.place, section.head.raw[:80], "has no name"))
    if len(words) > 3 and words[2] == "from":
        source = defaults.get(words[3])
        if source is None and words[3] != OWN:
            bad.append(Finding(section.head.place, section.head.raw[:80], "there are no such defaults before it"))
    if source is not None and not source.own:
        section.inherited = (*source.inherited, *source.lines)


def _refuse_twins(sections: Sequence[Section]) -> None:
    """A name is of one frontend and of one backend; ``listen`` is both."""
    seen: Dict[Tuple[str, str], Section] = {}
    bad = []
    for section in sections:
        sides = {"frontend": "f", "backend": "b", "listen": "fb"}.get(section.kind, "")
        if any((side, section.name) in seen for side in sides):
            bad.append(Finding(section.head.place, section.head.raw[:80], "is the name of a proxy before it"))
        for side in sides:
            seen.setdefault((side, section.name), section)
    if bad:
        raise BadText(bad)
