# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every engine, on the real kernel with the real daemon: a walk through any configurations.

Each step of a walk is a case for each of: a second run finds nothing, check mode says what the real run does, what runs
is what was asked for whatever was before, what is not ours stays, order and health change nothing. That faults leave a
director as it was is in test_faults_kernel.py, that text comes back as what it was written from is in tests/unit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.edits import shuffled
from ansible_collections.evenkeel.lb.tests.contract.expected import chosen_seed, saved_lines
from ansible_collections.evenkeel.lb.tests.contract.meaning import (
    Seen,
    meaning,
    misfits,
    seen_by_ipvsadm,
    seen_by_pyroute2,
)
from ansible_collections.evenkeel.lb.tests.contract.proving_ground import (
    FOREIGN,
    FOREIGN_RULES,
    USERS_CONFIGURATION,
    cases,
    documents,
    in_parallel,
    own_seed,
    versions_of,
    where,
)
from ansible_collections.evenkeel.lb.tests.contract.strategies import SERVERS

# On each director, all at the same time.
STEPS = cases(200)
# Seconds in which the quicker health checks find out what has become of their servers.
PAUSE = 1.2
NOT_OURS = seen_by_ipvsadm(saved_lines(FOREIGN))


def walked(host: Director, names: list[str], seed: int, lively: bool) -> list[dict[str, Any]]:
    """What was asked for and seen at each step of a walk."""
    random = Random(seed)
    seen = []
    for document in documents(STEPS, seed, names, versions_of(host)):
        addresses = [*SERVERS[4], *SERVERS[6]]
        # most of them fail: many documents have few servers that are checked
        health = {address: random.random() < 0.3 for address in addresses} if lively else {}
        again = shuffled(document, random)
        wish = {"document": document, "again": again, "health": health, "pause": PAUSE if lively else 0}
        seen.append({"document": document, "lively": lively, **host.drive("step", wish)})
    return seen


@pytest.fixture(scope="module")
def seed() -> int:
    return chosen_seed()


@pytest.fixture(scope="module", params=["ipvs", "keepalived"])
def walks(request: pytest.FixtureRequest, hosts: dict[str, Director], seed: int) -> dict[str, Any]:
    """A walk on each director, of services that one engine carries, or of some that move between both."""
    names = ["ipvs"] if request.param == "ipvs" else ["keepalived", "ipvs"]
    return in_parallel(
        hosts, lambda name, host: walked(host, names, own_seed(seed, name), request.param == "keepalived")
    )


def steps(walks: dict[str, Any], seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, walk in walks.items():
        for number, step in enumerate(walk):
            before = walk[number - 1]["document"] if number else {}
            yield where(seed, name, number, before, step["document"], step["applied"]), step


def test_every_configuration_is_applied(walks: dict[str, Any], seed: int) -> None:
    for told, step in steps(walks, seed):
        assert step["applied"]["state"] in ("applied", "unchanged"), told


def test_check_mode_says_what_the_real_run_does_and_does_nothing(walks: dict[str, Any], seed: int) -> None:
    for told, step in steps(walks, seed):
        assert step["between"] == step["before"], told
        planned, applied = (
            [compared(one, step["lively"]) for one in step[run]["steps"]] for run in ("planned", "applied")
        )
        assert planned == applied, (told, step["planned"])
        assert step["planned"]["changed"] == step["applied"]["changed"], told


def compared(step: list[str], lively: bool) -> list[str]:
    """A step of a run without what a health check may change between check mode and the run: what of a service is in
    the kernel when ipvs takes it over from keepalived, and so what that means for clients."""
    engine, action, subject, before, after, _impact = step
    if lively and (engine, action) == ("ipvs", "add") and before:
        return [engine, action, subject, after]
    return step


def test_a_second_run_finds_nothing_in_whatever_order_and_health(walks: dict[str, Any], seed: int) -> None:
    for told, step in steps(walks, seed):
        again = step["again"]
        assert (again["state"], again["changed"], again["steps"]) == ("unchanged", False, []), (told, again)


def test_what_is_not_ours_stays(walks: dict[str, Any], seed: int) -> None:
    foreign = saved_lines(FOREIGN)
    packets = None
    for told, step in steps(walks, seed):
        for moment in ("after", "finally"):
            seen = step[moment]
            assert set(foreign) <= set(seen["saved"]), told
            assert seen["files"]["/etc/ipvsadm.rules"].startswith(FOREIGN_RULES), told
            assert seen["files"]["/etc/keepalived/keepalived.conf"] == USERS_CONFIGURATION, told
            others = without_our_table(seen["packets"])
            packets = packets or others
            assert others == packets and "by_hand" in others, told
            assert seen["litter"] == [], told


def without_our_table(listed: str) -> str:
    before, _ours, rest = listed.partition("table inet evenkeel {\n")
    return before + rest.partition("\n}\n")[2]


def test_the_kernel_holds_what_was_asked_for(walks: dict[str, Any], seed: int) -> None:
    """As ipvsadm and pyroute2 see it, and as a reading of the document that is not ours has it."""
    unwell = 0
    for told, step in steps(walks, seed):
        for moment in ("after", "finally"):
            saved, decoded = step[moment]["saved"], step[moment]["witnessed"]
            for witness, seen in (("ipvsadm", seen_by_ipvsadm(saved)), ("pyroute2", seen_by_pyroute2(decoded))):
                wrong = misfits(meaning(step["document"]), not_foreign(seen), witness)
                assert wrong == [], (told, moment, saved)
        always_well = (dataclasses.replace(one, checked=frozenset()) for one in meaning(step["document"]))
        unwell += bool(misfits(always_well, not_foreign(seen_by_ipvsadm(step["finally"]["saved"])), "ipvsadm"))
    print(f"in {unwell} steps a health check had taken something out")
    lively = [step for _told, step in steps(walks, seed) if step["lively"]]
    assert unwell >= len(lively) // 8


def not_foreign(seen: Seen) -> Seen:
    assert set(NOT_OURS) <= set(seen)
    return {key: service for key, service in seen.items() if key not in NOT_OURS}


def test_the_daemon_lives_through_all_of_it(walks: dict[str, Any], seed: int) -> None:
    for told, step in steps(walks, seed):
        assert step["finally"]["unit"] == ["NRestarts=0", "ActiveState=active"], told
