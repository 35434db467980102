# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel's IPVS runs of services now: for every engine that balances by IPVS. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Callable, Iterable, Mapping, Optional, Tuple

from .._host.ipvs_statistics import NO_TRAFFIC, DestinationStatistics, ServiceStatistics
from .._host.ipvs_table import ServiceKey, canonical_address
from .._model.services import Backend, Service
from .service_connections import connections_of
from .service_table import destination_of, key_of
from .status import ServerStatus, ServiceStatus

# What is known of the health of a server that has a health check, from what the kernel has of its service.
Judge = Callable[[Service, Backend, ServiceStatistics], str]


def statuses(
    services: Iterable[Service], found: Mapping[ServiceKey, ServiceStatistics], judge: Optional[Judge] = None
) -> Tuple[ServiceStatus, ...]:
    """What runs of each service. Without a judge, nothing tests servers."""
    return tuple(_status(service, found.get(key_of(service)), judge) for service in services)


def _status(service: Service, found: Optional[ServiceStatistics], judge: Optional[Judge]) -> ServiceStatus:
    there = found or ServiceStatistics(key_of(service), NO_TRAFFIC, NO_TRAFFIC)
    ours = {backend.name: destination_of(service, backend).key for backend in service.backends}
    sorry = service.farm.sorry_server
    last_resort = canonical_address(sorry.address) if sorry is not None else None
    servers = {}
    for backend in service.backends:
        health = "unchecked"
        if judge is not None and backend.health_check is not None:
            health = judge(service, backend, found) if found is not None else "unknown"
        servers[backend.name] = _server(service, there.destinations.get(ours[backend.name]), health)
    serving = [one.key for one in there.destinations.values() if one.weight]
    return ServiceStatus(
        service.name,
        found is not None,
        any(key in serving for key in ours.values()),
        any(address == last_resort and (address, port) not in ours.values() for address, port in serving),
        servers,
        there.counters,
        there.rates,
    )


def _server(service: Service, found: Optional[DestinationStatistics], health: str) -> ServerStatus:
    if found is None:
        return ServerStatus(health)
    return ServerStatus(health, found.weight, connections_of(service, found.counts), found.counters, found.rates)
