# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deferred wishes and everything that may happen to them, on directors made of dictionaries."""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host import announcing
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH, Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.merging import merged
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.conftest import EXAMPLES
from ansible_collections.evenkeel.lb.tests.contract.faults import BEFORE, KINDS, Faulty
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents, pair
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

DEFERRED = f"{PATH}.deferred"
NOTHING = Configuration()
configurations = documents().map(Configuration.from_document)


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Announcements go to a real network."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(announcing, "announce", lambda system, held: None)
        yield


@given(st.lists(configurations, min_size=1, max_size=4), configurations)
@settings(max_examples=EXAMPLES)
def test_what_was_deferred_and_then_applied_is_what_was_applied_at_once(
    steps: list[Configuration], last: Configuration
) -> None:
    """Each wish is the whole configuration, so that it is valid whatever was there before."""
    later, now = (FakeSystem(), MemoryEngine()), (FakeSystem(), MemoryEngine())
    for system, engine in (later, now):
        reconcile(system, [engine], lambda _before: pair())
    for wanted in steps:
        before = dict(later[1].held)
        planned = reconcile(later[0], [later[1]], lambda _before, wish=wanted: wish, check_mode=True, defer=True)
        result = reconcile(later[0], [later[1]], lambda _before, wish=wanted: wish, defer=True)
        assert (planned.changed, result.steps, later[1].held) == (result.changed, (), before)
        assert result.held == wanted and Store(later[0]).load() == pair()
    for system, engine in (later, now):
        reconcile(system, [engine], lambda _before: last)
    assert later[1].held == now[1].held
    assert later[0].files == now[0].files


@given(configurations)
@settings(max_examples=EXAMPLES)
def test_a_run_begins_with_what_was_deferred(wanted: Configuration) -> None:
    system, engine = FakeSystem(), MemoryEngine()
    reconcile(system, [engine], lambda _before: wanted, defer=True)
    seen = []

    def look(before: Configuration) -> Configuration:
        seen.append(before)
        return before

    result = reconcile(system, [engine], look)
    assert seen == [wanted] and result.recorded == NOTHING and Store(system).load() == wanted
    assert engine.held == engine.compile(wanted)
    assert set(system.files) <= {PATH}


def director(first: Configuration, deferred: Configuration) -> FakeDirector:
    host = FakeDirector()
    host.tick = 1.0
    host.keepalived.start()
    made = reconcile(host, engines(), lambda _before: first)
    assert made.transaction.state in ("applied", "unchanged"), made
    reconcile(host, engines(), lambda _before: deferred, defer=True)
    return host


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("own", [NOTHING, Configuration.from_document({"farms": [{"name": "spare"}]})])
def test_a_fault_at_any_call_loses_no_deferred_wish(kind: str, own: Configuration) -> None:
    """After it the next run reaches all that was deferred."""
    first = Configuration.from_document({"farms": [{"name": "old"}]})
    settled = director(first, merged(first, pair()))
    for number in itertools.count():
        host = copy.deepcopy(settled)
        faulty: System = Faulty(host, number, kind)
        try:
            result = reconcile(faulty, engines(), lambda before: merged(before, own))
        except HostFault:
            result = None
        if not faulty.struck:
            assert result is not None and result.transaction.state == "applied"
            return
        ended = result is not None and result.transaction.state == "applied"
        if not ended and kind == BEFORE:
            assert host.files[DEFERRED] == settled.files[DEFERRED], faulty.calls[-5:]
        again = reconcile(host, engines(), lambda before: before)
        assert again.transaction.state in ("applied", "unchanged"), (faulty.calls[-5:], again)
        held = Store(host).load()
        assert held in (merged(merged(first, pair()), own), merged(first, pair())), faulty.calls[-5:]
        assert {path for path in host.files if path.startswith(PATH)} == {PATH}, faulty.calls[-5:]
        assert not reconcile(host, engines(), lambda before: before, check_mode=True).changed


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_while_deferring_keeps_the_wish_or_does_not(kind: str) -> None:
    first = Configuration.from_document({"farms": [{"name": "old"}]})
    settled = director(first, merged(first, Configuration.from_document({"farms": [{"name": "more"}]})))
    for number in itertools.count():
        host = copy.deepcopy(settled)
        faulty = Faulty(host, number, kind)
        with contextlib.suppress(HostFault):
            reconcile(faulty, engines(), lambda before: merged(before, pair()), defer=True)
        if not faulty.struck:
            return
        store = Store(host)
        assert store.load() == first
        deferred = store.deferred()
        assert deferred is not None and set(deferred.farms) in ({"old", "more"}, {"old", "more", "web", "web6"})
