# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel's IPVS table holds when a service of the model runs: for every engine that balances by IPVS.

Pure. Private to evenkeel.lb.
"""

from __future__ import annotations

from typing import Iterable, Iterator

from .._host.ipvs_table import (
    DIRECT_ROUTE,
    FLAG_PERSISTENT,
    MASQUERADE,
    TCP,
    TUNNEL,
    UDP,
    Destination,
    ServiceKey,
    Table,
    canonical_address,
)
from .._host.ipvs_table import Service as KernelService
from .._model.services import Service

SCHEDULERS = {
    "round_robin": "rr",
    "weighted_round_robin": "wrr",
    "least_connections": "lc",
    "weighted_least_connections": "wlc",
    "locality_least_connections": "lblc",
    "locality_least_connections_replicated": "lblcr",
    "source_hash": "sh",
    "destination_hash": "dh",
    "maglev": "mh",
    "shortest_expected_delay": "sed",
    "never_queue": "nq",
    "failover": "fo",
    "overflow": "ovf",
}
PROTOCOLS = {"tcp": TCP, "udp": UDP}
FORWARDING = {"nat": MASQUERADE, "gateway": DIRECT_ROUTE, "tunnel": TUNNEL}


def table_of(services: Iterable[Service]) -> Table:
    """The table in which exactly these services run, with all their servers alive."""
    return Table((_kernel_service(service), _destinations(service)) for service in services)


def key_of(service: Service) -> ServiceKey:
    """What the kernel knows the service by."""
    return ServiceKey.of_address(PROTOCOLS[service.protocol], service.address, service.port)


def _kernel_service(service: Service) -> KernelService:
    return KernelService(
        key_of(service),
        SCHEDULERS[service.balance],
        FLAG_PERSISTENT if service.persistence_timeout else 0,
        service.persistence_timeout,
        service.persistence_netmask or "",
    )


def _destinations(service: Service) -> Iterator[Destination]:
    for backend in service.backends:
        address = canonical_address(backend.address)
        yield Destination(address, backend.port, FORWARDING[service.mode], backend.weight)
