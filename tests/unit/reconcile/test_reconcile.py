# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transaction, with the reference engine: what is planned, applied, refused, put back and recorded."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import EngineFault
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import Can, Needs
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import LOCK, PATH
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Farm, Server
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration, Problem
from ansible_collections.evenkeel.lb.plugins.module_utils._model.virtual_server import VirtualServer
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents, pair
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem


class Spoiled(MemoryEngine):
    """A reference engine in which one operation goes wrong."""

    def __init__(self, spoiled: str, carries: str = "keepalived") -> None:
        super().__init__(carries)
        self.spoiled = spoiled

    def check(self, desired, system):
        return [Problem("virtual_servers[web]", "is refused", "another")] if self.spoiled == "check" else []

    def apply(self, steps, desired, system):
        done = super().apply(steps, desired, system)
        if self.spoiled in ("apply", "restore"):
            raise EngineFault("the engine broke")
        return done

    def restore(self, system, snapshot):
        if self.spoiled == "restore":
            raise EngineFault("cannot go back")
        super().restore(system, snapshot)

    def verify(self, desired, owned, system):
        return [Problem("kernel", "differs")] if self.spoiled == "verify" else super().verify(desired, owned, system)


def recorded(system):
    return json.loads(system.files[PATH])["configuration"] if PATH in system.files else None


@given(documents(), documents())
def test_from_any_configuration_to_any_other_then_nothing_to_do(first, second):
    system, engine = FakeSystem(), MemoryEngine()
    for document in (first, second):
        wanted = Configuration.from_document(document)
        before = dict(engine.held)
        planned = reconcile(system, [engine], lambda _recorded, wish=wanted: wish, check_mode=True)
        assert engine.held == before
        applied = reconcile(system, [engine], lambda _recorded, wish=wanted: wish)
        assert (planned.changed, planned.steps) == (applied.changed, applied.steps)
        assert engine.held == engine.compile(wanted)
        again = reconcile(system, [engine], lambda _recorded, wish=wanted: wish)
        assert not again.changed and again.transaction.state == "unchanged"
        assert Configuration.from_document(recorded(system) or {}) == wanted


def test_what_is_planned_from_is_what_is_put_back():
    """Both come from one look at the host: nothing is done in between, and a look at a large table takes long."""
    looks = []

    class Looking(MemoryEngine):
        def read(self, system):
            system.once(looks.append)
            return super().read(system)

        def snapshot(self, desired, owned, system):
            system.once(looks.append)
            return super().snapshot(desired, owned, system)

    reconcile(FakeSystem(), [Looking()], lambda _recorded: pair())
    assert len(looks) == 1


def test_what_cannot_be_put_back_is_not_touched():
    class Blind(MemoryEngine):
        def snapshot(self, desired, owned, system):
            raise EngineFault("cannot look")

    system, engine = FakeSystem(), Blind()
    result = reconcile(system, [engine], lambda _recorded: pair())
    assert (result.transaction.state, result.fault) == ("refused", "cannot look; nothing was changed")
    assert (system.files, engine.held) == ({}, {})


def test_what_is_not_ours_stays():
    system, engine = FakeSystem(), MemoryEngine()
    reconcile(system, [engine], lambda _recorded: pair())
    engine.held["by hand"] = engine.held["web"]
    reconcile(system, [engine], lambda _recorded: Configuration())
    assert list(engine.held) == ["by hand"]


def test_the_record_is_private_and_written_under_the_lock():
    system = FakeSystem()
    reconcile(system, [MemoryEngine()], lambda _recorded: pair())
    assert system.modes[PATH] == 0o600
    assert system.locked == [LOCK]


def test_check_mode_writes_nothing_and_takes_no_lock():
    system, engine = FakeSystem(), MemoryEngine()
    result = reconcile(system, [engine], lambda _recorded: pair(), check_mode=True)
    assert result.changed and result.transaction.state == "planned"
    assert (system.files, system.locked, engine.held) == ({}, [], {})


def test_a_reference_to_what_is_not_recorded_is_an_error_and_in_check_mode_a_warning():
    wish = Configuration(virtual_servers={"web": VirtualServer(name="web", vip="10.0.0.1", port=80, farm="web")})
    with pytest.raises(InvalidConfiguration, match="there is no farm 'web'; allowed: no farm is recorded yet"):
        reconcile(FakeSystem(), [MemoryEngine()], lambda _recorded: wish)
    result = reconcile(FakeSystem(), [MemoryEngine()], lambda _recorded: wish, check_mode=True)
    assert result.changed
    assert "there is no farm 'web'" in result.warnings[0]


def test_a_farm_without_a_virtual_server_is_recorded_and_no_engine_touched():
    system = FakeSystem()
    result = reconcile(system, [MemoryEngine()], lambda before: before.with_object("farms", Farm(name="spare")))
    assert result.changed and not result.steps
    assert recorded(system)["farms"] == [{"name": "spare"}]


