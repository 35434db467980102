# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Firewall marks: several ports, any protocol and other people's marks, each as one service with one persistence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.scene import (
    CLIENTS,
    SERVERS,
    Document,
    Scene,
    servers,
    vip,
)

FAMILIES = pytest.mark.parametrize("family", [4, 6], ids=["IPv4", "IPv6"])
MODES = {"nat": 64, "gateway": 65}
ANY, MARKED = 66, 67
MARK = 7

# What a user marks: ours neither makes nor removes it.
MARKED_BY_HAND = f"""
table inet by_hand {{
  chain prerouting {{
    type filter hook prerouting priority mangle
    ip daddr {vip(MARKED, 4)} tcp dport {{ 80, 443 }} meta mark set {MARK}
    ip6 daddr {vip(MARKED, 6)} tcp dport {{ 80, 443 }} meta mark set {MARK}
  }}
}}
"""


def document(engine: str) -> Document:
    farms, virtual_servers = [], []

    def serve(name: str, family: int, mode: str, **wish: Any) -> None:
        farm = {"name": f"{name}-{family}", "mode": mode, "balance": "round_robin", "persistence_timeout": 120}
        farms.append({**farm, "servers": servers(family)})
        virtual_servers.append({"name": farm["name"], "engine": engine, "farm": farm["name"], **wish})

    for family in (4, 6):
        for mode, number in MODES.items():
            serve(mode, family, mode, vip=vip(number, family), protocol="tcp", ports=["80", "443", "8050-8100"])
        serve("any", family, "gateway", vip=vip(ANY, family), protocol="any")
        serve("marked", family, "nat", fwmark=MARK)
    return {"farms": farms, "virtual_servers": virtual_servers}


@pytest.fixture(scope="module")
def served(scene: Scene, engine: str) -> Iterator[Scene]:
    scene.directors["lb1"].shell("nft -f -", MARKED_BY_HAND.encode())
    scene.converge(document(engine))
    yield scene
    scene.converge({})
    assert "by_hand" in scene.directors["lb1"].shell("nft list tables")
    scene.directors["lb1"].shell("nft delete table inet by_hand")


def asked(scene: Scene, address: str, family: int, asks: list[tuple[str, int]]) -> dict[str, Counter[str]]:
    """How often each client was answered by each server, over all these protocols and ports."""
    clients: dict[str, Counter[str]] = {client: Counter() for client in CLIENTS[family]}
    local = [word for client in clients for word in ("--from", client)]
    for protocol, port in asks:
        answers = scene.ask(protocol, address, 2, *local, port=port)
        assert answers["failed"] == 0, (protocol, port, answers)
        for client, by_server in answers["by_client"].items():
            clients[client] += Counter(by_server)
    return clients


def stays(clients: dict[str, Counter[str]], requests: int) -> None:
    """Every client has one server for all its requests, and not all clients the same."""
    assert all(sum(by_server.values()) == requests and len(by_server) == 1 for by_server in clients.values()), clients
    shares = Counter(server for by_server in clients.values() for server in by_server)
    assert shares == dict.fromkeys(SERVERS, len(clients) // 2), clients


@FAMILIES
@pytest.mark.parametrize("mode", MODES)
def test_http_and_https_of_a_client_reach_the_same_server(served: Scene, mode: str, family: int) -> None:
    """And so do the first and the last port of a range."""
    ports = [("tcp", 80), ("tls", 443), ("tcp", 8050), ("tcp", 8100)]
    stays(asked(served, vip(MODES[mode], family), family, ports), 8)


@FAMILIES
def test_a_port_that_is_not_meant_is_not_balanced(served: Scene, family: int) -> None:
    """Servers listen on 8101 as well, which is just past the range."""
    answers = served.ask("tcp", vip(MODES["nat"], family), 2, port=8101)
    assert answers["failed"] == 2 and answers["by_server"] == {}, answers


@FAMILIES
def test_any_protocol_of_a_client_reaches_the_same_server(served: Scene, family: int) -> None:
    stays(asked(served, vip(ANY, family), family, [("tcp", 80), ("udp", 5353), ("tls", 443)]), 6)


@FAMILIES
def test_any_protocol_carries_sctp(served: Scene, family: int) -> None:
    answers = served.ask("sctp", vip(ANY, family), 4)
    assert answers["failed"] == 0 and len(answers["by_server"]) == 1, answers


@FAMILIES
def test_packets_that_somebody_else_marked_are_one_service(served: Scene, family: int) -> None:
    stays(asked(served, vip(MARKED, family), family, [("tcp", 80), ("tls", 443)]), 4)
