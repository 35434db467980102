# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtual server as it runs, as data: its wish, and what engines tell of its services, put together. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, Iterable, List, Sequence

from ._engines.connections import Connections
from ._engines.status import HEALTH, ServerStatus, ServiceStatus
from ._host.ipvs_statistics import NO_TRAFFIC, Traffic
from ._model.configuration import Configuration
from ._model.farm import Farm
from ._model.objects import with_defaults
from ._model.services import Service, services
from ._model.virtual_server import VirtualServer


def virtual_server(recorded: Configuration, wish: VirtualServer, running: Sequence[ServiceStatus]) -> Dict[str, Any]:
    """A recorded virtual server and what runs of it: nothing of one that is not enabled."""
    wished = services(_enabled(recorded, wish), wish.carrier)
    enabled = wish.enabled is not False
    farm = recorded.farms.get(wish.farm or "", Farm(name=wish.farm or ""))
    return {
        "name": wish.name,
        "engine": wish.carrier,
        "farm": wish.farm,
        "enabled": enabled,
        "services": [_service(service) for service in wished],
        "state": _state(farm, running) if enabled else "disabled",
        "sorry_server": any(service.on_sorry_server for service in running),
        "counters": _sum(service.counters for service in running),
        "rates": _sum(service.rates for service in running),
        "servers": _servers(farm, wished, running),
    }


def _enabled(recorded: Configuration, wish: VirtualServer) -> Configuration:
    """A configuration with this virtual server alone, enabled."""
    return dataclasses.replace(recorded, virtual_servers={wish.name: dataclasses.replace(wish, enabled=True)})


def _service(service: Service) -> Dict[str, Any]:
    return {
        "address": service.address,
        "port": service.port,
        "protocol": service.protocol,
        "fwmark": service.fwmark,
        "family": f"ipv{service.family}",
    }


def _state(farm: Farm, running: Sequence[ServiceStatus]) -> str:
    """The worst of its services: missing, down, degraded or up. One whose farm has no server to run is down; servers
    that are to take no new connections are not missed."""
    if not all(service.runs for service in running if service.servers):
        return "missing"
    if not running or not all(service.is_open for service in running):
        return "down"
    wanted = {one.name for one in map(with_defaults, farm.servers or ()) if one.state == "enabled" and one.weight}
    serving = [server for service in running for name, server in service.servers.items() if name in wanted]
    return "degraded" if any(server.health == "down" or not server.weight for server in serving) else "up"


def _servers(farm: Farm, wished: Sequence[Service], running: Sequence[ServiceStatus]) -> List[Dict[str, Any]]:
    ports = {backend.name: backend.port for service in wished for backend in service.backends}
    port = next((service.port for service in wished), 0)
    found = []
    for server in map(with_defaults, farm.servers or ()):
        told = [service.servers[server.name] for service in running if server.name in service.servers]
        one = _together(told)
        found.append(
            {
                "name": server.name,
                "address": server.address,
                "port": ports.get(server.name, server.port or port),
                "state": server.state,
                "health": one.health,
                "weight": one.weight,
                "active": one.connections.active,
                "inactive": one.connections.inactive,
                "flows": one.connections.flows,
                "persistent": one.connections.persistent,
                "counters": one.counters._asdict(),
                "rates": one.rates._asdict(),
            }
        )
    return found


def _together(told: Sequence[ServerStatus]) -> ServerStatus:
    """A server in all services of one virtual server: the worst health, the least weight, all the traffic."""
    if not told:
        return ServerStatus("unknown")
    weights = [one.weight for one in told if one.weight is not None]
    return ServerStatus(
        min((one.health for one in told), key=HEALTH.index),
        min(weights) if len(weights) == len(told) else None,
        sum((one.connections for one in told), Connections()),
        _total(one.counters for one in told),
        _total(one.rates for one in told),
    )


def _sum(parts: Iterable[Traffic]) -> Dict[str, int]:
    return _total(parts)._asdict()


def _total(parts: Iterable[Traffic]) -> Traffic:
    total = NO_TRAFFIC
    for part in parts:
        total = total.plus(part)
    return total
