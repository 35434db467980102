# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What lb_info says of a real director: the health keepalived finds, what the kernel counts of real clients, the state
of VRRP, and what somebody changed by hand; and that it leaves everything as it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import lab
from ansible_collections.evenkeel.lb.tests.contract.drain_scene import ADDRESSES, LAB_NAME, SPEC, VIP, Scene, eventually
from ansible_collections.evenkeel.lb.tests.contract.losing import LOSE

SHARED = "10.10.0.60"
OURS = "/etc/keepalived/evenkeel.conf"
MAIN = "/etc/keepalived/keepalived.conf"
BOOT_RULES = "/etc/ipvsadm.rules"

# Everything that somebody could change, without counters.
STATE = f"""
for file in {OURS} {MAIN} /etc/evenkeel/* {BOOT_RULES}; do echo "== $file"; cat $file; done 2>/dev/null
ipvsadm -Sn | sort; nft -s list ruleset; ip -o address show; sysctl net.ipv4.vs net.ipv4.ip_forward
systemctl show -p ActiveState -p MainPID keepalived; ls -A /etc/keepalived /etc/evenkeel /tmp
"""
CONNECT = "import socket, sys\nfor _ in range(10): socket.create_connection((sys.argv[1], 80), 5).close()"


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        made = Scene()
        try:
            made.prepare()
            made.director.shell("sysctl -q -w net.ipv4.vs.conntrack=1")
            yield made
        finally:
            made.close()
    finally:
        lab("down", LAB_NAME)


def document() -> dict[str, Any]:
    """One virtual server of each kind, so that every engine has something to hold."""
    servers = [{"name": name, "address": address} for name, address in ADDRESSES.items()]
    members = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
    group = {
        "name": "front", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": members,
        "advert_interval": 0.2,
    }  # fmt: skip
    return {
        "ha_groups": [group],
        "vips": [{"name": "www", "address": f"{SHARED}/24", "ha_group": "front"}],
        "health_checks": [{"name": "alive", "type": "tcp", "interval": 0.3, "timeout": 0.3, "retries": 1}],
        "farms": [
            {"name": "web", "balance": "round_robin", "health_check": "alive", "servers": servers},
            {"name": "plain", "balance": "round_robin", "servers": servers},
        ],
        "virtual_servers": [
            {"name": "www", "vip": "www", "port": 80, "farm": "web"},
            {"name": "unchecked", "vip": "www", "port": 81, "farm": "plain"},
            {"name": "direct", "vip": VIP, "port": 80, "farm": "plain", "engine": "ipvs", "source_nat_type": "auto"},
            {"name": "ports", "vip": VIP, "ports": ["8000-8010"], "farm": "plain", "engine": "ipvs"},
        ],
    }


def info(scene: Scene, *subsets: str, **options: Any) -> dict[str, Any]:
    answer = scene.run("lb_info", gather_subset=list(subsets) or ["all"], **options)
    assert answer["changed"] is False and "failed" not in answer, answer
    return answer


def of(scene: Scene, name: str) -> dict[str, Any]:
    (found,) = info(scene, "virtual_servers", virtual_servers=[name])["virtual_servers"]
    return dict(found)


def health(scene: Scene) -> dict[str, str]:
    return {one["name"]: one["health"] for one in of(scene, "www")["servers"]}


def named(scene: Scene) -> list[tuple[str, str, str, str]]:
    entries = info(scene, "drift")["drift"]
    return [(one["path"], one["field"], one["intended"], one["running"]) for one in entries]


def group(scene: Scene) -> dict[str, Any]:
    (found,) = info(scene, "ha_groups")["ha_groups"]
    return dict(found)


@pytest.fixture
def whole(scene: Scene) -> Scene:
    """The director holds all of it, and its servers are well."""
    scene.converge(document())
    eventually(lambda: set(health(scene).values()) == {"up"}, 20)
    eventually(lambda: group(scene)["state"] == "master", 20)
    assert named(scene) == []
    return scene


def test_nothing_recorded(scene: Scene) -> None:
    scene.converge({})
    found = info(scene)
    assert found["drift"] == found["virtual_servers"] == found["ha_groups"] == []
    assert set(map(tuple, found["config"].values())) == {()}
    software = {one["software"]: one["version"] for one in found["versions"]}
    assert software["keepalived"] == "2.2.7" and software["linux"]


def test_what_it_tells_as_configuration_plans_nothing(whole: Scene) -> None:
    config = info(whole, "config")["config"]
    answer = whole.director.drive("converge", {"document": config, "all_engines": True, "check_mode": True})
    assert (answer["state"], answer["steps"]) == ("unchanged", [])


