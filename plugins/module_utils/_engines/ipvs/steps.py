# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes in the kernel, told as steps that people read: rules of ipvsadm before and after. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Dict, List, Sequence, Tuple, Union

from ..._host.ipvs_table import (
    ADD,
    REMOVE,
    Destination,
    Entry,
    Operation,
    ServiceKey,
    Table,
    canonical_address,
    difference,
)
from ..._host.ipvs_table import Service as KernelService
from ..._model.services import Service
from ..base import IMPACTS, Step
from ..differences import Difference
from ..kernel_differences import Places
from ..service_table import key_of
from .rules import RulesError, render_destination, render_entry, render_service

_Thing = Union[Entry, KernelService, Destination, None]


class Names:
    """What people call the services and servers that the kernel knows by numbers."""

    def __init__(self, known: Sequence[Service]) -> None:
        self._known = known
        self._places = Places(known)

    @functools.cached_property
    def _services(self) -> Dict[ServiceKey, str]:
        return {key_of(service): service.name for service in self._known}

    @functools.cached_property
    def _servers(self) -> Dict[Tuple[ServiceKey, Tuple[str, int]], str]:
        return {
            (key_of(service), (canonical_address(backend.address), backend.port)): backend.name
            for service in self._known
            for backend in service.backends
        }

    def of_service(self, key: ServiceKey) -> str:
        """The virtual server by its name."""
        return f"virtual server {self._services[key]}"

    def of_server(self, key: ServiceKey, destination: Destination) -> str:
        """The server by its name, or by its address and port when nobody here named it."""
        server = self._servers.get((key, destination.key), str(destination))
        return f"server {server} of {self.of_service(key)}"

    def drifted(self, operation: Operation) -> Tuple[Difference, ...]:
        """What an operation that repairs something puts right."""
        return self._places.differences(operation)

    def path(self, key: ServiceKey) -> str:
        """Where the virtual server stands in a configuration."""
        return f"virtual_servers[{self._services[key]}]"


def kernel_steps(engine: str, names: Names, desired: Table, observed: Table, owned: Table) -> List[Step]:
    """The steps from ``observed`` to ``desired``, each with its service's key as payload.

    A service that begins or ends is one step with all its servers; in one that stays, each server is a step of its own.
    What is desired and not owned is always an ``add``, also where the kernel holds it already: something else put it
    there and may take it away. What is owned and desired alike and yet differs in the kernel is a ``repair``.
    """
    operations = difference(observed.only(desired), desired)
    begin = {key: "none" for key in desired if key not in owned or key not in observed}
    steps = []
    parts = []
    for operation in operations:
        key = operation.key
        if key not in begin:
            parts.append(_part(engine, names, operation, owned[key]))
        elif key in observed:
            begin[key] = max(begin[key], _impact(operation), key=IMPACTS.index)
    for key, impact in begin.items():
        action = "repair" if owned.get(key) == desired[key] else "add"
        step = _step(engine, action, names.of_service(key), key, observed.get(key), desired[key], impact)
        if action == "repair":
            lost = Operation(ADD, key, None, desired[key].service)
            step = dataclasses.replace(step, differences=names.drifted(lost))
        steps.append(step)
    steps.extend(parts)
    for key in owned:
        if key not in desired and key in observed:
            steps.append(_step(engine, "remove", names.of_service(key), key, observed[key], None, "reset"))
    return steps


def _part(engine: str, names: Names, operation: Operation, owned: Entry) -> Step:
    """A step for one operation on a service that runs, is wanted and was wanted before."""
    key, before, after = operation.key, operation.before, operation.after
    was: Union[KernelService, Destination, None] = owned.service
    name = names.of_service(key)
    if isinstance(operation.subject, Destination):
        destination = operation.subject
        was = next((candidate for candidate in owned.destinations if candidate.key == destination.key), None)
        name = names.of_server(key, destination)
    if was == after:
        action = "repair"
    elif before is None:
        action = "add"
    else:
        action = "remove" if after is None else "change"
    step = _step(engine, action, name, key, before, after, _impact(operation))
    return dataclasses.replace(step, differences=names.drifted(operation)) if action == "repair" else step


def _step(engine: str, action: str, subject: str, key: ServiceKey, before: _Thing, after: _Thing, impact: str) -> Step:
    return Step(engine, action, subject, _text(key, before), _text(key, after), impact, payload=key)


def _text(key: ServiceKey, thing: _Thing) -> str:
    """Rules that make the thing; where ipvsadm has no words for what others put into the kernel, its values."""
    if thing is None:
        return ""
    try:
        if isinstance(thing, Entry):
            return render_entry(thing)
        return (render_destination(key, thing) if isinstance(thing, Destination) else render_service(thing)) + "\n"
    except RulesError:
        return f"{thing!r}\n"


def _impact(operation: Operation) -> str:
    """What an operation means for clients: the kernel keeps connections through edits and loses them by removals."""
    before, after = operation.before, operation.after
    if operation.action == REMOVE:
        return "reset"
    if isinstance(after, Destination) and not after.weight:
        return "drain" if isinstance(before, Destination) and before.weight else "none"
    return "new_connections"
