# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong between a virtual server, its VIP, its farm and its servers. Private to evenkeel.lb."""

from __future__ import annotations

import bisect
import ipaddress
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from .addresses import version_of
from .configuration import Configuration
from .farm import Farm, Server
from .healthcheck import WITHOUT_PORT
from .objects import with_defaults
from .problems import Problem
from .services import address_of, family_of, first_port, mark_of, single_port
from .virtual_server import TRANSPORTS, VirtualServer

_EVERY_TRANSPORT = ("tcp", "udp", "sctp", "icmp")
_LAYER7 = ("tcp", "http", "https", "http2", "grpc", "quic")


def service_problems(configuration: Configuration) -> List[Problem]:
    """What is wrong between a virtual server, its farm and its servers."""
    found: List[Problem] = []
    claims = Claims()
    telling = next((name for name, group in sorted(configuration.ha_groups.items()) if group.connection_sync), None)
    for _name, virtual_server in sorted(configuration.virtual_servers.items()):
        wish = with_defaults(virtual_server)
        address = address_of(configuration, wish)
        found.extend(_layer_problems(configuration, wish))
        named = configuration.farms.get(wish.farm or "")
        farm = with_defaults(named) if named is not None else None
        family = version_of(address) if address is not None else family_of(farm) if farm else None
        found.extend(claims.of(wish, address, family))
        if farm is not None:
            found.extend(_farm_problems(wish, family, farm, telling))
            found.extend(_check_problems(configuration, wish, farm))
    return found


def _layer_problems(configuration: Configuration, wish: VirtualServer) -> Iterator[Problem]:
    path = f"virtual_servers[{wish.name}]"
    if wish.type == "layer7" and wish.protocol not in _LAYER7:
        yield Problem(f"{path}.protocol", f"{wish.protocol} cannot be told apart at layer 7", ", ".join(_LAYER7))
    if wish.type == "dns" and wish.protocol not in ("dns", "udp", "tcp"):
        yield Problem(f"{path}.protocol", f"{wish.protocol} does not carry DNS", "dns, udp, tcp")
    if wish.ssl_offload and wish.type != "layer7":
        yield Problem(f"{path}.ssl_offload", f"ends TLS, which type {wish.type} does not look into", "type: layer7")
    farm = configuration.farms.get(wish.farm or "")
    mode = with_defaults(farm).mode if farm is not None else None
    if wish.type == "layer2" and mode not in (None, "gateway"):
        yield Problem(
            f"{path}.type",
            f"layer2 leaves packets as they are, and farm {wish.farm!r} has mode {mode}",
            "mode: gateway",
        )
    if wish.source_nat_type is not None and mode not in (None, "nat"):
        yield Problem(
            f"{path}.source_nat_type",
            f"rewrites packets, and farm {wish.farm!r} has mode {mode}",
            "mode: nat, or leave it out",
        )
    address, pool = address_of(configuration, wish), wish.source_nat_pool
    if pool is not None and address is not None:
        family = version_of(address)
        if ipaddress.ip_network(pool).version != family:
            message = f"{pool} is not IPv{family} as the VIP is"
            yield Problem(f"{path}.source_nat_pool", message, f"an IPv{family} network")
    if wish.source_nat_type == "static" and pool is not None and ipaddress.ip_network(pool).num_addresses > 1:
        yield Problem(
            f"{path}.source_nat_pool", f"{pool} is more than one address", "one address, or source_nat_type: pool"
        )
    yield from _profile_problems(configuration, path, wish.certificate_profiles, "client", "server or mutual_tls")
    for server in (farm.servers or ()) if farm is not None else ():
        where = f"farms[{wish.farm}].servers[{server.name}]"
        yield from _profile_problems(
            configuration, where, server.certificate_profiles, "server", "client or mutual_tls"
        )


def _profile_problems(
    configuration: Configuration, path: str, names: Optional[Sequence[str]], wrong: str, allowed: str
) -> Iterator[Problem]:
    for name in names or ():
        profile = configuration.certificate_profiles.get(name)
        if profile is not None and with_defaults(profile).type == wrong:
            yield Problem(
                f"{path}.certificate_profiles", f"{name!r} is of type {wrong}", f"a profile of type {allowed}"
            )


class Claims:
    """Which virtual server has which address, port and protocol, or which firewall mark; each can have one only."""

    def __init__(self) -> None:
        self._ports: Dict[Tuple[str, str], List[Tuple[int, int, str]]] = {}
        self._marks: Dict[Tuple[int, Optional[int]], str] = {}

    def of(self, wish: VirtualServer, address: Optional[str], family: Optional[int]) -> Iterator[Problem]:
        """Enter the claims of a virtual server; a problem for each that another has already."""
        mark = mark_of(wish)
        if mark and family is not None:
            yield from self._mark(wish, mark, family)
        if wish.fwmark is None and address is not None and wish.protocol == "any":
            for transport in _EVERY_TRANSPORT:
                yield from self._port(wish, address, transport, "1-65535")
        elif address is not None:
            ports = wish.ports or (str(wish.port),) if wish.ports or wish.port else ()
            for transport in TRANSPORTS[wish.protocol]:
                for text in ports:
                    yield from self._port(wish, address, transport, text)
            if wish.protocol == "icmp":
                yield from self._port(wish, address, "icmp", "1-65535")

    def _mark(self, wish: VirtualServer, mark: int, family: int) -> Iterator[Problem]:
        """IPv4 and IPv6 packets with one mark are two services of the kernel."""
        twin = self._marks.setdefault((mark, family), wish.name)
        if twin != wish.name:
            field, allowed = ("name", "another name, from which its mark follows")
            if wish.fwmark is not None:
                field, allowed = ("fwmark", "each mark once for IPv4 and once for IPv6")
            path = f"virtual_servers[{wish.name}].{field}"
            yield Problem(path, f"firewall mark {mark} is virtual server {twin!r} already", allowed)

    def _port(self, wish: VirtualServer, address: str, transport: str, text: str) -> Iterator[Problem]:
        first, _dash, last = text.partition("-")
        low, high = int(first), int(last or first)
        taken = self._ports.setdefault((address, transport), [])
        place = bisect.bisect_left(taken, (low, 0, ""))
        for other in taken[max(place - 1, 0) : place + 1]:
            if other[0] <= high and low <= other[1]:
                field = "protocol" if text == "1-65535" else "port" if wish.port is not None else "ports"
                yield Problem(
                    f"virtual_servers[{wish.name}].{field}",
                    f"{address} port {text} {transport} is virtual server {other[2]!r} already",
                    "each address, port and protocol once",
                )
                return
        taken.insert(place, (low, high, wish.name))


