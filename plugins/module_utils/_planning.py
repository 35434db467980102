# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each engine's part of a run: what it is to hold, what it owns, and the steps from the one to the other. Private to
evenkeel.lb."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, FrozenSet, List, Sequence

from ._engines.base import Applied, Engine, Step
from ._engines.capabilities import too_new
from ._host.system import System
from ._model.configuration import Configuration
from ._model.problems import InvalidConfiguration, Problem

AnyEngine = Engine[Any, Any]


@dataclass
class Part:
    """One engine's part of a run."""

    engine: AnyEngine
    desired: Any
    owned: Any
    steps: List[Step]
    snapshot: Any = None
    applied: Applied = field(default_factory=Applied)


def compiled(
    system: System, engines: Sequence[AnyEngine], recorded: Configuration, wanted: Configuration
) -> List[Part]:
    """Each engine's part, without a plan. Raises InvalidConfiguration with all that an engine cannot express, and that
    its version on this host cannot."""
    parts = []
    problems: List[Problem] = []
    for engine in engines:
        try:
            desired = engine.compile(wanted)
            parts.append(Part(engine, desired, desired if recorded == wanted else engine.compile(recorded), []))
        except InvalidConfiguration as invalid:
            problems.extend(invalid.problems)
    for part in parts:
        version_of = functools.partial(part.engine.version, system=system)
        problems.extend(too_new(wanted, part.engine.name, part.engine.describe(), version_of))
    if problems:
        raise InvalidConfiguration(problems)
    return parts


def planned(system: System, parts: Sequence[Part], begun: Sequence[Configuration]) -> List[Part]:
    """The parts that have something to do, in their order; ``begun`` are wishes of runs that did not end."""
    observed = [part.engine.read(system) for part in parts]
    for part, held in zip(parts, observed):
        for configuration in begun:
            part.owned = _joined(part, configuration, _wanted_elsewhere(part, parts))
        part.steps = part.engine.plan(part.desired, held, part.owned)
    # after a run that did not end, one engine may take with it what another holds and has nothing to do for
    return _in_order([part for part in parts if part.steps or begun])


def _wanted_elsewhere(part: Part, parts: Sequence[Part]) -> FrozenSet[Any]:
    """What the other engines are to hold."""
    return frozenset(claim for other in parts if other is not part for claim in other.engine.claims(other.desired))


def _joined(part: Part, begun: Configuration, elsewhere: FrozenSet[Any]) -> Any:
    """What the engine owns, with what a run that did not end may have left."""
    try:
        return part.engine.joined(part.owned, part.engine.compile(begun), elsewhere)
    except InvalidConfiguration:  # of another release, which could say what this one cannot
        return part.owned


def _in_order(parts: List[Part]) -> List[Part]:
    """Engines that add go before engines that only remove; but what moves from one engine to another leaves first, or
    the one that lets go would take it away from the other."""

    def rank(part: Part) -> int:
        if any(hands_over(part, other) for other in parts):
            return 0
        return 2 if all(step.action == "remove" for step in part.steps) else 1

    return sorted(parts, key=rank)


def hands_over(part: Part, other: Part) -> bool:
    """Whether one engine lets something go that another is to hold."""
    return bool(_lets_go(part) & other.engine.claims(other.desired))


def both_let_go(part: Part, other: Part) -> bool:
    """Whether both may own what neither is to hold: a run that was to move it from one to the other did not end."""
    return bool(_lets_go(part) & _lets_go(other))


def _lets_go(part: Part) -> FrozenSet[Any]:
    return part.engine.claims(part.owned) - part.engine.claims(part.desired)
