# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until servers are healthy: of which virtual servers, when it ends, and what it tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._health import (
    Health,
    HealthGoal,
    Unhealthy,
    concerned,
    left,
    untestable,
    wait_until_healthy,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Server
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair, pair_document
from ansible_collections.evenkeel.lb.tests.unit.night import Night

WEB1, WEB2, WEB6 = ("web", "web1"), ("web", "web2"), ("web6", "web1")
ALL = (WEB1, WEB2, WEB6)


class Scene:
    """The pair, whose three servers are all tested and healthy."""

    def __init__(self) -> None:
        self.system = Night()
        self.engine = MemoryEngine()
        self.words: list[str] = []
        self.change(lambda _recorded: pair())
        self.tell(up=ALL)
        self.system.locked.clear()

    def change(self, wish: Callable[[Configuration], Configuration]) -> None:
        assert reconcile(self.system, [self.engine], wish).transaction.state == "applied"

    def put(self, **fields: object) -> None:
        """What another run makes of server web2."""
        self.change(lambda recorded: recorded.with_server("web", Server(name="web2", **fields)))

    def tell(self, **healths: tuple[tuple[str, str], ...]) -> None:
        self.engine.healths.update({key: health for health, keys in healths.items() for key in keys})

    def wait(self, timeout: float = 30, of: frozenset[str] | None = None, just_begun: bool = False) -> Health:
        goal = HealthGoal(of, timeout)
        return wait_until_healthy(self.system, [self.engine], goal, just_begun, self.words.append)


# --- when it ends ---


def test_nothing_to_wait_for_ends_at_once() -> None:
    scene = Scene()
    assert scene.wait() == Health("already_healthy", 0.0, ("web", "web6"), 3)
    assert scene.system.naps == [] and scene.system.locked == []


def test_that_a_look_takes_time_is_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    moments = iter(range(100))
    monkeypatch.setattr(scene.system, "now", lambda: next(moments) / 1000)
    assert scene.wait().state == "already_healthy"


def test_it_ends_soon_after_the_last_server_is_up() -> None:
    scene = Scene()
    scene.tell(down=(WEB1, WEB2))
    scene.system.at(4, lambda: scene.tell(up=(WEB1,)))
    scene.system.at(12, lambda: scene.tell(up=(WEB2,)))
    waited = scene.wait()
    assert (waited.state, waited.unhealthy) == ("healthy", ()) and 12 <= waited.seconds <= 12.5
    assert scene.words == [
        "waiting for servers to be healthy: 1 of 3 is not: server web2 of virtual server web is down: its health check"
        " fails after 10 of 30 s"
    ]


def test_a_server_that_no_test_has_ended_of_is_waited_for() -> None:
    scene = Scene()
    scene.engine.tested = {WEB1: "untested", WEB2: "up", WEB6: "up"}
    scene.system.at(3, lambda: scene.engine.tested.update({WEB1: "up"}))
    assert (waited := scene.wait()).state == "healthy" and 3 <= waited.seconds <= 3.5


def test_what_only_the_tests_know_counts_where_the_status_does_not() -> None:
    scene = Scene()
    scene.tell(unknown=(WEB1,))
    scene.engine.tested = {WEB1: "up"}
    assert scene.wait().state == "already_healthy"


def test_the_tests_are_not_asked_for_while_a_server_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    scene.tell(down=(WEB1,))
    monkeypatch.setattr(scene.engine, "outcomes", lambda *_arguments: pytest.fail("asked"))
    assert scene.wait(2).state == "timeout"


def test_a_daemon_that_was_just_told_is_not_believed_at_once() -> None:
    scene = Scene()
    scene.system.at(0.5, lambda: scene.tell(down=(WEB1,)))
    scene.system.at(5, lambda: scene.tell(up=(WEB1,)))
    assert (waited := scene.wait(just_begun=True)).state == "healthy" and waited.seconds >= 5
    assert scene.wait(just_begun=True).seconds == pytest.approx(1, abs=0.5)


@pytest.mark.parametrize("health", ["down", "untested", "unknown"])
def test_a_timeout_says_which_servers_are_not_healthy_and_why(health: str) -> None:
    scene = Scene()
    if health == "untested":
        scene.engine.tested = {WEB2: health}
    else:
        scene.tell(**{health: (WEB2,)})
    waited = scene.wait(5)
    assert (waited.state, waited.seconds) == ("timeout", 5)
    assert waited.unhealthy == (Unhealthy("web", "web2", health),)
    assert f"server web2 of virtual server web is {health}: {waited.unhealthy[0].why}" in left(waited)


