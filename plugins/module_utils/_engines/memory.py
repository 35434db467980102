# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference engine: holds services in a dictionary. Private to evenkeel.lb.

It shows the contract with nothing in the way, and the contract tests run against it first.
"""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

from .._host.system import System
from .._model.configuration import KINDS, Configuration
from .._model.objects import options
from .._model.problems import Problem
from .._model.services import Service, services
from .base import Applied, ByVirtualServer, Engine, Outcomes, Step
from .capabilities import EVERYTHING, Capabilities, Version
from .connections import Connections
from .status import ServerStatus, ServiceStatus, Status

# By the name of the virtual server; DNS over UDP and TCP is two services.
Services = Dict[str, Tuple[Service, ...]]


class MemoryEngine(Engine[Services, Services]):
    """Carries the services of one engine name without a host; ``held`` is what it holds, ``counted`` what it counts of
    a server in a virtual server, where that is not nothing, ``healths`` what its status tells of the health of one, and
    ``tested`` its outcomes."""

    name = "memory"

    def __init__(self, carries: str = "keepalived") -> None:
        self._carries = carries
        self.held: Services = {}
        self.counted: Dict[Tuple[str, str], Optional[Connections]] = {}
        self.healths: Dict[Tuple[str, str], str] = {}
        self.tested: Dict[Tuple[str, str], str] = {}

    def describe(self) -> Capabilities:
        return {f"{kind}.{name}": EVERYTHING for kind, object_type in KINDS.items() for name in options(object_type)}

    def version(self, software: str, system: System) -> Optional[Version]:
        return None

    def compile(self, configuration: Configuration) -> Services:
        found: Services = {}
        for service in services(configuration, self._carries):
            found[service.name] = (*found.get(service.name, ()), service)
        return found

    def joined(self, owned: Services, begun: Services, elsewhere: FrozenSet[Any]) -> Services:
        return {**begun, **owned}

    def claims(self, desired: Services) -> FrozenSet[Any]:
        return frozenset(
            (one.fwmark, one.address, one.port, one.protocol) for services_ in desired.values() for one in services_
        )

    def read(self, system: System) -> Services:
        return dict(self.held)

    def plan(self, desired: Services, observed: Services, owned: Services) -> List[Step]:
        steps = []
        for name, service in sorted(desired.items()):
            before = observed.get(name)
            if before == service:
                continue
            steps.append(
                Step(
                    self.name,
                    "change" if before else "add",
                    f"virtual server {name}",
                    before=str(before or ""),
                    after=str(service),
                    impact="new_connections" if before else "none",
                    payload=name,
                )
            )
        for name in sorted(set(owned) & set(observed) - set(desired)):
            steps.append(
                Step(
                    self.name,
                    "remove",
                    f"virtual server {name}",
                    before=str(observed[name]),
                    impact="reset",
                    payload=name,
                )
            )
        return steps

    def obstacles(self, desired: Services, system: System) -> List[Problem]:
        return []

    def check(self, desired: Services, system: System) -> List[Problem]:
        return []

    def snapshot(self, desired: Services, owned: Services, system: System) -> Services:
        return dict(self.held)

    def apply(self, steps: Sequence[Step], desired: Services, system: System) -> Applied:
        for step in steps:
            if step.action == "remove":
                del self.held[step.payload]
            else:
                self.held[step.payload] = desired[step.payload]
        return Applied()

    def restore(self, system: System, snapshot: Any) -> None:
        self.held = dict(snapshot)

    def verify(self, desired: Services, owned: Services, system: System) -> List[Problem]:
        wrong = [name for name in sorted({*desired, *owned}) if self.held.get(name) != desired.get(name)]
        return [Problem(f"virtual_servers[{name}]", "is not held as wanted") for name in wrong]

    def connections(self, configuration: Configuration, farm: str, server: str, system: System) -> ByVirtualServer:
        return {
            service.name: self.counted.get((service.name, server), Connections())
            for service in services(configuration, self._carries)
            if service.farm.name == farm and server in [backend.name for backend in service.backends]
        }

    def status(self, configuration: Configuration, system: System) -> Status:
        return Status(
            tuple(
                ServiceStatus(
                    service.name,
                    runs=service in self.held.get(service.name, ()),
                    is_open=any(backend.weight for backend in service.backends),
                    on_sorry_server=False,
                    servers={
                        backend.name: ServerStatus(
                            self.healths.get((service.name, backend.name), "unchecked"), backend.weight
                        )
                        for backend in service.backends
                    },
                )
                for service in services(configuration, self._carries)
            )
        )

    def outcomes(self, configuration: Configuration, system: System) -> Outcomes:
        return dict(self.tested)
