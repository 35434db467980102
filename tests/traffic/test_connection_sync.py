# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections outlive their director: the active one of a mixed pair (Debian 12) loses its power; the standby (Debian
13) knows its connections and carries them on."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.scene import HTTP, INSIDE, Document, Scene, servers, vip
from ansible_collections.evenkeel.lb.tests.traffic.watching import eventually

CONNECTIONS = 10
MODES = {"nat": 75, "gateway": 76}
#: By engine, so that both are asked at once: a failover is one for all.
PORTS = {"keepalived": HTTP, "ipvs": 8050}
ADVERT_INTERVAL = 0.1
#: TCP repeats what got no answer 0.2, 0.6, 1.4 and 3 s after it was first sent.
SECONDS_TO_TRY_AGAIN = 4
SERVED = [(engine, mode, family) for engine in PORTS for mode in MODES for family in (4, 6)]


def document(member: str) -> Document:
    members = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
    group = {
        "name": "pair",
        "virtual_router_id": 51,
        "interface": "eth1",
        "member": member,
        "members": members,
        "advert_interval": ADVERT_INTERVAL,
        "connection_sync": True,
    }
    lengths = {4: "32", 6: "128"}
    vips = [
        {"name": f"{mode}-{family}", "address": f"{vip(number, family)}/{lengths[family]}", "ha_group": "pair"}
        for mode, number in MODES.items()
        for family in (4, 6)
    ]
    inside = [
        {"name": f"inside-{family}", "address": address, "ha_group": "pair", "interface": "eth2"}
        for family, address in INSIDE.items()
    ]
    farms, virtual_servers = [], []
    for mode in MODES:
        for family in (4, 6):
            name = f"{mode}-{family}"
            farms.append({"name": name, "mode": mode, "balance": "round_robin", "servers": servers(family)})
            for engine, port in PORTS.items():
                wish = {"vip": name, "protocol": "tcp", "port": port, "farm": name, "engine": engine}
                virtual_servers.append({"name": f"{name}-{engine}", **wish})
    return {"ha_groups": [group], "vips": vips + inside, "farms": farms, "virtual_servers": virtual_servers}


def holds(scene: Scene, director: str) -> bool:
    shown = scene.directors[director].shell("ip -brief address show")
    return vip(MODES["nat"], 4) in shown and INSIDE[6] in shown


@pytest.fixture
def pair(scene: Scene) -> Iterator[Scene]:
    """The first director gives its addresses to the group, and has them again when the test is over."""
    scene.let_go("lb1")
    for director in scene.directors:
        scene.converge(document(director), director)
    eventually(lambda: holds(scene, "lb1"), 20, "lb1 holds the VIPs")
    yield scene
    scene.converge({}, "lb2")
    scene.boot("lb1")
    scene.converge({}, "lb1")
    scene.hold("lb1")


def synchronised(scene: Scene) -> int:
    """Established connections that the standby knows."""
    known = scene.directors["lb2"].shell("ipvsadm -Lnc")
    return sum(" ESTABLISHED " in line for line in known.splitlines())


def test_connections_outlive_their_director(pair: Scene) -> None:
    clients = {
        f"{engine}, {mode}, IPv{family}": pair.holder(
            vip(MODES[mode], family), "--connections", str(CONNECTIONS), "--timeout", "20", port=PORTS[engine]
        )
        for engine, mode, family in SERVED
    }
    wanted = CONNECTIONS * len(SERVED)
    with pair.watched(clients) as reports:
        eventually(lambda: synchronised(pair) >= wanted, 20, f"lb2 knows {wanted} connections")
        pair.kill("lb1")
        eventually(lambda: holds(pair, "lb2"), 20, "lb2 holds the VIPs")
        time.sleep(SECONDS_TO_TRY_AGAIN)
    for client, report in reports.items():
        assert (report["opened"], report["failed"]) == (CONNECTIONS, 0), (client, report)
        assert set(report["by_server"]) == {"web1", "web2"}, (client, report)