def test_a_virtual_server_that_does_not_run_is_missing() -> None:
    scene = Scene()
    del scene.engine.held["web6"]
    assert scene.wait(1).unhealthy == (Unhealthy("web6", "web1", "missing"),)


def test_of_many_servers_the_words_name_the_first() -> None:
    many = tuple(Unhealthy("web", f"web{number:02}", "down") for number in range(30))
    text = left(Health("timeout", 3, ("web",), 40, many))
    assert text.startswith("30 of 40 are not: ") and text.endswith("web09 of virtual server web is down: its health"
                                                                   " check fails; and 20 more, see waited")  # fmt: skip


def test_servers_that_nothing_tests_are_told() -> None:
    scene = Scene()
    scene.tell(unchecked=(WEB6,))
    waited = scene.wait()
    assert (waited.state, waited.unchecked, waited.servers) == ("already_healthy", ("web6/web1",), 3)


# --- others meanwhile ---


@pytest.mark.parametrize("state", ["drained", "disabled"])
def test_servers_that_are_not_enabled_are_not_waited_for(state: str) -> None:
    scene = Scene()
    scene.tell(down=(WEB2,))
    scene.system.at(3, lambda: scene.put(state=state))
    waited = scene.wait()
    assert (waited.state, waited.servers) == ("healthy", 2) and 3 <= waited.seconds <= 3.5


def test_a_virtual_server_that_another_run_removes_is_no_longer_waited_for() -> None:
    scene = Scene()
    scene.tell(down=(WEB6,))
    scene.system.at(2, lambda: scene.change(lambda recorded: recorded.without_object("virtual_servers", "web6")))
    assert scene.wait().virtual_servers == ("web",)


def test_a_record_that_cannot_be_read_is_a_fault() -> None:
    scene = Scene()
    scene.tell(down=(WEB1,))
    scene.system.at(1, lambda: scene.system.files.update({PATH: "{"}))
    with pytest.raises(HostFault):
        scene.wait()


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(ALL), st.sampled_from(["up", "down", "unknown"]))))
def test_it_ends_when_all_are_up_and_never_late(events: list[tuple[int, tuple[str, str], str]]) -> None:
    """Whatever becomes of the servers meanwhile."""
    scene = Scene()
    for seconds, key, health in events:
        scene.system.at(seconds, lambda key=key, health=health: scene.tell(**{health: (key,)}))
    waited = scene.wait(30)
    healths = scene.engine.healths
    assert (waited.state == "timeout") == bool(waited.unhealthy)
    assert {(one.virtual_server, one.server) for one in waited.unhealthy} == {
        key for key in ALL if healths[key] != "up"
    }
    assert waited.seconds <= 30


# --- of which virtual servers ---


@pytest.mark.parametrize(
    ("named", "virtual_servers"),
    [
        ({"virtual_servers": ["web6"]}, {"web6"}),
        ({"farms": ["web"]}, {"web"}),
        ({"health_checks": ["http"]}, {"web", "web6"}),
        ({"ha_groups": ["main"]}, {"web", "web6"}),
        ({"vips": ["public6"]}, {"web6"}),
        ({"farms": ["unused"], "virtual_servers": ["unknown"]}, set()),
        ({}, set()),
    ],
)
def test_those_that_are_named_or_use_what_is_named(named: dict[str, list[str]], virtual_servers: set[str]) -> None:
    document = pair_document()
    document["farms"].append({"name": "unused"})
    for farm in document["farms"]:
        farm["health_check"] = "http"
    wish = Configuration.from_document({kind: [{"name": name} for name in names] for kind, names in named.items()})
    assert concerned(Configuration.from_document(document), wish) == virtual_servers


def test_a_whole_configuration_concerns_all_its_virtual_servers() -> None:
    assert concerned(pair(), pair()) == {"web", "web6"}


def service_of(engine: str, **fields: Any) -> Configuration:
    document = pair_document()
    for service in document["virtual_servers"]:
        service.update({"engine": engine, **fields})
    return Configuration.from_document(document)


def test_what_an_engine_cannot_know_is_a_problem_that_names_the_nearest() -> None:
    (problem,) = untestable(engines(), service_of("ipvs"), HealthGoal(None))
    assert problem.path == "wait.for" and "virtual servers web, web6: engine ipvs tests no server" in problem.message
    assert problem.allowed.startswith("engine: keepalived")
    assert untestable(engines(), service_of("ipvs"), HealthGoal(frozenset({"other"}))) == []
    assert untestable(engines(), service_of("ipvs", enabled=False), HealthGoal(None)) == []
    assert untestable(engines(), service_of("keepalived"), HealthGoal(None)) == []
