# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nftables engine: packet marks and source NAT for what other engines balance by IPVS. Private to evenkeel.lb.

No virtual server names it. It owns one table, ``inet evenkeel``, and the file that brings the table back at boot; where
no virtual server needs either, there is neither, and nothing is run.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from dataclasses import dataclass
from typing import FrozenSet, List, Optional, Sequence, Tuple

from ..._host.nftables import Nftables
from ..._host.system import HostFault, System
from ..._model.configuration import Configuration
from ..._model.problems import InvalidConfiguration, Problem
from ..._model.services import Service, services
from ..base import Applied, ByVirtualServer, Engine, EngineFault, Step
from ..capabilities import Capabilities, Version
from ..differences import Difference, of_lines
from ..status import Status
from . import host_checks, render
from .host_checks import CONNTRACK, CONNTRACK_FILE, FILE, is_on
from .parse import NotNft, parse
from .ruleset import Ruleset, ruleset_of
from .steps import TABLE, Comparison, steps

CARRIERS = ("ipvs", "keepalived")


@dataclass(frozen=True)
class Desired:
    """The table, the virtual servers that are ``carried`` whether or not they need it, and those with source NAT."""

    ruleset: Ruleset
    carried: FrozenSet[str]
    rewritten: Tuple[str, ...]

    @property
    def text(self) -> Optional[str]:
        """The file; None when there is nothing to hold."""
        return render.document(self.ruleset) if self.ruleset.elements else None


@dataclass(frozen=True)
class Observed:
    """The file, the table (None without one), and the kernel parameter (None where IPVS is not loaded)."""

    text: Optional[str]
    ruleset: Optional[Ruleset]
    conntrack: Optional[str]


@dataclass(frozen=True)
class Snapshot:
    """The file, the table as nft writes it, and the kernel parameter; None for what is not there."""

    text: Optional[str]
    table: Optional[str]
    conntrack: Optional[str]


