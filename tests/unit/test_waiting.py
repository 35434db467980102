# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until a server has drained: when it ends, what it tells, and that others can work meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.connections import Connections
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH, Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Server
from ansible_collections.evenkeel.lb.plugins.module_utils._model.virtual_server import VirtualServer
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.plugins.module_utils._waiting import (
    Goal,
    Waited,
    counted,
    left,
    wait_until_drained,
)
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair
from ansible_collections.evenkeel.lb.tests.unit.night import Night

WEB2 = ("web", "web2")


class Scene:
    """The pair, whose server web2 drains, and the engine that counts its connections."""

    def __init__(self, active: int = 0, **more: int) -> None:
        self.system = Night()
        self.engine = MemoryEngine()
        self.words: list[str] = []
        self.change(lambda _recorded: pair().with_server("web", Server(name="web2", state="drained", weight=7)))
        self.count(active, **more)
        self.system.locked.clear()

    def change(self, wish: Callable[[Configuration], Configuration]) -> None:
        """What another run does."""
        assert reconcile(self.system, [self.engine], wish).transaction.state == "applied"

    def put(self, **fields: object) -> None:
        self.change(lambda recorded: recorded.with_server("web", Server(name="web2", **fields)))

    def count(self, active: int, **more: int) -> None:
        self.engine.counted[WEB2] = Connections(active, **more)

    def gone(self) -> None:
        """Its health check takes it out."""
        self.engine.counted[WEB2] = None

    def wait(self, timeout: float = 30, connections: int = 0, just_begun: bool = False) -> Waited:
        goal = Goal("web", "web2", timeout, connections)
        return wait_until_drained(self.system, [self.engine], goal, just_begun, self.words.append)


def test_nothing_to_wait_for_ends_at_once() -> None:
    scene = Scene()
    assert scene.wait() == Waited("already_drained", 0, {"web": Connections()})
    assert scene.system.naps == []


def test_it_ends_soon_after_the_last_connection() -> None:
    scene = Scene(3)
    scene.system.at(7, lambda: scene.count(1))
    scene.system.at(12, lambda: scene.count(0, inactive=1))
    waited = scene.wait(just_begun=True)
    assert waited.state == "drained" and waited.found == {"web": Connections(0, 1)}
    assert 12 <= waited.seconds <= 12.5


def test_a_threshold_is_enough() -> None:
    scene = Scene(3)
    scene.system.at(5, lambda: scene.count(2))
    assert (waited := scene.wait(connections=2)).state == "drained"
    assert waited.total.active == 2 and waited.seconds < 6


def test_a_handshake_that_began_before_the_drain_is_waited_for() -> None:
    """The kernel counts it among the inactive ones until the client's answer has come."""
    scene = Scene(0, inactive=1)
    scene.system.at(0.5, lambda: scene.count(1))
    scene.system.at(4, lambda: scene.count(0, inactive=1))
    waited = scene.wait(just_begun=True)
    assert waited.state == "drained" and waited.seconds >= 4
    # one that has drained for long has no such handshakes
    assert Scene(0, inactive=1).wait(just_begun=False).seconds == 0
    closing = Scene(0, inactive=5).wait(just_begun=True)
    assert closing.state == "already_drained" and 1 <= closing.seconds <= 1.5


def test_flows_of_datagrams_are_not_waited_for() -> None:
    waited = Scene(0, flows=9).wait(just_begun=True)
    assert (waited.state, waited.seconds, waited.total.flows) == ("already_drained", 0, 9)


def test_it_gives_up_in_time() -> None:
    scene = Scene(1)
    waited = scene.wait(timeout=20)
    assert waited.state == "timeout" and waited.busy == ("web",)
    assert waited.seconds == pytest.approx(20) and scene.system.time == pytest.approx(20)


def test_a_server_that_its_health_check_took_out_is_down() -> None:
    scene = Scene(2)
    scene.system.at(3, scene.gone)
    waited = scene.wait()
    assert waited.state == "down" and 3 <= waited.seconds <= 3.5
    scene = Scene()
    scene.gone()
    assert scene.wait().state == "down"


def test_connections_of_all_virtual_servers_count() -> None:
    scene = Scene()
    scene.change(
        lambda recorded: recorded.with_object(
            "virtual_servers", VirtualServer(name="more", vip="public", port=443, farm="web")
        )
    )
    scene.engine.counted[("more", "web2")] = Connections(2, persistent=4)
    waited = scene.wait(timeout=5)
    assert waited.state == "timeout" and waited.busy == ("more",)
    assert waited.total == Connections(2, persistent=4)
    # one that is down in one virtual server still has connections in the other
    scene.gone()
    assert scene.wait(timeout=5).state == "timeout"


def test_a_farm_that_no_virtual_server_uses_has_nothing_to_wait_for() -> None:
    scene = Scene(5)
    scene.change(lambda recorded: recorded.without_object("virtual_servers", "web"))
    assert scene.wait() == Waited("already_drained")


@pytest.mark.parametrize(("state", "now"), [("enabled", "enabled"), ("disabled", "disabled")])
def test_what_another_run_makes_of_the_server_ends_the_wait(state: str, now: str) -> None:
    scene = Scene(1)
    scene.system.at(4, lambda: scene.put(state=state))
    waited = scene.wait()
    assert (waited.state, waited.now) == ("taken_back", now) and 4 <= waited.seconds <= 4.5


