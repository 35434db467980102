# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds whatever an appliance is asked for and however it answers what is not documented: DESIGN, section 9.

Of its nine properties, a walk shows that a second run changes nothing (1), that check mode tells what is done (3),
that what is held is what was asked for, wherever one comes from (5), that what is not ours stays (6), that the order
of lists is nothing (7), and that what lb_info tells plans nothing (9); faults at any request show what becomes of a
run that fails (4). Objects come back in test_objects_come_back.py (2). Health (8) is not in this API.
"""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.engine import AlohaEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.objects import same
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._info import Asked, gathered
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import Result
from ansible_collections.evenkeel.lb.tests.aloha_simulator.switches import Fault
from ansible_collections.evenkeel.lb.tests.aloha_simulator.tree import CHILDREN, Thing
from ansible_collections.evenkeel.lb.tests.conftest import EXAMPLES
from ansible_collections.evenkeel.lb.tests.unit.engines.aloha.controllers import Controller, with_switches
from ansible_collections.evenkeel.lb.tests.unit.engines.aloha.documents import Document, any_document

# Each switch with both, or all, of its answers that the engine has to live with.
ANSWERS: dict[str, list[Any]] = {
    "create": ["post", "put", "both"],
    "cascade": [True, False],
    "listing": ["array", "braces"],
    "missing_errno": [True, False],
    "lock_status": [500, 423, 503],
    "lock_errno": [True, False],
    "error_body": ["empty", "html"],
    "normalise": [False, True],
    "stale_reads": [0, 1],
    "duplicates": [True, False],
    "more": [{}, {"l4_farm": ["color"], "l7_server": ["cookie"], "l7_service": ["maxconn"]}],
}
# To make a failing walk smaller takes minutes; its seed and the steps it tells are enough.
RANDOMS = st.integers(0, 2**32).map(Random)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
FOREIGN = ("theirs", {"balance": "never-queue", "service_address": "192.0.2.9", "service_port": "25"})


def pairwise(answers: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Few rows in which every two answers to different questions meet."""
    names = list(answers)
    left = {
        ((one, first), (other, second))
        for one, other in itertools.combinations(range(len(names)), 2)
        for first in range(len(answers[names[one]]))
        for second in range(len(answers[names[other]]))
    }
    rows = []
    random = Random(0)
    while left:
        tries = [[random.randrange(len(answers[name])) for name in names] for _try in range(60)]
        best = max(tries, key=lambda row: len(left & met_in(row)))
        left -= met_in(best)
        rows.append({name: answers[name][choice] for name, choice in zip(names, best, strict=True)})
    return rows


def met_in(row: list[int]) -> set[Any]:
    return set(itertools.combinations(enumerate(row), 2))


ROWS = pairwise(ANSWERS)


def controller(switches: dict[str, Any]) -> Controller:
    """An appliance that holds something of others already."""
    host = with_switches(**switches)
    host.settings = host.settings.__class__(settle=1.0)
    name, values = FOREIGN
    theirs = Thing("l4_farm", dict(values))
    theirs.children["mx1"] = Thing("l4_server", {"address": "192.0.2.10", "weight": "7"})
    host.appliance.root.roots["l4_farm"][name] = theirs
    return host


def is_as_from_nothing(host: Controller, document: Document) -> None:
    """That the appliance holds what one would that comes to the document from nothing, and what is not ours as it was;
    but for keys that say their default."""
    other = controller(vars(host.appliance.switches))
    other.applied(document)
    assert meanings(host) == meanings(other)
    assert host.holds()["l4_farm"]["theirs"] == controller({}).holds()["l4_farm"]["theirs"]


def meanings(host: Controller) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, things in host.holds().items():
        for name, thing in things.items():
            parts = {(kind, name): thing["values"]}
            parts |= {(CHILDREN[kind][1], name, child): values for child, values in thing["children"].items()}
            for key, values in parts.items():
                found[str(key)] = {n: v for n, v in values.items() if not same(key[0], n, v, None)}
    return found


def test_the_rows_have_every_pair_of_answers() -> None:
    pairs = {
        ((one, str(row[one])), (other, str(row[other])))
        for row in ROWS
        for one, other in itertools.combinations(row, 2)
    }
    wanted = {
        ((one, str(first)), (other, str(second)))
        for one, other in itertools.combinations(ANSWERS, 2)
        for first in ANSWERS[one]
        for second in ANSWERS[other]
    }
    assert pairs == wanted


