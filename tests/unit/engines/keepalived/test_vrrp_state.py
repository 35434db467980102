# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the running keepalived says of VRRP, and what of VIPs and sync daemons is not as it should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import HEADER
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived import connection_sync, vips, vrrp
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.connection_sync import Sync
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.state import Observed
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.vips import Seen
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.vrrp import Instance
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.vrrp_text import vrrp_blocks
from ansible_collections.evenkeel.lb.plugins.module_utils._host.addresses import Held
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import Daemon
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import Table
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

DUMP = "/tmp/keepalived.json"
PID = 4711


def instance(name: str = "main", state: int = 2, since: float = 1.0, **more: Any) -> dict[str, Any]:
    """An entry as keepalived 2.2.7 writes it, as far as it is read."""
    data = {"iname": name, "state": state, "last_transition": since, "vips": ["10.10.0.50/24 dev eth1 set"], **more}
    return {"data": data, "stats": {"advert_rcvd": 0}}


class Director(FakeSystem):
    """A host whose keepalived writes ``dumps``, one for each question, the last one for ever; None writes nothing."""

    def __init__(self, *dumps: Any, held: Sequence[str] = ()) -> None:
        super().__init__()
        self.dumps = list(dumps)
        self.held = list(held)
        self.programs = {"keepalived": self._signum, "kill": self._kill, "ip": self._ip}

    def _signum(self, argv: Sequence[str]) -> Completed:
        assert list(argv) == ["keepalived", "--signum=JSON"]
        return Completed(0, "36\n", "")

    def _kill(self, argv: Sequence[str]) -> Completed:
        assert list(argv) == ["kill", "-s", "36", str(PID)]
        dump = self.dumps.pop(0) if len(self.dumps) > 1 else self.dumps[0]
        if dump is not None:
            self.files[DUMP] = dump if isinstance(dump, str) else json.dumps(dump)
        return Completed(0, "", "")

    def _ip(self, argv: Sequence[str]) -> Completed:
        words = list(argv[1:])
        if words == ["-json", "address", "show"]:
            found = [held.split(" dev ") for held in self.held]
            links = [
                {"ifname": name, "addr_info": [{"local": one.split("/")[0], "prefixlen": int(one.split("/")[1])}]}
                for one, name in found
            ]
            return Completed(0, json.dumps([*links, {"ifname": "eth9"}, {}]), "")
        assert words[0] == "address" and words[3] == "dev"
        if words[1] == "replace":
            self.held.append(f"{words[2]} dev {words[4]}")
        else:
            self.held.remove(f"{words[2]} dev {words[4]}")
        return Completed(0, "", "")


@pytest.mark.parametrize("form", [lambda dump: dump, lambda dump: {"vrrp": dump, "track_process": []}])
def test_a_dump_of_either_version_tells_state_time_and_what_is_tracked(form: Callable[[Any], Any]) -> None:
    said = [
        instance(evips=["fd10::50/64 dev eth1 set"], track_ifp=["eth1", "eth2"], track_script=["'/bin/true'"]),
        instance("other", state=3, since=7.5, vips=["10.20.0.1/24 dev eth2", "::192.0.2.1/128 dev eth2"]),
    ]
    assert vrrp.instances(form(said)) == {
        "main": Instance("active", 1.0, frozenset({"10.10.0.50", "fd10::50"}), frozenset({"eth1", "eth2"}), 1),
        "other": Instance("faulty", 7.5, frozenset({"10.20.0.1", "::c000:201"})),
    }


@pytest.mark.parametrize(("state", "word"), [(0, "standby"), (1, "standby"), (2, "active"), (3, "faulty")])
def test_states_have_our_words(state: int, word: str) -> None:
    assert vrrp.instances([instance(state=state)])["main"].state == word


def test_the_dump_does_not_stay_because_it_holds_passwords() -> None:
    system = Director([instance(auth_data="s3cret")])
    assert vrrp.running(system, PID) is not None
    assert DUMP not in system.files


def test_an_old_dump_is_not_taken_for_the_answer_and_the_question_is_put_again() -> None:
    system = Director(None, "[{", [instance()])
    system.files[DUMP] = json.dumps([instance("old")])
    assert list(vrrp.running(system, PID) or ()) == ["main"]
    assert [argv[0] for argv in system.ran].count("kill") == 3


def test_a_keepalived_without_instances_says_nothing_and_has_none() -> None:
    system = Director(None)
    assert vrrp.running(system, PID) == {}
    assert system.time == pytest.approx(10, abs=1.5)


