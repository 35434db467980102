# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module lb_failover beside a member that may take over: what it writes, waits for, puts back and tells."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as room
from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.failover import run_failover
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived import daemon
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.render import blocks, document
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import LOCK, Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

Answer = dict[str, Any]
HOLD = "/etc/keepalived/evenkeel-front.away"
INIT, BACKUP, MASTER, FAULT = range(4)
MEMBERS = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
FRONT = {"name": "front", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": MEMBERS}
VIPS = [
    {"name": "public", "address": "192.0.2.50/24", "ha_group": "front"},
    {"name": "public6", "address": "2001:db8::50/64", "ha_group": "front", "interface": "eth2"},
]
PLACES = {("eth1", "192.0.2.50", 24), ("eth2", "2001:db8::50", 64)}
SKEW, DOWN = 0.6, 3.6


class Member(FakeSystem):
    """One of two directors, as keepalived behaves on it: its priority is 150, that of the other one 100.

    ``peer`` says whether the other one is there, ``answers`` whether it does for the VIPs it has.
    """

    def __init__(self, **group: Any) -> None:
        super().__init__()
        self.told(group)
        self.runs, self.peer, self.answers = True, True, True
        self.preempt = group.get("preempt", True)
        self.knows_weights = "sync_group" not in group
        self.state, self.since = MASTER, 0.0
        self.neighbours: dict[tuple[str, str], str] = {}
        self.seen: list[str | None] = [None]
        self.programs = {
            "ip": self._ip,
            "keepalived": lambda argv: Completed(0, "36\n", ""),
            "kill": self._kill,
            "systemctl": lambda argv: Completed(0, f"{1000 if self.runs else 0}\n", ""),
        }

    def told(self, group: dict[str, Any], *more: dict[str, Any]) -> None:
        groups = [{**FRONT, **group}, *({**FRONT, **group, **one} for one in more)]
        vips = [*VIPS, *({"name": one["name"], "address": one["vip"], "ha_group": one["name"]} for one in more)]
        for one in groups:
            one.pop("vip", None)
        configuration = Configuration.from_document({"ha_groups": groups, "vips": vips})
        Store(self).save(configuration)
        self.files[daemon.FILE] = document(blocks(configuration))

    # --- VRRP ---

    def number(self) -> int:
        return int(self.files.get(HOLD, "0").split()[0])

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self.step()

    def step(self) -> None:
        text = self.files.get(HOLD)
        if text != self.seen[-1]:
            self.seen.append(text)
            self.since = self.time
        passed, number = self.time - self.since, self.number()
        if number <= -254 or (number and not self.knows_weights):
            self.state = FAULT
        elif self.state == FAULT:
            self.state = BACKUP
        elif self.state == BACKUP and (not self.peer or (number == 0 and self.preempt)) and passed >= DOWN:
            self.state = MASTER
        elif self.state == MASTER and number == -253 and self.preempt and self.peer and passed >= DOWN:
            self.state = BACKUP

    def peer_has_them(self) -> bool:
        return self.peer and self.answers and self.state != MASTER and self.time - self.since >= SKEW

    # --- programs ---

    def _kill(self, argv: Sequence[str]) -> Completed:
        self.step()
        data = {"iname": "front", "state": self.state, "last_transition": 1.0, "vips": [], "evips": []}
        self.files["/tmp/keepalived.json"] = json.dumps([{"data": data}])
        return Completed(0, "", "")

    def _ip(self, argv: Sequence[str]) -> Completed:
        self.step()
        if argv[1:] == ["-json", "address", "show"]:
            held = PLACES if self.state == MASTER else set()
            links = [{"ifname": dev, "addr_info": [{"local": ip, "prefixlen": length}]} for dev, ip, length in held]
            return Completed(0, json.dumps(links), "")
        if argv[1:3] == ["-json", "neighbour"]:
            entries = [{"dst": ip, "dev": dev, "state": [state]} for (dev, ip), state in self.neighbours.items()]
            return Completed(0, json.dumps(entries), "")
        assert list(argv) == ["ip", "-batch", "-"]
        for line in self.given.splitlines():
            _neighbour, _replace, ip, _dev, dev, *rest = line.split()
            assert self.state != MASTER, "asks for an address of its own"
            if rest == ["nud", "failed"]:
                self.neighbours[dev, ip] = "FAILED"
                continue
            assert rest == ["use"]
            stale = self.neighbours.get((dev, ip)) in ("STALE", "REACHABLE")
            self.neighbours[dev, ip] = "DELAY" if stale else "REACHABLE" if self.peer_has_them() else "INCOMPLETE"
        return Completed(0, "", "")


class Runs:
    """Runs the module on a member."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch
        self.system = Member()

    def on(self, system: Member) -> Member:
        self.system = system
        return system

    def __call__(self, state: str, **arguments: Any) -> Answer:
        self._monkeypatch.setattr(room, "System", lambda: self.system)
        told = {"ha_group": "front", "state": state, "_ansible_diff": True, **arguments}
        with patch_module_args(told), pytest.raises(SystemExit):
            run_failover()
        answer: Answer = json.loads(self._capsys.readouterr().out)
        return answer


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(capsys, monkeypatch)


def numbers(member: Member) -> list[int | None]:
    """What keepalived read, one after the other; None where there was no hold."""
    return [int(text.split()[0]) if text is not None else None for text in member.seen]


def test_the_active_director_lowers_its_priority_and_waits_for_the_other(run: Runs) -> None:
    answer = run("away")
    assert answer["changed"] and "failed" not in answer
    assert answer["ha_group"] == {
        "name": "front",
        "held": True,
        "state": "backup",
        "before": {"held": False, "state": "master"},
    }
    assert answer["waited"]["state"] == "moved"
    assert DOWN <= answer["waited"]["seconds"] < DOWN + 1
    (diff,) = answer["diff"]
    assert (diff["before"], diff["after"]) == ("held: false\nstate: master\n", "held: true\nstate: backup\n")
    assert numbers(run.system) == [None, -253]
    assert set(run.system.locked) == {LOCK}
    again = run("away")
    assert not again["changed"] and again["waited"]["state"] == "unneeded"


@pytest.mark.parametrize(
    ("group", "left"),
    [
        ({"preempt": False}, -253),
        ({"members": [MEMBERS[0], {"name": "lb2", "priority": 1}]}, -253),
    ],
)
def test_where_the_others_would_not_take_over_from_a_lower_priority_it_lets_go_first(
    run: Runs, group: dict[str, Any], left: int
) -> None:
    member = run.on(Member(**group))
    answer = run("away")
    assert answer["waited"]["state"] == "moved" and answer["waited"]["seconds"] < 2
    assert numbers(member)[:2] == [None, -254] and member.number() == left
    member.sleep(0.1)
    assert member.state == BACKUP


def test_in_a_sync_group_all_move_and_stay_away_for_certain(run: Runs) -> None:
    member = run.on(Member(sync_group="both"))
    more = {"name": "inside", "virtual_router_id": 52, "vip": "192.0.2.60/24"}
    member.told({"sync_group": "both"}, more)
    answer = run("away")
    assert answer["waited"]["state"] == "moved"
    assert numbers(member) == [None, -254] and answer["ha_group"]["state"] == "fault"
    assert ("eth1", "192.0.2.60") in member.neighbours
    member.files["/etc/keepalived/evenkeel-inside.away"] = "-254\n"
    assert run("back")["waited"]["state"] == "unneeded"


def test_where_nobody_takes_over_the_vips_stay_and_the_hold_goes(run: Runs) -> None:
    run.system.peer = False
    answer = run("away", wait={"timeout": 10})
    assert answer["failed"] and not answer["changed"]
    assert "no other member served the VIPs of HA group front within 10 s" in answer["msg"]
    assert "this director serves them." in answer["msg"]
    assert (answer["waited"]["state"], answer["ha_group"]["held"]) == ("timeout", False)
    assert HOLD not in run.system.files and run.system.state == MASTER


def test_where_nobody_takes_what_was_let_go_it_is_soon_taken_back(run: Runs) -> None:
    member = run.on(Member(preempt=False))
    member.peer = False
    answer = run("away", wait={"timeout": 60})
    assert answer["failed"] and answer["waited"]["seconds"] == pytest.approx(6, abs=0.5)
    assert HOLD not in member.files and member.state == MASTER
    assert answer["ha_group"]["state"] == "master"


def test_a_member_that_has_the_group_and_does_not_answer_is_no_failover(run: Runs) -> None:
    run.system.answers = False
    answer = run("away", wait={"timeout": 8})
    assert answer["failed"] and answer["ha_group"] == {
        "name": "front", "held": False, "state": "master", "before": {"held": False, "state": "master"},
    }  # fmt: skip


def test_what_was_heard_by_the_way_is_asked_anew_and_not_waited_for(run: Runs) -> None:
    run.on(Member(preempt=False)).neighbours = {("eth1", "192.0.2.50"): "STALE"}
    answer = run("away")
    assert answer["waited"]["state"] == "moved" and answer["waited"]["seconds"] < 2


def test_an_old_answer_of_a_neighbour_does_not_count(run: Runs) -> None:
    run.system.answers = False
    run.system.neighbours = {("eth1", "192.0.2.50"): "REACHABLE", ("eth1", "192.0.2.1"): "REACHABLE"}
    assert run("away", wait={"timeout": 5})["failed"]
    assert ("eth1", "192.0.2.1") in run.system.neighbours


def test_a_hold_that_was_there_before_stays_when_nobody_takes_over(run: Runs) -> None:
    """This director came to be active because nobody else was there."""
    run.system.peer = False
    before = run.system.files[HOLD] = "-253 by hand\n"
    assert run("away", wait={"timeout": 3})["failed"]
    assert run.system.files[HOLD] == before


def test_a_standby_that_is_held_does_not_wait(run: Runs) -> None:
    run.system.state = BACKUP
    answer = run("away")
    assert answer["changed"] and answer["waited"] == {"state": "unneeded", "seconds": 0.0}
    assert run.system.number() == -253


def test_a_director_whose_keepalived_does_not_run_is_held_when_it_starts(run: Runs) -> None:
    run.system.runs = False
    answer = run("away")
    assert answer["changed"] and answer["ha_group"]["state"] == "stopped"
    assert run("back")["waited"]["state"] == "unneeded"


def test_giving_back_waits_for_the_vips(run: Runs) -> None:
    run("away")
    answer = run("back")
    assert answer["changed"] and answer["waited"]["state"] == "returned"
    assert answer["ha_group"]["state"] == "master" and HOLD not in run.system.files
    again = run("back")
    assert not again["changed"] and again["waited"]["state"] == "unneeded"


@pytest.mark.parametrize("group", [{"preempt": False}, {"members": [MEMBERS[0], {"name": "lb2", "priority": 200}]}])
def test_who_does_not_take_back_by_itself_is_not_waited_for(run: Runs, group: dict[str, Any]) -> None:
    member = run.on(Member(**group))
    member.state, member.files[HOLD] = BACKUP, "-253\n"
    answer = run("back")
    assert answer["changed"] and answer["waited"] == {"state": "unneeded", "seconds": 0.0}


def test_vips_that_do_not_come_back_are_told_and_the_hold_stays_ended(run: Runs) -> None:
    run("away")
    run.system.preempt = False
    answer = run("back", wait={"timeout": 7})
    assert answer["failed"] and answer["changed"]
    assert "did not take its VIPs within 7 s: its state is backup" in answer["msg"]
    assert HOLD not in run.system.files


def test_another_run_that_ends_the_hold_is_told(run: Runs) -> None:
    member = run.on(Member(preempt=False))

    def step() -> None:
        Member.step(member)
        if member.peer_has_them():
            member.files.pop(HOLD, None)

    member.step = step  # type: ignore[method-assign]
    answer = run("away")
    assert answer["failed"] and answer["waited"]["state"] == "released"
    assert not answer["ha_group"]["held"]


@pytest.mark.parametrize(("state", "held", "after"), [("away", True, "backup"), ("back", False, "master")])
def test_check_mode_says_what_would_come_and_touches_nothing(run: Runs, state: str, held: bool, after: str) -> None:
    if state == "back":
        run("away")
    before = dict(run.system.files)
    answer = run(state, _ansible_check_mode=True)
    assert run.system.files == before
    assert answer["changed"] and answer["waited"] == {"state": "planned", "seconds": 0.0}
    assert (answer["ha_group"]["held"], answer["ha_group"]["state"]) == (held, after)
    real = run(state)
    assert real["ha_group"] == answer["ha_group"] and real["diff"] == answer["diff"]


@pytest.mark.parametrize(
    ("arguments", "path", "message"),
    [
        ({"ha_group": "back"}, "ha_group", "there is no HA group 'back'"),
        ({"state": "gone"}, "state", "'gone' is not valid here"),
        ({"wait": {"timeout": 0}}, "wait.timeout", "0 is not valid here"),
        ({"wait": {"time": 3}}, "wait.time", "is not an option of wait"),
    ],
)
def test_options_that_are_wrong_are_refused(run: Runs, arguments: dict[str, Any], path: str, message: str) -> None:
    answer = run(**{"state": "away", **arguments})
    assert answer["failed"] and not answer["changed"]
    (problem,) = answer["problems"]
    assert problem["path"] == path and message in problem["message"]


def test_a_group_that_cannot_be_moved_is_refused_before_anything_moves(run: Runs) -> None:
    run.system.told({"members": [MEMBERS[0]]})
    assert "has no other member" in run("away")["msg"]
    run.system.files[daemon.FILE] = "# of an older release\n"
    assert "does not follow the hold" in run("away")["msg"]
    Store(run.system).save(Configuration.from_document({"ha_groups": [FRONT]}))
    assert "HA group 'front' has no VIP" in run("away")["msg"]
    assert HOLD not in run.system.files
