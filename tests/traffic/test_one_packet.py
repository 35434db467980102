# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One-packet scheduling: each datagram of one client is balanced on its own.

The kernel forgets such a packet at once, so with NAT it no longer knows whose address to put into the answer: requests
reach the servers one by one, their answers reach nobody. That is the kernel's doing (net/netfilter/ipvs: connections of
one-packet services are never hashed), so answers are asked for with direct routing and tunnels only.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.scene import SERVERS, UDP, Document, Scene, servers, vip

COUNT = 10
#: Mode of the farm, whether it is one-packet, and the number of its VIPs.
FARMS = {
    "gateway": ("gateway", True, 60),
    "tunnel": ("tunnel", True, 61),
    "nat": ("nat", True, 62),
    "by-client": ("gateway", False, 63),
}


def document(engine: str) -> Document:
    farms, virtual_servers = [], []
    for name, (mode, one_packet, number) in FARMS.items():
        for family in (4, 6):
            farm = {"name": f"{name}-{family}", "mode": mode, "balance": "round_robin", "servers": servers(family)}
            farms.append(farm | ({"one_packet": True} if one_packet else {}))
            wish = {"vip": vip(number, family), "protocol": "udp", "port": UDP, "farm": farm["name"]}
            virtual_servers.append({"name": farm["name"], "engine": engine, **wish})
    return {"farms": farms, "virtual_servers": virtual_servers}


@pytest.fixture(scope="module")
def served(scene: Scene, engine: str) -> Iterator[Scene]:
    scene.converge(document(engine))
    yield scene
    scene.converge({})


@pytest.mark.parametrize("family", [4, 6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("name", ["gateway", "tunnel"])
def test_datagrams_of_one_socket_are_spread(served: Scene, name: str, family: int) -> None:
    address = vip(FARMS[name][2], family)
    served.ask("udp", address, 2)  # neighbours are learnt
    answers = served.ask("udp", address, COUNT, "--one-socket")
    # Whoever resolves a neighbour meanwhile may drop a datagram, or its answer; another is sent, to the next server.
    assert answers["failed"] == 0 and answers["retried"] <= 1, answers
    fewest = COUNT // 2 - answers["retried"]
    assert set(answers["by_server"]) == set(SERVERS) and min(answers["by_server"].values()) >= fewest, answers


@pytest.mark.parametrize("family", [4, 6], ids=["IPv4", "IPv6"])
def test_without_it_they_stay_with_one_server(served: Scene, family: int) -> None:
    """What the test above would see if nothing was different."""
    answers = served.ask("udp", vip(FARMS["by-client"][2], family), COUNT, "--one-socket")
    assert answers["failed"] == 0 and len(answers["by_server"]) == 1, answers


@pytest.mark.parametrize("family", [4, 6], ids=["IPv4", "IPv6"])
def test_with_nat_requests_arrive_one_by_one(served: Scene, family: int) -> None:
    with served.watched({server: served.wire(server) for server in SERVERS}) as wires:
        served.ask("udp", vip(FARMS["nat"][2], family), COUNT, "--one-socket", "--tries", "1", "--timeout", "0.05")
    arrived = [sum(count for what, count in wires[server].items() if what.endswith(" udp")) for server in SERVERS]
    assert arrived == [COUNT // 2, COUNT // 2], wires