def test_health_is_what_keepalived_finds(whole: Scene) -> None:
    whole.stop("web2")
    eventually(lambda: health(whole) == {"web1": "up", "web2": "down"}, 20)
    assert of(whole, "www")["state"] == "degraded"
    assert {one["health"] for one in of(whole, "direct")["servers"]} == {"unchecked"}
    assert named(whole) == []
    whole.stop("web1")
    eventually(lambda: of(whole, "www")["state"] == "down", 20)
    for name in ADDRESSES:
        whole.start(name)
    eventually(lambda: of(whole, "www")["state"] == "up", 20)


def test_counters_are_those_of_real_clients(whole: Scene) -> None:
    whole.converge({})
    whole.converge(document())
    with whole.held(4) as holder:
        eventually(lambda: of(whole, "direct")["rates"]["packets_in"] > 0, 30)
        found = of(whole, "direct")
        assert [one["active"] for one in found["servers"]] == [2, 2]
        assert [one["counters"]["connections"] for one in found["servers"]] == [2, 2]
        assert found["counters"]["connections"] == 4
        assert found["counters"]["packets_in"] > 4 and found["counters"]["packets_out"] > 4
        assert found["counters"]["bytes_in"] > 20 * found["counters"]["packets_in"]
        assert holder.let_go()["failed"] == 0
    eventually(lambda: group(whole)["state"] == "master" and set(health(whole).values()) == {"up"}, 20)
    whole.inside("client", sys.executable, "-c", CONNECT, SHARED)
    eventually(lambda: of(whole, "www")["counters"]["connections"] == 10, 20)
    assert [one["counters"]["connections"] for one in of(whole, "www")["servers"]] == [5, 5]


def test_counters_agree_with_ipvsadm(whole: Scene) -> None:
    whole.inside("client", sys.executable, "-c", CONNECT, VIP)
    words = ("connections", "packets_in", "packets_out", "bytes_in", "bytes_out")

    def agree() -> bool:
        lines = whole.director.shell("ipvsadm -Ln --stats --exact").splitlines()
        (line,) = [line.split() for line in lines if f"{VIP}:80 " in line]
        counters = of(whole, "direct")["counters"]
        return counters["connections"] >= 10 and [counters[word] for word in words] == list(map(int, line[2:]))

    eventually(agree, 20)


def test_the_state_of_vrrp_and_since_when(whole: Scene) -> None:
    def moment(found: dict[str, Any]) -> float:
        told = datetime.strptime(found["since"], "%Y-%m-%dT%H:%M:%SZ")
        return told.replace(tzinfo=UTC).timestamp()

    first = group(whole)
    assert {**first, "since": ""} == {
        "name": "front", "state": "master", "since": "", "virtual_router_id": 51, "interface": "eth1", "priority": 150,
        "vips": [f"{SHARED}/24"],
    }  # fmt: skip
    whole.director.shell("systemctl stop keepalived")
    try:
        stopped = group(whole)
        assert (stopped["state"], stopped["since"], stopped["priority"]) == ("stopped", None, None)
        time.sleep(2)
        began = float(whole.director.shell("date +%s"))
    finally:
        whole.director.shell("systemctl start keepalived")
    eventually(lambda: group(whole)["state"] == "master", 20)
    now = float(whole.director.shell("date +%s"))
    assert moment(first) < began <= moment(group(whole)) <= now
    whole.director.shell("ip link set eth1 down")
    try:
        eventually(lambda: group(whole)["state"] == "fault", 20)
    finally:
        whole.director.shell("ip link set eth1 up")
        whole.settle()


