# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual servers with everything they name filled in: what an engine compiles from. Private to evenkeel.lb.

Pure. A :class:`Service` holds no references and no unset fields, so that engines read values and nothing else.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from .configuration import Configuration
from .farm import Farm, Server
from .healthcheck import HealthCheck
from .objects import with_defaults
from .problems import Problem
from .virtual_server import VirtualServer


@dataclass(frozen=True)
class Backend:
    """A server as one service reaches it; ``weight`` 0 means it drains."""

    name: str
    address: str
    port: int
    weight: int


@dataclass(frozen=True)
class Service:
    """A virtual server in full. ``persistence_timeout`` 0 means none; disabled servers are left out."""

    name: str
    address: str
    port: int
    protocol: str
    engine: str
    farm: str
    balance: str
    mode: str
    persistence_timeout: int
    persistence_netmask: Optional[str]
    backends: Tuple[Backend, ...]
    health_check: Optional[HealthCheck]

    @property
    def family(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version


def services(configuration: Configuration, engine: str) -> Tuple[Service, ...]:
    """The enabled virtual servers an engine carries, by name.

    A virtual server that names an object which is not there is left out: a validated configuration has none, and a
    check run may meet one whose farm an earlier task of the same run would have recorded.
    """
    found = (
        _service(configuration, virtual_server)
        for _name, virtual_server in sorted(configuration.virtual_servers.items())
    )
    return tuple(service for service in found if service is not None and service.engine == engine)


def _service(configuration: Configuration, virtual_server: VirtualServer) -> Optional[Service]:
    wish = with_defaults(virtual_server)
    address = _address(configuration, wish)
    farm = configuration.farms.get(wish.farm)
    if address is None or farm is None or not wish.enabled:
        return None
    farm = with_defaults(farm)
    check = configuration.health_checks.get(farm.health_check) if farm.health_check else None
    if farm.health_check and check is None:
        return None
    return Service(
        name=wish.name,
        address=address,
        port=wish.port,
        protocol=wish.protocol,
        engine="keepalived" if wish.engine == "auto" else wish.engine,
        farm=farm.name,
        balance=farm.balance,
        mode=farm.mode,
        persistence_timeout=farm.persistence_timeout or 0,
        persistence_netmask=farm.persistence_netmask,
        backends=tuple(_backends(farm, wish.port)),
        health_check=with_defaults(check) if check else None,
    )


def _backends(farm: Farm, port: int) -> Iterator[Backend]:
    for server in map(with_defaults, farm.servers or ()):
        if server.state != "disabled":
            yield Backend(
                server.name, server.address, server.port or port, 0 if server.state == "drained" else server.weight
            )


def _address(configuration: Configuration, virtual_server: VirtualServer) -> Optional[str]:
    vip = configuration.vips.get(virtual_server.vip)
    if vip is not None:
        return vip.ip
    try:
        return str(ipaddress.ip_address(virtual_server.vip))
    except ValueError:
        return None


def service_problems(configuration: Configuration) -> List[Problem]:
    """What is wrong between a virtual server, its farm and its servers."""
    found: List[Problem] = []
    keys: Dict[Tuple[str, int, str], str] = {}
    for name, virtual_server in sorted(configuration.virtual_servers.items()):
        wish = with_defaults(virtual_server)
        address = _address(configuration, wish)
        if address is None or wish.port is None:
            continue
        twin = keys.setdefault((address, wish.port, wish.protocol), name)
        if twin != name:
            found.append(
                Problem(
                    f"virtual_servers[{name}].port",
                    f"{address} port {wish.port} {wish.protocol} is virtual server {twin!r} already",
                    "each address, port and protocol once",
                )
            )
        farm = configuration.farms.get(wish.farm)
        if farm is not None:
            found.extend(_farm_problems(name, address, wish.port, with_defaults(farm)))
    return found


def _farm_problems(name: str, address: str, port: int, farm: Farm) -> Iterator[Problem]:
    family = ipaddress.ip_address(address).version
    for server in farm.servers or ():
        yield from _server_problems(name, family, port, farm, server)
    mask = farm.persistence_netmask
    if mask is not None and ("." in mask) != (family == 4):
        yield Problem(
            f"farms[{farm.name}].persistence_netmask",
            f"{mask!r} does not fit virtual server {name!r} on {address}",
            "an IPv4 netmask for IPv4, a prefix length for IPv6",
        )


def _server_problems(name: str, family: int, port: int, farm: Farm, server: Server) -> Iterator[Problem]:
    path = f"farms[{farm.name}].servers[{server.name}]"
    if server.address is not None and farm.mode != "tunnel" and ipaddress.ip_address(server.address).version != family:
        yield Problem(
            f"{path}.address",
            f"{server.address} is not IPv{family} as virtual server {name!r} is",
            f"an IPv{family} address, or mode: tunnel",
        )
    if server.port not in (None, port) and farm.mode != "nat":
        yield Problem(
            f"{path}.port",
            f"{server.port} is not port {port} of virtual server {name!r}, and mode {farm.mode} cannot change ports",
            f"{port}, or leave it out, or mode: nat",
        )


def all_problems(configuration: Configuration) -> List[Problem]:
    """Everything that is wrong with a configuration as a whole, in a stable order; empty when it is valid."""
    return sorted(set(configuration.problems()) | set(service_problems(configuration)))
