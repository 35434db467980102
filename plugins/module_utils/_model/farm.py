# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Farms and their servers. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Tuple

from .addresses import Address, Netmask
from .agent import Agent
from .attributes import Attributes
from .fields import Boolean, Choice, CookieName, FreeText, Integer, Name, Reference, Seconds
from .lists import ConfigLines, Nested, ObjectList, References
from .objects import option
from .problems import Problem

BALANCE = (
    "round_robin",
    "weighted_round_robin",
    "least_connections",
    "weighted_least_connections",
    "locality_least_connections",
    "locality_least_connections_replicated",
    "source_hash",
    "source_port_hash",
    "destination_hash",
    "source_destination_hash",
    "maglev",
    "maglev_port",
    "shortest_expected_delay",
    "never_queue",
    "failover",
    "overflow",
    "power_of_two",
    "url_hash",
    "domain_hash",
    "least_response_time",
    "least_bandwidth",
    "least_packets",
    "least_request",
    "custom_load",
)


# The kind of scheduler whose choice is a hash, so that there may be a fallback.
HASHES = ("source_hash", "source_port_hash", "maglev", "maglev_port")
# ip_vs_ctl.c and keepalived.conf(5): ipip has no checksum of its own, gre no remote checksum offload
_CHECKSUMS = {"ipip": ("none",), "gue": ("none", "full", "remote"), "gre": ("none", "full")}


# Linux refuses thresholds that do not fit a signed number of 32 bits (seen on 7.2).
_MOST_CONNECTIONS = 2147483647


@dataclass(frozen=True)
class Server:
    """One member of a farm. ``drained`` keeps its connections and gets no new ones; ``disabled`` is out at once."""

    WORD = "server"

    name: str = option(Name(), "The name of the server, unique in the farm.", required=True)
    address: str = option(
        Address(), "The address connections are sent to, IPv4 or IPv6.", required=True, impact="reset"
    )
    port: Optional[int] = option(
        Integer(1, 65535),
        "The port connections are sent to, 1 to 65535. Unset takes the port of the virtual server.",
        "With the farm modes V(gateway) and V(tunnel) it can only be that port, because the packet is passed on"
        " unchanged.",
        impact="reset",
    )
    weight: int = option(
        Integer(0, 65535),
        "The share of connections this server gets, relative to the others, 0 to 65535.",
        "V(0) gives it no new connections; prefer draining, which keeps the weight for later.",
        default=1,
        impact="new_connections",
    )
    state: str = option(
        Choice("enabled", "drained", "disabled"),
        "V(drained) keeps its connections and gets no new ones; V(disabled) is out at once.",
        default="enabled",
        impact="reset",
    )
    backup: bool = option(
        Boolean(), "Whether it is used only when no other server is left.", default=False, impact="new_connections"
    )
    max_connections: Optional[int] = option(
        Integer(1, _MOST_CONNECTIONS),
        "The most connections it may have at a time, 1 to 2147483647; more are not sent to it. Unset means no limit.",
        impact="new_connections",
    )
    low_connections: Optional[int] = option(
        Integer(1, _MOST_CONNECTIONS),
        "After O(max_connections) was reached, how few connections it has to fall to before it gets new ones, 1 to"
        " 2147483647. Unset means three quarters of it.",
        impact="new_connections",
    )
    health_check: Optional[str] = option(
        Reference(), "The name of a health check of its own, instead of the farm's.", impact="new_connections"
    )
    ssl_offload: bool = option(
        Boolean(), "Whether the director speaks TLS to it.", default=False, impact="new_connections"
    )
    certificate_profiles: Tuple[str, ...] = option(
        References(), "The names of certificate profiles for TLS to it.", impact="new_connections"
    )
    description: Optional[str] = option(
        FreeText(),
        "What people call it where that is no name here, or say of it, in one line of at most 255 characters.",
        "For people and inventories only.",
    )
    tenant: Optional[str] = option(FreeText(), "Whose it is. For people and inventories only.")
    attributes: Tuple[Tuple[str, Optional[str]], ...] = option(
        Attributes(),
        "Attributes of an ALOHA's layer 7 server that have no option here, such as C(http_cookie_id: web1), each with a"
        " text, or null to reset it.",
        impact="new_connections",
    )


