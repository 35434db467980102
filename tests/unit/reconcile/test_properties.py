# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every engine whatever it is asked for, on directors made of dictionaries.

Examples are walks from one configuration to others, on a director that also has what is not ours. With the examples of
``make test`` they have a thousand steps, and there are thousands of faults; ``make unit`` is for fast feedback.
"""

from __future__ import annotations

import copy
import functools
import itertools
import json
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import parse
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs import rules
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.engine import IpvsEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived import render
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.daemon import FILE
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host import announcing
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import Daemon, Timeouts
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import Table
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH, Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import Result, reconcile
from ansible_collections.evenkeel.lb.tests.conftest import EXAMPLES
from ansible_collections.evenkeel.lb.tests.contract.edits import Document, edited, shuffled
from ansible_collections.evenkeel.lb.tests.contract.expected import saved_lines, witness_of
from ansible_collections.evenkeel.lb.tests.contract.faults import BEFORE, KINDS, Faulty
from ansible_collections.evenkeel.lb.tests.contract.meaning import meaning, misfits, seen_by_ipvsadm, seen_by_pyroute2
from ansible_collections.evenkeel.lb.tests.contract.strategies import RANDOMS, carried_documents
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector

BOOT_RULES = "/etc/ipvsadm.rules"
FOREIGN_RULES = "# by hand\n-A -t 192.0.2.9:25 -s fo\n-a -t 192.0.2.9:25 -r 192.0.2.10:2525 -m -w 7\nno rule at all\n"
FOREIGN = rules.parse("".join(line for line in FOREIGN_RULES.splitlines(keepends=True) if line.startswith("-")))

MANY = max(EXAMPLES**2 // 25, 10)
# Each has a case for every call of a run, some fifty.
PAIRS = max(EXAMPLES**2 // 600, 2)
# Of the calls of a run at which it may end, one in so many.
STRIDE = 1 if EXAMPLES >= 100 else 5


@pytest.fixture(autouse=True, scope="module")
def quiet() -> Iterator[None]:
    """Announcements go to a real network; tests/unit/host/test_announcing.py has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(announcing, "announce", lambda system, held: None)
        yield


@st.composite
def walks(draw: st.DrawFn) -> list[Document]:
    """Some configurations one after the other: anything, and then mostly what a person would make of it."""
    documents = [draw(carried_documents())]
    for _step in range(draw(st.integers(1, 3))):
        other = draw(carried_documents())
        documents.append(edited(documents[-1], other, draw(RANDOMS)) if draw(st.integers(0, 3)) else other)
    return documents


def director() -> FakeDirector:
    """A director with things that are not ours: kernel services, lines of the boot rules, keepalived's own services."""
    host = FakeDirector()
    host.tick = 1.0
    host.kernel.hold(FOREIGN)
    host.files[BOOT_RULES] = FOREIGN_RULES
    host.keepalived.start()
    return host


def run(host: System, document: Document, check: bool = False) -> Result:
    wanted = Configuration.from_document(document)
    return reconcile(host, engines(), lambda _recorded: wanted, check)


class State(NamedTuple):
    """All there is to see on a director."""

    files: dict[str, str]
    kernel: Table
    daemons: dict[str, Daemon]
    timeouts: Timeouts
    packets: dict[str, Any]
    addresses: set[tuple[str, str]]
    running: bool


def state_of(host: FakeDirector) -> State:
    # A candidate that was looked at and could not be removed is nobody's; the next run replaces it.
    passing = ("/proc/", "/tmp/", "/etc/keepalived/.evenkeel-")
    files = {path: text for path, text in host.files.items() if not path.startswith(passing)}
    return State(
        files,
        host.kernel.table,
        dict(host.kernel.daemons),
        host.kernel.timeouts,
        copy.deepcopy(host.nft.tables),
        set(host.keepalived.addresses),
        host.keepalived.running,
    )


def not_ours(host: FakeDirector) -> Table:
    own = host.kernel.table
    return own.only([key for key in own if key.address in ("192.0.2.9", "10.10.0.99")])


def applied(host: FakeDirector, document: Document) -> Result:
    result = run(host, document)
    assert result.transaction.state in ("applied", "unchanged"), (result.transaction, result.fault, result.problems)
    return result