def test_nobody_is_asked_where_nothing_runs_or_the_build_cannot_tell() -> None:
    assert vrrp.running(Director(None), 0) == {}
    system = Director(None)
    system.programs["keepalived"] = lambda argv: Completed(1, "", "Unknown signal JSON")
    assert vrrp.running(system, PID) is None


def test_the_number_of_the_signal_is_asked_for_once() -> None:
    system = Director([instance()])
    for _time in range(3):
        vrrp.running(system, PID)
    assert [argv[0] for argv in system.ran].count("keepalived") == 1


GROUP = {
    "name": "main",
    "virtual_router_id": 51,
    "interface": "eth1",
    "member": "lb1",
    "members": [{"name": "lb1", "priority": 150}],
}
VIPS = [
    {"name": "public", "address": "10.10.0.50/24", "ha_group": "main", "label": "eth1:web"},
    {"name": "public6", "address": "fd10::50/64", "ha_group": "main"},
    {"name": "inside", "address": "10.20.0.1/24", "ha_group": "main", "interface": "eth2"},
]
PUBLIC, PUBLIC6, INSIDE = Held("eth1", "10.10.0.50/24"), Held("eth1", "fd10::50/64"), Held("eth2", "10.20.0.1/24")
ALL = frozenset({PUBLIC, PUBLIC6, INSIDE})
FOREIGN = frozenset({Held("eth0", "172.31.0.11/24"), Held("lo", "10.10.0.50/32")})
MASTER, BACKUP = Daemon("master", "eth1", 51), Daemon("backup", "eth1", 51)


def configuration(**more: Any) -> Configuration:
    return Configuration.from_document({"ha_groups": [{**GROUP, **more}], "vips": VIPS})


WISH = vips.wanted(configuration())
SYNCING = vips.wanted(configuration(connection_sync=True))


def seen(state: str | None, *addresses: Held, daemons: Sequence[Daemon] = ()) -> Seen:
    instances = {"main": Instance(state, 1.0, frozenset({"10.10.0.50", "fd10::50", "10.20.0.1"}))} if state else None
    return Seen(instances, frozenset(addresses) | FOREIGN, tuple(daemons))


def told(found: Sequence[vips.Repair]) -> list[tuple[str, str, str]]:
    return [(repair.subject, repair.before, repair.after) for repair in found]


@pytest.mark.parametrize("state", ["standby", "faulty"])
def test_a_standby_holds_nothing_and_that_is_no_difference(state: str) -> None:
    assert vips.differences(WISH, seen(state)) == []
    assert vips.differences(WISH, seen("active", *ALL)) == []


def test_what_an_active_director_lost_is_seen_and_what_a_standby_has_too_much() -> None:
    assert told(vips.differences(WISH, seen("active", PUBLIC, INSIDE))) == [
        ("VIP public6", "", "fd10::50/64 dev eth1\n")
    ]
    assert [repair.subject for repair in vips.differences(WISH, seen("active"))] == [
        "VIP inside",
        "VIP public",
        "VIP public6",
    ]
    stray = Held("eth1", "10.10.0.50/32")
    assert told(vips.differences(WISH, seen("standby", PUBLIC, stray))) == [
        ("VIP public", "10.10.0.50/24 dev eth1\n10.10.0.50/32 dev eth1\n", "")
    ]


def test_a_build_that_does_not_tell_its_state_is_judged_by_its_addresses() -> None:
    assert vips.differences(WISH, seen(None)) == []
    assert [repair.subject for repair in vips.differences(WISH, seen(None, PUBLIC))] == ["VIP inside", "VIP public6"]


def test_a_group_that_the_running_keepalived_does_not_have_is_left_to_the_reload() -> None:
    assert vips.differences(WISH, Seen({}, ALL, ())) == []


@pytest.mark.parametrize(
    ("state", "daemons", "before", "after"),
    [
        ("active", [MASTER], None, None),
        ("standby", [BACKUP], None, None),
        ("active", [], "", "sync daemon master on eth1 with id 51\n"),
        ("faulty", [], "", "sync daemon backup on eth1 with id 51\n"),
        (
            "active",
            [BACKUP],
            "sync daemon backup on eth1 with id 51\n",
            "sync daemon master on eth1 with id 51\n",
        ),
        (
            "active",
            [MASTER._replace(sync_id=9), Daemon("backup", "eth2", 3)],
            "sync daemon master on eth1 with id 9\n",
            "sync daemon master on eth1 with id 51\n",
        ),
        ("active", [MASTER, Daemon("backup", "eth2", 3)], None, None),
        ("active", [MASTER._replace(max_length=1472)], None, None),
    ],
)
def test_the_daemon_of_the_state_should_run(state: str, daemons: list[Daemon], before: str, after: str) -> None:
    held = ALL if state == "active" else ()
    expected = [("connection sync: kernel", before, after)] if after else []
    assert told(vips.differences(SYNCING, seen(state, *held, daemons=daemons))) == expected