class NftablesEngine(Engine[Desired, Observed]):
    name = "nftables"

    def describe(self) -> Capabilities:
        """Nothing: it is a companion, and what a virtual server may ask of it its carrier says."""
        return {}

    def version(self, software: str, system: System) -> Optional[Version]:
        return None

    def beyond(self, configuration: Configuration) -> List[Problem]:
        return [problem for service in _asking(configuration) for problem in _family_problems(service)]

    def compile(self, configuration: Configuration) -> Desired:
        asking = _asking(configuration)
        problems = [problem for service in asking for problem in _family_problems(service)]
        if problems:
            raise InvalidConfiguration(problems)
        virtual_servers = configuration.virtual_servers.values()
        return Desired(
            ruleset_of(asking),
            frozenset(one.name for one in virtual_servers if one.carrier in CARRIERS and one.enabled is not False),
            tuple(sorted({service.name for service in asking if service.source_nat is not None})),
        )

    def read(self, system: System) -> Observed:
        """Without the file the table is not looked for: it is written before the table is made and removed after the
        table is gone, so that hosts which need neither pay nothing."""
        text = system.read(FILE)
        return Observed(text, _table(system) if text is not None else None, system.read(CONNTRACK_FILE))

    def plan(self, desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
        comparison = Comparison(desired.ruleset, observed.ruleset, owned.ruleset)
        found = list(steps(self.name, comparison, owned.carried))
        if desired.rewritten and owned.rewritten and not is_on(observed.conntrack):
            before = observed.conntrack or ""
            off = (Difference(CONNTRACK, "value", "1", before.strip()),)
            found.append(Step(self.name, "repair", CONNTRACK, before, "1\n", "new_connections", differences=off))
        if observed.text != desired.text:
            action = self._file_action(desired, observed, owned)
            before, after = observed.text or "", desired.text or ""
            differences = of_lines(FILE, "content", after, before) if action == "repair" else ()
            found.append(Step(self.name, action, FILE, before, after, differences=differences))
        return found

    @staticmethod
    def _file_action(desired: Desired, observed: Observed, owned: Desired) -> str:
        if desired.ruleset == owned.ruleset and desired.text is not None:
            return "repair"
        if desired.text is None:
            return "remove"
        return "add" if observed.text is None else "change"

    def obstacles(self, desired: Desired, system: System) -> List[Problem]:
        return [] if desired.text is None else host_checks.problems(desired.text, desired.rewritten, system)

    def check(self, desired: Desired, system: System) -> List[Problem]:
        return self.obstacles(desired, system)

    def snapshot(self, desired: Desired, owned: Desired, system: System) -> Snapshot:
        table = Nftables(system, render.TABLE).as_text()
        return Snapshot(system.read(FILE), table, system.read(CONNTRACK_FILE))

    def apply(self, steps: Sequence[Step], desired: Desired, system: System) -> Applied:
        """The file first and away last, so that a run that is killed in between leaves a trace to go by."""
        text = desired.text
        if text is None:
            Nftables(system, render.TABLE).delete()
            system.remove(FILE)
            return Applied()
        if system.read(FILE) != text:
            system.write(FILE, text, mode=0o600)
        if desired.rewritten and not is_on(system.read(CONNTRACK_FILE)):
            system.write_in_place(CONNTRACK_FILE, "1\n")
        if any(step.subject not in (FILE, CONNTRACK) for step in steps):
            Nftables(system, render.TABLE).load(text)
        return Applied()

    def restore(self, system: System, snapshot: Snapshot) -> None:
        faults = []
        for put_back in (self._put_table_back, self._put_file_back, self._put_parameter_back):
            try:
                put_back(system, snapshot)
            except HostFault as fault:
                faults.append(str(fault))
        if faults:
            raise EngineFault("; ".join(faults))

    @staticmethod
    def _put_table_back(system: System, snapshot: Snapshot) -> None:
        if snapshot.table is None:
            Nftables(system, render.TABLE).delete()
        else:
            Nftables(system, render.TABLE).load(render.REPLACED + snapshot.table)

    @staticmethod
    def _put_file_back(system: System, snapshot: Snapshot) -> None:
        if snapshot.text is None:
            system.remove(FILE)
        elif system.read(FILE) != snapshot.text:
            system.write(FILE, snapshot.text, mode=0o600)

    @staticmethod
    def _put_parameter_back(system: System, snapshot: Snapshot) -> None:
        if snapshot.conntrack is not None and system.read(CONNTRACK_FILE) != snapshot.conntrack:
            system.write_in_place(CONNTRACK_FILE, snapshot.conntrack)

    def verify(self, desired: Desired, owned: Desired, system: System) -> List[Problem]:
        text, held = system.read(FILE), _table(system)
        comparison = Comparison(desired.ruleset, held, owned.ruleset)
        found = [
            Problem(part.path, f"{TABLE} is not as wanted", render.lines(after.items()).strip() or "nothing of it")
            for part, _before, after in comparison.differences()
        ]
        if any(comparison.frame()):
            found.append(Problem(TABLE, "is not as wanted", f"what {FILE} says"))
        if text != desired.text:
            found.append(Problem(FILE, "does not hold what is wanted at the next boot"))
        if desired.rewritten and not is_on(system.read(CONNTRACK_FILE)):
            found.append(Problem(CONNTRACK, "is 0, so nothing is rewritten", "1"))
        return found

    def connections(self, configuration: Configuration, farm: str, server: str, system: System) -> ByVirtualServer:
        """None: no virtual server is carried here."""
        return {}

    def status(self, configuration: Configuration, system: System) -> Status:
        """Nothing: no virtual server is carried here."""
        return Status()


def _asking(configuration: Configuration) -> List[Service]:
    """The services that may need something here. The others, most of them as a rule, are not even resolved."""
    chosen = {
        name: one
        for name, one in configuration.virtual_servers.items()
        if one.source_nat_type or one.ports or one.fwmark or one.protocol == "any"
    }
    if not chosen:
        return []
    rest = dataclasses.replace(configuration, virtual_servers=chosen)
    return [service for carrier in CARRIERS for service in services(rest, carrier)]


def _table(system: System) -> Optional[Ruleset]:
    listed = Nftables(system, render.TABLE).as_json()
    try:
        return parse(listed) if listed is not None else None
    except NotNft as error:
        raise HostFault(f"nft listed {TABLE} in a way that is not understood: {error}") from error


def _family_problems(service: Service) -> List[Problem]:
    """A pool of the other IP version, where the model could not see it: a mark has no address."""
    pool = service.source_nat.pool if service.source_nat is not None else None
    if pool is None or ipaddress.ip_network(pool).version == service.family:
        return []
    path = f"virtual_servers[{service.name}].source_nat_pool"
    return [
        Problem(path, f"{pool} is not IPv{service.family} as the farm's servers are", f"an IPv{service.family} network")
    ]
