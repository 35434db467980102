# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a configuration as a whole: every problem, in a stable order. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import Any, Dict, Iterator, List, Set, Tuple

from .check_rules import check_problems
from .configuration import KINDS, Configuration
from .ha_group_rules import ha_group_problems
from .objects import described, incomplete
from .problems import Problem, in_order, nearest_names, some
from .service_rules import service_problems

# Of more names that are missing, nobody wants to know what was meant by each, which takes milliseconds.
_LOOKED_UP = 100


def examine(document: Any) -> Tuple[Configuration, Tuple[Problem, ...]]:
    """What can be understood of a document, and everything that is wrong with it, field by field and as a whole.

    What follows only from a field that was refused is not said again.
    """
    refused: List[Problem] = []
    configuration = Configuration.parsed(document, refused)
    paths = {problem.path for problem in refused}
    rest = [problem for problem in all_problems(configuration) if not _is_within(problem.path, paths)]
    if paths & set(KINDS):  # of a kind that was refused as a whole, everything seems to be missing
        rest = [problem for problem in rest if not problem.missing]
    return configuration, in_order([*refused, *rest])


def _is_within(path: str, paths: Set[str]) -> bool:
    """Whether a path, or a part of it that ends before a dot or a bracket, is among ``paths``."""
    ends = [match.start() for match in re.finditer(r"[.\[]", path)]
    return any(path[:end] in paths for end in (*ends, len(path)))


def all_problems(configuration: Configuration) -> Tuple[Problem, ...]:
    """Everything that is wrong with a configuration; empty when it is valid."""
    return in_order(
        [
            *_object_problems(configuration),
            *_missing_references(configuration),
            *_vip_problems(configuration),
            *ha_group_problems(configuration),
            *service_problems(configuration),
            *check_problems(configuration),
        ]
    )


def _object_problems(configuration: Configuration) -> Iterator[Problem]:
    for kind in KINDS:
        for name, thing in configuration.of(kind).items():
            path = f"{kind}[{name}]"
            yield from incomplete(thing, path)
            yield from thing.problems(path)


def _missing_references(configuration: Configuration) -> Iterator[Problem]:
    missing = [item for item in configuration.references() if item.name not in configuration.of(item.target)]
    listed = {kind: some(list(configuration.of(kind))) for kind in {item.target for item in missing}}
    for reference in missing:
        word = described(KINDS[reference.target])
        wanted = reference.name if len(missing) <= _LOOKED_UP else None
        instead = nearest_names(configuration.of(reference.target), wanted, word, listed[reference.target])
        yield Problem(reference.path, f"there is no {word} {reference.name!r}", instead, missing=True)


def _vip_problems(configuration: Configuration) -> Iterator[Problem]:
    holders: Dict[str, str] = {}
    for name, vip in sorted(configuration.vips.items()):
        twin = holders.setdefault(vip.ip, name) if vip.address is not None else name
        if twin != name:
            yield Problem(f"vips[{name}].address", f"{vip.ip} is VIP {twin!r} already", "each address once")