ALONE = {"name": "alone", "address": "10.30.0.1/24", "interface": "eth3"}


def static_wish() -> vips.Wanted:
    return vips.wanted(Configuration.from_document({"vips": [ALONE]}))


def test_a_vip_without_a_group_is_held_whatever_vrrp_says() -> None:
    held = Held("eth3", "10.30.0.1/24")
    assert told(vips.differences(static_wish(), Seen({}, FOREIGN))) == [("VIP alone", "", f"{held}\n")]
    assert vips.differences(static_wish(), Seen({}, FOREIGN | {held})) == []
    assert static_wish().only({"VIP other"}) == vips.Wanted()


def test_where_there_is_no_group_keepalived_is_not_asked_for_its_state() -> None:
    system = Director(None, held=["10.30.0.1/24 dev eth3"])
    assert vips.wrong(static_wish(), static_wish(), system, PID) == []
    assert [argv[0] for argv in system.ran] == ["ip"]


def test_a_lost_vip_without_a_group_is_added_and_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    announced: list[Held] = []
    monkeypatch.setattr(vips.announcing, "announce", lambda system, held: announced.append(held))
    system = Director(None)
    vips.mend(system, PID, static_wish())
    assert (system.held, announced) == (["10.30.0.1/24 dev eth3"], [Held("eth3", "10.30.0.1/24")])


def test_a_new_vip_is_announced_once_it_is_there_and_given_up_when_it_does_not_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    announced: list[Held] = []
    monkeypatch.setattr(vips.announcing, "announce", lambda system, held: announced.append(held))
    system = Director(None)
    vips.announce(system, static_wish(), {"VIP alone"})
    assert announced == [] and 3 <= system.time < 4
    system.held = ["10.30.0.1/24 dev eth3"]
    vips.announce(system, static_wish(), {"VIP alone"})
    assert announced == [Held("eth3", "10.30.0.1/24")]
    vips.announce(system, static_wish(), set())
    assert len(announced) == 1


def test_what_is_left_of_a_removed_vip_is_told() -> None:
    system = Director(None, held=["10.30.0.1/24 dev eth3"])
    (found,) = vips.wrong(vips.Wanted(), static_wish(), system, PID)
    assert (found.path, found.message) == ("VIP alone", "10.30.0.1/24 dev eth3 is still there, though it was removed")


def test_daemons_of_others_are_no_difference_where_nobody_asked_for_any() -> None:
    assert vips.differences(WISH, seen("active", *ALL, daemons=[BACKUP])) == []


def test_a_daemon_is_a_stray_when_it_is_in_the_way_or_a_former_wish_left_it() -> None:
    other = Daemon("backup", "eth2", 3)
    assert connection_sync.strays([BACKUP, MASTER, other], MASTER) == [BACKUP]
    assert connection_sync.strays([MASTER, other], None) == []
    assert connection_sync.strays([MASTER, other], None, [Sync("old", "eth2", 3)]) == [other]


def test_the_wish_is_read_back_from_its_block() -> None:
    blocks = vrrp_blocks(configuration(connection_sync=True, interface="bond0.4@x", name="main"))
    assert connection_sync.sync_in(blocks["connection sync"]) == Sync("main", "bond0.4@x", 51)
    assert connection_sync.sync_in("global_defs {\n}\n") is None


def test_a_change_of_state_between_two_looks_is_no_fault() -> None:
    """The first dump says active and the address is not there any more; a second one says why."""
    before, after = [instance(state=2, since=1.0)], [instance(state=1, since=2.0)]
    system = Director(before, after)
    found = vips.look(system, PID, ["main"], None)
    assert found.instances is not None and found.instances["main"].state == "standby"


def test_what_stays_as_it_is_between_two_looks_is_a_fault() -> None:
    system = Director([instance(state=2, since=1.0)])
    found = vips.look(system, PID, ["main"], None)
    assert found.instances is not None and found.instances["main"].state == "active"
    assert found.addresses == frozenset()
    assert [argv[0] for argv in system.ran].count("kill") == 2


