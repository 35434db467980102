# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What services need of the director's kernel and it has not. For every engine that balances by IPVS; private to
evenkeel.lb."""

from __future__ import annotations

from typing import Dict, Iterator, List, Sequence

from .._host.ipvs_family import is_loaded
from .._host.system import System
from .._model.farm import Farm
from .._model.problems import Problem
from .._model.services import Service
from .service_table import SCHEDULERS

_FORWARDING = {
    4: ("net.ipv4.ip_forward", "/proc/sys/net/ipv4/ip_forward"),
    6: ("net.ipv6.conf.all.forwarding", "/proc/sys/net/ipv6/conf/all/forwarding"),
}


def lacking(services: Sequence[Service], system: System) -> List[Problem]:
    """A problem for each thing that is missing; none where that cannot be told, as without modprobe."""
    farms = {service.farm.name: service.farm for service in services}
    return [*_without_modules(services, farms, system), *_without_forwarding(services, system)]


def _without_modules(services: Sequence[Service], farms: Dict[str, Farm], system: System) -> Iterator[Problem]:
    if not services or system.which("modprobe") is None:
        return
    if not is_loaded(system) and not _has_module(system, "ip_vs"):
        for service in services:
            yield Problem(
                f"virtual_servers[{service.name}].engine",
                "the kernel has no ip_vs and no such module is installed",
                "a kernel with ip_vs",
            )
        return
    known = {name: _has_scheduler(system, name) for name in {SCHEDULERS[farm.balance] for farm in farms.values()}}
    for farm in farms.values():
        scheduler = SCHEDULERS[farm.balance]
        if not known[scheduler]:
            able = [
                balance for balance, name in SCHEDULERS.items() if known.setdefault(name, _has_scheduler(system, name))
            ]
            yield Problem(
                f"farms[{farm.name}].balance",
                f"{farm.balance!r} needs the scheduler {scheduler}, which this kernel has not",
                ", ".join(able),
            )
    engines = {farm.persistence_engine for farm in farms.values()} - {None}
    missing = {name for name in engines if not _has_module(system, f"ip_vs_pe_{name}")}
    for farm in farms.values():
        if farm.persistence_engine in missing:
            yield Problem(
                f"farms[{farm.name}].persistence_engine",
                f"{farm.persistence_engine!r} needs the module ip_vs_pe_{farm.persistence_engine}, which is not here",
                "leave it out, or a kernel that has it",
            )


def _without_forwarding(services: Sequence[Service], system: System) -> Iterator[Problem]:
    """IPVS sees the answers of servers behind NAT in the forwarding path alone (hooks of ``ip_vs_core.c``), which a
    kernel that does not forward never takes. With source NAT they are for the director itself."""
    farms = {
        (service.farm.name, service.family)
        for service in services
        if service.farm.mode == "nat" and service.source_nat is None
    }
    families = {family for _name, family in farms}
    off = {family for family in families if (system.read(_FORWARDING[family][1]) or "1").strip() == "0"}
    for name, family in sorted(farms):
        if family in off:
            yield Problem(
                f"farms[{name}].mode",
                f"nat needs the kernel parameter {_FORWARDING[family][0]}, which is 0 here",
                "1, which role evenkeel.lb.director sets; or mode: gateway or tunnel",
            )


def _has_scheduler(system: System, name: str) -> bool:
    return _has_module(system, f"ip_vs_{name}")


def _has_module(system: System, module: str) -> bool:
    return system.exists(f"/sys/module/{module}") or system.run(["modprobe", "--dry-run", "--quiet", module]).rc == 0
