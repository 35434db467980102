# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Farms as backends: one for each farm and way in which virtual servers use it. Pure. Private to evenkeel.lb.

All virtual servers that use a farm in one way share its backend, so that its connections are counted together.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from ..._model.configuration import Configuration
from ..._model.farm import Farm, Server
from ..._model.objects import with_defaults
from ..._model.services import first_port, single_port
from ..._model.slices import once_for_same
from ..._model.virtual_server import VirtualServer
from . import agents
from .checks import CheckRules, check_of, server_words
from .sections import Section, ServerLine
from .tls import words_to_server
from .words import Line, endpoint, milliseconds, prefix_length, quoted

# The balance, and whether weights count. Hashes are consistent: weights and members can then change at any time.
_BALANCES: Dict[str, Tuple[str, bool]] = {
    "round_robin": ("roundrobin", False),
    "weighted_round_robin": ("roundrobin", True),
    "least_connections": ("leastconn", False),
    "weighted_least_connections": ("leastconn", True),
    "source_hash": ("source", True),
    "source_port_hash": ("hash src,concat(:,sess.evenkeel_port)", True),
    "destination_hash": ("hash dst", True),
    "source_destination_hash": ("hash src,concat(:,sess.evenkeel_dst)", True),
    "failover": ("roundrobin", False),
    "power_of_two": ("random(2)", True),
    "url_hash": ("uri", True),
    "domain_hash": ("hdr(host)", True),
}
_HASHES = ("source", "hash", "uri", "hdr")
# What the frontend has to remember of a connection for a balance.
REMEMBERED = {
    "source_port_hash": "tcp-request connection set-var(sess.evenkeel_port) src_port",
    "source_destination_hash": "tcp-request connection set-var(sess.evenkeel_dst) dst",
}
# In the name of a backend whose servers are tested and carry nothing.
TESTING = ":check:"
ONLY_HTTP = ("url_hash", "domain_hash")
# What a balance of HAProxy is in the model, with the weights that it always pays heed to.
BALANCE_OF = {words: name for name, (words, weighted) in _BALANCES.items() if weighted}


class Way(NamedTuple):
    """How virtual servers use a farm: ``mode`` tcp, http or grpc; the ``port`` that its servers without one have, 0
    where they keep the client's, ``check_port`` what is tested then; the network of addresses to connect from."""

    farm: str
    mode: str
    port: int
    check_port: int
    family: int
    source: Optional[str]


def way_of(wish: VirtualServer, farm: Farm, family: int) -> Way:
    """How a virtual server uses its farm."""
    needs_port = any(server.port is None for server in farm.servers or ()) or farm.sorry_server is not None
    port = single_port(wish) if needs_port else 0
    check_port = first_port(wish) if needs_port else 0
    # only persistence looks at the family of clients
    told = family if farm.persistence_timeout else 0
    source = wish.source_nat_pool if wish.source_nat_type in ("static", "pool") else None
    return Way(farm.name, mode_of(wish), port, check_port, told, source)


def mode_of(wish: VirtualServer) -> str:
    """What is looked into: tcp for nothing."""
    if wish.type != "layer7" or wish.protocol == "tcp" or (wish.protocol == "https" and not wish.ssl_offload):
        return "tcp"
    return "grpc" if wish.protocol == "grpc" else "http"


def name_of(way: Way) -> str:
    """What the backend is called; no two ways have one name, as names of the model have no colon."""
    parts = [way.farm, way.mode]
    if way.check_port:
        parts.append(f"{way.check_port}" if way.port else f"{way.check_port}up")
    if way.family:
        parts.append(f"ipv{way.family}")
    if way.source is not None:
        parts.append(f"from-{way.source.replace(':', '.').replace('/', '-')}")
    return ":".join(parts)


@once_for_same
def backends_of(part: Configuration, way: Way) -> Tuple[Section, ...]:
    """The backends of a farm of a slice."""
    return tuple(_sections(part, way))


