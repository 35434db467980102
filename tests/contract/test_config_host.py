# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module lb_config on a real director, with both engines that fill the kernel's table: whole estates at once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import SPEC, Director, lab

LAB_NAME = f"contract-config-{os.getpid()}"
SERVICES = 50
SERVERS = 10
RECORD = "/etc/evenkeel/lb.json"
# All that a run may touch, without what the kernel counts.
STATE = f"""
for file in /etc/keepalived/evenkeel.conf {RECORD} /etc/ipvsadm.rules; do echo "== $file"; cat $file; done
ipvsadm -Sn | sort; systemctl show -p ActiveState -p MainPID -p NRestarts keepalived; ls -A /etc/evenkeel
"""

# A health check that finds a server well while there is a file of its address.
ALIVE = "/run/alive"
SCRIPT = "/usr/local/bin/is-alive"
# Who waits asks keepalived again and again, which then writes a file; the run before asks twice at most.
DUMP = "/tmp/keepalived_check.data"
UNTIL_IT_WAITS = f"""
for asked in 1 2 3 4; do
  until [ -e {DUMP} ]; do sleep 0.01; done
  while [ -e {DUMP} ]; do sleep 0.01; done
done
"""

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def director() -> Iterator[Director]:
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        host = Director(LAB_NAME)
        host.equip("keepalived", "ipvsadm")
        host.bring_modules()
        host.shell("modprobe ip_vs; echo 'include /etc/keepalived/evenkeel.conf' > /etc/keepalived/keepalived.conf")
        yield host
        host.close()
    finally:
        lab("down", LAB_NAME)


@pytest.fixture
def empty(director: Director) -> Director:
    """A director that holds nothing."""
    emptied = director.module("lb_config", config={}, state="overridden", allow_empty=True)
    assert emptied["transaction"]["state"] in ("applied", "unchanged"), emptied
    return director


@pytest.fixture(params=["ipvs", "keepalived"])
def engine(request: pytest.FixtureRequest, empty: Director) -> str:
    """One engine, on a director that holds nothing."""
    return str(request.param)


def estate(engine: str, services: int = SERVICES, **first: Any) -> Answer:
    """Virtual servers with a farm of ten servers each; the first server of all has fields of its own."""
    farms = [
        {
            "name": f"farm{number}",
            "servers": [
                {"name": f"server{server}", "address": f"10.20.{number + 1}.{server + 1}", "weight": 1}
                for server in range(SERVERS)
            ],
        }
        for number in range(services)
    ]
    farms[0]["servers"][0].update(first)  # type: ignore[attr-defined,index]
    return {
        "farms": farms,
        "virtual_servers": [
            {"name": f"service{number}", "vip": f"10.10.9.{number + 1}", "port": 80, "farm": f"farm{number}",
             "engine": engine}
            for number in range(services)
        ],
    }  # fmt: skip


def kernel(director: Director) -> list[str]:
    return director.shell("ipvsadm -Sn").splitlines()


def override(director: Director, config: Answer, **more: Any) -> Answer:
    return director.module("lb_config", config=config, state="overridden", **more)


def test_from_nothing_then_nothing_then_one_change(director: Director, engine: str) -> None:
    config = estate(engine)
    planned = override(director, config, _ansible_check_mode=True)
    assert kernel(director) == []
    first = override(director, config)
    assert first["transaction"]["state"] == "applied", first
    assert (planned["steps"], planned["objects"]) == (first["steps"], first["objects"])
    assert first["objects"]["servers"] == {"added": SERVICES * SERVERS, "changed": 0, "removed": 0}
    assert len(kernel(director)) == SERVICES * (1 + SERVERS)
    assert len(first["reload"]) <= 1 and bool(first["reload"]) == (engine == "keepalived")
    again = override(director, config)
    assert (again["changed"], again["steps"], again["transaction"]["state"]) == (False, [], "unchanged")
    before = kernel(director)
    changed = override(director, estate(engine, weight=7), _ansible_diff=True)
    assert changed["objects"]["servers"] == {"added": 0, "changed": 1, "removed": 0}
    assert changed["diff"][0]["before_header"] == "intended: farms[farm0]"
    differing = set(before) ^ set(kernel(director))
    assert len(differing) == 2 and all("10.20.1.1:80" in line for line in differing), differing