def test_one_question_is_enough_when_everything_fits() -> None:
    system = Director([instance(state=2)], held=["10.10.0.50/24 dev eth1"])
    assert vips.look(system, PID, ["main"], None).addresses == {PUBLIC}
    assert [argv[0] for argv in system.ran].count("kill") == 1


def test_lost_vips_are_added_with_their_attributes_and_strays_removed() -> None:
    active = [instance(state=2, vips=["10.10.0.50/24", "fd10::50/64", "10.20.0.1/24"])]
    system = Director(active, held=["10.20.0.1/24 dev eth2", "172.31.0.11/24 dev eth0"])
    vips.mend(system, PID, WISH)
    added = [argv[1:] for argv in system.ran if "replace" in argv]
    assert added == [
        ("address", "replace", "10.10.0.50/24", "dev", "eth1", "label", "eth1:web"),
        ("address", "replace", "fd10::50/64", "dev", "eth1", "preferred_lft", "0", "nodad"),
    ]
    system.dumps = [[instance(state=1, vips=["10.10.0.50/24", "fd10::50/64", "10.20.0.1/24"])]]
    vips.mend(system, PID, WISH)
    assert system.held == ["172.31.0.11/24 dev eth0"]


def test_what_the_running_keepalived_lacks_is_told() -> None:
    wish = vips.wanted(configuration(tracked_scripts=[{"name": "s", "script": "/bin/x"}], tracked_interfaces=["eth2"]))
    all_ = ["10.10.0.50/24", "fd10::50/64", "10.20.0.1/24"]
    tracking = {"track_ifp": ["eth1", "eth2"], "track_script": ["'/bin/x'"]}

    def problems(**data: Any) -> list[str]:
        found = vips.wrong(wish, wish, Director([instance(**{"state": 1, "vips": all_, **tracking, **data})]), PID)
        return [f"{problem.path}: {problem.message}" for problem in found]

    assert problems() == []
    assert problems(vips=all_[1:]) == ["HA group main: the running keepalived does not have its VIPs"]
    untracked = ["HA group main: the running keepalived does not track all that it should"]
    assert problems(track_script=[]) == untracked
    assert problems(track_ifp=["eth1"]) == untracked
    assert problems(state=2)[0] == "VIP inside: is not as wanted: 10.20.0.1/24 dev eth2"


@pytest.mark.parametrize(("support", "count"), [(True, 0), (False, 1)])
def test_programs_are_tracked_only_where_the_kernel_tells_of_them(
    support: bool, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vips.process_events, "are_told", lambda system: support)
    wish = vips.wanted(configuration(tracked_services=["haproxy"]))
    found = vips.refusals(wish, FakeSystem())
    assert [problem.path for problem in found] == ["ha_groups[main].tracked_services"] * count
    assert vips.refusals(WISH, FakeSystem()) == []


def test_a_script_that_keepalived_would_leave_out_is_refused_before_anything_moves() -> None:
    wish = vips.wanted(configuration(tracked_scripts=[{"name": "gateway", "script": "/no/such"}]))
    system = FakeSystem()
    system.programs["realpath"] = lambda argv: Completed(1, "", "No such file")
    (found,) = vips.refusals(wish, system)
    assert found.path == "ha_groups[main].tracked_scripts[gateway].script"
    assert found.message == "there is no /no/such on this director"


def planned(wish: Configuration, told_: Configuration, there: Seen) -> list[tuple[str, str, str]]:
    """What the engine plans on a director whose keepalived was told ``told_`` and that is as ``there`` says."""
    engine = KeepalivedEngine()
    desired, before = engine.compile(wish), engine.compile(told_)
    observed = Observed(HEADER, dict(before.blocks), True, Table(), vrrp=there)
    return [(step.action, step.subject, step.impact) for step in engine.plan(desired, observed, before)]


def test_the_engine_repairs_what_it_does_not_change_anyway() -> None:
    syncing, other = configuration(connection_sync=True), configuration(connection_sync=True, advert_interval=2)
    assert planned(syncing, syncing, seen("active", *ALL, daemons=[MASTER])) == []
    assert planned(syncing, syncing, seen("active", PUBLIC, PUBLIC6)) == [
        ("repair", "VIP inside", "none"),
        ("repair", "connection sync: kernel", "none"),
    ]
    assert planned(other, syncing, seen("active", PUBLIC)) == [("change", "HA group main", "failover")]
    assert planned(syncing, configuration(), seen("active", *ALL)) == [("add", "connection sync", "none")]
    assert planned(syncing, Configuration(), vips.NOTHING) == [
        ("add", "HA group main", "none"),
        ("add", "connection sync", "none"),
    ]
