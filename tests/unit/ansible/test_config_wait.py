# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lb_config that waits for health: options, results, check mode, and what stays when it gives up."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as room
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault
from ansible_collections.evenkeel.lb.tests.unit.ansible.estate import Answer, Estate

WEB1, WEB2, WEB6 = ("web", "web1"), ("web", "web2"), ("web6", "web1")
MORE = {"farms": [{"name": "web", "balance": "least_connections"}]}


@pytest.fixture
def estate(estate: Estate) -> Estate:
    """All servers are tested, and healthy."""
    estate.engine.healths = dict.fromkeys((WEB1, WEB2, WEB6), "up")
    return estate


def health_of(estate: Estate, server: tuple[str, str], health: str) -> None:
    estate.engine.healths[server] = health


def wait(estate: Estate, **more: Any) -> Answer:
    return estate.run(**{"config": MORE, "wait": {"timeout": 30}, **more})


def test_it_waits_after_it_applied_and_says_how_long(estate: Estate, warnings: list[str]) -> None:
    health_of(estate, WEB2, "down")
    estate.system.at(7, lambda: health_of(estate, WEB2, "up"))
    answer = wait(estate)
    assert answer["changed"] and answer["transaction"]["state"] == "applied" and "failed" not in answer
    waited = answer["waited"]
    assert 7 <= waited.pop("seconds") <= 7.5
    assert waited == {
        "for": "healthy", "state": "healthy", "virtual_servers": ["web"], "servers": 2, "unhealthy": [],
        "unchecked": [],
    }  # fmt: skip
    assert warnings == []
    again = wait(estate)
    assert (again["changed"], again["waited"]["state"]) == (False, "already_healthy")


def test_giving_up_names_the_servers_and_keeps_the_configuration(estate: Estate) -> None:
    health_of(estate, WEB2, "down")
    answer = wait(estate, wait={"for": "healthy", "timeout": 5})
    assert answer["failed"] and answer["changed"] and answer["transaction"]["state"] == "applied"
    assert answer["msg"] == (
        "gave up waiting for servers to be healthy after 5 s: 1 of 2 is not: server web2 of virtual server web is down:"
        " its health check fails. The configuration is applied and stays so. Run the task again to go on waiting"
    )
    assert answer["waited"]["unhealthy"] == [
        {"virtual_server": "web", "server": "web2", "health": "down", "why": "its health check fails"}
    ]
    assert answer["waited"]["state"] == "timeout" and answer["objects"]["farms"]["changed"] == 1
    assert estate.recorded().farms["web"].balance == "least_connections"


def test_what_the_task_does_not_concern_is_not_waited_for(estate: Estate) -> None:
    health_of(estate, WEB1, "down")
    answer = wait(estate, config={"vips": [{"name": "public6"}]})
    assert (answer["waited"]["state"], answer["waited"]["virtual_servers"]) == ("already_healthy", ["web6"])


def test_without_objects_all_are_waited_for(estate: Estate) -> None:
    health_of(estate, WEB1, "down")
    answer = estate.run(wait={"timeout": 1})
    assert answer["failed"] and answer["waited"]["virtual_servers"] == ["web", "web6"]


def test_check_mode_does_not_wait_and_says_what_it_would_do(estate: Estate) -> None:
    planned = wait(estate, _ansible_check_mode=True)
    assert (planned["waited"]["state"], planned["waited"]["virtual_servers"]) == ("planned", ["web"])
    wait(estate)
    assert wait(estate, _ansible_check_mode=True)["waited"]["state"] == "already_healthy"
    health_of(estate, WEB1, "down")
    seen = wait(estate, _ansible_check_mode=True)
    assert seen["waited"]["state"] == "planned" and seen["waited"]["unhealthy"][0]["server"] == "web1"
    assert "failed" not in seen and estate.system.naps == []


def test_servers_without_a_health_check_are_warned_of(estate: Estate, warnings: list[str]) -> None:
    health_of(estate, WEB1, "unchecked")
    assert wait(estate)["waited"]["unchecked"] == ["web/web1"]
    assert warnings == ["nothing tests web/web1, taken as healthy: no health check"]


def test_what_failed_is_not_waited_for(estate: Estate) -> None:
    answer = wait(estate, max_impact="none")
    assert answer["transaction"]["state"] == "refused" and "waited" not in answer and estate.system.naps == []


def test_a_host_that_cannot_tell_is_a_failure_that_says_what_stays(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: Any) -> None:
        raise HostFault("no netlink")

    monkeypatch.setattr(estate.engine, "status", broken)
    answer = wait(estate)
    assert answer["msg"].startswith("cannot tell whether the servers are healthy: no netlink. The configuration is")
    assert answer["changed"] and "waited" not in answer


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_engine_that_tests_nothing_is_refused_before_anything_is_changed(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, check_mode: bool
) -> None:
    monkeypatch.setattr(room, "engines", engines)
    before = estate.state()
    wish = {"virtual_servers": [{"name": "web", "engine": "ipvs"}]}
    answer = wait(estate, config=wish, _ansible_check_mode=check_mode)
    assert answer["problems"] == [
        {
            "path": "wait.for",
            "message": "healthy cannot be known of virtual server web: engine ipvs tests no server",
            "allowed": "engine: keepalived there, or a task without wait that names them",
        }
    ]
    assert answer["failed"] and not answer["changed"] and estate.state() == before


def test_all_that_is_wrong_with_it_is_told_at_once(estate: Estate) -> None:
    before = estate.state()
    answer = estate.run(config=MORE, state="deleted", defer=True, wait={"for": "happy", "timeout": 0, "until": 1})
    assert [problem["path"] for problem in answer["problems"]] == [
        "wait", "wait", "wait.for", "wait.timeout", "wait.until",
    ]  # fmt: skip
    assert estate.state() == before