WEB1 = ADDRESSES["web1"]
RULE = f"-a -t {VIP}:80 -r {WEB1}:80 -m -w 1"
TAMPERING: dict[str, tuple[str, tuple[str, str, str, str]]] = {
    "service removed, ipvs": (f"ipvsadm -D -t {VIP}:80", ("virtual_servers[direct]", "service", f"tcp {VIP}:80", "")),
    "service removed, keepalived": (
        f"ipvsadm -D -t {SHARED}:80",
        ("virtual_servers[www]", "service", f"tcp {SHARED}:80", ""),
    ),
    "server removed, ipvs": (
        f"ipvsadm -d -t {VIP}:80 -r {WEB1}:80",
        ("farms[plain].servers[web1]", "server", f"{WEB1}:80", ""),
    ),
    "checked server removed": (
        f"ipvsadm -d -t {SHARED}:80 -r {WEB1}:80",
        ("farms[web].servers[web1]", "server", f"{WEB1}:80", ""),
    ),
    "server removed, keepalived": (
        f"ipvsadm -d -t {SHARED}:81 -r {WEB1}:81",
        ("farms[plain].servers[web1]", "server", f"{WEB1}:81", ""),
    ),
    "weight, ipvs": (
        f"ipvsadm -e -t {VIP}:80 -r {WEB1}:80 -m -w 9",
        ("farms[plain].servers[web1]", "weight", "1", "9"),
    ),
    "weight, keepalived": (
        f"ipvsadm -e -t {SHARED}:80 -r {WEB1}:80 -m -w 9",
        ("farms[web].servers[web1]", "weight", "1", "9"),
    ),
    "scheduler, ipvs": (
        f"ipvsadm -E -t {VIP}:80 -s lc",
        ("farms[plain]", "balance", "round_robin", "least_connections"),
    ),
    "scheduler, keepalived": (
        f"ipvsadm -E -t {SHARED}:80 -s sh -b sh-port",
        ("farms[web]", "balance", "round_robin", "source_port_hash"),
    ),
    "foreign server, ipvs": (
        f"ipvsadm -a -t {VIP}:80 -r 10.20.0.99:80 -m",
        ("virtual_servers[direct]", "server", "", "10.20.0.99:80"),
    ),
    "foreign server, keepalived": (
        f"ipvsadm -a -t {SHARED}:80 -r 10.20.0.99:80 -m",
        ("virtual_servers[www]", "server", "", "10.20.0.99:80"),
    ),
    "keepalived's file": (
        f"sed -i 's/advert_int 0.2/advert_int 0.3/' {OURS}",
        ("ha_groups[front]", OURS, "advert_int 0.2", "advert_int 0.3"),
    ),
    "daemon": ("systemctl stop keepalived", ("keepalived", "state", "running", "stopped")),
    "VIP": (
        f"set -- '{SHARED}/24 dev eth1'; {LOSE}",
        ("vips[www]", "address", f"{SHARED}/24 dev eth1", ""),
    ),
    "nftables flushed": ("nft delete table inet evenkeel", ("virtual_servers[ports]", "packet marks", "*", "")),
    "nftables' rules": ("nft flush chain inet evenkeel input", ("table inet evenkeel", "rules", "*", "")),
    "conntrack": ("sysctl -q -w net.ipv4.vs.conntrack=0", ("net.ipv4.vs.conntrack", "value", "1", "0")),
    "boot rules edited": (
        f"sed -i 's/{RULE}/{RULE}0/' {BOOT_RULES}",
        ("virtual_servers[direct]", BOOT_RULES, RULE, f"{RULE}0"),
    ),
    "boot rules removed": (f"rm {BOOT_RULES}", ("virtual_servers[direct]", BOOT_RULES, "*", "")),
}


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_is_named_and_left_until_a_run_ends_it(whole: Scene, kind: str) -> None:
    damage, (path, field, intended, running) = TAMPERING[kind]
    whole.director.shell(damage)
    eventually(lambda: kind == "daemon" or group(whole)["state"] == "master", 20)
    before = whole.director.shell(STATE)
    found = named(whole)
    assert whole.director.shell(STATE) == before
    matching = [one for one in found if one[:2] == (path, field) and intended in ("*", one[2])]
    assert [one[3] for one in matching] == [running], found
    whole.converge(document())
    eventually(lambda: named(whole) == [], 20)


def test_what_a_run_would_be_refused_for_is_named(whole: Scene) -> None:
    whole.director.shell(f"cp -a {MAIN} /root/main; sed -i /include/d {MAIN}; sysctl -q -w net.ipv4.ip_forward=0")
    try:
        before = whole.director.shell(STATE)
        entries = info(whole, "drift")["drift"]
        assert whole.director.shell(STATE) == before
    finally:
        whole.director.shell(f"mv /root/main {MAIN}; sysctl -q -w net.ipv4.ip_forward=1")
    refused = {(one["path"], one["field"]) for one in entries if one["action"] == "refuse"}
    assert refused == {(MAIN, ""), ("farms[web]", "mode"), ("farms[plain]", "mode")}
    assert named(whole) == []


def test_a_group_that_keepalived_does_not_run_is_named(whole: Scene) -> None:
    """Somebody gave keepalived another file, and put ours back."""
    reload = "systemctl reload keepalived; sleep 2"
    whole.director.shell(
        f"cp -a {OURS} /root/ours; sed -i 's/{SHARED}/10.10.0.61/' {OURS}; {reload}; mv /root/ours {OURS}"
    )
    assert ("ha_groups[front]", "vips", SHARED, "10.10.0.61") in named(whole)
    whole.converge(document())
    eventually(lambda: named(whole) == [], 20)