def _farm_problems(wish: VirtualServer, family: Optional[int], farm: Farm, telling: Optional[str]) -> Iterator[Problem]:
    """``telling`` is the HA group that tells the standby about connections, if any."""
    name = wish.name
    seen: Dict[Tuple[Optional[str], Optional[int]], Server] = {}
    port = single_port(wish)
    for server in farm.servers or ():
        # most of them need no look at more than this
        if server.port is not None or (server.address is not None and version_of(server.address) != family):
            path = f"farms[{farm.name}].servers[{server.name}]"
            yield from _family_problem(f"{path}.address", server.address, wish, family, farm, telling)
            yield from _port_problem(path, server.port, wish, farm)
        twin = seen.setdefault((server.address, server.port or port), server)
        # two servers with the same port are the farm's own problem; these are the same behind this port
        if server.address is not None and twin.port != server.port:
            yield Problem(
                f"farms[{farm.name}].servers[{server.name}].port",
                f"is the same as server {twin.name!r} behind port {port} of virtual server {name!r}",
                "each address and port once in a farm",
            )
    mask = farm.persistence_netmask
    if mask is not None and family is not None and ("." in mask) != (family == 4):
        yield Problem(
            f"farms[{farm.name}].persistence_netmask",
            f"{mask!r} does not fit virtual server {name!r} of IPv{family}",
            "an IPv4 netmask for IPv4, a prefix length for IPv6",
        )
    sorry = farm.sorry_server
    if sorry is not None:
        path = f"farms[{farm.name}].sorry_server"
        yield from _family_problem(f"{path}.address", sorry.address, wish, family, farm, telling)
        yield from _port_problem(path, sorry.port, wish, farm)
    if farm.persistence_engine == "sip" and TRANSPORTS[wish.protocol] not in (("udp",), ()):
        yield Problem(
            f"farms[{farm.name}].persistence_engine",
            f"does not fit virtual server {name!r} that speaks {wish.protocol}",
            "a virtual server of UDP alone",
        )
    if farm.one_packet and TRANSPORTS[wish.protocol] not in (("udp",), ()):
        yield Problem(
            f"farms[{farm.name}].one_packet",
            f"does not fit virtual server {name!r} that speaks {wish.protocol}",
            "a virtual server of UDP alone",
        )


def _family_problem(
    path: str, address: Optional[str], wish: VirtualServer, family: Optional[int], farm: Farm, telling: Optional[str]
) -> Iterator[Problem]:
    """A proxy and a tunnel lead to a server of another family, but the kernel's synchronisation of connections does
    not know such servers, and it takes the one or the other
    (net/netfilter/ipvs/ip_vs_ctl.c, ``mixed_address_family_dests``)."""
    if address is None or family is None or version_of(address) == family or wish.carrier == "haproxy":
        return
    message = f"{address} is not IPv{family} as virtual server {wish.name!r} is"
    if farm.mode != "tunnel":
        yield Problem(path, message, f"an IPv{family} address, or mode: tunnel")
    elif telling is not None:
        yield Problem(
            path,
            f"{message}, which does not go with connection_sync of HA group {telling!r}",
            f"an IPv{family} address, or connection_sync: false",
        )


def _port_problem(path: str, own_port: Optional[int], wish: VirtualServer, farm: Farm) -> Iterator[Problem]:
    port = single_port(wish)
    if own_port not in (None, port) and farm.mode != "nat":
        ports = f"port {port}" if port else "a single port"
        yield Problem(
            f"{path}.port",
            f"{own_port} is not {ports} of virtual server {wish.name!r}, and mode {farm.mode} cannot change ports",
            f"{port}, or leave it out, or mode: nat" if port else "leave it out, or mode: nat",
        )


def _check_problems(configuration: Configuration, wish: VirtualServer, farm: Farm) -> Iterator[Problem]:
    """Where neither the virtual server nor the server has a port, a health check needs one of its own."""
    if wish.fwmark is None and (wish.protocol != "any" or first_port(wish)):
        return
    for server in farm.servers or ():
        check = configuration.health_checks.get(server.health_check or farm.health_check or "")
        if check is None or server.port is not None or check.port is not None:
            continue
        if (check.type or "tcp") not in WITHOUT_PORT:
            yield Problem(
                f"health_checks[{check.name}].port",
                f"is missing; neither virtual server {wish.name!r} nor server {server.name!r} has a port to test",
                f"1 to 65535, or type: {' or '.join(WITHOUT_PORT)}",
            )
