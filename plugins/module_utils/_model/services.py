# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual servers with everything they name filled in: what an engine compiles from. Private to evenkeel.lb.

Pure. A :class:`Service` holds no references and no unset fields, so that engines read values and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

from .addresses import is_address
from .configuration import Configuration
from .farm import Farm
from .healthcheck import HealthCheck
from .objects import with_defaults
from .virtual_server import TRANSPORTS, VirtualServer


@dataclass(frozen=True)
class Backend:
    """A server as one service reaches it; ``weight`` 0 means it drains."""

    name: str
    address: str
    port: int
    weight: int
    health_check: Optional[HealthCheck]


@dataclass(frozen=True)
class Service:
    """A virtual server in full, for one transport protocol. ``persistence_timeout`` 0 means none; disabled servers are
    left out."""

    name: str
    address: str
    port: int
    protocol: str
    farm: str
    balance: str
    mode: str
    persistence_timeout: int
    persistence_netmask: Optional[str]
    backends: Tuple[Backend, ...]


def services(configuration: Configuration, engine: str) -> Tuple[Service, ...]:
    """The services an engine carries, by name: the enabled virtual servers that have an address and a port.

    A virtual server that names an object which is not there is left out: a validated configuration has none, and a
    check run may meet one whose farm an earlier task of the same run would have recorded.
    """
    return tuple(
        service
        for _name, virtual_server in sorted(configuration.virtual_servers.items())
        if virtual_server.carrier == engine
        for service in _services(configuration, with_defaults(virtual_server))
    )


def _services(configuration: Configuration, wish: VirtualServer) -> Iterator[Service]:
    address = address_of(configuration, wish)
    farm = configuration.farms.get(wish.farm or "")
    if address is None or wish.port is None or farm is None or not wish.enabled:
        return
    farm = with_defaults(farm)
    named = {farm.health_check, *(server.health_check for server in farm.servers or ())} - {None}
    if not named <= set(configuration.health_checks):
        return
    for transport in TRANSPORTS[wish.protocol]:
        yield Service(
            name=wish.name,
            address=address,
            port=wish.port,
            protocol=transport,
            farm=farm.name,
            balance=farm.balance,
            mode=farm.mode,
            persistence_timeout=farm.persistence_timeout or 0,
            persistence_netmask=farm.persistence_netmask,
            backends=tuple(_backends(configuration, farm, wish.port)),
        )


def _backends(configuration: Configuration, farm: Farm, port: int) -> Iterator[Backend]:
    for server in map(with_defaults, farm.servers or ()):
        if server.state != "disabled":
            weight = 0 if server.state == "drained" else server.weight
            check = _health_check(configuration, server.health_check or farm.health_check)
            yield Backend(server.name, server.address, server.port or port, weight, check)


def _health_check(configuration: Configuration, name: Optional[str]) -> Optional[HealthCheck]:
    check = with_defaults(configuration.health_checks[name]) if name else None
    return check if check and check.type != "none" else None


def address_of(configuration: Configuration, virtual_server: VirtualServer) -> Optional[str]:
    """The address of a virtual server; None while its VIP is not there, or where a firewall mark stands for it."""
    if virtual_server.vip is None:
        return None
    if is_address(virtual_server.vip):
        return virtual_server.vip
    vip = configuration.vips.get(virtual_server.vip)
    return vip.ip if vip is not None and vip.address is not None else None
