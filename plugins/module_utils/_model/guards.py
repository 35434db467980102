# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a wish adds, changes and removes, counted; and refusals of wishes that remove more than somebody is likely to
mean. Pure. Private to evenkeel.lb.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from .configuration import KINDS, Configuration
from .farm import Farm, Server
from .objects import described
from .problems import Problem, some

# Servers are counted too: most of what a director holds are members of farms.
COUNTED: Mapping[str, Any] = {**KINDS, "servers": Server}


@dataclass(frozen=True)
class Change:
    """What becomes of the objects of one kind. Servers are named ``farm/server``."""

    before: int
    added: Tuple[str, ...] = ()
    changed: Tuple[str, ...] = ()
    removed: Tuple[str, ...] = ()


def changes(before: Configuration, after: Configuration) -> Dict[str, Change]:
    """What becomes of the objects of each kind, and of the servers of all farms."""
    found = {kind: _change(before.of(kind), after.of(kind)) for kind in KINDS}
    found["servers"] = _change_of_servers(before.farms, after.farms)
    return found


def _change(before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    if before is after:
        return Change(len(before))
    return Change(
        len(before),
        tuple(sorted(name for name in after if name not in before)),
        tuple(sorted(name for name in after if name in before and before[name] != after[name])),
        tuple(sorted(name for name in before if name not in after)),
    )


def _change_of_servers(before: Mapping[str, Farm], after: Mapping[str, Farm]) -> Change:
    # there are so many that only those are named whose farm is not as it was
    change = _change(_servers(before, after), _servers(after, before))
    return dataclasses.replace(change, before=sum(len(farm.servers or ()) for farm in before.values()))


def _servers(farms: Mapping[str, Farm], others: Mapping[str, Farm]) -> Dict[str, Any]:
    """The servers of the farms that are different among the others, or not there."""
    return {
        f"{name}/{server.name}": server
        for name, farm in farms.items()
        if farm != others.get(name)
        for server in farm.servers or ()
    }


def refusals(before: Configuration, after: Configuration, purge_limit: int) -> List[Problem]:
    """Problems of a wish that removes more than ``purge_limit`` percent of any kind that ``before`` has, or every
    server of a farm that stays. Kinds are counted apart: what a few virtual servers are to clients does not shrink
    beside the number of servers behind them."""
    return [*_too_many(before, after, purge_limit), *_emptied(before, after)]


def _too_many(before: Configuration, after: Configuration, purge_limit: int) -> Iterator[Problem]:
    for kind, change in changes(before, after).items():
        if 100 * len(change.removed) > purge_limit * change.before:
            word = described(COUNTED[kind])
            yield Problem(
                kind,
                f"would lose {len(change.removed)} of {change.before} recorded: {some(change.removed)}",
                f"at most {purge_limit} % of the {word}s (purge_limit), or allow_empty: true",
            )


def _emptied(before: Configuration, after: Configuration) -> Iterator[Problem]:
    for name, farm in after.farms.items():
        held = before.farms.get(name)
        if held is not None and held.servers and not farm.servers:
            yield Problem(
                f"farms[{name}].servers",
                f"would lose all {len(held.servers)} servers: {some([server.name for server in held.servers])}",
                "a wish that leaves the farm a server, or allow_empty: true",
            )


def nothing_wished(before: Configuration) -> Problem:
    """The problem with a wish for nothing at all in place of ``before``."""
    held = [
        f"{len(change.removed)} {described(COUNTED[kind])}{'s' if len(change.removed) > 1 else ''}"
        f" ({some(change.removed)})"
        for kind, change in changes(before, Configuration()).items()
        if change.removed
    ]
    would = (
        f"would remove all that is recorded: {', '.join(held)}" if held else "nothing is recorded that it would remove"
    )
    return Problem("config", f"is empty; {would}", "at least one object, or allow_empty: true")