def _sections(configuration: Configuration, way: Way) -> Iterator[Section]:
    """The backend of a farm, and those beside it: of its sorry server, and of tests that are not the farm's own."""
    farm = with_defaults(configuration.farms[way.farm])
    path = f"farms[{farm.name}]"
    name = name_of(way)
    servers = ordered(farm)
    rules: Dict[str, CheckRules] = {
        server.name: found
        for server in servers
        for found in [check_of(configuration, server.health_check or farm.health_check)]
        if found is not None
    }
    own = _own(configuration, farm)
    yield Section(
        f"farm {farm.name} as {name}",
        f"backend {name}",
        tuple(_lines(farm, way, own, path)),
        tuple(
            _server_line(configuration, farm, way, place, server, rules, own) for place, server in enumerate(servers)
        ),
        farm.balance == "failover",
    )
    others: Dict[str, List[Server]] = {}
    for server in servers:
        if server.name in rules and rules[server.name].name != (own.name if own else ""):
            others.setdefault(rules[server.name].name, []).append(server)
    for check, tested in sorted(others.items()):
        yield _testing(configuration, farm, way, check, tested)
    if farm.sorry_server is not None:
        port = farm.sorry_server.port or way.port
        line = ServerLine("sorry", farm.sorry_server.address, port, 1, False, _words_from(way, "sorry").strip())
        where = f"{path}.sorry_server"
        mode = Line(f"mode {'tcp' if way.mode == 'tcp' else 'http'}", where)
        yield Section(f"farm {farm.name} as {sorry_name(way)}", f"backend {sorry_name(way)}", (mode,), (line,), False)


def _own(configuration: Configuration, farm: Farm) -> Optional[CheckRules]:
    """The test that the farm's own backend does. One from an address is done beside it, as a server's ``source`` is
    where its connections come from too."""
    found = check_of(configuration, farm.health_check)
    return found if found is None or found.check.source is None else None


def sorry_name(way: Way) -> str:
    """The backend of the sorry server."""
    return f"{name_of(way)}:sorry"


def ordered(farm: Farm) -> List[Server]:
    """The servers in the order of the file, which counts for failover alone: the highest weight first."""
    servers = [with_defaults(server) for server in farm.servers or ()]
    if farm.balance == "failover":
        return sorted(servers, key=lambda server: (server.backup, -server.weight, server.name))
    return sorted(servers, key=lambda server: server.name)


def weight_of(farm: Farm, server: Server) -> int:
    """The weight in HAProxy's terms: 0 takes no new connections."""
    if server.state == "drained" or server.weight == 0:
        return 0
    if heeds_weights(farm):
        return server.weight
    if farm.agent is None:
        return 1
    # of a weight of 1 an agent could take no share
    return 100 if any(map(_is_asked, map(with_defaults, farm.servers or ()))) else 1


def _is_asked(server: Server) -> bool:
    """Whether the agent of its farm is asked about a server."""
    return server.state == "enabled" and server.weight != 0


def heeds_weights(farm: Farm) -> bool:
    """Whether the weights of servers count for how the farm is balanced."""
    return _BALANCES[farm.balance][1]


def _lines(farm: Farm, way: Way, check: Optional[CheckRules], path: str) -> Iterator[Line]:
    http = way.mode != "tcp"
    balance = _BALANCES[farm.balance][0]
    yield Line(f"mode {'http' if http else 'tcp'}", path)
    yield Line(f"balance {balance}", f"{path}.balance")
    if balance.startswith(_HASHES):
        yield Line("hash-type consistent", f"{path}.balance")
    if farm.balance != "failover" and any(server.backup for server in farm.servers or ()):
        yield Line("option allbackups", f"{path}.servers")
    if farm.persistence_cookie:
        words = "insert indirect nocache httponly"
        yield Line(f"cookie {farm.persistence_cookie} {words} dynamic", f"{path}.persistence_cookie")
        yield Line(f"dynamic-cookie-key {quoted(farm.name)}", f"{path}.persistence_cookie")
    if farm.persistence_timeout:
        where = f"{path}.persistence_timeout"
        kind = "ipv6" if way.family == 6 else "ip"
        yield Line(f"stick-table type {kind} size 1m expire {farm.persistence_timeout}s", where)
        mask = ""
        if farm.persistence_netmask is not None:
            length = prefix_length(farm.persistence_netmask)
            mask = f",ipmask(32,{length})" if way.family == 6 else f",ipmask({length})"
        yield Line(f"stick on src{mask}", where)
    if way.mode == "grpc":
        yield Line("timeout server 1h", path)
    if farm.queue_timeout is not None:
        yield Line(f"timeout queue {milliseconds(farm.queue_timeout)}", f"{path}.queue_timeout")
    if check is not None:
        yield from check.lines
    for line in farm.extra_config or ():
        yield Line(line, f"{path}.extra_config")


