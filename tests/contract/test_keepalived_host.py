# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keepalived engine on a real director: what it does to files, daemon and kernel, and what a failure leaves."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from ansible_collections.evenkeel.lb.tests.contract.director import SPEC, Director, lab
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents, pair_document

LAB_NAME = f"contract-ka-{os.getpid()}"

STATE = """
for file in /etc/keepalived/evenkeel.conf /etc/evenkeel/lb.json /etc/ipvsadm.rules; do echo "== $file"; cat $file; done
ipvsadm -Sn | sort; systemctl show -p ActiveState -p MainPID -p NRestarts keepalived; ip -o address show dev eth1
"""


@pytest.fixture(scope="module")
def director() -> Iterator[Director]:
    """A freshly booted host with keepalived and ipvsadm; keepalived.conf includes our file and nothing else."""
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        host = Director(LAB_NAME)
        host.equip("keepalived", "ipvsadm")
        host.shell("modprobe ip_vs; echo 'include /etc/keepalived/evenkeel.conf' > /etc/keepalived/keepalived.conf")
        yield host
        host.close()
    finally:
        lab("down", LAB_NAME)


def reconcile(director: Director, document: Any, check: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = director.drive(
        "converge", {"document": document, "check_mode": check, "all_engines": True}
    )
    return answer


def kernel(director: Director) -> list[str]:
    """The kernel's services without health: lines of ipvsadm, sorted."""
    return sorted(director.shell("ipvsadm -Sn").split("\n")[:-1])


def lb1_document() -> dict[str, Any]:
    """The pair without health checks, so that servers that are not there stay in the kernel."""
    document = pair_document()
    document["farms"][0].pop("health_check")
    document["ha_groups"][0]["advert_interval"] = 0.1
    return document


def active_with(director: Director, document: Any) -> str:
    """The state of the director once it holds the document and its VIPs."""
    assert reconcile(director, document)["state"] == "applied"
    director.shell(
        "for i in $(seq 100); do ip -6 address show dev eth1 | grep -q fd10::50 && exit 0; sleep 0.1; done; exit 1"
    )
    return director.shell(STATE)


@pytest.fixture(autouse=True)
def empty(director: Director) -> None:
    """Each test begins with a director that holds nothing of ours."""
    answer = reconcile(director, {})
    assert answer["state"] in ("applied", "unchanged"), answer
    assert kernel(director) == []


def test_from_nothing_to_a_pair_and_again(director: Director) -> None:
    planned = reconcile(director, lb1_document(), check=True)
    assert (planned["state"], kernel(director)) == ("planned", [])
    applied = reconcile(director, lb1_document())
    assert (applied["state"], applied["steps"]) == ("applied", planned["steps"]), applied
    assert kernel(director) == [
        "-A -t 10.10.0.50:80 -s rr",
        "-A -t [fd10::50]:80 -s wlc",
        "-a -t 10.10.0.50:80 -r 10.20.0.21:80 -m -w 1",
        "-a -t 10.10.0.50:80 -r 10.20.0.22:8080 -m -w 1",
        "-a -t [fd10::50]:80 -r [fd20::21]:80 -m -w 1",
    ]
    assert director.shell("stat -c %a /etc/keepalived/evenkeel.conf /etc/evenkeel/lb.json").split() == ["600", "600"]
    assert reconcile(director, lb1_document())["state"] == "unchanged"


def test_a_server_that_its_health_check_took_out_is_no_change(director: Director) -> None:
    document = pair_document()
    document["health_checks"][0].update(interval=0.1, timeout=0.1, retries=1)
    assert reconcile(director, document)["state"] == "applied"
    director.shell("for i in $(seq 100); do ipvsadm -Sn | grep -q 10.20.0.21 || exit 0; sleep 0.1; done; exit 1")
    assert reconcile(director, document)["state"] == "unchanged"


def test_changes_are_edits_in_place(director: Director) -> None:
    document = lb1_document()
    reconcile(director, document)
    pid = director.shell("systemctl show -p MainPID keepalived")
    document["farms"][0].update(balance="source_hash", persistence_timeout=60, persistence_netmask="255.255.255.0")
    document["farms"][0]["servers"][0].update(weight=5)
    document["farms"][0]["servers"][1].update(state="drained")
    answer = reconcile(director, document)
    assert (answer["state"], answer["reload"]) == ("applied", ["keepalived reload"])
    assert kernel(director)[0] == "-A -t 10.10.0.50:80 -s sh -p 60 -M 255.255.255.0"
    assert kernel(director)[2:4] == [
        "-a -t 10.10.0.50:80 -r 10.20.0.21:80 -m -w 5",
        "-a -t 10.10.0.50:80 -r 10.20.0.22:8080 -m -w 0",
    ]
    assert director.shell("systemctl show -p MainPID keepalived") == pid


def test_a_farm_whose_servers_all_drain_is_accepted(director: Director) -> None:
    document = lb1_document()
    for server in document["farms"][0]["servers"]:
        server["state"] = "drained"
    assert reconcile(director, document)["state"] == "applied"
    assert [line[-4:] for line in kernel(director) if "10.20" in line] == ["-w 0", "-w 0"]


def test_a_refused_candidate_leaves_everything_as_it_was(director: Director) -> None:
    before = active_with(director, lb1_document())
    bad = lb1_document()
    bad["vips"].append({"name": "bad", "address": "10.99.0.1/24", "interface": "eth9", "ha_group": "main"})
    bad["virtual_servers"].append({"name": "more", "vip": "bad", "port": 443, "farm": "web"})
    answer = reconcile(director, bad)
    assert answer["state"] == "refused"
    assert "HA group main: keepalived -t says: " in answer["problems"][0] and "eth9" in answer["problems"][0]
    assert director.shell(STATE) == before
    assert "evenkeel-c" not in director.shell("ls -A /etc/keepalived")


def test_when_the_reload_fails_everything_is_put_back(director: Director) -> None:
    before = active_with(director, lb1_document())
    override = "/run/systemd/system/keepalived.service.d"
    director.shell(
        f"mkdir -p {override} && printf '[Service]\\nExecReload=\\nExecReload=/bin/sh -c \"! rm {override}/broken\"\\n'"
        f" > {override}/x.conf && touch {override}/broken && systemctl daemon-reload"
    )
    try:
        more = lb1_document()
        more["virtual_servers"].append({"name": "more", "vip": "public", "port": 443, "farm": "web"})
        more["farms"][0]["servers"][1].pop("port")
        answer = reconcile(director, more)
    finally:
        director.shell(f"rm -r {override} && systemctl daemon-reload")
    assert answer["state"] in ("restored", "failed") and "systemctl reload keepalived.service failed" in answer["fault"]
    assert director.shell(STATE) == before


def test_a_missing_include_is_named_before_anything_moves(director: Director) -> None:
    director.shell(
        "cp -a /etc/keepalived/keepalived.conf /root/keep && sed -i /include/d /etc/keepalived/keepalived.conf"
    )
    try:
        before = director.shell(STATE)
        answer = reconcile(director, lb1_document())
        assert answer["state"] == "refused"
        assert "does not include /etc/keepalived/evenkeel.conf" in answer["problems"][0]
        assert director.shell(STATE) == before
    finally:
        director.shell("mv /root/keep /etc/keepalived/keepalived.conf")


def test_what_the_user_configured_stays(director: Director) -> None:
    own = "virtual_server 10.10.0.99 25 {\\n protocol TCP\\n lvs_sched rr\\n real_server 10.20.0.9 25 {\\n }\\n}\\n"
    director.shell(
        f"cp -a /etc/keepalived/keepalived.conf /root/keep && printf '{own}' >> /etc/keepalived/keepalived.conf"
    )
    director.shell("systemctl restart keepalived; ipvsadm -A -u 10.10.0.98:53 -s rr")
    try:
        active_with(director, lb1_document())
        # a run that was killed may leave one on its way
        director.shell("systemctl --no-block restart keepalived")
        assert reconcile(director, {})["state"] == "applied"
        assert kernel(director) == [
            "-A -t 10.10.0.99:25 -s rr",
            "-A -u 10.10.0.98:53 -s rr",
            "-a -t 10.10.0.99:25 -r 10.20.0.9:25 -m -w 1",
        ]
    finally:
        director.shell(
            "mv /root/keep /etc/keepalived/keepalived.conf; systemctl reload keepalived; ipvsadm -D -u 10.10.0.98:53"
        )
        director.shell("for i in $(seq 50); do ipvsadm -Sn | grep -q 10.10.0.99 || exit 0; sleep 0.1; done; exit 1")


@pytest.mark.parametrize(
    ("damage", "subject"),
    [
        ("ipvsadm -D -t 10.10.0.50:80", "kernel: tcp 10.10.0.50:80"),
        ("ipvsadm -E -t 10.10.0.50:80 -s lc", "kernel: tcp 10.10.0.50:80"),
        ("ipvsadm -e -t 10.10.0.50:80 -r 10.20.0.21:80 -m -w 9", "kernel: tcp 10.10.0.50:80"),
        ("ipvsadm -a -t 10.10.0.50:80 -r 10.20.0.77:80 -m -w 9", "kernel: tcp 10.10.0.50:80"),
        ("sed -i s/lvs_sched/lvs_scheduler/ /etc/keepalived/evenkeel.conf", "virtual server web"),
        ("rm /etc/keepalived/evenkeel.conf", "virtual server web"),
        ("systemctl stop keepalived", "keepalived"),
    ],
)
def test_what_somebody_changed_behind_our_back_is_seen_and_put_back(
    director: Director, damage: str, subject: str
) -> None:
    reconcile(director, lb1_document())
    before = kernel(director)
    director.shell(damage)
    seen = reconcile(director, lb1_document(), check=True)
    assert subject in [name for _action, name, _impact in seen["steps"]]
    assert reconcile(director, lb1_document())["state"] == "applied"
    assert kernel(director) == before
    assert reconcile(director, lb1_document())["state"] == "unchanged"


@given(first=documents(), second=documents())
@settings(
    max_examples=8,
    phases=[Phase.generate],
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_from_any_configuration_to_any_other(director: Director, first: Any, second: Any) -> None:
    """The kernel then holds what it holds on the way from nothing, and there is nothing left to do."""
    for document in (first, second):
        without_checks = copy.deepcopy(document)
        for farm in without_checks["farms"]:
            farm.pop("health_check", None)
        planned = reconcile(director, without_checks, check=True)
        applied = reconcile(director, without_checks)
        assert applied["state"] in ("applied", "unchanged"), applied
        assert applied["steps"] == planned["steps"]
        assert reconcile(director, without_checks)["state"] == "unchanged"
    direct = kernel(director)
    reconcile(director, {})
    reconcile(director, without_checks)
    assert kernel(director) == direct
