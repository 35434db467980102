# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to a server carries every protocol, over IPv4 and IPv6, and looks on the wire as it should."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.scene import (
    GUE_PORT,
    PORTS,
    SERVERS,
    Document,
    Scene,
    server_address,
    servers,
    vip,
)

PROTOCOLS = ("tcp", "udp", "sctp")
COUNT = 8


@dataclass(frozen=True)
class Way:
    """A farm's way to its servers: the number of its VIPs, what the farm says of it, what wraps its packets (nothing,
    or the word of wire.py), and the addresses of its servers (their prefix, or the other family)."""

    number: int
    farm: tuple[tuple[str, Any], ...]
    wrap: str = ""
    prefix: str = ""
    crossed: bool = False

    def family_of_servers(self, family: int) -> int:
        return 10 - family if self.crossed else family

    def has(self, what: str, family: int, protocol: str) -> bool:
        """Whether what wire.py says is about its packets; translated ones no longer have its VIP."""
        *addresses, carried = what.split()
        if self.farm == NAT:
            return carried == protocol and addresses in [[server_address(name, family)] for name in SERVERS]
        return carried == protocol and vip(self.number, family) in addresses

    def on_the_wire(self, server: str, family: int, protocol: str) -> str:
        """What wire.py says of its packets.

        Linux leaves to the server's end only a checksum that is still open, and adds one of its own otherwise
        (ip_vs_xmit.c): TCP and UDP of a client on the same machine have one, SCTP never has.
        """
        outer = server_address(server, self.family_of_servers(family), self.prefix)
        if self.wrap:
            wrap = "gue+checksum" if self.wrap == "gue+remote" and protocol == "sctp" else self.wrap
            return f"{outer} {wrap} {vip(self.number, family)} {protocol}"
        return f"{outer if self.farm == NAT else vip(self.number, family)} {protocol}"


def _tunnel(kind: str, checksum: str = "none") -> tuple[tuple[str, Any], ...]:
    said: dict[str, Any] = {"mode": "tunnel", "tunnel_type": kind}
    if kind == "gue":
        said["tunnel_port"] = GUE_PORT
    if kind != "ipip":
        said["tunnel_checksum"] = checksum
    return tuple(said.items())


NAT = (("mode", "nat"),)
WAYS = {
    "nat": Way(50, NAT),
    "gateway": Way(51, (("mode", "gateway"),)),
    "ipip": Way(52, (("mode", "tunnel"),), "ipip"),
    "ipip-other-family": Way(53, _tunnel("ipip"), "ipip", crossed=True),
    "gue": Way(54, _tunnel("gue"), "gue"),
    "gue-full-checksum": Way(55, _tunnel("gue", "full"), "gue+checksum"),
    "gue-remote-checksum": Way(56, _tunnel("gue", "remote"), "gue+remote"),
    "gre": Way(57, _tunnel("gre"), "gre"),
    "gre-full-checksum": Way(58, _tunnel("gre", "full"), "gre+checksum", prefix="2"),
}


def document(engine: str) -> Document:
    """All ways at once, each with a VIP of each family, each with a virtual server for each protocol."""
    farms, virtual_servers = [], []
    for name, way in WAYS.items():
        for family in (4, 6):
            farm = f"{name}-{family}"
            members = servers(way.family_of_servers(family), way.prefix)
            farms.append({"name": farm, "balance": "round_robin", "servers": members, **dict(way.farm)})
            for protocol in PROTOCOLS:
                wish = {"vip": vip(way.number, family), "protocol": protocol, "port": PORTS[protocol], "farm": farm}
                virtual_servers.append({"name": f"{farm}-{protocol}", "engine": engine, **wish})
    return {"farms": farms, "virtual_servers": virtual_servers}


Case = tuple[str, int, str]
CASES: list[Case] = [(name, family, protocol) for name in WAYS for family in (4, 6) for protocol in PROTOCOLS]


@dataclass(frozen=True)
class Heard:
    """What clients were answered in each case, and what reached each server, of all cases together."""

    answers: dict[Case, dict[str, Any]]
    wires: dict[str, dict[str, int]]


@pytest.fixture(scope="module")
def heard(scene: Scene, engine: str) -> Iterator[Heard]:
    """The director holds all of it, and every case has been asked."""
    scene.converge(document(engine))

    def ask(case: Case) -> dict[str, Any]:
        name, family, protocol = case
        return scene.ask(protocol, vip(WAYS[name].number, family), COUNT)

    with scene.watched({server: scene.wire(server) for server in SERVERS}) as wires, ThreadPoolExecutor(3) as pool:
        answers = dict(zip(CASES, pool.map(ask, CASES), strict=True))
    yield Heard(answers, wires)
    scene.converge({})


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-IPv{case[1]}-{case[2]}")
def test_a_way_to_a_server(heard: Heard, case: Case) -> None:
    """Each server answers its share, and what reaches it is wrapped as the farm says."""
    name, family, protocol = case
    way, answers = WAYS[name], heard.answers[case]
    assert answers["failed"] == 0 and answers["retried"] <= 1, answers
    if answers["retried"] == 0:
        assert answers["by_server"] == dict.fromkeys(SERVERS, COUNT // 2)
    for server, seen in heard.wires.items():
        expected = way.on_the_wire(server, family, protocol)
        about_it = {what: count for what, count in seen.items() if way.has(what, family, protocol)}
        assert about_it.get(expected, 0) >= COUNT // 2, seen
        assert len(about_it) == 1, seen