def _server_line(
    configuration: Configuration,
    farm: Farm,
    way: Way,
    place: int,
    server: Server,
    rules: Dict[str, CheckRules],
    own: Optional[CheckRules],
) -> ServerLine:
    words: List[str] = []
    port = server.port or way.port
    check = rules.get(server.name)
    if check is not None and own is not None and check.name == own.name:
        words += server_words(check, server, port or way.check_port, not port)
    elif check is not None:
        words.append(f"track {_testing_name(way, check.name)}/{server.name}")
    if check is not None:
        if farm.on_failure == "remove":
            words.append("on-marked-down shutdown-sessions")
        if farm.initial_state == "down":
            words.append("init-state down")
    if farm.agent is not None and _is_asked(server):
        words += agents.server_words(farm.agent)
    if server.max_connections:
        words.append(f"maxconn {server.max_connections}")
        if farm.queue_limit:
            words.append(f"maxqueue {farm.queue_limit}")
    if farm.slow_start:
        words.append(f"slowstart {milliseconds(farm.slow_start)}")
    if server.backup or (farm.balance == "failover" and place > 0):
        words.append("backup")
    words += words_to_server(configuration, server, way.mode)
    return ServerLine(
        server.name,
        server.address,
        port,
        weight_of(farm, server),
        server.state == "disabled",
        " ".join(words) + _words_from(way, server.name),
    )


def _words_from(way: Way, server: str) -> str:
    """The address to connect from: of a pool, one that follows from the names alone, so that it stays."""
    if way.source is None:
        return ""
    network = ipaddress.ip_network(way.source)
    usable = network.num_addresses if network.num_addresses <= 2 or network.version == 6 else network.num_addresses - 2
    first = int(network.network_address) + (1 if usable < network.num_addresses else 0)
    number = int.from_bytes(hashlib.sha256(f"{way.farm}/{server}".encode()).digest()[:8], "big") % usable
    address = ipaddress.ip_address(first + number) if network.version == 4 else ipaddress.IPv6Address(first + number)
    return f" {_from(str(address))}"


def _from(address: str) -> str:
    # without a port, the end of an IPv6 address would be taken for one
    return f"source {endpoint(address, 0)}" if ":" in address else f"source {address}"


def _testing_name(way: Way, check: str) -> str:
    return f"{name_of(way)}{TESTING}{check}"


def _testing(configuration: Configuration, farm: Farm, way: Way, check: str, tested: List[Server]) -> Section:
    """A backend that carries nothing: a test that is not the farm's own needs rules of its own, which HAProxy has by
    backend."""
    rules = check_of(configuration, check)
    if rules is None:
        raise AssertionError(f"{check} tests nothing, and yet a server is to be tested by it")
    path = f"health_checks[{check}]"
    lines = []
    for server in tested:
        port = server.port or way.port
        words = server_words(rules, server, port or way.check_port, not port)
        words += [word for word in words_to_server(configuration, server, way.mode) if word]
        if rules.check.source is not None:
            words.append(_from(rules.check.source))
        lines.append(ServerLine(server.name, server.address, port, 1, server.state == "disabled", " ".join(words)))
    mode = Line(f"mode {'tcp' if way.mode == 'tcp' else 'http'}", path)
    name = _testing_name(way, check)
    return Section(f"farm {farm.name} as {name}", f"backend {name}", (mode, *rules.lines), tuple(lines), False)