@dataclass(frozen=True)
class SorryServer:
    """The server of last resort: used while no server of the farm is left, and never checked."""

    WORD = "sorry server"

    address: str = option(Address(), "Its address, IPv4 or IPv6.", required=True, impact="new_connections")
    port: Optional[int] = option(
        Integer(1, 65535), "Its port, 1 to 65535. Unset takes the port of the virtual server.", impact="new_connections"
    )


@dataclass(frozen=True)
class Farm:
    """The servers that share one role, and how connections are spread over them."""

    WORD = "farm"

    name: str = option(Name(), "The name of the farm, unique on the director.", required=True)
    balance: str = option(
        Choice(*BALANCE),
        "How the next server is chosen.",
        "V(round_robin) and V(least_connections) pay no heed to weights, except that V(0) means no new connections.",
        "V(source_hash) and V(maglev) send a client's address to the same server as long as the servers stay;"
        " V(maglev) moves the fewest clients when they change. V(source_port_hash) and V(maglev_port) take the client's"
        " port too, and so spread the connections of one client.",
        "What an engine cannot do is an error that names the nearest thing it can.",
        default="weighted_least_connections",
        impact="new_connections",
    )
    hash_fallback: bool = option(
        Boolean(),
        "Whether another server is chosen when the one that a hash of O(balance) leads to has weight 0 or is full."
        " V(false) turns the client away.",
        default=False,
        impact="new_connections",
    )
    mode: str = option(
        Choice("nat", "gateway", "tunnel"),
        "How packets reach a server.",
        "V(nat) rewrites the destination; the server's way back has to lead through the director.",
        "V(gateway) sends the packet unchanged to the server's link address (direct routing); director and server"
        " share a network and the server has the VIP on its loopback.",
        "V(tunnel) wraps the packet; the server has the VIP on its tunnel interface. Server and VIP may differ in"
        " family.",
        "The role P(evenkeel.lb.real_server#role) prepares servers for each of them.",
        default="nat",
        impact="reset",
    )
    tunnel_type: str = option(
        Choice("ipip", "gue", "gre"), "What the packet is wrapped in, with O(mode=tunnel) only.", default="ipip",
        impact="reset",
    )  # fmt: skip
    tunnel_port: Optional[int] = option(
        Integer(1, 65535), "The UDP port of the tunnel, 1 to 65535, with O(tunnel_type=gue) only, which needs it.",
        impact="reset",
    )  # fmt: skip
    tunnel_checksum: str = option(
        Choice("none", "full", "remote"),
        "How the packet around is protected, with O(tunnel_type=gue) and O(tunnel_type=gre) only. V(none) sends no"
        " checksum, V(full) one over the whole packet, V(remote) leaves it to the server's end (remote checksum"
        " offload), with O(tunnel_type=gue) only.",
        default="none",
        impact="reset",
    )
    one_packet: bool = option(
        Boolean(), "Whether each UDP datagram is balanced on its own.", default=False, impact="new_connections"
    )
    persistence_timeout: Optional[int] = option(
        Integer(0, 2678400),
        "Seconds for which a client goes back to the same server, 1 to 2678400 (31 days). V(0) or unset means no"
        " persistence.",
        impact="new_connections",
    )
    persistence_netmask: Optional[str] = option(
        Netmask(),
        "Which clients count as one for persistence, an IPv4 netmask such as V(255.255.255.0), or an IPv6 prefix"
        " length such as V(64). Unset takes each address alone.",
        impact="new_connections",
    )
    persistence_engine: Optional[str] = option(
        Choice("sip"), "What tells clients apart instead of their address. V(sip) takes the Call-ID of SIP over UDP.",
        impact="new_connections",
    )  # fmt: skip
    persistence_cookie: Optional[str] = option(
        CookieName(),
        "The name of a cookie that an HTTP client is given and by which it goes back to the same server, as long as it"
        " keeps the cookie.",
        impact="new_connections",
    )
    health_check: Optional[str] = option(
        Reference(),
        "The name of the health check for the servers (M(evenkeel.lb.lb_healthcheck)). It has to be there already.",
        "Without one, servers are taken as healthy. The engine V(ipvs) cannot check and refuses a farm that asks"
        " for it.",
        impact="new_connections",
    )
    servers: Tuple[Server, ...] = option(
        ObjectList(Server),
        "All servers of the farm. Those that are not in the list are removed; leave the option out to manage them"
        " one by one with M(evenkeel.lb.lb_server).",
        "Their order means nothing.",
        impact="reset",
    )
    sorry_server: Optional[SorryServer] = option(  # noqa: RUF009
        Nested(SorryServer), "The server of last resort, used while no server of the farm is left.",
        impact="new_connections",
    )  # fmt: skip
    agent: Optional[Agent] = option(  # noqa: RUF009
        Nested(Agent),
        "A program beside each server that is asked, over and over, how much the server can take, in a line of words:"
        " C(75%) of its weight, C(drain), C(maint) and C(ready), C(down) and C(up), C(maxconn:30).",
        "What it says counts until it says something else, and is never drift. A server that is drained, disabled or of"
        " weight 0 is not asked. One that is silent changes nothing.",
        "Shares are rounded down, so weights have to be 10 or more where O(balance) heeds them.",
        impact="new_connections",
    )
    on_failure: str = option(
        Choice("remove", "quiesce"),
        "What happens to a server whose health check fails.",
        "V(remove) takes it out and cuts its connections. V(quiesce) gives it no new ones.",
        default="remove",
    )
    initial_state: str = option(
        Choice("up", "down"),
        "What a server counts as until its first health check has ended. V(down) sends it nothing before it passed.",
        default="up",
        impact="new_connections",
    )
    quorum: int = option(
        Integer(1, 65535 * 1000),
        "How much weight of healthy servers there has to be for the farm to serve, 1 to 65535000. Servers that are"
        " drained or disabled lower it to the weight that is left.",
        default=1,
    )
    hysteresis: int = option(
        Integer(0, 65535 * 1000),
        "How much weight above O(quorum) there has to be before the farm serves, and how much of it may then be missing"
        " before it serves no longer, 0 to 65535000.",
        "While servers are drained or disabled, it serves at the latest with all others.",
        default=0,
    )
    queue_limit: Optional[int] = option(
        Integer(1, _MOST_CONNECTIONS),
        "How many may wait for one server that has its C(max_connections), as those do whom persistence sends there,"
        " 1 to 2147483647; more go to other servers. Unset means no limit.",
        impact="new_connections",
    )
    queue_timeout: Optional[float] = option(
        Seconds(0.1, 86400),
        "Seconds for which one may wait for a server before it is turned away, 0.1 to 86400. Unset means a minute.",
        impact="new_connections",
    )
    reentry_time: Optional[float] = option(
        Seconds(0.1, 86400), "Seconds for which a server that failed has to be healthy before it is back, 0.1 to 86400."
    )
    slow_start: Optional[float] = option(
        Seconds(0.1, 86400),
        "Seconds over which the share of a server that comes back grows to its weight, 0.1 to 86400. Unset gives it the"
        " whole share at once.",
        impact="new_connections",
    )
    load_monitor: str = option(
        Choice("none", "uptime", "rup", "ruptime"),
        "How a server reports its load, which its weight then follows. V(none) leaves weights alone.",
        default="none",
        impact="new_connections",
    )
    extra_config: Tuple[str, ...] = option(
        ConfigLines(),
        "Lines in the engine's own language for what has no option here, in the section of the farm. The engine on the"
        " director is asked about them before anything is changed.",
        impact="new_connections",
    )
    description: Optional[str] = option(
        FreeText(),
        "What people call it where that is no name here, or say of it, in one line of at most 255 characters.",
        "For people and inventories only.",
    )
    tenant: Optional[str] = option(FreeText(), "Whose it is. For people and inventories only.")
    attributes: Tuple[Tuple[str, Optional[str]], ...] = option(
        Attributes(),
        "Attributes of an ALOHA's layer 7 farm that have no option here, such as C(log: enabled), each with a text, or"
        " null to reset it.",
        impact="new_connections",
    )

    def problems(self, path: str) -> Iterator[Problem]:
        if not self.persistence_timeout:
            for name in ("persistence_netmask", "persistence_engine"):
                if getattr(self, name) is not None:
                    yield Problem(
                        f"{path}.{name}", "has no meaning without persistence", "a persistence_timeout above 0"
                    )
        if self.hash_fallback and self.balance not in HASHES:
            message = f"has no meaning for balance {self.balance or 'weighted_least_connections'}"
            yield Problem(f"{path}.hash_fallback", message, f"balance: {' or '.join(HASHES)}, or leave it out")
        if self.agent is not None:
            yield from self.agent.problems(f"{path}.agent")
        if self.queue_limit is not None and self.servers and not any(one.max_connections for one in self.servers):
            message = "has no meaning as no server has max_connections, so nothing ever waits"
            yield Problem(f"{path}.queue_limit", message, "max_connections of servers, or leave it out")
        yield from self._tunnel_problems(path)
        yield from self._quorum_problems(path)
        seen: Dict[Tuple[str, Optional[int]], str] = {}
        for server in self.servers or ():
            where = f"{path}.servers[{server.name}]"
            twin = seen.setdefault((server.address, server.port), server.name)
            if server.address is not None and twin != server.name:
                yield Problem(
                    f"{where}.address",
                    f"{server.address} with this port is server {twin!r} already",
                    "each address and port once in a farm",
                )
            if (server.low_connections or 0) > (server.max_connections or 0):
                yield Problem(
                    f"{where}.low_connections",
                    f"{server.low_connections} is not below max_connections",
                    "a number up to max_connections, which it needs",
                )
            if server.certificate_profiles and not server.ssl_offload:
                yield Problem(f"{where}.certificate_profiles", "have no meaning without TLS", "ssl_offload: true")

    def _tunnel_problems(self, path: str) -> Iterator[Problem]:
        if self.tunnel_type is not None and self.mode != "tunnel":
            yield Problem(
                f"{path}.tunnel_type", f"has no meaning in mode {self.mode or 'nat'}", "mode: tunnel, or leave it out"
            )
        if (self.tunnel_type == "gue") != (self.tunnel_port is not None):
            message = "is missing" if self.tunnel_port is None else f"has no meaning for {self.tunnel_type or 'ipip'}"
            yield Problem(f"{path}.tunnel_port", message, "a port with tunnel_type: gue, and only there")
        possible = _CHECKSUMS[self.tunnel_type or "ipip"]
        if self.tunnel_checksum not in (None, *possible):
            yield Problem(
                f"{path}.tunnel_checksum",
                f"{self.tunnel_checksum} cannot be had with {self.tunnel_type or 'ipip'}",
                ", ".join(possible),
            )

    def _quorum_problems(self, path: str) -> Iterator[Problem]:
        quorum, hysteresis = self.quorum or 1, self.hysteresis or 0
        if hysteresis >= quorum and self.hysteresis:
            yield Problem(f"{path}.hysteresis", f"{hysteresis} is not below the quorum {quorum}", f"0 to {quorum - 1}")
        if self.quorum is not None and self.servers is not None:
            weights = sum(1 if server.weight is None else server.weight for server in self.servers)
            if quorum > weights:
                yield Problem(
                    f"{path}.quorum",
                    f"{quorum} is more than the weight of all servers, {weights}",
                    f"1 to {max(weights, 1)}",
                )
            elif quorum > hysteresis > weights - quorum:
                yield Problem(
                    f"{path}.hysteresis",
                    f"{hysteresis} above the quorum {quorum} is more than the weight of all servers, {weights},"
                    " so the farm would never serve",
                    f"0 to {weights - quorum}",
                )
