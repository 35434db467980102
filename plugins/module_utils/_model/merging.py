# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The four ways in which a wish changes a whole configuration. Pure. Private to evenkeel.lb.

Unset and empty differ in all of them: an unset field says nothing, an empty list says that there are none.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict

from .configuration import KINDS, Configuration
from .objects import described
from .objects import merged as merged_object
from .problems import InvalidConfiguration, Problem


def merged(base: Configuration, wish: Configuration) -> Configuration:
    """``base`` with what ``wish`` says: its set fields change, its objects and members are added, nothing goes."""
    changes: Dict[str, Any] = {}
    for kind in KINDS:
        objects = dict(base.of(kind))
        for name, thing in wish.of(kind).items():
            objects[name] = merged_object(objects.get(name), thing, keep_members=True)
        changes[kind] = objects
    return Configuration(**changes)


def replaced(base: Configuration, wish: Configuration) -> Configuration:
    """``base`` in which each object that ``wish`` names is as ``wish`` says and no more; the others stay."""
    return Configuration(**{kind: {**base.of(kind), **wish.of(kind)} for kind in KINDS})


def overridden(base: Configuration, wish: Configuration) -> Configuration:
    """Exactly the wish; what ``base`` has beyond it goes."""
    return wish


def deleted(base: Configuration, wish: Configuration) -> Configuration:
    """``base`` without the objects that ``wish`` names, whatever else it says of them.

    Raises InvalidConfiguration when an object that stays names one that would go.
    """
    rest = Configuration(
        **{kind: {name: thing for name, thing in base.of(kind).items() if name not in wish.of(kind)} for kind in KINDS}
    )
    problems = [
        Problem(
            f"{reference.target}[{reference.name}]",
            f"is in use by {reference.path}",
            f"remove or change that with the {described(KINDS[reference.target])}",
        )
        for reference in rest.references()
        if reference.name in base.of(reference.target) and reference.name not in rest.of(reference.target)
    ]
    if problems:
        raise InvalidConfiguration(problems)
    return rest


def keeping_states(base: Configuration, wish: Configuration) -> Configuration:
    """``wish`` in which each server that it says no state of has the one that ``base`` has: whoever drained or disabled
    a server did not mean it until somebody describes the farm again."""
    farms = dict(wish.farms)
    for name, farm in base.farms.items():
        states = {server.name: server.state for server in farm.servers or () if server.state is not None}
        if not states or name not in farms or farms[name].servers is None:
            continue
        servers = tuple(
            dataclasses.replace(server, state=states.get(server.name)) if server.state is None else server
            for server in farms[name].servers
        )
        farms[name] = dataclasses.replace(farms[name], servers=servers)
    return dataclasses.replace(wish, farms=farms)
