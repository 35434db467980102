# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module lb_server with its option wait: drain, wait, remove; and what it says when that comes to no good end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as room
from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.server import run_server
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import EngineFault
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.connections import Connections
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import LOCK, Store
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Farm, Server
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair
from ansible_collections.evenkeel.lb.tests.unit.test_waiting import WEB2, Night

Answer = dict[str, Any]
NOTHING = {"inactive": 0, "flows": 0, "persistent": 0, "virtual_servers": []}


class Director:
    """A host that holds the pair, with the reference engine, and runs the module for the server web2."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.system, self.engine = Night(), MemoryEngine()
        self._capsys = capsys
        self.change(lambda _recorded: pair().with_server("web", Server(name="web2", weight=7)))

    def change(self, wish: Callable[[Configuration], Configuration]) -> None:
        """What another run does."""
        assert reconcile(self.system, [self.engine], wish).transaction.state == "applied"

    def put(self, **fields: object) -> None:
        self.change(lambda recorded: recorded.with_server("web", Server(name="web2", **fields)))

    def count(self, active: int, **more: Any) -> None:
        self.engine.counted[WEB2] = Connections(active, **more)

    def run(self, state: str, **arguments: Any) -> Answer:
        with patch_module_args({"farm": "web", "name": "web2", "state": state, **arguments}), pytest.raises(SystemExit):
            run_server()
        answer: Answer = json.loads(self._capsys.readouterr().out)
        return answer

    def recorded(self) -> Server | None:
        servers = Store(self.system).load().farms["web"].servers
        return next((server for server in servers if server.name == "web2"), None)

    def weights(self) -> list[int]:
        """What the engine runs the farm's servers with."""
        return [backend.weight for backend in self.engine.held["web"][0].backends]