def test_another_run_that_removes_the_server_ends_the_wait() -> None:
    scene = Scene(1)
    scene.system.at(4, lambda: scene.change(lambda recorded: recorded.without_server("web", "web2")))
    assert scene.wait().state == "removed"
    scene = Scene(1)
    scene.system.at(4, lambda: scene.change(lambda _recorded: Configuration()))
    assert scene.wait().state == "removed"


def test_a_change_that_leaves_it_drained_does_not_end_the_wait() -> None:
    scene = Scene(1)
    scene.system.at(4, lambda: scene.put(weight=9))
    scene.system.at(8, lambda: scene.count(0))
    assert scene.wait().seconds >= 8
    assert Store(scene.system).load().farms["web"].servers[1].state == "drained"


def test_no_lock_is_held_and_the_record_is_parsed_only_when_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(1)
    parsed = []
    load = Store.load
    monkeypatch.setattr(Store, "load", lambda store: parsed.append(store) or load(store))
    assert scene.wait().state == "timeout"
    assert scene.system.locked == []
    assert scene.system.reads.count(PATH) > 50 and len(parsed) == 1


def test_it_says_every_ten_seconds_what_is_left() -> None:
    scene = Scene(3)
    scene.system.at(15, lambda: scene.count(1))
    assert scene.wait(timeout=40).state == "timeout"
    assert scene.words[:2] == [
        "waiting for server web2 of farm web to drain: 3 connections are left on virtual server web after 10 of 40 s",
        "waiting for server web2 of farm web to drain: 1 connection is left on virtual server web after 20 of 40 s",
    ]
    assert len(scene.words) == 3


def test_looking_takes_at_most_a_fifth_of_the_time() -> None:
    scene = Scene(1)
    read = scene.system.read

    def slow(path: str) -> str | None:
        scene.system.time += 0.5
        return read(path)

    scene.system.read = slow  # type: ignore[method-assign]
    assert scene.wait(timeout=60).state == "timeout"
    first, *others, last = scene.system.naps
    assert len(others) > 10 and all(nap == pytest.approx(2) for nap in others)
    # the first look reads the record again to parse it, and what was deferred, each for another half second here
    assert first == pytest.approx(6) and last <= 2
    assert scene.system.time <= 61


def test_a_damaged_record_is_a_fault() -> None:
    scene = Scene(1)
    scene.system.at(2, lambda: scene.system.files.update({PATH: json.dumps({"version": 99})}))
    with pytest.raises(HostFault, match="version 99"):
        scene.wait()


def test_what_is_left_in_words() -> None:
    names = {f"v{number}": Connections(1) for number in range(12)}
    assert left(Waited("timeout", found=names)).startswith("12 connections are left on virtual servers v0, v1, v10")
    assert left(Waited("timeout", found=names)).endswith(" and 2 more")
    assert left(Waited("drained", found={"web": Connections()})) == "0 connections are left"


@pytest.mark.parametrize(
    ("active", "state", "expected"),
    [
        (0, "drained", "already_drained"),
        (2, "drained", "planned"),
        (0, "enabled", "planned"),
        (None, "drained", "down"),
        (None, "enabled", "down"),
        (0, "disabled", "already_drained"),
    ],
)
def test_check_mode_tells_what_a_wait_would_find(active: int | None, state: str, expected: str) -> None:
    scene = Scene()
    if state != "drained":
        scene.put(state=state)
    scene.engine.counted[WEB2] = Connections(active) if active is not None else None
    recorded = Store(scene.system).load()
    assert counted([scene.engine], recorded, Goal("web", "web2"), scene.system).state == expected
    assert scene.system.naps == []


CHANGES = st.lists(st.tuples(st.floats(0, 40), st.none() | st.integers(0, 5), st.integers(0, 2)), max_size=12)


@given(
    first=st.integers(0, 5),
    changes=CHANGES,
    timeout=st.integers(1, 40),
    allowed=st.integers(0, 3),
    just_begun=st.booleans(),
)
def test_whatever_happens_it_ends_with_what_was_true_then(
    first: int, changes: list[tuple[float, int | None, int]], timeout: int, allowed: int, just_begun: bool
) -> None:
    """Within its timeout, and never as drained while more connections are open than allowed."""
    scene = Scene(first, inactive=1)
    for time, active, inactive in changes:
        happening = scene.gone if active is None else lambda a=active, i=inactive: scene.count(a, inactive=i)
        scene.system.at(time, happening)
    waited = scene.wait(timeout, allowed, just_begun)
    now = scene.engine.counted[WEB2]
    assert waited.found == {"web": now}
    assert waited.seconds <= timeout + 0.01
    assert (waited.state == "down") == (now is None)
    assert (waited.state == "timeout") == (now is not None and now.active > allowed)
    if waited.state == "timeout":
        assert waited.seconds == pytest.approx(timeout)
    if waited.state == "already_drained":
        assert first <= allowed and waited.seconds <= 1.5
    if waited.state == "drained":
        assert waited.seconds > 0
    if not changes:
        assert waited.state == ("already_drained" if first <= allowed else "timeout")
