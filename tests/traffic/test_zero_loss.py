# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients that never stop lose nothing while a director is changed: not one request of many new connections, and none
of those on connections that were there before.

Translated and direct-routed services, over IPv4 and IPv6, TCP and UDP, are all asked at the same time. A connection to
a server that is taken out lives as long as the server drains: it is taken out when its last connection has ended.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.scene import HTTP, UDP, Document, Scene, servers, vip
from ansible_collections.evenkeel.lb.tests.traffic.watching import eventually

NUMBERS = {"nat": 73, "gateway": 74}
SERVED = [(mode, family) for mode in NUMBERS for family in (4, 6)]
#: Seconds of traffic under each state, and of each connection that is held.
SETTLE = 0.4
LIFE = 1.5
HEALTH_CHECK = {"name": "http", "type": "http", "interval": 0.5, "timeout": 2, "retries": 3, "port": HTTP}
FARM = {"balance": "round_robin", "servers": [{"name": "web1"}]}

BOTH = {"servers": [{"name": "web1"}, {"name": "web2"}]}
#: What the farms say next, one after the other. None is a reload.
STORY: dict[str, dict[str, Any] | None] = {
    "add a server": BOTH,
    "change weights": {"servers": [{"name": "web1", "weight": 5}, {"name": "web2", "weight": 2}]},
    "another scheduler": {"balance": "weighted_round_robin"},
    "yet another scheduler": {"balance": "maglev"},
    "persistence": {"balance": "weighted_least_connections", "persistence_timeout": 30},
    "no persistence": {"persistence_timeout": None},
    "limits": {"servers": [{"name": "web1", "max_connections": 2000}, {"name": "web2", "max_connections": 2000}]},
    "a reload": None,
    "drain a server": {"servers": [{"name": "web1", "state": "drained"}, {"name": "web2"}]},
    "remove it": {"servers": [{"name": "web2"}]},
    "add it again": BOTH,
    "drain the other": {"servers": [{"name": "web1"}, {"name": "web2", "state": "drained"}]},
    "remove the other": {"servers": [{"name": "web1"}]},
}


def document(engine: str, farm: dict[str, Any]) -> Document:
    farms, virtual_servers = [], []
    checked = {"health_check": "http"} if engine == "keepalived" else {}
    for mode, family in SERVED:
        name = f"{mode}-{family}"
        addresses = {server["name"]: server["address"] for server in servers(family)}
        members = [{**server, "address": addresses[server["name"]]} for server in farm["servers"]]
        said = {key: value for key, value in farm.items() if value is not None}
        farms.append({"name": name, "mode": mode, **checked, **said, "servers": members})
        for protocol, port in (("tcp", HTTP), ("udp", UDP)):
            wish = {"vip": vip(NUMBERS[mode], family), "protocol": protocol, "port": port, "farm": name}
            virtual_servers.append({"name": f"{name}-{protocol}", "engine": engine, **wish})
    checks = [HEALTH_CHECK] if checked else []
    return {"health_checks": checks, "farms": farms, "virtual_servers": virtual_servers}


def established(scene: Scene, server: str) -> int:
    """Connections to a server that have not ended, as the director sees it."""
    addresses = [f"{address}:{HTTP}" for address in (f"10.20.0.2{server[-1]}", f"[fd20::2{server[-1]}]")]
    lines = map(str.split, scene.directors["lb1"].shell("ipvsadm -Ln").splitlines())
    return sum(int(fields[4]) for fields in lines if fields[:1] == ["->"] and fields[1] in addresses)


@pytest.mark.parametrize("engine", ["ipvs", "keepalived"])
def test_not_one_request_is_lost(scene: Scene, engine: str) -> None:
    farm: dict[str, Any] = dict(FARM)
    scene.converge(document(engine, farm))
    clients: dict[str, list[str]] = {}
    for mode, family in SERVED:
        address = vip(NUMBERS[mode], family)
        scene.ask("udp", address, 2)  # neighbours are learnt
        clients[f"new tcp, {mode}, IPv{family}"] = scene.prober("tcp", address, "--interval", "50", "--timeout", "4000")
        clients[f"new udp, {mode}, IPv{family}"] = scene.prober("udp", address, "--interval", "50", "--timeout", "4000")
        clients[f"held, {mode}, IPv{family}"] = scene.holder(address, "--connections", "3", "--life", str(LIFE))
    with scene.watched(clients) as reports:
        for change in STORY.values():
            if change is None:
                # keepalived does not run while nothing is its own
                scene.directors["lb1"].shell("systemctl reload keepalived || ! systemctl is-active keepalived")
            else:
                farm.update(change)
                scene.converge(document(engine, farm))
            for server in farm["servers"]:
                if server.get("state") == "drained":
                    eventually(lambda name=server["name"]: established(scene, name) == 0, 20, f"{server} drains")
            time.sleep(SETTLE)
    scene.converge({})
    for client, report in reports.items():
        assert report["failed"] == 0, (client, report)
        assert set(report["by_server"]) == {"web1", "web2"}, (client, report)
        assert sum(report["by_server"].values()) > 100, (client, report)
