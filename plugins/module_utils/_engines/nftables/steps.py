# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps from the table that is there to the one that is wanted, told by virtual server. Pure.

The kernel takes the table as a whole; what is told apart here is for people. Private to evenkeel.lb.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

from ..base import Step
from ..differences import Difference, of_lines
from . import render
from .ruleset import EMPTY, Key, Ruleset, Value, is_marking

TABLE = f"table {render.TABLE}"

Elements = Dict[Key, Value]


class Part(NamedTuple):
    """What a virtual server has in our table: its packet marks, or its source NAT."""

    owner: str
    marking: bool

    @property
    def subject(self) -> str:
        return f"{'packet marks' if self.marking else 'source NAT'} of virtual server {self.owner}"

    @property
    def field(self) -> str:
        return "packet marks" if self.marking else "source_nat_type"

    @property
    def path(self) -> str:
        return f"virtual_servers[{self.owner}]" + ("" if self.marking else ".source_nat_type")


class Comparison:
    """The wanted ruleset beside the one that is there (None without a table) and the one that was recorded.

    ``rewrites`` tells whether any packet's source is to be changed.
    """

    def __init__(self, wanted: Ruleset, held: Optional[Ruleset], recorded: Ruleset) -> None:
        self._is_there = held is not None
        self.rewrites = "postrouting" in wanted.chains
        self._frames = wanted.frame(), (held or EMPTY).frame(), recorded.frame()
        self._wanted = _parts(wanted)
        self._recorded = _parts(recorded)
        self._held = _parts(held or EMPTY)
        known = {*self._wanted, *self._recorded}
        strangers = [part for part in self._held if part not in known]
        self._strange: Elements = {}
        for part in strangers:
            self._strange.update(self._held.pop(part))

    def differences(self) -> List[Tuple[Part, Elements, Elements]]:
        """The parts that are not as wanted, with what is there and what should be."""
        parts = sorted({*self._wanted, *self._held}, key=lambda part: (part.owner, not part.marking))
        both = ((part, self._held.get(part, {}), self._wanted.get(part, {})) for part in parts)
        return [(part, before, after) for part, before, after in both if before != after]

    def was_recorded(self, part: Part) -> bool:
        """Whether the part was wanted just so before."""
        return self._recorded.get(part) == self._wanted.get(part)

    def frame(self) -> Tuple[str, str]:
        """What of the rest of the table is not as wanted: the lines that are there and should not be, and the missing
        ones. Maps and chains that come and go with the parts are no difference of their own."""
        wanted, held, recorded = self._frames
        strange = render.lines(self._strange.items()).splitlines()
        if not self._is_there or (held == recorded and not strange and self.differences()):
            return "", ""
        before = [line for line in held if line not in wanted] + strange
        after = [line for line in wanted if line not in held]
        if not before and not after and held != wanted:
            before, after = held, wanted  # the same lines in another order
        return "".join(f"{line}\n" for line in before), "".join(f"{line}\n" for line in after)


def steps(engine: str, comparison: Comparison, carried: FrozenSet[str]) -> Iterator[Step]:
    """The steps, those that remove last. ``carried`` are the virtual servers that ran before."""
    told = [_step(engine, comparison, carried, *difference) for difference in comparison.differences()]
    yield from (step for step in told if step.action != "remove")
    before, after = comparison.frame()
    if before or after:
        differences = of_lines(TABLE, "rules", after, before)
        yield Step(engine, "repair", TABLE, before, after, "new_connections", differences=differences)
    yield from (step for step in told if step.action == "remove")


def _step(
    engine: str, comparison: Comparison, carried: FrozenSet[str], part: Part, before: Elements, after: Elements
) -> Step:
    action = "change" if before and after else "add" if after else "remove"
    running, intended = render.lines(before.items()), render.lines(after.items())
    differences: Tuple[Difference, ...] = ()
    if comparison.was_recorded(part):
        action = "repair"
        differences = of_lines(f"virtual_servers[{part.owner}]", part.field, intended, running)
    impact = _impact(part, before, after, carried, comparison.rewrites)
    return Step(engine, action, part.subject, running, intended, impact, differences=differences)


def _impact(part: Part, before: Elements, after: Elements, carried: FrozenSet[str], rewrites: bool) -> str:
    """IPVS and connection tracking know the connections they have: neither marks nor source NAT touch those. But once
    the last chain that rewrites is gone, nothing rewrites their packets any more. A packet that gets a mark where none
    was meets the service it is for, so that disturbs nobody."""
    if part.marking:
        return "none" if all(after.get(key) == value for key, value in before.items()) else "new_connections"
    if before and not rewrites:
        return "reset"
    return "new_connections" if before or part.owner in carried else "none"


def _parts(ruleset: Ruleset) -> Dict[Part, Elements]:
    parts: Dict[Part, Elements] = {}
    for key, value in ruleset.elements.items():
        parts.setdefault(Part(value.owner, is_marking(key)), {})[key] = value
    return parts