@given(walks(), RANDOMS)
@settings(max_examples=MANY)
def test_a_walk_is_what_it_says_and_ends_where_it_should(documents: list[Document], random: Random) -> None:
    host = director()
    beginning = not_ours(host)
    for document in documents:
        before = state_of(host)
        planned = run(host, document, check=True)
        assert state_of(host) == before, "check mode changed something"
        result = applied(host, document)
        assert (planned.changed, planned.steps) == (result.changed, result.steps)
        assert planned.impact == result.impact
        for again in (document, shuffled(document, random), Store(host).load().document()):
            nothing = run(host, again, check=True)
            assert not nothing.steps and not nothing.changed, nothing.steps
        assert is_as_from_nothing(host, document)
        assert not_ours(host) == beginning
        assert host.files[BOOT_RULES].startswith(FOREIGN_RULES)
    applied(host, {})
    assert is_as_from_nothing(host, {})
    assert host.files[BOOT_RULES] == FOREIGN_RULES


def is_as_from_nothing(host: FakeDirector, document: Document) -> bool:
    """Whether the director is as one that comes to the document from nothing; but for the order of lines in the rules,
    and for files that are there and say nothing."""
    assert come_to(host) == from_nothing(json.dumps(document, sort_keys=True))
    return True


@functools.lru_cache(maxsize=16)
def from_nothing(document: str) -> tuple[Any, ...]:
    """What becomes of a director that comes to a document, as JSON, from nothing: many ways lead to the same one."""
    host = director()
    applied(host, json.loads(document))
    return come_to(host)


def come_to(host: FakeDirector) -> tuple[Any, ...]:
    """What a director is in the end, but for the way there."""
    return (
        host.kernel.table,
        dict(host.kernel.daemons),
        set(host.keepalived.addresses),
        copy.deepcopy(host.nft.tables),
        sorted(host.files[BOOT_RULES].splitlines()),
        Store(host).load(),
        parse(host.files.get(FILE, ""))[1],
    )


@given(carried_documents())
@settings(max_examples=MANY)
def test_the_kernel_holds_what_the_document_means(document: Document) -> None:
    """By a reading of the document, and a reading of keepalived's text, that are not the engines' own."""
    host = director()
    applied(host, document)
    ours = host.kernel.table.only(set(host.kernel.table) - set(not_ours(host)))
    assert misfits(meaning(document), seen_by_ipvsadm(saved_lines(ours)), "ipvsadm") == []
    assert misfits(meaning(document), seen_by_pyroute2(witness_of(ours)), "pyroute2") == []


@given(carried_documents())
@settings(max_examples=MANY)
def test_text_comes_back_as_what_it_was_written_from(document: Document) -> None:
    configuration = Configuration.from_document(document)
    table = IpvsEngine().compile(configuration).table
    assert rules.parse(rules.render(table)) == table
    blocks = KeepalivedEngine().compile(configuration).blocks
    assert parse(render.document(blocks))[1] == blocks