@pytest.mark.parametrize("switches", ROWS, ids=[str(number) for number in range(len(ROWS))])
@given(RANDOMS)
@settings(max_examples=max(EXAMPLES // 3, 5), phases=PHASES)
def test_a_walk_is_what_it_says_and_ends_where_it_should(switches: dict[str, Any], random: Random) -> None:
    host = controller(switches)
    for _step in range(3):
        document = any_document(random)
        before = host.holds()
        planned = host.run(document, check=True)
        assert host.holds() == before, "check mode changed something"
        result = host.applied(document)
        assert (planned.changed, planned.steps, planned.impact) == (result.changed, result.steps, result.impact)
        shuffled = {kind: random.sample(things, len(things)) for kind, things in document.items()}
        told = gathered(host, [AlohaEngine(host.api())], Asked(("config",)))[0]["config"]
        for again in (document, shuffled, told):
            requests = len(host.appliance.requests)
            nothing = host.run(again)
            assert not nothing.steps and not nothing.changed, nothing.steps
            sent = host.appliance.requests[requests:]
            assert {request.method for request in sent} <= {"GET"}
            assert len({request.path for request in sent}) == len(sent), "an object was read twice"
        is_as_from_nothing(host, document)
    host.applied({})
    is_as_from_nothing(host, {})
    # numbers and booleans are watched for in every run of every test; nothing but ASCII either
    assert all(request.body.isascii() for request in host.appliance.requests)


@given(RANDOMS)
@settings(max_examples=max(EXAMPLES // 3, 5), phases=PHASES)
def test_an_object_is_read_once_and_twice_more_around_each_write(random: Random) -> None:
    """What a cautious client needs, and nothing beyond it."""
    host = controller({})
    for _step in range(3):
        begin = len(host.appliance.requests)
        result = host.applied(any_document(random))
        sent = host.appliance.requests[begin:]
        reads = Counter(request.path for request in sent if request.method == "GET")
        writes = Counter(request.path for request in sent if request.method != "GET")
        assert sum(writes.values()) == len(result.steps)
        for path in {*reads, *writes}:
            # one that is in an object which was not there yet needs not be looked for
            assert reads[path] - 2 * writes[path] in ((0, 1) if writes[path] else (1,)), (path, reads, writes)


KINDS = [
    "lock",
    "drop",
    "drop_after",
    "html",
    "status:403",
    *(f"errno:{number}" for number in (25, 101, 120, 121, 122)),
]


@pytest.mark.parametrize("kind", KINDS)
@given(RANDOMS)
@settings(max_examples=max(EXAMPLES // 10, 3), phases=PHASES)
def test_a_fault_at_any_request_leaves_the_appliance_as_it_was_or_says_what_is_left(kind: str, random: Random) -> None:
    """And the next run comes to what was asked for, and nothing of the one that failed stays."""
    first, second = any_document(random), any_document(random)
    switches = random.choice(ROWS)
    settled = controller(switches)
    settled.applied(first)
    for number in itertools.count(1):
        host = settled.fork()
        host.appliance.strike(number, Fault.parsed(kind))
        before = host.holds()
        result = attempted(host, second)
        if host.appliance.faults:
            assert result is not None and result.transaction.state in ("applied", "unchanged")
            return
        state = result.transaction.state if result is not None else "refused"
        told = (number, kind, result and (result.transaction, result.fault), switches)
        if state in ("refused", "restored"):
            assert host.holds() == before, told
        elif state == "failed":
            # only where the appliance says that nothing more may be sent
            assert kind in ("errno:120", "errno:121") and result is not None and result.transaction.left, told
        else:
            is_as_from_nothing(host, second)
        if state != "applied":
            assert Store(host).load() == Store(settled).load() or state == "unchanged", told
        host.applied(second)
        assert not host.run(second, check=True).changed, told
        is_as_from_nothing(host, second)


def attempted(host: Controller, document: Document) -> Result | None:
    try:
        return host.run(document)
    except HostFault:
        return None


@given(RANDOMS)
@settings(max_examples=EXAMPLES, phases=PHASES)
def test_what_was_recorded_comes_back_as_the_same_wish(random: Random) -> None:
    host = controller({})
    document = any_document(random)
    host.applied(document)
    recorded = Store(host).load()
    assert Configuration.from_document(recorded.document()) == recorded
    assert not host.run(recorded.document(), check=True).changed
