# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pairs of directors with the keepalived of Debian 12 and of Debian 13: what VRRP does with what it is told, and what
of VIPs and connection synchronisation is put right when somebody else, or keepalived itself, leaves it wrong."""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.tests.contract.director import REPOSITORY, Director, lab
from ansible_collections.evenkeel.lb.tests.contract.losing import LOSE

SPEC = REPOSITORY / "tests/contract/pairs.yml"
LAB_NAME = f"contract-vrrp-{os.getpid()}"
HOSTS = ("lb1", "lb2", "lb3", "lb4")
MAIN = "global_defs {\n    router_id by-hand\n}\nstatic_routes {\n}\ninclude /etc/keepalived/evenkeel.conf\n"
# Advert intervals here are 0.2 s, so that a failover takes less than a second.
SECONDS_TO_SETTLE = 20.0
# Every character that arguments may have.
ARGUMENTS = ["-c1", "a=b@x.y:z,+%_-", "http://10.10.0.1", "2001:db8::1%eth1"]
SCRIPT = '#!/bin/sh\nprintf "%s\\n" "$@" > /run/arguments\nexec test ! -e /run/broken\n'


class Host(Director):
    """A director that knows what it is called, and what of VRRP it is asked for."""

    def __init__(self, name: str) -> None:
        super().__init__(LAB_NAME, name)
        self.name = name
        self.address = f"10.10.0.{10 + int(name[-1])}"

    def converge(self, document: Any, check: bool = False) -> dict[str, Any]:
        answer: dict[str, Any] = self.drive(
            "converge", {"document": document, "check_mode": check, "all_engines": True}
        )
        return answer

    def applied(self, document: Any) -> dict[str, Any]:
        answer = self.converge(document)
        assert answer["state"] in ("applied", "unchanged"), answer
        return answer

    def seen(self) -> dict[str, Any]:
        """What the collection sees of VRRP: instances, addresses, sync daemons."""
        answer: dict[str, Any] = self.drive("vrrp")
        return answer

    def state(self, group: str = "main") -> str:
        return str(self.seen()["instances"].get(group, {}).get("state"))

    def dump(self) -> dict[str, Any]:
        """What keepalived itself says about its instances, by name."""
        said = json.loads(self.shell(DUMP))
        return {instance["data"]["iname"]: {**instance["data"], **instance["stats"]} for instance in said}

    def holds(self, address: str) -> bool:
        return f" {address} " in self.shell("ip -o address show")

    def daemons(self) -> list[list[Any]]:
        found: list[list[Any]] = self.seen()["daemons"]
        return found


class Pair(NamedTuple):
    """Two directors that share VIPs. The first has the higher priority."""

    first: Host
    second: Host

    def document(self, member: str, *groups: dict[str, Any], **more: Any) -> dict[str, Any]:
        """What a member is told: one group with a VIP of each family and one inside; ``more`` goes to the group."""
        members = [
            {"name": "first", "priority": 150, "address": self.first.address},
            {"name": "second", "priority": 100, "address": self.second.address},
        ]
        main = {
            "name": "main",
            "virtual_router_id": 51,
            "interface": "eth1",
            "advert_interval": 0.2,
            "advertised_vip": "public",
            **copy.deepcopy(more),
        }
        vips = [
            {"name": "public", "address": "10.10.0.50/24", "ha_group": "main", "label": "eth1:web"},
            {"name": "public6", "address": "fd10::50/64", "ha_group": "main"},
            {"name": "gateway", "address": "10.20.0.50/24", "ha_group": "main", "interface": "eth2"},
        ]
        names = [group["name"] for group in groups]
        vips += [{"name": name, "address": f"10.30.{n}.1/24", "ha_group": name} for n, name in enumerate(names)]
        told = [{**group, "member": member, "members": members} for group in (main, *groups)]
        return {"ha_groups": told, "vips": vips}

    def told(self, *groups: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        """Both are told, one after the other; what each answered."""
        return [
            host.applied(self.document(name, *groups, **more))
            for host, name in zip(self, ("first", "second"), strict=True)
        ]

    def settles(self, *states: str, group: str = "main") -> None:
        """Wait until the two are in these states; those of the main group then hold all its VIPs or none."""
        waited(lambda: [host.state(group) for host in self] == list(states), f"{group} {states}")
        for host, wanted in zip(self, states, strict=True) if group == "main" else ():
            held = {line.split(" dev ")[0] for line in host.seen()["addresses"]}
            assert {"10.10.0.50/24", "fd10::50/64", "10.20.0.50/24"} & held == (VIPS if wanted == "active" else set())


VIPS = {"10.10.0.50/24", "fd10::50/64", "10.20.0.50/24"}
DUMP = """
rm -f /tmp/keepalived.json; kill -s $(keepalived --signum=JSON) $(systemctl show -p MainPID --value keepalived)
for i in $(seq 50); do python3 -m json.tool /tmp/keepalived.json 2>/dev/null && break; sleep 0.1; done
rm /tmp/keepalived.json
"""


def waited(condition: Callable[[], bool], what: str, seconds: float = SECONDS_TO_SETTLE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, Host]]:
    """Freshly booted hosts with keepalived, whose keepalived.conf has settings of the user's own and our include."""
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        found = {name: Host(name) for name in HOSTS}
        with ThreadPoolExecutor() as workers:
            list(workers.map(_prepare, found.values()))
        yield found
        for host in found.values():
            host.close()
    finally:
        lab("down", LAB_NAME)


