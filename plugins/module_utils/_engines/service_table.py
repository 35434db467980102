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
    FLAG_ONE_PACKET,
    FLAG_PERSISTENT,
    FLAG_SCHEDULER_1,
    FLAG_SCHEDULER_2,
    IPV4,
    IPV6,
    MASQUERADE,
    SCTP,
    TCP,
    TUNNEL,
    TUNNEL_GRE,
    TUNNEL_GUE,
    TUNNEL_IPIP,
    UDP,
    Destination,
    ServiceKey,
    Table,
    canonical_address,
    family_of,
)
from .._host.ipvs_table import Service as KernelService
from .._model.farm import Farm
from .._model.services import Backend, Service

SCHEDULERS = {
    "round_robin": "rr",
    "weighted_round_robin": "wrr",
    "least_connections": "lc",
    "weighted_least_connections": "wlc",
    "locality_least_connections": "lblc",
    "locality_least_connections_replicated": "lblcr",
    "source_hash": "sh",
    "source_port_hash": "sh",
    "destination_hash": "dh",
    "maglev": "mh",
    "maglev_port": "mh",
    "shortest_expected_delay": "sed",
    "never_queue": "nq",
    "failover": "fo",
    "overflow": "ovf",
    "power_of_two": "twos",
}
WITH_PORT = ("source_port_hash", "maglev_port")
# What the model calls the schedulers of the kernel, and those that hash the client's port too.
BALANCES = {scheduler: balance for balance, scheduler in SCHEDULERS.items() if balance not in WITH_PORT}
BALANCES_WITH_PORT = {SCHEDULERS[balance]: balance for balance in WITH_PORT}
PROTOCOLS = {"tcp": TCP, "udp": UDP, "sctp": SCTP}
FORWARDING = {"nat": MASQUERADE, "gateway": DIRECT_ROUTE, "tunnel": TUNNEL}
TUNNELS = {"ipip": TUNNEL_IPIP, "gue": TUNNEL_GUE, "gre": TUNNEL_GRE}
CHECKSUMS = {"none": 0, "full": 1, "remote": 2}
# The other way round
MODES = {number: mode for mode, number in FORWARDING.items()}
TUNNEL_TYPES = {number: tunnel for tunnel, number in TUNNELS.items()}
TUNNEL_CHECKSUMS = {number: checksum for checksum, number in CHECKSUMS.items()}
# ip_vs_sh.c and ip_vs_mh.c read the plain scheduler flags as these
_FALLBACK = FLAG_SCHEDULER_1
_PORT = FLAG_SCHEDULER_2

# The claim of who has synchronisation of connections, or servers of another family than their service's: the kernel
# refuses each while there is the other (ip_vs_genl_set_cmd and ip_vs_genl_new_daemon in ip_vs_ctl.c).
SYNCHRONISED_OR_MIXED = "connections are synchronised, or lead to servers of another family"


def is_mixed(table: Table) -> bool:
    """Whether a service has servers of another family than its own."""
    return any(family_of(server.address) != key.family for key, entry in table.items() for server in entry.destinations)


def table_of(services: Iterable[Service]) -> Table:
    """The table in which exactly these services run, with all their servers alive."""
    return Table((_kernel_service(service), _destinations(service)) for service in services)


def key_of(service: Service) -> ServiceKey:
    """What the kernel knows the service by."""
    if service.fwmark:
        return ServiceKey.of_fwmark(IPV6 if service.family == 6 else IPV4, service.fwmark)
    return ServiceKey.of_address(PROTOCOLS[service.protocol], service.address, service.port)


def _kernel_service(service: Service) -> KernelService:
    farm = service.farm
    return KernelService(
        key_of(service),
        SCHEDULERS[farm.balance],
        _flags(farm),
        farm.persistence_timeout or 0,
        farm.persistence_netmask or "",
        farm.persistence_engine or "",
    )


def _flags(farm: Farm) -> int:
    return (
        (FLAG_PERSISTENT if farm.persistence_timeout else 0)
        | (FLAG_ONE_PACKET if farm.one_packet else 0)
        | (_FALLBACK if farm.hash_fallback else 0)
        | (_PORT if farm.balance in WITH_PORT else 0)
    )


def _destinations(service: Service) -> Iterator[Destination]:
    return (destination_of(service, backend) for backend in service.backends)


def destination_of(service: Service, backend: Backend) -> Destination:
    """A server of a service as the kernel holds it."""
    farm = service.farm
    return Destination(
        canonical_address(backend.address),
        backend.port,
        FORWARDING[farm.mode],
        backend.weight,
        backend.max_connections,
        backend.low_connections,
        TUNNELS[farm.tunnel_type],
        farm.tunnel_port or 0,
        CHECKSUMS[farm.tunnel_checksum],
    )
