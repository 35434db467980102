# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ipvs engine: layer 4 in the kernel and nothing else, so without health checks. Private to evenkeel.lb.

It owns the kernel services that the recorded configuration asks for, and their lines in the rules file that the
distribution's ipvsadm loads at boot. Services and lines of others stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, FrozenSet, List, Optional, Sequence, Set, Tuple

from ..._host.ipvs_netlink import apply as change_kernel
from ..._host.ipvs_netlink import read_table
from ..._host.ipvs_statistics import read_statistics
from ..._host.ipvs_table import ServiceKey, Table, difference
from ..._host.system import HostFault, System
from ..._model.configuration import Configuration
from ..._model.healthcheck import PARAMETERS
from ..._model.problems import InvalidConfiguration, Problem
from ..._model.services import Service, services
from ..base import Applied, ByVirtualServer, Engine, EngineFault, Step
from ..capabilities import EVERYTHING, Capabilities, Version, only, refusals
from ..differences import Difference, of_lines
from ..kernel_support import lacking
from ..layer4 import KERNEL
from ..service_connections import connections_by_ipvs
from ..service_status import statuses
from ..service_table import SYNCHRONISED_OR_MIXED, is_mixed, key_of, table_of
from ..status import Status
from ..versions import linux
from . import rules
from .steps import Names, kernel_steps

_NO_CHECKS = "engine: keepalived, or type: none"

# A farm may name a health check as long as that checks nothing.
CAPABILITIES: Capabilities = {
    **KERNEL,
    "farms.health_check": EVERYTHING,
    "farms.servers.health_check": EVERYTHING,
    "health_checks.name": EVERYTHING,
    "health_checks.type": only("none", nearest=dict.fromkeys(PARAMETERS, _NO_CHECKS)),
    **dict.fromkeys(("health_checks.interval", "health_checks.timeout", "health_checks.retries"), EVERYTHING),
}

# Debian's ipvsadm package loads it at boot when /etc/default/ipvsadm says AUTO="true".
BOOT_RULES = "/etc/ipvsadm.rules"


@dataclass(frozen=True)
class Desired:
    """The services asked for, and the table in which they run. Of what is owned, the table is without services that
    another engine is to hold; their lines in the rules for the next boot are still owned. ``mixed`` is whether there
    are servers of another family than their service's (of what is owned also: whether there may be)."""

    services: Tuple[Service, ...]
    table: Table
    mixed: bool


@dataclass(frozen=True)
class Observed:
    """The kernel's whole table, and the rules for the next boot (None without the file)."""

    table: Table
    boot_rules: Optional[str]


@dataclass(frozen=True)
class Snapshot:
    """The services in question (``keys``) as they are in the kernel, and the rules for the next boot."""

    keys: FrozenSet[ServiceKey]
    table: Table
    boot_rules: Optional[str]