@given(walks(), RANDOMS)
@settings(max_examples=MANY // 2)
def test_health_is_no_change(documents: list[Document], random: Random) -> None:
    """Whichever servers are taken out, put back, quiesced, or replaced by the sorry server: nothing to do, and the next
    configuration is reached as from any other."""
    host = director()
    for document in documents:
        applied(host, document)
        for _time in range(3):
            host.keepalived.sick = {address for address in addresses_of(document) if random.random() < 0.5}
            host.keepalived.look()
            flapped = run(host, document, check=True)
            assert not flapped.changed, (host.keepalived.sick, flapped.steps)
    host.keepalived.sick = set()
    host.keepalived.look()
    assert is_as_from_nothing(host, documents[-1])


@given(walks(), RANDOMS)
@settings(max_examples=MANY)
def test_what_somebody_did_to_servers_is_named_and_undone(documents: list[Document], random: Random) -> None:
    """Also by a run that changes other things, or the same."""
    host = director()
    for document in documents:
        for key in [key for key in host.kernel.table if key not in not_ours(host)]:
            for server in host.kernel.table[key].destinations if random.random() < 0.5 else ():
                if random.random() < 0.5:
                    host.kernel.remove_server(key, server.key)
        applied(host, document)
        assert is_as_from_nothing(host, document)
        before = host.kernel.table
        for key in before:
            for server in before[key].destinations if key not in not_ours(host) else ():
                if random.random() < 0.2:
                    host.kernel.remove_server(key, server.key)
                elif server.weight and random.random() < 0.2:
                    host.kernel.put_server(key, server._replace(weight=server.weight + 1), new=False)
        steps = run(host, Store(host).load().document(), check=True).steps
        assert bool(steps) == (host.kernel.table != before)
        assert all(step.differences for step in steps)


def addresses_of(document: Document) -> list[str]:
    return sorted({server["address"] for farm in document.get("farms", []) for server in farm.get("servers", [])})


class Attempt(NamedTuple):
    """A run on which something went wrong: the host after it, what it was before, and how it ended."""

    host: FakeDirector
    before: State
    result: Result | None
    faulty: Faulty


def attempts(first: Document, second: Document, kind: str, stride: int = 1) -> Iterator[Attempt]:
    """From first to second with one call going wrong, for every call there is or one in so many."""
    settled = director()
    applied(settled, first)
    for number in itertools.count(step=stride):
        host = copy.deepcopy(settled)
        faulty = Faulty(host, number, kind)
        try:
            result = run(faulty, second)
        except HostFault:
            result = None
        if not faulty.struck:
            assert result is not None and result.transaction.state in ("applied", "unchanged")
            return
        yield Attempt(host, state_of(settled), result, faulty)


@pytest.mark.parametrize("kind", KINDS)
@given(walks(), carried_documents())
@settings(max_examples=PAIRS)
def test_a_fault_at_any_call_leaves_the_director_as_it_was_or_says_what_is_left(
    kind: str, documents: list[Document], third: Document
) -> None:
    """And the next run comes to what was there before, to what was asked for, or to something else, and nothing of the
    one that failed stays."""
    first, second = documents[0], documents[1]
    for number, attempt in enumerate(attempts(first, second, kind)):
        told = (attempt.faulty.calls[-8:], attempt.result and attempt.result.transaction)
        state = attempt.result.transaction.state if attempt.result is not None else "refused"
        if state in ("refused", "restored"):
            assert state_of(attempt.host) == attempt.before, told
        elif state == "failed":
            assert kind != BEFORE, "one fault, and yet something is left"
            assert attempt.result is not None and attempt.result.transaction.left, told
        else:
            # the call was of no consequence, or had its effect all the same
            assert is_as_from_nothing(attempt.host, second), told
        known = [Configuration.from_document(document) for document in (first, second)]
        assert Store(attempt.host).load() in known, told
        wanted = (first, second, third)[number % 3]
        applied(attempt.host, wanted)
        assert not run(attempt.host, wanted, check=True).changed, told
        assert is_as_from_nothing(attempt.host, wanted), told
        assert {path for path in attempt.host.files if path.startswith(PATH)} <= {PATH}, told


def two_services(first: str, second: str) -> Document:
    """Two virtual servers, one of several ports, each carried by the engine named."""
    servers = [{"name": "s1", "address": "10.20.0.101"}, {"name": "s2", "address": "10.20.0.102"}]
    return {
        "health_checks": [{"name": "check", "type": "tcp"}],
        "farms": [{"name": "web", "servers": servers}],
        "virtual_servers": [
            {"name": "web-a", "vip": "10.10.0.50", "farm": "web", "port": 80, "engine": first},
            {"name": "web-b", "vip": "10.10.0.50", "farm": "web", "ports": ["443", "8000-8100"], "engine": second},
        ],
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [(("ipvs", "ipvs"), ("keepalived",) * 2), (("keepalived",) * 2, ("ipvs",) * 2), (("ipvs", "keepalived"),) * 2],
)
def test_after_a_move_between_engines_that_did_not_end_every_wish_is_reached(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    """Whichever of the two had taken the services by then: back, on, half of each, or nothing at all."""
    before, moved = two_services(*first), two_services(*reversed(second))
    wishes = (before, moved, two_services(first[0], second[0]), {})
    for attempt in attempts(before, moved, "from then on", STRIDE):
        for wanted in wishes:
            host = copy.deepcopy(attempt.host)
            applied(host, wanted)
            assert not run(host, wanted, check=True).changed, attempt.faulty.calls[-8:]
            assert is_as_from_nothing(host, wanted), attempt.faulty.calls[-8:]


def test_thresholds_come_back_which_a_reload_leaves_as_they_are() -> None:
    before, after = two_services("keepalived", "keepalived"), two_services("keepalived", "keepalived")
    before["farms"][0]["servers"][0].update(max_connections=101, low_connections=100)
    after["farms"][0]["servers"][0].update(max_connections=2, low_connections=1)
    after["farms"][0]["balance"] = "round_robin"
    restored = 0
    for attempt in attempts(before, after, BEFORE):
        if attempt.result is not None and attempt.result.transaction.state == "restored":
            assert state_of(attempt.host) == attempt.before, attempt.faulty.calls[-8:]
            restored += 1
    assert restored


def a_pair(**group: Any) -> Document:
    """The first of two directors."""
    members = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
    fields = {"name": "pair", "virtual_router_id": 50, "interface": "eth1", "member": "lb1", "members": members}
    vip = {"name": "public", "address": "10.10.0.50/24", "ha_group": "pair"}
    return {"ha_groups": [{**fields, "connection_sync": True, **group}], "vips": [vip]}


@pytest.mark.parametrize("second", [{"connection_sync": False}, {"virtual_router_id": 51}, {"interface": "eth2"}])
def test_after_a_change_of_connection_sync_that_did_not_end_every_wish_is_reached(second: Document) -> None:
    before, changed = a_pair(), a_pair(**second)
    for attempt in attempts(before, changed, "from then on", STRIDE):
        for wanted in (before, changed, {}):
            host = copy.deepcopy(attempt.host)
            applied(host, wanted)
            assert not run(host, wanted, check=True).changed, attempt.faulty.calls[-8:]
            assert is_as_from_nothing(host, wanted), attempt.faulty.calls[-8:]


def through_a_tunnel(engine: str, server: str) -> Document:
    """A farm behind a tunnel."""
    farm = {"name": "web", "mode": "tunnel", "servers": [{"name": "s1", "address": server}]}
    public = {"name": "web", "vip": "10.10.0.50", "port": 80, "farm": "web", "engine": engine}
    return {"farms": [farm], "virtual_servers": [public]}


SYNCHRONISED, MIXED = (True, "10.20.0.101"), (False, "fd20::101")


@pytest.mark.parametrize("engine", ["ipvs", "keepalived"])
@pytest.mark.parametrize(("first", "second"), [(SYNCHRONISED, MIXED), (MIXED, SYNCHRONISED)])
def test_connection_sync_and_servers_of_another_family_make_way_for_each_other(
    engine: str, first: tuple[bool, str], second: tuple[bool, str]
) -> None:
    before, after = (
        {**a_pair(connection_sync=sync), **through_a_tunnel(engine, server)} for sync, server in (first, second)
    )
    host = director()
    for wanted in (before, after, before):
        applied(host, wanted)
        assert not run(host, wanted, check=True).changed
        assert is_as_from_nothing(host, wanted)
    for attempt in attempts(before, after, "from then on", STRIDE):
        for wanted in (before, after, a_pair(), {}):
            host = copy.deepcopy(attempt.host)
            applied(host, wanted)
            assert not run(host, wanted, check=True).changed, attempt.faulty.calls[-8:]
            assert is_as_from_nothing(host, wanted), attempt.faulty.calls[-8:]


@pytest.mark.parametrize("engine", ["ipvs", "keepalived"])
@pytest.mark.parametrize(("first", "second"), [(SYNCHRONISED, MIXED), (MIXED, SYNCHRONISED)])
def test_connection_sync_makes_way_for_servers_of_another_family_that_come_back(
    engine: str, first: tuple[bool, str], second: tuple[bool, str]
) -> None:
    before, after = (
        {**a_pair(connection_sync=sync), **(through_a_tunnel(engine, server) if ":" in server else {})}
        for sync, server in (first, second)
    )
    restored = 0
    for attempt in attempts(before, after, BEFORE):
        if attempt.result is not None and attempt.result.transaction.state == "restored":
            assert state_of(attempt.host) == attempt.before, attempt.faulty.calls[-8:]
            restored += 1
    assert restored