def test_an_invalid_wish_touches_nothing():
    system = FakeSystem()
    with pytest.raises(InvalidConfiguration):
        reconcile(system, [MemoryEngine()], lambda before: before.with_server("web", Server(name="a")))
    assert system.files == {}


@pytest.mark.parametrize("spoiled", ["check", "apply", "verify"])
def test_when_something_goes_wrong_everything_is_as_it_was(spoiled):
    system, first, second = FakeSystem(), MemoryEngine("ipvs"), Spoiled("")
    reconcile(system, [first, second], lambda _recorded: pair())
    before = (dict(first.held), dict(second.held), dict(system.files))
    second.spoiled = spoiled

    def wish(configuration):
        moved = VirtualServer(name="web6", engine="ipvs")
        return configuration.with_object("virtual_servers", moved).with_server("web", Server(name="web1", weight=7))

    result = reconcile(system, [first, second], wish)
    assert result.failed
    assert result.transaction.state == ("refused" if spoiled == "check" else "restored")
    assert result.transaction.done == ()
    assert (first.held, second.held, system.files) == before
    second.spoiled = ""
    assert reconcile(system, [first, second], wish).transaction.state == "applied"


def test_when_the_record_cannot_be_written_everything_is_put_back():
    system, engine = FakeSystem(), MemoryEngine()
    system.full_disk.add(PATH)
    result = reconcile(system, [engine], lambda _recorded: pair())
    assert result.transaction.state == "restored"
    assert "no space left" in result.fault
    assert engine.held == {}


def test_what_could_not_be_put_back_is_named():
    system, engine = FakeSystem(), Spoiled("restore")
    result = reconcile(system, [engine], lambda _recorded: pair())
    assert result.transaction.state == "failed"
    assert result.transaction.left == ("add virtual server web (memory)", "add virtual server web6 (memory)")
    assert "the engine broke" in result.fault and "cannot go back" in result.fault


def test_with_on_error_stop_nothing_is_put_back_and_nothing_recorded():
    system, first, second = FakeSystem(), MemoryEngine("ipvs"), Spoiled("apply")

    def wish(_recorded):
        return pair().with_object("virtual_servers", VirtualServer(name="web6", engine="ipvs"))

    result = reconcile(system, [first, second], wish, on_error="stop")
    assert result.transaction.state == "failed" and result.failed
    assert result.transaction.done == ("add virtual server web6 (memory)",)
    assert result.transaction.left == ("add virtual server web (memory)",)
    assert result.fault == "the engine broke; nothing was put back, as on_error is stop"
    assert (list(first.held), list(second.held), recorded(system)) == (["web6"], ["web"], None)
    second.spoiled = ""
    again = reconcile(system, [first, second], wish)
    assert again.transaction.state == "applied" and recorded(system) is not None


class Old(MemoryEngine):
    """A reference engine whose software may be too old to balance over power_of_two, and is asked for its version."""

    name = "keepalived"

    def __init__(self, found):
        super().__init__()
        self.found = found
        self.asked = []

    def describe(self):
        since = {"power_of_two": Needs("linux", (5, 12)), "maglev": Needs("linux", (4, 18))}
        return {**super().describe(), "farms.balance": Can(since=since, nearest={"power_of_two": "round_robin"})}

    def version(self, software, system):
        self.asked.append(software)
        return self.found


@pytest.mark.parametrize(("found", "fits"), [((5, 11, 99), False), ((5, 12), True), ((6, 1), True), (None, True)])
def test_what_needs_newer_software_than_is_found_is_refused_before_anything_is_read(found, fits):
    system, engine = FakeSystem(), Old(found)

    def wish(_recorded):
        return pair().with_object("farms", Farm(name="web", balance="power_of_two"))

    if fits:
        assert reconcile(system, [engine], wish).transaction.state == "applied"
    else:
        with pytest.raises(InvalidConfiguration) as refused:
            reconcile(system, [engine], wish)
        expected = "power_of_two needs linux 5.12, here is linux 5.11.99"
        assert refused.value.problems == (Problem("farms[web].balance", expected, "round_robin"),)
        assert system.files == {} and engine.held == {}
    assert engine.asked == ["linux"]


def test_versions_are_not_asked_for_when_nothing_needs_one():
    engine = Old((1, 0))
    reconcile(FakeSystem(), [engine], lambda _recorded: pair())
    assert engine.asked == []


