# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nftables engine: packet marks and source NAT for what other engines balance by IPVS. Private to evenkeel.lb.

No virtual server names it. It owns one table, ``inet evenkeel``, and the file that brings the table back at boot; where
no virtual server needs either, there is neither, and nothing is run.
"""

from __future__ import annotations

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
from . import render
from .parse import NotNft, parse
from .ruleset import Ruleset, ruleset_of
from .steps import TABLE, Comparison, steps

CARRIERS = ("ipvs", "keepalived")

# Loaded at boot, and again after nftables.service has loaded rules of its own, by a unit that the role director brings.
FILE = "/etc/evenkeel/lb.nft"
UNIT = "evenkeel-lb-nftables.service"
CONNTRACK = "net.ipv4.vs.conntrack"
_CONNTRACK_FILE = "/proc/sys/net/ipv4/vs/conntrack"


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
    """The file, the table (None without one), and whether connection tracking sees what IPVS balances."""

    text: Optional[str]
    ruleset: Optional[Ruleset]
    tracked: bool


@dataclass(frozen=True)
class Snapshot:
    """The file, and the table as nft writes it; None for what is not there."""

    text: Optional[str]
    table: Optional[str]


class NftablesEngine(Engine[Desired, Observed]):
    name = "nftables"

    def describe(self) -> Capabilities:
        """Nothing: it is a companion, and what a virtual server may ask of it its carrier says."""
        return {}

    def version(self, software: str, system: System) -> Optional[Version]:
        return None

    def beyond(self, configuration: Configuration) -> List[Problem]:
        return [problem for service in _carried(configuration) for problem in _family_problems(service)]

    def compile(self, configuration: Configuration) -> Desired:
        carried = _carried(configuration)
        problems = self.beyond(configuration)
        if problems:
            raise InvalidConfiguration(problems)
        return Desired(
            ruleset_of(carried),
            frozenset(service.name for service in carried),
            tuple(sorted({service.name for service in carried if service.source_nat is not None})),
        )

    def read(self, system: System) -> Observed:
        """Without the file the table is not looked for: it is written before the table is made and removed after the
        table is gone, so that hosts which need neither pay nothing."""
        text = system.read(FILE)
        return Observed(text, _table(system) if text is not None else None, _is_tracked(system))

    def plan(self, desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
        comparison = Comparison(desired.ruleset, observed.ruleset, owned.ruleset)
        found = list(steps(self.name, comparison, owned.carried))
        if desired.rewritten and owned.rewritten and not observed.tracked:
            # check says who puts it right; without a step nobody would hear of it
            found.append(Step(self.name, "repair", CONNTRACK, "0\n", "1\n", "new_connections"))
        if observed.text != desired.text:
            action = self._file_action(desired, observed, owned)
            found.append(Step(self.name, action, FILE, observed.text or "", desired.text or ""))
        return found

    @staticmethod
    def _file_action(desired: Desired, observed: Observed, owned: Desired) -> str:
        if desired.ruleset == owned.ruleset and desired.text is not None:
            return "repair"
        if desired.text is None:
            return "remove"
        return "add" if observed.text is None else "change"

    def check(self, desired: Desired, system: System) -> List[Problem]:
        if desired.text is None:
            return []
        if not Nftables(system, render.TABLE).is_installed():
            return [Problem("nft", "is not installed", "the package nftables; role evenkeel.lb.director installs it")]
        found = [*self._conntrack_problems(desired, system), *self._unit_problems(system)]
        said = Nftables(system, render.TABLE).complaints(desired.text)
        hint = "a kernel with the nf_tables families ip, ip6 and inet (CONFIG_NF_TABLES_INET), and with nft_nat, nft_ct"
        return found + [Problem(TABLE, f"nft --check says: {text}", hint) for text in said]

    @staticmethod
    def _conntrack_problems(desired: Desired, system: System) -> List[Problem]:
        if not desired.rewritten or _is_tracked(system):
            return []
        message = f"needs {CONNTRACK} = 1; without it servers would see the client's address"
        return [
            Problem(
                f"virtual_servers[{name}].source_nat_type",
                message,
                "director_source_nat: true of role evenkeel.lb.director",
            )
            for name in desired.rewritten
        ]

    @staticmethod
    def _unit_problems(system: System) -> List[Problem]:
        if system.run(["systemctl", "is-enabled", "--quiet", UNIT]).rc == 0:
            return []
        message = f"is not enabled, so {TABLE} would be gone after a reboot"
        return [Problem(UNIT, message, "role evenkeel.lb.director, which installs and enables it")]

    def snapshot(self, desired: Desired, owned: Desired, system: System) -> Snapshot:
        return Snapshot(system.read(FILE), Nftables(system, render.TABLE).as_text())

    def apply(self, steps: Sequence[Step], desired: Desired, system: System) -> Applied:
        """The file first and away last, so that a run that is killed in between leaves a trace to go by."""
        text = desired.text
        if text is None:
            Nftables(system, render.TABLE).delete()
            system.remove(FILE)
            return Applied()
        if system.read(FILE) != text:
            system.write(FILE, text, mode=0o600)
        if any(step.subject != FILE for step in steps):
            Nftables(system, render.TABLE).load(text)
        return Applied()

    def restore(self, system: System, snapshot: Snapshot) -> None:
        faults = []
        try:
            if snapshot.table is None:
                Nftables(system, render.TABLE).delete()
            else:
                Nftables(system, render.TABLE).load(render.REPLACED + snapshot.table)
        except HostFault as fault:
            faults.append(str(fault))
        try:
            if snapshot.text is None:
                system.remove(FILE)
            elif system.read(FILE) != snapshot.text:
                system.write(FILE, snapshot.text, mode=0o600)
        except HostFault as fault:
            faults.append(str(fault))
        if faults:
            raise EngineFault("; ".join(faults))

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
        return found

    def connections(self, configuration: Configuration, farm: str, server: str, system: System) -> ByVirtualServer:
        """None: no virtual server is carried here."""
        return {}


def _carried(configuration: Configuration) -> List[Service]:
    return [service for carrier in CARRIERS for service in services(configuration, carrier)]


def _table(system: System) -> Optional[Ruleset]:
    listed = Nftables(system, render.TABLE).as_json()
    try:
        return parse(listed) if listed is not None else None
    except NotNft as error:
        raise HostFault(f"nft listed {TABLE} in a way that is not understood: {error}") from error


def _is_tracked(system: System) -> bool:
    return (system.read(_CONNTRACK_FILE) or "").strip() not in ("", "0")


def _family_problems(service: Service) -> List[Problem]:
    """A pool of the other IP version, where the model could not see it: a mark has no address."""
    pool = service.source_nat.pool if service.source_nat is not None else None
    if pool is None or ipaddress.ip_network(pool).version == service.family:
        return []
    path = f"virtual_servers[{service.name}].source_nat_pool"
    return [
        Problem(path, f"{pool} is not IPv{service.family} as the farm's servers are", f"an IPv{service.family} network")
    ]