class IpvsEngine(Engine[Desired, Observed]):
    name = "ipvs"

    def describe(self) -> Capabilities:
        return CAPABILITIES

    def version(self, software: str, system: System) -> Optional[Version]:
        return linux(system) if software == "linux" else None

    def compile(self, configuration: Configuration) -> Desired:
        carried = services(configuration, self.name)
        problems = refusals(configuration, self.name, self.describe())
        if problems:
            raise InvalidConfiguration(problems)
        table = table_of(carried)
        return Desired(carried, table, is_mixed(table))

    def joined(self, owned: Desired, begun: Desired, elsewhere: FrozenSet[Any]) -> Desired:
        known = {key_of(service) for service in owned.services}
        found = (*owned.services, *(service for service in begun.services if key_of(service) not in known))
        table = table_of([service for service in found if key_of(service) not in elsewhere])
        return Desired(found, table, owned.mixed or begun.mixed)

    def claims(self, desired: Desired) -> FrozenSet[Any]:
        return frozenset((*desired.table, *([SYNCHRONISED_OR_MIXED] if desired.mixed else [])))

    def read(self, system: System) -> Observed:
        return Observed(read_table(system), system.read(BOOT_RULES))

    def plan(self, desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
        names = Names((*owned.services, *desired.services))
        steps = kernel_steps(self.name, names, desired.table, observed.table, owned.table)
        keys = _keys(desired, owned)
        if not rules.holds(observed.boot_rules or "", keys, desired.table):
            before = rules.lines_of(observed.boot_rules or "", keys)
            after = rules.render(desired.table)
            action = self._rules_action(desired, observed, owned)
            differences = self._drifted_rules(names, keys, desired, observed) if action == "repair" else ()
            payload = frozenset(keys)
            steps.append(Step(self.name, action, BOOT_RULES, before, after, payload=payload, differences=differences))
        return steps

    @staticmethod
    def _drifted_rules(
        names: Names, keys: Set[ServiceKey], desired: Desired, observed: Observed
    ) -> Tuple[Difference, ...]:
        return tuple(
            difference
            for key, lines, wanted in rules.differing(observed.boot_rules or "", keys, desired.table)
            for difference in of_lines(names.path(key), BOOT_RULES, wanted, lines)
        )

    @staticmethod
    def _rules_action(desired: Desired, observed: Observed, owned: Desired) -> str:
        if desired.table == owned.table:
            return "repair"
        if not desired.table:
            return "remove"
        return "add" if observed.boot_rules is None else "change"

    def obstacles(self, desired: Desired, system: System) -> List[Problem]:
        return lacking(desired.services, system)

    def check(self, desired: Desired, system: System) -> List[Problem]:
        return self.obstacles(desired, system)

    def snapshot(self, desired: Desired, owned: Desired, system: System) -> Snapshot:
        keys = frozenset((*desired.table, *owned.table))
        return Snapshot(keys, read_table(system).only(keys), system.read(BOOT_RULES))

    def apply(self, steps: Sequence[Step], desired: Desired, system: System) -> Applied:
        """Do what is needed now, not what was when the steps were planned: another engine may have let go of a service
        in between that this one takes over."""
        keys = {*desired.table, *(step.payload for step in steps if step.subject != BOOT_RULES)}
        change_kernel(system, difference(read_table(system).only(keys), desired.table))
        for step in steps:
            if step.subject == BOOT_RULES:  # also of services that are in the kernel no more
                system.write(BOOT_RULES, rules.replaced(system.read(BOOT_RULES) or "", step.payload, desired.table))
        return Applied()

    def restore(self, system: System, snapshot: Snapshot) -> None:
        faults = []
        try:
            change_kernel(system, difference(read_table(system).only(snapshot.keys), snapshot.table))
        except HostFault as fault:
            faults.append(str(fault))
        try:
            if snapshot.boot_rules is None:
                system.remove(BOOT_RULES)
            elif system.read(BOOT_RULES) != snapshot.boot_rules:
                system.write(BOOT_RULES, snapshot.boot_rules)
        except HostFault as fault:
            faults.append(str(fault))
        if faults:
            raise EngineFault("; ".join(faults))

    def verify(self, desired: Desired, owned: Desired, system: System) -> List[Problem]:
        names = Names((*owned.services, *desired.services))
        observed = self.read(system)
        keys = {*desired.table, *owned.table}
        found = [
            Problem(names.path(operation.key), f"the kernel is not as wanted: {operation} is still to be done")
            for operation in difference(observed.table.only(keys), desired.table)
        ]
        if not rules.holds(observed.boot_rules or "", _keys(desired, owned), desired.table):
            found.append(Problem(BOOT_RULES, "does not hold the services that are wanted at the next boot"))
        return found

    def connections(self, configuration: Configuration, farm: str, server: str, system: System) -> ByVirtualServer:
        return connections_by_ipvs(configuration, self.name, farm, server, system)

    def status(self, configuration: Configuration, system: System) -> Status:
        carried = services(configuration, self.name)
        return Status(statuses(carried, read_statistics(system, set(map(key_of, carried)))))


def _keys(*all_services: Desired) -> Set[ServiceKey]:
    return {key_of(service) for desired in all_services for service in desired.services}