def test_what_moves_between_engines_leaves_the_old_one_first():
    order = []

    class Watched(MemoryEngine):
        def apply(self, steps, desired, system):
            order.append((self._carries, [step.action for step in steps]))
            return super().apply(steps, desired, system)

    system, engines = FakeSystem(), [Watched("ipvs"), Watched("keepalived")]
    reconcile(system, engines, lambda _recorded: pair())
    order.clear()
    reconcile(
        system, engines, lambda before: before.with_object("virtual_servers", VirtualServer(name="web", engine="ipvs"))
    )
    assert order == [("keepalived", ["remove"]), ("ipvs", ["add"])]


class Shared(MemoryEngine):
    """Reference engines that share a table, as ipvs and keepalived do: who lets go takes it from whoever has it."""

    table: ClassVar[dict] = {}

    def apply(self, steps, desired, system):
        for step in steps:
            if step.action == "remove":
                for key in self.claims({step.payload: self.held[step.payload]}) - self.claims(desired):
                    Shared.table.pop(key, None)
        for services_ in desired.values():
            Shared.table.update(dict.fromkeys(self.claims({"": services_}), services_))
        return super().apply([step for step in steps if step.payload in {*self.held, *desired}], desired, system)

    def verify(self, desired, owned, system):
        held = all(Shared.table.get(key) for key in self.claims(desired))
        return super().verify(desired, owned, system) if held else [Problem("table", "lacks a service")]


def serves(**engine_of):
    """A wish for virtual servers, each with its engine, at ports by their first letter."""
    farm = {"name": "web", "servers": [{"name": "web1", "address": "10.20.0.21"}]}
    services_ = [
        {"name": name, "vip": "10.0.0.1", "port": ord(name[0]), "farm": "web", "engine": engine}
        for name, engine in engine_of.items()
    ]
    wanted = Configuration.from_document({"farms": [farm], "virtual_servers": services_})
    return lambda _recorded: wanted


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"a1": "keepalived"}, {"a2": "ipvs"}),
        ({"a1": "ipvs"}, {"a2": "keepalived"}),
        ({"a1": "keepalived", "b1": "ipvs"}, {"a2": "ipvs", "b2": "keepalived"}),
        ({"a1": "ipvs", "b1": "keepalived", "c1": "ipvs"}, {"a1": "keepalived", "b2": "ipvs", "c1": "ipvs"}),
    ],
)
def test_what_moves_between_engines_is_there_afterwards_whatever_it_is_called(first, second):
    Shared.table = {}
    system, engines = FakeSystem(), [Shared("ipvs"), Shared("keepalived")]
    for wish in (first, second):
        assert reconcile(system, engines, serves(**wish)).transaction.state == "applied"
        assert {port for _mark, _address, port, _protocol in Shared.table} == {ord(name[0]) for name in wish}


@pytest.mark.parametrize("on_error", ["rollback", "stop"])
def test_what_a_run_left_that_did_not_end_is_owned_by_the_next(on_error):
    system, engine = FakeSystem(), Spoiled("restore")
    assert reconcile(system, [engine], lambda _recorded: pair(), on_error=on_error).transaction.state == "failed"
    engine.spoiled = ""
    assert set(engine.held) == {"web", "web6"}
    planned = reconcile(system, [engine], lambda _recorded: Configuration(), check_mode=True)
    assert [step.action for step in planned.steps] == ["remove", "remove"]
    assert reconcile(system, [engine], lambda _recorded: Configuration()).transaction.state == "applied"
    assert engine.held == {}
    assert list(system.files) == [PATH]


def test_when_nothing_is_left_of_a_run_that_did_not_end_it_is_forgotten():
    system, engine = FakeSystem(), MemoryEngine()
    reconcile(system, [engine], lambda _recorded: pair())
    system.files[f"{PATH}.new"] = system.files[PATH]
    assert not reconcile(system, [engine], lambda recorded: recorded, check_mode=True).changed
    assert len(system.files) == 2
    assert not reconcile(system, [engine], lambda recorded: recorded).changed
    assert list(system.files) == [PATH]


def test_a_record_that_changed_though_writing_it_failed_is_put_back():
    class Failing(FakeSystem):
        def rename(self, path, new):
            super().rename(path, new)
            raise HostFault("the disk does not answer")

    system, engine = Failing(), MemoryEngine()
    result = reconcile(system, [engine], lambda _recorded: pair())
    assert (result.transaction.state, system.files, engine.held) == ("restored", {}, {})


def test_a_fault_of_an_engine_is_a_fault_of_the_host():
    assert issubclass(EngineFault, HostFault)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"version": 2, "configuration": {}}', '{"version": 1, "configuration": {"farms": [{}, 3]}}']
)
def test_a_damaged_record_is_an_error_that_names_the_file(text):
    system, engine = FakeSystem(), MemoryEngine()
    system.files[PATH] = text
    with pytest.raises(HostFault, match=PATH):
        reconcile(system, [engine], lambda _recorded: pair())
    assert system.files == {PATH: text}