@pytest.mark.parametrize("check_mode", [True, False])
def test_half_a_wish_and_an_empty_one_are_refused(director: Director, engine: str, check_mode: bool) -> None:
    override(director, estate(engine))
    before = director.shell(STATE)
    half = override(director, estate(engine, SERVICES // 2), _ansible_check_mode=check_mode)
    told = {problem["path"]: problem["message"] for problem in half["problems"]}
    assert told["virtual_servers"].startswith(f"would lose {SERVICES // 2} of {SERVICES} recorded: service25, ")
    empty = override(director, {}, _ansible_check_mode=check_mode)
    assert f"{SERVICES} virtual servers (" in empty["problems"][0]["message"]
    assert director.shell(STATE) == before
    if not check_mode:
        assert override(director, estate(engine, SERVICES // 2), purge_limit=50)["changed"]
        assert len(kernel(director)) == SERVICES // 2 * (1 + SERVERS)
        assert override(director, {}, allow_empty=True)["changed"] and kernel(director) == []


def test_what_disturbs_too_much_is_refused_and_nothing_touched(director: Director, engine: str) -> None:
    override(director, estate(engine))
    before = director.shell(STATE)
    refused = override(director, estate(engine, SERVICES - 3, weight=5), max_impact="new_connections")
    assert (refused["failed"], refused["changed"], refused["transaction"]["state"]) == (True, False, "refused")
    assert len(refused["problems"]) == 3 and all("has impact reset" in item["message"] for item in refused["problems"])
    assert director.shell(STATE) == before
    assert override(director, estate(engine, weight=5), max_impact="new_connections")["changed"]
    assert override(director, estate(engine, SERVICES - 3, weight=5), max_impact="reset")["changed"]
    assert len(kernel(director)) == (SERVICES - 3) * (1 + SERVERS)


def test_deferred_wishes_are_applied_at_once(director: Director, engine: str) -> None:
    override(director, estate(engine, 1))
    before = director.shell(STATE)
    config = estate(engine, 3)
    for number in (1, 2):
        farm = director.module("lb_farm", defer=True, **config["farms"][number])
        service = director.module("lb_virtual_server", defer=True, **config["virtual_servers"][number])
        for answer in (farm, service):
            assert (answer["changed"], answer["steps"]) == (True, []), answer
            assert answer["transaction"]["state"] == "deferred"
    assert director.shell(STATE) == before.replace("\nlb.json\n", "\nlb.json\nlb.json.deferred\n")
    applied = director.module("lb_config")
    assert applied["transaction"]["state"] == "applied" and len(applied["reload"]) == (engine == "keepalived")
    assert applied["objects"]["virtual_servers"] == {"added": 2, "changed": 0, "removed": 0}
    assert len(kernel(director)) == 3 * (1 + SERVERS)
    assert director.shell("ls -A /etc/evenkeel").split() == ["lb.json"]
    assert not override(director, config)["changed"]


def test_a_failure_keeps_what_was_deferred(director: Director, engine: str) -> None:
    """The engine's file is a mount point, which cannot be replaced."""
    override(director, estate(engine, 1))
    assert director.module("lb_config", config=estate(engine, 2), defer=True)["changed"]
    before = director.shell(STATE)
    file = {"ipvs": "/etc/ipvsadm.rules", "keepalived": "/etc/keepalived/evenkeel.conf"}[engine]
    director.shell(f"mount --bind {file} {file}")
    try:
        failed = director.module("lb_config")
        assert failed["failed"] and failed["transaction"]["state"] == "restored", failed
        assert director.shell(STATE) == before
    finally:
        director.shell(f"umount {file}")
    assert director.module("lb_config")["transaction"]["state"] == "applied"
    assert len(kernel(director)) == 2 * (1 + SERVERS)


def test_two_at_once_are_both_done(director: Director, engine: str) -> None:
    """One adds all the services, the other a farm; whichever comes first, the other begins with its result."""
    with ThreadPoolExecutor() as pool:
        services = pool.submit(director.module, "lb_config", config=estate(engine))
        farms = [pool.submit(director.module, "lb_farm", name=f"spare{number}") for number in range(2)]
        answers = [future.result(120) for future in (services, *farms)]
    assert [answer["transaction"]["state"] for answer in answers] == ["applied"] * 3, answers
    assert len(kernel(director)) == SERVICES * (1 + SERVERS)
    names = [f"farm{number}" for number in range(SERVICES)] + ["spare0", "spare1"]
    held = director.module("lb_config", config={"farms": [{"name": name} for name in names]})
    assert not held["changed"]


def checked(script: str = SCRIPT, servers: int = 2, engine: str = "keepalived") -> Answer:
    """A virtual server whose servers a script tests every second; three failures in a row take one out."""
    return {
        "health_checks": [
            {"name": "alive", "type": "script", "script": script, "interval": 1, "timeout": 1, "retries": 3}
        ],
        "farms": [
            {"name": "web", "health_check": "alive",
             "servers": [{"name": f"web{number}", "address": f"10.20.1.{number}"} for number in range(1, servers + 1)]}
        ],
        "virtual_servers": [{"name": "web", "vip": "10.10.9.1", "port": 80, "farm": "web", "engine": engine}],
    }  # fmt: skip


def unhealthy(answer: Answer) -> list[str]:
    return [one["server"] for one in answer["waited"]["unhealthy"]]


def test_it_waits_until_servers_have_passed_their_health_check(empty: Director) -> None:
    """keepalived takes a server for healthy before its first test has ended, and while it has tries left."""
    director = empty
    director.shell(f"mkdir -p {ALIVE} && touch {ALIVE}/10.20.1.1 && cat > {SCRIPT} && chmod 755 {SCRIPT}",
                   f"#!/bin/sh\nexec test -e {ALIVE}/$1\n".encode())  # fmt: skip

    def wait(timeout: int, config: Answer | None = None, **more: Any) -> Answer:
        return director.module("lb_config", config=config or checked(), wait={"timeout": timeout}, **more)

    planned = wait(30, _ansible_check_mode=True)
    assert planned["waited"]["state"] == "planned" and kernel(director) == []
    given_up = wait(6)
    assert given_up["failed"] and given_up["changed"] and given_up["transaction"]["state"] == "applied", given_up
    assert given_up["waited"]["state"] == "timeout" and unhealthy(given_up) == ["web2"]
    assert "server web2 of virtual server web is down: its health check fails" in given_up["msg"]
    assert not director.module("lb_config", config=checked())["changed"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(wait, 60)
        director.shell(f"{UNTIL_IT_WAITS} touch {ALIVE}/10.20.1.2")
        healthy = waiting.result(120)
    assert (healthy["changed"], healthy["waited"]["state"], healthy["waited"]["servers"]) == (False, "healthy", 2)
    assert wait(5)["waited"]["state"] == "already_healthy"
    # one more, that is not well
    added = wait(2, checked(servers=3))
    assert added["failed"] and unhealthy(added) == ["web3"], added
    director.shell(f"touch {ALIVE}/10.20.1.3")
    assert wait(30, checked(servers=3))["waited"]["state"] in ("healthy", "already_healthy")
    # another health check of the same servers, which nobody passes
    changed = wait(8, checked("/usr/bin/false", servers=3))
    assert changed["failed"] and unhealthy(changed) == ["web1", "web2", "web3"], changed
    before = director.shell(STATE)
    refused = wait(5, checked(servers=3, engine="ipvs"))
    assert [problem["path"] for problem in refused["problems"]][-1] == "wait.for" and director.shell(STATE) == before
