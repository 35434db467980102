# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook drain: in which order directors hear of it, what the operator sees, and when nothing is removed."""

from __future__ import annotations

from typing import Any

from .conftest import Perform, Played

WISH = {"drain_farm": "web", "drain_server": "web2"}
CHANGED = {"changed": True, "server": {"name": "web2", "state": "drained"}}


def recorded(server: str = "web2", **state: str) -> dict[str, Any]:
    """A server whose state was never said, unless it is."""
    farm = {"name": "web", "servers": [{"name": server, **state}]}
    return {"changed": False, "config": {"farms": [{"name": "empty"}, farm]}}


def waited(state: str, connections: int = 0) -> dict[str, Any]:
    busy = ["www"] if connections else []
    told = {"for": "drained", "state": state, "seconds": 1.0, "connections": connections, "virtual_servers": busy}
    failed = {"failed": True, "msg": f"the module says {state}"} if state in ("timeout", "taken_back") else {}
    return {"changed": False, "waited": told, **failed}


def director(*answers: dict[str, Any], info: dict[str, Any] | None = None) -> dict[str, list[dict[str, Any]]]:
    return {"lb_info": [info or recorded()], "lb_server": list(answers)}


def asked(played: Played, *states: str) -> list[tuple[str, str, bool]]:
    """What the module of a server was asked for: director, state, and whether to wait."""
    calls = [call for call in played.calls if call.module == "lb_server"]
    return [(call.host, call.arguments["state"], "wait" in call.arguments) for call in calls]


def test_no_director_is_waited_for_before_all_drain(perform: Perform) -> None:
    drains = director(CHANGED, waited("drained"))
    played = perform("evenkeel.lb.drain", {"lb1": drains, "lb2": drains}, **WISH)
    assert played.status == 0, played.shown
    steps = asked(played)
    assert set(steps[:2]) == {("lb1", "drained", False), ("lb2", "drained", False)}
    assert set(steps[2:]) == {("lb1", "drained", True), ("lb2", "drained", True)}


def test_it_shows_how_many_connections_are_left(perform: Perform) -> None:
    slow = director(CHANGED, waited("timeout", 12), waited("timeout", 1), waited("drained"))
    played = perform("evenkeel.lb.drain", {"lb1": slow, "lb2": director(CHANGED, waited("already_drained"))}, **WISH)
    assert played.status == 0, played.shown
    assert "web2 of web: draining, 12 connections left on www after" in played.shown
    assert "web2 of web: draining, 1 connection left on www after" in played.shown
    assert "web2 of web: already drained, 0 connections left after" in played.shown
    # a piece that ended without success is no failure to be alarmed by
    assert "fatal" not in played.shown and "failed=0" in played.shown
    assert [host for host, _state, waits in asked(played) if waits].count("lb2") == 1


def test_when_the_time_is_over_it_says_what_it_waited_for_and_removes_nothing(perform: Perform) -> None:
    busy = director(CHANGED, waited("timeout", 3))
    quiet = director(CHANGED, waited("drained"))
    # The pretenders do not wait, so a second is many pieces long.
    played = perform("evenkeel.lb.drain", {"lb1": busy, "lb2": quiet}, **WISH, drain_state="absent", drain_timeout=1)
    assert played.status != 0
    assert "gave up waiting for server web2 of farm web to drain after 1 s: 3 left on www. It stays" in played.shown
    assert "absent" not in {state for _host, state, _waits in asked(played)}


def test_it_is_removed_when_all_have_drained(perform: Perform) -> None:
    drains = director(CHANGED, waited("drained"))
    played = perform("evenkeel.lb.drain", {"lb1": drains, "lb2": drains}, **WISH, drain_state="absent")
    assert played.status == 0, played.shown
    assert set(asked(played)[-2:]) == {("lb1", "absent", True), ("lb2", "absent", True)}


def test_what_is_gone_already_needs_nothing(perform: Perform) -> None:
    gone = director(info=recorded(server="web1"))
    played = perform("evenkeel.lb.drain", {"lb1": gone}, **WISH, drain_state="absent")
    assert played.status == 0, played.shown
    assert asked(played) == []


def test_a_disabled_server_is_removed_without_being_drained(perform: Perform) -> None:
    disabled = director(waited("already_drained"), info=recorded(state="disabled"))
    played = perform("evenkeel.lb.drain", {"lb1": disabled}, **WISH, drain_state="absent")
    assert played.status == 0, played.shown
    assert asked(played) == [("lb1", "absent", True)]


def test_a_server_that_one_director_does_not_know_drains_on_none(perform: Perform) -> None:
    answers = {"lb1": director(CHANGED), "lb2": director(CHANGED, info=recorded(server="web1"))}
    played = perform("evenkeel.lb.drain", answers, **WISH)
    assert played.status != 0
    assert "lb2 has no server web2 of a farm web; nothing was changed on any director" in played.shown
    assert asked(played) == []


def test_one_that_another_run_brought_back_ends_the_wait(perform: Perform) -> None:
    played = perform("evenkeel.lb.drain", {"lb1": director(CHANGED, waited("taken_back"))}, **WISH)
    assert played.status != 0
    assert "the module says taken_back" in played.shown


def test_it_brings_the_server_back_on_all(perform: Perform) -> None:
    back = director(CHANGED, info=recorded(state="drained"))
    played = perform("evenkeel.lb.drain", {"lb1": back, "lb2": back}, **WISH, drain_state="present")
    assert played.status == 0, played.shown
    assert sorted(asked(played)) == [("lb1", "present", False), ("lb2", "present", False)]


def test_a_wish_that_is_not_complete_reaches_no_director(perform: Perform) -> None:
    played = perform("evenkeel.lb.drain", {"lb1": director(CHANGED)}, drain_farm="web", drain_state="gone")
    assert played.status != 0
    assert "needed: drain_farm and drain_server" in played.shown
    assert played.calls == []


def test_an_appliance_counts_no_connections_so_nobody_drains(perform: Perform) -> None:
    answers = {"lb1": director(CHANGED), "aloha1": director(CHANGED)}
    played = perform("evenkeel.lb.drain", answers, **WISH, ansible_network_os="evenkeel.lb.aloha")
    assert played.status != 0
    assert "counts no connections" in played.shown and "nothing was changed on any director" in played.shown
    assert asked(played) == []
