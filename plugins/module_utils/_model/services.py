# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual servers with everything they name filled in: what an engine compiles from. Private to evenkeel.lb.

Pure. A :class:`Service` holds no references that are left to follow, so that engines read values and nothing else.
"""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Iterator, NamedTuple, Optional, Tuple

from .addresses import is_address, version_of
from .configuration import Configuration
from .farm import Farm, Server
from .healthcheck import HealthCheck
from .objects import options, with_defaults
from .slices import once_for_same, slices
from .virtual_server import TRANSPORTS, VirtualServer

# What the kernel's IPVS balances when it is asked for any protocol.
EVERY_TRANSPORT = ("tcp", "udp", "sctp")

_FIRST_MARK = 0x40000000
_WEIGHT: int = options(Server)["weight"].default


class Backend(NamedTuple):
    """A server as one service reaches it; ``weight`` 0 means it drains, ``port`` 0 that packets keep theirs.

    ``max_connections`` 0 is no limit, ``low_connections`` 0 what the kernel takes then: three quarters of it.
    """

    name: str
    address: str
    port: int
    weight: int
    max_connections: int
    low_connections: int
    health_check: Optional[HealthCheck]


@dataclass(frozen=True)
class Marking:
    """The packets that have to bear a firewall mark: those to the address, by these transports (tcp, udp, sctp) and
    ports (``80``, ``8000-8100``; none means all)."""

    address: str
    transports: Tuple[str, ...]
    ports: Tuple[str, ...]


@dataclass(frozen=True)
class SourceNat:
    """Which address servers see: ``auto`` is one of the director's, ``static`` and ``pool`` are of the network
    ``pool``."""

    type: str
    pool: Optional[str]


@dataclass(frozen=True)
class Service:
    """A virtual server in full, for one transport protocol, or for all packets with a firewall mark.

    ``fwmark`` 0 means by ``address``, ``protocol`` and ``port``; else these are empty or 0, and where ``marking`` is
    set, its packets are to be marked by us. ``farm`` has all its defaults; disabled servers are not in ``backends``.
    """

    name: str
    family: int
    address: str
    protocol: str
    port: int
    fwmark: int
    marking: Optional[Marking]
    source_nat: Optional[SourceNat]
    farm: Farm
    backends: Tuple[Backend, ...]


def services(configuration: Configuration, engine: str) -> Tuple[Service, ...]:
    """The services an engine carries, by name: of the enabled virtual servers.

    A virtual server that names an object which is not there is left out: a validated configuration has none, and a
    check run may meet one whose farm an earlier task of the same run would have recorded.
    """
    kept = f"services of {engine}"
    if kept not in configuration.derived:
        configuration.derived[kept] = tuple(
            service
            for virtual_server, part in slices(configuration)
            if virtual_server.carrier == engine
            for service in _services_in(part, virtual_server)
        )
    found: Tuple[Service, ...] = configuration.derived[kept]
    return found


@once_for_same
def _services_in(part: Configuration, virtual_server: VirtualServer) -> Tuple[Service, ...]:
    return tuple(_services(part, with_defaults(virtual_server)))


def _services(configuration: Configuration, wish: VirtualServer) -> Iterator[Service]:
    farm = configuration.farms.get(wish.farm or "")
    if farm is None or not wish.enabled:
        return
    farm = with_defaults(farm)
    named = {farm.health_check, *(server.health_check for server in farm.servers or ())} - {None}
    if not named <= set(configuration.health_checks):
        return
    address = address_of(configuration, wish)
    nat = SourceNat(wish.source_nat_type, wish.source_nat_pool) if wish.source_nat_type else None
    mark = mark_of(wish)
    if mark:
        if wish.fwmark is None and address is None:
            return
        ports = wish.ports or ((str(wish.port),) if wish.port else ())
        marking = Marking(address, transports_of(wish), ports) if address is not None else None
        family = version_of(address) if address is not None else family_of(farm)
        backends = tuple(_backends(configuration, farm, 0, first_port(wish)))
        yield Service(wish.name, family, "", "", 0, mark, marking, nat, farm, backends)
    elif address is not None:
        port = first_port(wish) if wish.carrier == "haproxy" else single_port(wish)
        family = version_of(address)
        backends = tuple(_backends(configuration, farm, port, port))
        for transport in transports_of(wish) if port else ():
            yield Service(wish.name, family, address, transport, port, 0, None, nat, farm, backends)


def transports_of(wish: VirtualServer) -> Tuple[str, ...]:
    """The transport protocols of a virtual server's packets."""
    return EVERY_TRANSPORT if wish.protocol == "any" else TRANSPORTS[wish.protocol]


def single_port(wish: VirtualServer) -> int:
    """The one port of a virtual server; 0 where it has none, or several."""
    if wish.ports is not None and len(wish.ports) == 1 and "-" not in wish.ports[0]:
        return int(wish.ports[0])
    return wish.port or 0


def first_port(wish: VirtualServer) -> int:
    """The lowest port of a virtual server, where a health check without a port of its own knocks; 0 without one."""
    return int(wish.ports[0].partition("-")[0]) if wish.ports else wish.port or 0


def mark_of(wish: VirtualServer) -> int:
    """The firewall mark the kernel tells a virtual server by; 0 when its address, protocol and one port do.

    Several ports, or any protocol, are one service of the kernel by a mark that we give its packets. It follows from
    the virtual server's name alone, so that it stays when others come and go: 30 bits of a hash above 0x40000000, out
    of the way of the low marks that people write.
    """
    if wish.fwmark is not None:
        return wish.fwmark
    if wish.carrier == "haproxy":
        return 0
    if (single_port(wish) and wish.protocol != "any") or not transports_of(wish):
        return 0
    digest = hashlib.sha256(wish.name.encode()).digest()
    return _FIRST_MARK | (int.from_bytes(digest[:4], "big") & (_FIRST_MARK - 1))


def family_of(farm: Farm) -> int:
    """The IP version of a farm's servers, which is that of the packets where only a firewall mark tells them. While
    there are none, that of the netmask; 4 without one."""
    addresses = [server.address for server in farm.servers or ()]
    if farm.sorry_server is not None:
        addresses.append(farm.sorry_server.address)
    known = [address for address in addresses if address is not None]
    if known:
        return version_of(known[0])
    return 4 if "." in (farm.persistence_netmask or ".") else 6


def _backends(configuration: Configuration, farm: Farm, port: int, check_port: int) -> Iterator[Backend]:
    for server in farm.servers or ():
        if server.state != "disabled":
            check = _health_check(configuration, server.health_check or farm.health_check)
            own_port = server.port or port
            if check is not None and check.port is None and not own_port and check_port:
                check = dataclasses.replace(check, port=check_port)
            yield Backend(
                name=server.name,
                address=server.address,
                port=own_port,
                weight=0 if server.state == "drained" else _WEIGHT if server.weight is None else server.weight,
                max_connections=server.max_connections or 0,
                low_connections=server.low_connections or 0,
                health_check=check,
            )


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