def _prepare(host: Host) -> None:
    host.equip("keepalived", "ipvsadm", "tcpdump")
    host.shell("modprobe ip_vs; cat > /etc/keepalived/keepalived.conf", MAIN.encode())
    host.shell("cat > /usr/local/sbin/tracked; chmod 755 /usr/local/sbin/tracked", SCRIPT.encode())


@pytest.fixture(params=["bookworm", "trixie"])
def pair(hosts: dict[str, Host], request: pytest.FixtureRequest) -> Pair:
    """A pair of one distribution that holds nothing of ours."""
    return _empty(hosts, *{"bookworm": ("lb1", "lb2"), "trixie": ("lb3", "lb4")}[request.param])


@pytest.fixture
def mixed(hosts: dict[str, Host]) -> Pair:
    return _empty(hosts, "lb2", "lb3")


def _empty(hosts: dict[str, Host], first: str, second: str) -> Pair:
    for host in hosts.values():
        host.shell("rm -f /run/broken /run/arguments; ip link set eth2 up; systemctl start keepalived")
        host.applied({})
    return Pair(hosts[first], hosts[second])


def test_the_second_takes_over_and_gives_back(pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    assert [host.dump()["main"]["effective_priority"] for host in pair] == [150, 100]
    pair.first.shell("systemctl stop keepalived")
    waited(lambda: pair.second.state() == "active", "the second is active")
    assert not pair.first.holds("10.10.0.50/24") and pair.second.holds("10.10.0.50/24")
    pair.first.shell("systemctl start keepalived")
    pair.settles("active", "standby")
    assert "eth1:web" in pair.first.shell("ip -o -4 address show dev eth1")


def test_without_preemption_the_second_keeps_what_it_took(pair: Pair) -> None:
    pair.told(preempt=False)
    pair.settles("active", "standby")
    pair.first.shell("systemctl restart keepalived")
    pair.settles("standby", "active")
    time.sleep(2)
    assert [host.state() for host in pair] == ["standby", "active"]
    assert all(host.dump()["main"]["nopreempt"] for host in pair)
    assert [answer["state"] for answer in pair.told(preempt=False)] == ["unchanged", "unchanged"]


def test_unicast_adverts_go_to_the_other_and_nowhere_else(pair: Pair) -> None:
    pair.told(unicast=True)
    pair.settles("active", "standby")
    heard = pair.second.shell("timeout 10 tcpdump -c 5 -n -i eth1 'ip proto 112' 2>/dev/null").splitlines()
    assert len(heard) == 5
    assert all(f"IP {pair.first.address} > {pair.second.address}: VRRPv3" in line for line in heard), heard


def test_a_password_is_on_the_wire_and_nowhere_else(pair: Pair) -> None:
    secret = "p@s:=+,x"
    with_password = {"password": secret, "advert_interval": 1}
    answers = pair.told(**with_password)
    pair.settles("active", "standby")
    heard = pair.second.shell("timeout 10 tcpdump -c 2 -vv -n -i eth1 'ip proto 112' 2>/dev/null")
    assert "VRRPv2" in heard and f'auth "{secret}"' in heard
    assert [host.dump()["main"]["auth_data"] for host in pair] == [secret, secret]
    answers += [host.converge(pair.document("first", **{**with_password, "password": "another"}), check=True)
                for host in pair]  # fmt: skip
    assert secret not in json.dumps(answers) and "another" not in json.dumps(answers)
    assert "auth_pass ******** (changed)" in json.dumps(answers[-1]["texts"])
    for host in pair:
        assert secret not in host.shell("journalctl --no-pager; ls -l /tmp")
        assert "keepalived.json" not in host.shell("ls /tmp")
        found = host.shell(f"grep -rl --fixed-strings '{secret}' /etc /run /tmp /var | xargs -n1 stat -c '%a %n'")
        assert sorted(found.splitlines()) == ["600 /etc/evenkeel/lb.json", "600 /etc/keepalived/evenkeel.conf"]


def test_directors_with_different_passwords_do_not_hear_each_other(pair: Pair) -> None:
    pair.first.applied(pair.document("first", password="one", advert_interval=1))
    pair.second.applied(pair.document("second", password="two", advert_interval=1))
    pair.settles("active", "active")
    assert pair.second.dump()["main"]["auth_failure"] > 0
    pair.second.applied(pair.document("second", password="one", advert_interval=1))
    pair.settles("active", "standby")


INSIDE = {"name": "inside", "virtual_router_id": 52, "interface": "eth2", "advert_interval": 0.2, "sync_group": "nat"}


GATEWAY = {"name": "gateway", "script": "/usr/bin/ping", "arguments": ["-c1", "-W1", "-q", "10.10.0.1"]}


def test_groups_of_a_sync_group_move_together(pair: Pair) -> None:
    pair.told(INSIDE, sync_group="nat")
    for group in ("main", "inside"):
        pair.settles("active", "standby", group=group)
    pair.first.shell("ip link set eth2 down")
    for group in ("main", "inside"):
        waited(lambda group=group: pair.second.state(group) == "active", f"{group} follows")
    assert pair.first.state("main") != "active" and not pair.first.holds("10.10.0.50/24")
    pair.first.shell("ip link set eth2 up")
    for group in ("main", "inside"):
        pair.settles("active", "standby", group=group)


def test_a_silent_cut_of_one_side_moves_no_sync_group_unless_a_script_says_so(pair: Pair) -> None:
    pair.told(INSIDE, sync_group="nat")
    pair.settles("active", "standby")
    lab("cut", LAB_NAME, pair.first.name, "front")
    try:
        time.sleep(3)
        assert [host.state(group) for group in ("main", "inside") for host in pair] == ["active", "standby"] * 2
        pair.told(INSIDE, sync_group="nat", tracked_scripts=[GATEWAY])
        for group in ("main", "inside"):
            waited(lambda group=group: pair.second.state(group) == "active", f"{group} moves")
        assert not pair.first.holds("10.20.0.50/24") and pair.second.holds("10.20.0.50/24")
    finally:
        lab("join", LAB_NAME, pair.first.name, "front")
    pair.settles("active", "standby")


def test_an_interface_of_a_vip_takes_the_group_along(pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    pair.first.shell("ip link set eth2 down")
    pair.settles("faulty", "active")
    pair.first.shell("ip link set eth2 up")
    pair.settles("active", "standby")


def test_a_tracked_interface_takes_the_group_along(pair: Pair) -> None:
    front = {"name": "front", "virtual_router_id": 53, "interface": "eth1", "advert_interval": 0.2}
    pair.told({**front, "tracked_interfaces": ["eth1", "eth2"]})
    pair.settles("active", "standby", group="front")
    pair.first.shell("ip link set eth2 down")
    pair.settles("faulty", "active", group="front")
    assert [answer["state"] for answer in pair.told({**front, "tracked_interfaces": ["eth1", "eth2"]})] == [
        "unchanged",
        "unchanged",
    ]
    pair.first.shell("ip link set eth2 up")
    pair.settles("active", "standby", group="front")


def tracking(**more: Any) -> dict[str, Any]:
    return {"tracked_scripts": [{"name": "gw", "script": "/usr/local/sbin/tracked", "arguments": ARGUMENTS, **more}]}


def test_a_tracked_script_is_run_with_its_arguments_and_decides(pair: Pair) -> None:
    pair.told(**tracking())
    pair.settles("active", "standby")
    assert pair.first.shell("cat /run/arguments").splitlines() == ARGUMENTS
    quoted = " ".join(f"'{word}'" for word in ["/usr/local/sbin/tracked", *ARGUMENTS])
    assert pair.first.dump()["main"]["track_script"] == [quoted]
    pair.first.shell("touch /run/broken")
    pair.settles("faulty", "active")
    pair.first.shell("rm /run/broken")
    pair.settles("active", "standby")


def test_a_director_that_reaches_no_gateway_gives_the_inside_up_when_its_front_is_cut_silently(pair: Pair) -> None:
    """Without that, both are active: neither hears the other, and neither lost its carrier."""
    pair.told()
    pair.settles("active", "standby")
    lab("cut", LAB_NAME, pair.first.name, "front")
    try:
        waited(lambda: [host.state() for host in pair] == ["active", "active"], "both are active")
        assert [host.holds("10.20.0.50/24") for host in pair] == [True, True]
    finally:
        lab("join", LAB_NAME, pair.first.name, "front")
    pair.settles("active", "standby")
    pair.told(tracked_scripts=[{**GATEWAY, "fall": 2, "rise": 2}])
    pair.settles("active", "standby")
    lab("cut", LAB_NAME, pair.first.name, "front")
    try:
        pair.settles("faulty", "active")
        assert [host.holds("10.20.0.50/24") for host in pair] == [False, True]
    finally:
        lab("join", LAB_NAME, pair.first.name, "front")
    pair.settles("active", "standby")


def test_a_reload_with_everything_in_place_moves_nothing(pair: Pair) -> None:
    front = {"name": "front", "virtual_router_id": 53, "interface": "eth1", "sync_group": "nat"}
    more = {**tracking(), "tracked_interfaces": ["eth2"], "connection_sync": True, "sync_group": "nat"}
    pair.told(front, **more)
    pair.settles("active", "standby")
    since = pair.first.shell("date '+%F %T'").strip()
    time.sleep(1)
    for host, name in zip(pair, ("first", "second"), strict=True):
        document = pair.document(name, front, **more)
        document["vips"].append({"name": "z", "address": "10.10.0.77/24", "ha_group": "main"})
        answer = host.applied(document)
        assert [step[2] for step in answer["steps"]] == ["none"]
    pair.settles("active", "standby")
    assert pair.first.holds("10.10.0.77/24")
    for host in pair:
        assert "Entering" not in host.shell(f"journalctl -u keepalived --no-pager --since '{since}'")
    assert [answer["state"] for answer in pair.told(front, **more)] == ["applied", "applied"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("rm /usr/local/sbin/tracked", "there is no /usr/local/sbin/tracked on this director"),
        ("chmod 644 /usr/local/sbin/tracked", "is no program that may be executed"),
        ("chmod 777 /usr/local/sbin/tracked", "can be changed by others than root"),
        ("sed -i 1d /usr/local/sbin/tracked", "does not say what it is to be run by"),
    ],
)
def test_a_script_that_keepalived_would_not_run_is_refused(pair: Pair, damage: str, message: str) -> None:
    pair.first.shell(damage)
    try:
        answer = pair.first.converge(pair.document("first", **tracking()))
    finally:
        pair.first.shell("cat > /usr/local/sbin/tracked; chmod 755 /usr/local/sbin/tracked", SCRIPT.encode())
    assert answer["state"] == "refused"
    assert answer["problems"][0].startswith("ha_groups[main].tracked_scripts[gw].script: ")
    assert message in answer["problems"][0]
    assert not pair.first.holds("10.10.0.50/24")


def test_a_tracked_service_has_to_run(pair: Pair) -> None:
    """Our own kernel tells of processes; the packaged ones do not, and there it is refused."""
    for host in pair:
        host.shell("ln -sf $(command -v sleep) /usr/local/bin/a_service.x; a_service.x 600 > /dev/null 2>&1 & true")
    pair.told()
    pair.settles("active", "standby")
    # keepalived asks the kernel for processes when it starts, and only then
    for answer in pair.told(tracked_services=["a_service.x"]):
        assert (answer["reload"], answer["steps"]) == (
            ["keepalived restart"],
            [["change", "HA group main", "failover"]],
        )
    pair.settles("active", "standby")
    pair.first.shell("kill $(pidof -x a_service.x)")
    pair.settles("faulty", "active")
    pair.first.shell("a_service.x 600 > /dev/null 2>&1 & true")
    pair.settles("active", "standby")
    for answer in pair.told(tracked_services=["a_service.x"], tracked_interfaces=["eth2"]):
        assert answer["reload"] == ["keepalived reload"]
    pair.first.shell("kill $(pidof -x a_service.x)")
    pair.settles("faulty", "active")
    pair.second.shell("kill $(pidof -x a_service.x)")
    pair.settles("faulty", "faulty")


def test_the_sync_daemons_follow_the_state_and_every_change_of_the_wish(pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    assert [host.daemons() for host in pair] == [[], []]
    for answer in pair.told(connection_sync=True):
        assert [step[1:] for step in answer["steps"]] == [["connection sync", "none"]]
    assert [host.daemons() for host in pair] == [[["master", "eth1", 51]], [["backup", "eth1", 51]]]
    pair.first.shell("systemctl stop keepalived")
    waited(lambda: pair.second.daemons() == [["master", "eth1", 51]], "the second tells its connections")
    assert "sync daemon" not in pair.first.shell("ipvsadm -L --daemon")
    pair.first.shell("systemctl start keepalived")
    pair.settles("active", "standby")
    waited(lambda: pair.second.daemons() == [["backup", "eth1", 51]], "the second listens again")
    pair.told(connection_sync=True, virtual_router_id=77)
    pair.settles("active", "standby")
    assert [host.daemons() for host in pair] == [[["master", "eth1", 77]], [["backup", "eth1", 77]]]
    pair.told()
    assert [host.daemons() for host in pair] == [[], []]
    assert pair.first.shell("ipvsadm --start-daemon backup --mcast-interface eth2 --syncid 9") == ""
    try:
        assert pair.first.converge(pair.document("first"))["state"] == "unchanged"
        assert pair.first.daemons() == [["backup", "eth2", 9]]
    finally:
        pair.first.shell("ipvsadm --stop-daemon backup")


@pytest.mark.parametrize("engine", ["ipvs", "keepalived"])
def test_synchronisation_and_servers_of_another_family_make_way_for_each_other(pair: Pair, engine: str) -> None:
    for synchronises, server in [(True, "10.20.0.101"), (False, "fd20::101")] * 2:
        document = pair.document("first", connection_sync=synchronises)
        document["farms"] = [{"name": "web", "mode": "tunnel", "servers": [{"name": "s1", "address": server}]}]
        document["virtual_servers"] = [{"name": "web", "vip": "public", "port": 80, "farm": "web", "engine": engine}]
        pair.first.applied(document)
        assert pair.first.converge(document)["state"] == "unchanged"
        assert len(pair.first.daemons()) == (1 if synchronises else 0)
        destination = f"[{server}]" if ":" in server else server
        assert f"-r {destination}:80 -i -w 1" in pair.first.shell("ipvsadm -Sn")


@pytest.mark.parametrize("member", ["first", "second"])
def test_a_sync_daemon_that_somebody_stopped_is_seen_and_started_without_a_reload(pair: Pair, member: str) -> None:
    pair.told(connection_sync=True)
    pair.settles("active", "standby")
    host = getattr(pair, member)
    (before,) = host.daemons()
    host.shell(f"ipvsadm --stop-daemon {before[0]}")
    document = pair.document(member, connection_sync=True)
    step = ["repair", "connection sync: kernel", "none"]
    assert host.converge(document, check=True)["steps"] == [step]
    answer = host.applied(document)
    assert (answer["steps"], answer["reload"]) == ([step], [])
    assert host.daemons() == [before]
    assert host.converge(document)["state"] == "unchanged"


def test_keepalived_itself_puts_back_a_vip_that_somebody_removed(pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    for held in ("10.10.0.50/24 dev eth1", "fd10::50/64 dev eth1", "10.20.0.50/24 dev eth2"):
        pair.first.shell(f"ip address delete {held}")
        pair.settles("active", "standby")
    assert pair.first.converge(pair.document("first"), check=True)["steps"] == []


def test_a_vip_whose_loss_keepalived_did_not_hear_of_is_seen_and_put_back_without_a_reload(pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    lost = "set -- '10.10.0.50/24 dev eth1' 'fd10::50/64 dev eth1';"
    pair.first.shell(lost + LOSE)
    waited(lambda: [host.state() for host in pair] == ["active", "standby"], "the first is active")
    planned = pair.first.converge(pair.document("first"), check=True)
    assert planned["steps"] == [["repair", "VIP public", "none"], ["repair", "VIP public6", "none"]]
    answer = pair.first.applied(pair.document("first"))
    assert (answer["steps"], answer["reload"]) == (planned["steps"], [])
    pair.settles("active", "standby")
    addresses = pair.first.shell("ip -o address show dev eth1")
    assert "eth1:web" in addresses and "fd10::50/64 scope global nodad deprecated" in addresses
    assert pair.first.converge(pair.document("first"))["state"] == "unchanged"


def test_a_vip_that_somebody_added_to_the_standby_is_seen_and_removed(pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    pair.second.shell("ip address add 10.10.0.50/24 dev eth1; ip address add 10.10.0.50/32 dev lo")
    try:
        planned = pair.second.converge(pair.document("second"), check=True)
        assert planned["steps"] == [["repair", "VIP public", "reset"]]
        answer = pair.second.applied(pair.document("second"))
        assert (answer["steps"], answer["reload"]) == (planned["steps"], [])
        assert not pair.second.holds("10.10.0.50/24") and pair.second.holds("10.10.0.50/32")
    finally:
        pair.second.shell("ip address delete 10.10.0.50/32 dev lo")


def alone(*vips: dict[str, Any]) -> dict[str, Any]:
    return {"vips": [{"interface": "eth2", **vip} for vip in vips]}


def test_a_vip_without_a_group_is_held_by_its_director_alone_and_announced(pair: Pair) -> None:
    host, other = pair
    four, six = {"name": "four", "address": "10.20.0.71/24"}, {"name": "six", "address": "fd20::71/64"}
    capture = "timeout 20 tcpdump -c 3 -n -e -i eth2 'arp or icmp6[0] == 136' > /run/heard 2>/dev/null"
    other.shell(f'systemd-run -q --unit heard sh -c "{capture}"; sleep 1')
    answer = host.applied(alone(four, six))
    assert [step[:2] for step in answer["steps"]] == [["add", "VIP four"], ["add", "VIP six"]]
    assert host.holds("10.20.0.71/24") and host.holds("fd20::71/64")
    waited(lambda: "active" not in other.shell("systemctl is-active heard || true").split(), "three were heard", 25)
    heard = other.shell("cat /run/heard")
    assert "Request who-has 10.20.0.71 " in heard and "Reply 10.20.0.71 is-at" in heard
    assert "fd20::71 > ff02::1: ICMP6, neighbor advertisement" in heard
    host.shell("ip address delete 10.20.0.71/24 dev eth2")
    waited(lambda: host.holds("10.20.0.71/24"), "keepalived puts it back")
    host.shell("set -- '10.20.0.71/24 dev eth2';" + LOSE)
    assert host.converge(alone(four, six), check=True)["steps"] == [["repair", "VIP four", "none"]]
    assert host.applied(alone(four, six))["reload"] == []
    assert host.holds("10.20.0.71/24")
    host.applied(alone({**four, "label": "eth2:x"}))
    assert "eth2:x" in host.shell("ip -o -4 address show dev eth2") and not host.holds("fd20::71/64")
    host.applied({})
    assert not host.holds("10.20.0.71/24")


def test_a_vip_can_move_between_a_group_and_one_director(pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    document = pair.document("first")
    document["vips"][2].pop("ha_group")
    pair.first.applied(document)
    assert pair.first.holds("10.20.0.50/24")
    assert pair.first.converge(document, check=True)["steps"] == []
    pair.first.applied(pair.document("first"))
    pair.settles("active", "standby")


def test_the_users_own_settings_hold_beside_ours(pair: Pair) -> None:
    """A second global_defs block is joined with the first: the router id stays, the sync daemon comes."""
    pair.told(connection_sync=True)
    pair.settles("active", "standby")
    host = pair.first
    host.shell("kill -s $(keepalived --signum=DATA) $(systemctl show -p MainPID --value keepalived); sleep 1")
    data = host.shell("cat /tmp/keepalived.data; rm -f /tmp/keepalived*.data")
    assert "Router ID = by-hand" in data
    assert host.daemons() == [["master", "eth1", 51]]


def test_a_pair_of_two_versions_agrees_and_fails_over(mixed: Pair) -> None:
    mixed.told(INSIDE, sync_group="nat", connection_sync=True, **tracking())
    mixed.settles("active", "standby")
    mixed.first.shell("touch /run/broken")
    mixed.settles("faulty", "active")
    mixed.first.shell("rm /run/broken")
    mixed.settles("active", "standby")
    assert [host.daemons() for host in mixed] == [[["master", "eth1", 51]], [["backup", "eth1", 51]]]


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
HOSTILE = st.fixed_dictionaries(
    {
        "group": NAMES,
        "script": NAMES,
        "password": st.from_regex(r"[A-Za-z0-9._+:@=,-]{1,8}", fullmatch=True),
        "arguments": st.lists(st.from_regex(r"[A-Za-z0-9/._+:@=,%-]{1,40}", fullmatch=True), max_size=8),
    }
)


@given(HOSTILE)
@settings(
    max_examples=8,
    phases=[Phase.generate],
    print_blob=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_keepalived_understands_what_was_meant_whatever_the_fields_let_through(
    pair: Pair, said: dict[str, Any]
) -> None:
    host = pair.first
    document = pair.document("first", password=said["password"], advert_interval=1, **tracking(name=said["script"]))
    document["ha_groups"][0]["name"] = said["group"]
    document["ha_groups"][0]["tracked_scripts"][0]["arguments"] = said["arguments"]
    for vip in document["vips"]:
        vip["ha_group"] = said["group"]
    host.applied(document)
    ((name, data),) = host.dump().items()
    assert (name, data["auth_data"]) == (said["group"], said["password"])
    assert data["track_script"] == [" ".join(f"'{word}'" for word in ["/usr/local/sbin/tracked", *said["arguments"]])]
