# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients notice when servers fail or are full: who answers then, and what becomes of their connections.

Servers are healthy as long as their port 8101 answers, which a rule of nftables on the server decides.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.scene import (
    HTTP,
    SERVERS,
    Document,
    Scene,
    server_address,
    servers,
    vip,
)
from ansible_collections.evenkeel.lb.tests.traffic.watching import eventually

FAMILIES = pytest.mark.parametrize("family", [4, 6], ids=["IPv4", "IPv6"])
NUMBERS = {"quiesce": 77, "remove": 78, "full": 79}
SORRY_PORT = 8050
CHECK = {"name": "gate", "type": "tcp", "port": 8101, "interval": 0.3, "timeout": 1, "retries": 1}
CLOSED = "table inet gate { chain input { type filter hook input priority 0; tcp dport 8101 reject with tcp reset; }; }"
LIMIT = 2


def document() -> Document:
    farms: list[dict[str, Any]] = []
    for family in (4, 6):
        checked = {"balance": "round_robin", "health_check": "gate", "servers": servers(family)}
        sorry = {"address": server_address("web2", family), "port": SORRY_PORT}
        farms.append({"name": f"quiesce-{family}", "on_failure": "quiesce", **checked})
        farms.append({"name": f"remove-{family}", "on_failure": "remove", "sorry_server": sorry, **checked})
        web1, web2 = servers(family)
        limited = [{**web1, "max_connections": LIMIT}, web2]
        farms.append({"name": f"full-{family}", "balance": "round_robin", "servers": limited})
    virtual_servers = [
        {"name": farm["name"], "vip": vip(NUMBERS[kind], int(family)), "port": HTTP, "farm": farm["name"]}
        for farm in farms
        for kind, family in [farm["name"].split("-")]
    ]
    return {"health_checks": [CHECK], "farms": farms, "virtual_servers": virtual_servers}


@pytest.fixture(scope="module")
def served(scene: Scene) -> Iterator[Scene]:
    scene.converge(document())
    yield scene
    scene.converge({})


@contextlib.contextmanager
def unhealthy(scene: Scene, *names: str) -> Iterator[None]:
    """These servers fail their health check meanwhile."""
    try:
        for name in names:
            scene.servers[name].shell("nft -f -", CLOSED.encode())
        yield
    finally:
        for name in names:
            scene.servers[name].shell("nft destroy table inet gate 2>&- || nft delete table inet gate")


def answering(scene: Scene, address: str) -> set[str]:
    return set(scene.ask("tcp", address, 4, "--timeout", "0.5")["by_server"])


def wait_for(scene: Scene, address: str, *names: str) -> None:
    eventually(lambda: answering(scene, address) == set(names), 20, f"{address} is answered by {names}")


@FAMILIES
def test_connections_to_a_server_that_quiesces_go_on(served: Scene, family: int) -> None:
    """None of them breaks; new ones go to the other server."""
    address = vip(NUMBERS["quiesce"], family)
    wait_for(served, address, *SERVERS)
    with served.watched({"held": served.holder(address, "--connections", "6")}) as reports:
        with unhealthy(served, "web1"):
            wait_for(served, address, "web2")
        wait_for(served, address, *SERVERS)
    held = reports["held"]
    assert (held["opened"], held["failed"], set(held["by_server"])) == (6, 0, set(SERVERS)), held


@FAMILIES
def test_connections_to_a_server_that_is_removed_end_at_once(served: Scene, family: int) -> None:
    """They do not hang: their clients come back at once, and are served by the other."""
    address = vip(NUMBERS["remove"], family)
    wait_for(served, address, *SERVERS)
    held = {"held": served.holder(address, "--connections", "6", "--timeout", "8")}
    with served.watched(held) as reports, unhealthy(served, "web1"):
        wait_for(served, address, "web2")
    report = reports["held"]
    assert report["failed"] == 3 and report["longest_ms"] < 2000, report
    assert not any("timed out" in error for error in report["errors"]), report


@FAMILIES
def test_without_a_healthy_server_the_sorry_server_answers(served: Scene, family: int) -> None:
    address = vip(NUMBERS["remove"], family)
    with unhealthy(served, *SERVERS):
        wait_for(served, address, "web2")
        listed = served.directors["lb1"].shell("ipvsadm -Ln")
        assert server_address("web1", family) not in listed.partition(address)[2].partition("TCP")[0]
    wait_for(served, address, *SERVERS)


@FAMILIES
def test_a_full_server_gets_no_more_connections(served: Scene, family: int) -> None:
    address = vip(NUMBERS["full"], family)
    with served.watched({"held": served.holder(address, "--connections", "8")}) as reports:
        listed = served.directors["lb1"].shell("ipvsadm -Ln").splitlines()
        new = served.ask("tcp", address, 4)
    assert reports["held"]["failed"] == new["failed"] == 0, (reports, new)
    assert new["by_server"] == {"web2": 4}, new
    name = server_address("web1", family)
    active = [line.split()[4] for line in listed if name in line and line.split()[3] == "1"]
    assert str(LIMIT) in active, listed