@pytest.fixture
def director(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Director:
    made = Director(capsys)
    monkeypatch.setattr(room, "System", lambda: made.system)
    monkeypatch.setattr(room, "engines", lambda: [made.engine])
    return made


# --- drained ---


def test_a_drain_is_waited_for(director: Director) -> None:
    director.count(2, persistent=3)
    director.system.at(8, lambda: director.count(0))
    answer = director.run("drained", wait={"timeout": 60})
    assert answer["waited"] == {
        "for": "drained", "state": "drained", "seconds": pytest.approx(8, abs=0.5), "connections": 0, **NOTHING
    }  # fmt: skip
    assert (answer["changed"], answer["server"]["state"], answer["transaction"]["state"]) == (
        True,
        "drained",
        "applied",
    )
    again = director.run("drained", wait={})
    assert (again["changed"], again["waited"]["state"], again["waited"]["seconds"]) == (False, "already_drained", 0)


def test_without_wait_nothing_is_waited_for(director: Director) -> None:
    director.count(2)
    answer = director.run("drained")
    assert "waited" not in answer and director.system.naps == [] and answer["changed"]


def test_when_it_takes_too_long_the_task_fails_and_nothing_is_lost(director: Director) -> None:
    director.count(2, inactive=4)
    answer = director.run("drained", wait={"timeout": 30, "connections": 1})
    assert answer["failed"] and answer["changed"]
    assert answer["msg"] == (
        "gave up waiting for server web2 of farm web to drain after 30 s: 2 connections are left on virtual server web"
        " (1 allowed). It stays drained: it keeps its connections and gets no new ones. Run the task again to go on"
        " waiting, or one with state: present to bring it back"
    )
    assert answer["waited"] == {
        "for": "drained", "state": "timeout", "seconds": 30, "connections": 2, "inactive": 4, "flows": 0,
        "persistent": 0, "virtual_servers": ["web"],
    }  # fmt: skip
    assert (answer["server"]["state"], answer["server"]["weight"], director.weights()) == ("drained", 7, [1, 0])
    director.count(1)
    assert director.run("drained", wait={"connections": 1})["waited"]["state"] == "already_drained"


def test_a_server_that_is_down_is_told_apart(director: Director) -> None:
    director.engine.counted[WEB2] = None
    answer = director.run("drained", wait={})
    assert (answer["waited"]["state"], answer["waited"]["connections"]) == ("down", 0) and "failed" not in answer


def test_the_drain_stays_when_later_runs_do_not_mention_it(director: Director) -> None:
    director.run("drained", wait={})
    director.change(lambda recorded: recorded.with_object("farms", Farm(name="web", balance="source_hash")))
    servers = (Server(name="web1", address="10.20.0.21"), Server(name="web2", address="10.20.0.22", port=8080))
    director.change(lambda recorded: recorded.with_object("farms", Farm(name="web", servers=servers, quorum=1)))
    assert director.weights() == [1, 0] and director.recorded().weight == 7
    assert director.run("present")["server"] == {
        "name": "web2", "address": "10.20.0.22", "port": 8080, "weight": 7, "state": "enabled"
    }  # fmt: skip
    assert director.weights() == [1, 7]


def test_another_run_that_brings_it_back_ends_the_wait(director: Director) -> None:
    director.count(1)
    director.system.at(5, lambda: director.put(state="enabled"))
    answer = director.run("drained", wait={})
    assert answer["failed"] and answer["waited"]["state"] == "taken_back"
    assert answer["msg"] == (
        "stopped waiting for server web2 of farm web to drain: another run made it enabled meanwhile"
    )
    director.system.at(5, lambda: director.change(lambda recorded: recorded.without_server("web", "web2")))
    gone = director.run("drained", wait={})
    assert gone["failed"] and gone["msg"].endswith("to drain: another run removed it meanwhile")


def test_the_lock_is_free_while_it_waits(director: Director) -> None:
    director.count(1)
    director.system.locked.clear()
    director.run("drained", wait={"timeout": 100})
    assert director.system.locked == [LOCK]


def test_what_cannot_be_counted_is_told_with_what_was_done(director: Director, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_arguments: object) -> None:
        raise EngineFault("the kernel does not tell")

    monkeypatch.setattr(director.engine, "connections", fault)
    answer = director.run("drained", wait={})
    assert answer["failed"] and answer["changed"] and answer["transaction"]["state"] == "applied"
    assert "the kernel does not tell. It stays drained" in answer["msg"]


def test_a_drain_that_fails_is_not_waited_for(director: Director, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_arguments: object) -> None:
        raise EngineFault("the engine broke")

    monkeypatch.setattr(director.engine, "apply", fault)
    director.count(1)
    for state in ("drained", "absent"):
        answer = director.run(state, wait={})
        assert answer["failed"] and answer["transaction"]["state"] == "restored" and not answer["changed"]
        assert "waited" not in answer and director.system.naps == [] and director.weights() == [1, 7]


# --- absent ---


def test_a_removal_waits_for_the_drain(director: Director) -> None:
    director.count(1)
    seen = []
    director.system.at(3, lambda: seen.append((director.weights(), director.recorded().state)))
    director.system.at(6, lambda: director.count(0))
    answer = director.run("absent", wait={}, _ansible_diff=True)
    assert seen == [([1, 0], "drained")]
    assert director.weights() == [1] and director.recorded() is None
    assert (answer["server"], answer["changed"], answer["transaction"]["state"]) == ({}, True, "applied")
    assert answer["transaction"]["done"] == ["change virtual server web (memory)"] * 2
    assert (answer["waited"]["state"], answer["waited"]["seconds"]) == ("drained", pytest.approx(6, abs=0.5))
    intended = [
        yaml.safe_load(entry["after"]) for entry in answer["diff"] if entry["before_header"].startswith("intended")
    ]
    assert [[server.get("state") for server in farm["servers"]] for farm in intended] == [[None, "drained"], [None]]


def test_a_removal_that_takes_too_long_leaves_it_drained(director: Director) -> None:
    director.count(1)
    answer = director.run("absent", wait={"timeout": 10})
    assert answer["failed"] and answer["waited"]["state"] == "timeout"
    assert "It stays drained and was not removed: it keeps its connections" in answer["msg"]
    assert director.weights() == [1, 0] and answer["server"]["state"] == "drained"


def test_a_server_that_is_down_is_removed_at_once(director: Director) -> None:
    director.engine.counted[WEB2] = None
    answer = director.run("absent", wait={})
    assert answer["waited"]["state"] == "down" and director.recorded() is None


def test_what_is_not_there_or_takes_no_connections_is_not_drained_first(director: Director) -> None:
    director.put(state="disabled")
    answer = director.run("absent", wait={})
    assert answer["waited"] == {"for": "drained", "state": "already_drained", "seconds": 0, "connections": 0, **NOTHING}
    assert answer["transaction"]["state"] == "applied" and director.recorded() is None
    again = director.run("absent", wait={})
    assert (again["changed"], again["transaction"]["state"]) == (False, "unchanged")


def test_a_server_brought_back_at_the_last_moment_is_not_removed(
    director: Director, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the end of the wait and the lock of the removal."""
    lock = director.system.lock

    def lock_after_another(path: str, timeout: float) -> Any:
        if len(director.system.locked) == 2:
            director.system.locked.append("another")
            director.put(state="enabled")
        return lock(path, timeout)

    director.system.locked.clear()
    director.system.locked.append("before")
    monkeypatch.setattr(director.system, "lock", lock_after_another)
    answer = director.run("absent", wait={})
    assert answer["failed"] and answer["waited"]["state"] == "taken_back"
    assert answer["msg"].endswith("another run made it enabled meanwhile; it was not removed")
    assert director.weights() == [1, 7]


@pytest.mark.parametrize("other", ["removed", "disabled"])
def test_another_run_may_remove_it_first(director: Director, other: str) -> None:
    director.count(1)

    def meanwhile() -> None:
        if other == "removed":
            director.change(lambda recorded: recorded.without_server("web", "web2"))
        else:
            director.put(state="disabled")

    director.system.at(3, meanwhile)
    answer = director.run("absent", wait={})
    assert "failed" not in answer and director.recorded() is None
    assert answer["waited"]["state"] == ("removed" if other == "removed" else "taken_back")


def test_a_removal_that_cannot_be_is_refused_before_anything_drains(director: Director) -> None:
    director.change(lambda recorded: recorded.with_object("farms", Farm(name="web", quorum=5)))
    answer = director.run("absent", wait={})
    assert answer["problems"][0]["path"] == "farms[web].quorum" and not answer["changed"]
    assert director.weights() == [1, 7]


def test_a_removal_that_can_no_longer_be_is_told_with_what_was_done(director: Director) -> None:
    director.count(1)
    director.system.at(
        2, lambda: director.change(lambda recorded: recorded.with_object("farms", Farm(name="web", quorum=5)))
    )
    director.system.at(4, lambda: director.count(0))
    answer = director.run("absent", wait={})
    assert answer["failed"] and answer["changed"] and answer["waited"]["state"] == "drained"
    assert answer["msg"].startswith("server web2 of farm web was drained and stays so, but was not removed: ")
    assert [problem["path"] for problem in answer["problems"]] == ["farms[web].quorum"]
    assert director.recorded().state == "drained"


def test_a_removal_that_fails_leaves_it_drained(director: Director, monkeypatch: pytest.MonkeyPatch) -> None:
    verify = director.engine.verify

    def refuse(desired: Any, owned: Any, system: Any) -> Any:
        if len(desired["web"][0].backends) == 1:
            raise EngineFault("no more")
        return verify(desired, owned, system)

    monkeypatch.setattr(director.engine, "verify", refuse)
    answer = director.run("absent", wait={})
    assert answer["failed"] and answer["changed"] and answer["transaction"]["state"] == "restored"
    assert answer["transaction"]["done"] == ["change virtual server web (memory)"]
    assert answer["transaction"]["undone"] == ["change virtual server web (memory)"]
    assert "was drained and stays so, but was not removed: no more" in answer["msg"]
    assert director.weights() == [1, 0] and answer["server"]["state"] == "drained"


# --- check mode ---


@pytest.mark.parametrize("state", ["drained", "absent"])
@pytest.mark.parametrize("active", [0, 2, None])
def test_check_mode_says_what_the_run_then_does(director: Director, state: str, active: int | None) -> None:
    director.engine.counted[WEB2] = Connections(active) if active is not None else None
    before = (dict(director.system.files), dict(director.engine.held))
    arguments: dict[str, Any] = {"wait": {"timeout": 20}, "_ansible_diff": True}
    planned = director.run(state, _ansible_check_mode=True, **arguments)
    assert (dict(director.system.files), dict(director.engine.held)) == before and director.system.naps == []
    assert planned["waited"]["state"] == ("planned" if active is not None else "down")
    assert planned["waited"]["connections"] == (active or 0) and planned["transaction"]["state"] == "planned"
    if active:
        director.system.at(5, lambda: director.count(0))
    real = director.run(state, **arguments)
    for name in ("changed", "steps", "impact", "server"):
        assert planned[name] == real[name], name
    headers = [[entry["before_header"] for entry in answer["diff"]] for answer in (planned, real)]
    assert headers[0] == headers[1] and len(headers[0]) == (4 if state == "absent" else 2)
    intended = [
        [entry for entry in answer["diff"] if entry["before_header"].startswith("intended")]
        for answer in (planned, real)
    ]
    assert intended[0] == intended[1]
    again = director.run(state, _ansible_check_mode=True, **arguments)
    assert (again["changed"], again["steps"]) == (False, [])


def test_check_mode_of_a_removal_counts_no_repair_twice(director: Director) -> None:
    """What drifted is put back by the drain, so the removal after it has nothing left to repair."""
    del director.engine.held["web6"]
    planned = director.run("absent", wait={}, _ansible_check_mode=True)
    real = director.run("absent", wait={})
    assert [step["subject"] for step in planned["steps"]] == [
        "virtual server web", "virtual server web6", "virtual server web"
    ]  # fmt: skip
    assert planned["steps"] == real["steps"]


# --- words ---


def test_clients_that_persistence_brings_back_are_warned_of(director: Director, warnings: list[str]) -> None:
    director.count(0, persistent=3, sticky=True)
    answer = director.run("drained", wait={})
    assert answer["waited"]["persistent"] == 3
    assert len(warnings) == 1 and "expire_quiescent_template=1" in warnings[0]
    director.count(0, persistent=3)
    director.run("drained", wait={})
    assert len(warnings) == 1


def test_flows_of_datagrams_are_warned_of_while_they_still_come(director: Director, warnings: list[str]) -> None:
    director.count(0, flows=4)
    answer = director.run("drained", wait={})
    assert answer["waited"]["state"] == "already_drained" and answer["waited"]["flows"] == 4
    assert len(warnings) == 1 and warnings[0].startswith("4 flows of datagrams may still go to server web2 of farm web")
    director.run("absent", wait={})
    assert len(warnings) == 1


def test_a_long_wait_leaves_words_in_the_log(director: Director, monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[str] = []
    monkeypatch.setattr(room.Module, "log", lambda _module, text, **_more: words.append(text))
    director.count(1)
    director.run("drained", wait={"timeout": 25})
    assert [text for text in words if text.startswith("waiting for ")] == [
        "waiting for server web2 of farm web to drain: 1 connection is left on virtual server web after 10 of 25 s",
        "waiting for server web2 of farm web to drain: 1 connection is left on virtual server web after 20 of 25 s",
    ]


@pytest.mark.parametrize(
    ("state", "wait", "paths"),
    [
        ("present", {}, ["wait"]),
        ("disabled", {"timeout": 0}, ["wait", "wait.timeout"]),
        ("drained", {"timeout": 86401, "connections": -1}, ["wait.connections", "wait.timeout"]),
        ("drained", {"for": "rain", "until": 5}, ["wait.for", "wait.until"]),
        ("drained", {"timeout": "soon"}, ["wait.timeout"]),
        ("asleep", {}, ["state"]),
    ],
)
def test_what_is_wrong_with_a_wait_is_told_before_anything_is_done(
    director: Director, state: str, wait: Any, paths: list[str]
) -> None:
    before = dict(director.system.files)
    answer = director.run(state, wait=wait)
    assert answer["failed"] and [problem["path"] for problem in answer["problems"]] == paths
    assert director.system.files == before


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_removal_that_disturbs_too_much_is_refused_before_anything_drains(
    director: Director, check_mode: bool
) -> None:
    director.count(1)
    answer = director.run("absent", wait={}, max_impact="none", _ansible_check_mode=check_mode)
    assert answer["failed"] and not answer["changed"] and answer["transaction"]["state"] == "refused"
    assert [problem["path"] for problem in answer["problems"]] == ["max_impact"] and "waited" not in answer
    assert director.weights() == [1, 7] and answer["server"]["weight"] == 7


def test_what_is_deferred_cannot_be_waited_for(director: Director) -> None:
    answer = director.run("drained", wait={}, defer=True)
    assert [problem["path"] for problem in answer["problems"]] == ["wait"]
    deferred = director.run("drained", defer=True)
    assert (deferred["transaction"]["state"], deferred["server"]["state"]) == ("deferred", "drained")
    assert director.weights() == [1, 7]
