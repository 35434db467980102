# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Source NAT: servers see an address of the director's, so their answers come back without a route that leads there.

The servers' addresses in these farms answer clients directly, as their routes say: without source NAT nobody takes
such an answer.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.scene import (
    NEVER_A_SOURCE,
    PORTS,
    SERVERS,
    Document,
    Scene,
    servers,
    vip,
)

FAMILIES = pytest.mark.parametrize("family", [4, 6], ids=["IPv4", "IPv6"])
PROTOCOLS = ("tcp", "udp")
NUMBERS = {"none": 68, "auto": 69, "static": 70, "pool": 71, "several": 72}
#: What the director has in the servers' network, and what the pools are.
OWN = {4: "10.20.0.11/32", 6: "fd20::11/128"}
STATIC = {4: "10.20.0.200/32", 6: "fd20::200/128"}
POOL = {4: "10.20.0.240/30", 6: "fd20::f0/126"}
SEEN = {"auto": OWN, "static": STATIC, "pool": POOL, "several": STATIC}


def document(engine: str) -> Document:
    farms, virtual_servers = [], []
    for family in (4, 6):
        farms.append({"name": f"web-{family}", "balance": "round_robin", "servers": servers(family, "1")})
        for kind, number in NUMBERS.items():
            said = {"auto": {"source_nat_type": "auto"}, "pool": {"source_nat_type": "pool"}}.get(kind, {})
            if kind in ("static", "several"):
                said = {"source_nat_type": "static"}
            if said and kind != "auto":
                said["source_nat_pool"] = SEEN[kind][family].removesuffix("/32").removesuffix("/128")
            common = {"engine": engine, "farm": f"web-{family}", "vip": vip(number, family), **said}
            for protocol in PROTOCOLS:
                where = {"port": PORTS[protocol]} if kind != "several" else {"ports": [str(PORTS[protocol]), "9000"]}
                wish = {"name": f"{kind}-{family}-{protocol}", "protocol": protocol, **where}
                virtual_servers.append(wish | common)
    return {"farms": farms, "virtual_servers": virtual_servers}


@pytest.fixture(scope="module")
def served(scene: Scene, engine: str) -> Iterator[Scene]:
    """The pools are addresses of the director: servers ask their neighbours for them."""
    director = scene.directors["lb1"]
    added, removed = [], []
    for net in (STATIC, POOL):
        for family, more in ((4, ""), (6, NEVER_A_SOURCE)):
            for address in ipaddress.ip_network(net[family]):
                place = f"{address}/{address.max_prefixlen} dev eth2"
                added.append(f"address replace {place} {more}")
                removed.append(f"address del {place}")
    director.shell("ip -batch -", "\n".join(added).encode())
    director.shell("sysctl -q -w net.ipv4.vs.conntrack=1")
    scene.converge(document(engine))
    yield scene
    scene.converge({})
    director.shell("sysctl -q -w net.ipv4.vs.conntrack=0")
    director.shell("ip -batch -", "\n".join(removed).encode())


@FAMILIES
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", SEEN)
def test_servers_see_an_address_of_the_pool(served: Scene, kind: str, protocol: str, family: int) -> None:
    answers = served.ask(protocol, vip(NUMBERS[kind], family), 8, "--source")
    assert answers["failed"] == 0, answers
    seen = [told.split() for told in answers["by_server"]]
    assert {server for server, _source in seen} == set(SERVERS), answers
    allowed = ipaddress.ip_network(SEEN[kind][family])
    assert all(ipaddress.ip_address(source) in allowed for _server, source in seen), answers


@FAMILIES
def test_without_it_there_is_no_answer(served: Scene, family: int) -> None:
    """What the tests above would see if nothing was translated."""
    answers = served.ask("tcp", vip(NUMBERS["none"], family), 1, "--tries", "1", "--timeout", "0.5")
    assert answers["failed"] == 1, answers
