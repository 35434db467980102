# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault at any call of a run, on the real kernel with the real daemon: the director is as it was, or the result says
exactly what is left; and the next run comes to where it should."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from random import Random
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.edits import Document
from ansible_collections.evenkeel.lb.tests.contract.expected import chosen_seed
from ansible_collections.evenkeel.lb.tests.contract.faults import AFTER, BEFORE, FROM_THEN_ON
from ansible_collections.evenkeel.lb.tests.contract.proving_ground import (
    CANDIDATES,
    cases,
    documents,
    in_parallel,
    own_seed,
    versions_of,
    where,
    without_health,
)

# On each director, all at the same time.
CASES = cases(200)
# An HA group is active again three adverts after it came back.
SECONDS_TO_SETTLE = 12.0
SECONDS_OF_REST = 0.7
SECONDS_BETWEEN_LOOKS = 0.3
CALLS_OF_A_RUN = 15


@pytest.fixture(scope="module")
def seed() -> int:
    return chosen_seed()


@pytest.mark.parametrize("names", [["ipvs"], ["keepalived", "ipvs"]], ids=["ipvs", "keepalived"])
def test_a_fault_at_any_call_leaves_the_director_as_it_was_or_says_what_is_left(
    hosts: dict[str, Director], seed: int, names: list[str]
) -> None:
    counted = in_parallel(hosts, lambda name, host: struck(host, name, names, seed))
    print(f"{names[0]}: how the runs ended: {counted}")


def struck(host: Director, name: str, names: list[str], seed: int) -> Counter[str]:
    """From one configuration to the next with one call going wrong, all over the run; how often it ended how."""
    own = own_seed(seed, name)
    random = Random(own)
    ended: Counter[str] = Counter()
    wishes = [without_health(document) for document in documents(CASES, own, names, versions_of(host))]
    for number, (first, second) in enumerate(itertools.pairwise(wishes)):
        settled(host, first)
        calls = host.drive("calls", second)
        at_first = settled(host, first)
        for at in sorted(random.sample(range(calls), min(calls, CALLS_OF_A_RUN))):
            kind = random.choice([BEFORE, AFTER, FROM_THEN_ON])
            told = host.drive("faulty", {"document": second, "at": at, "kind": kind})
            problem = where(seed, name, number, first, second, [at, kind, told["call"]], told["told"])
            if told["call"] is None:  # the run waited less than the one that was counted
                assert told["told"]["state"] in ("applied", "unchanged"), problem
                continue
            state = told["told"]["state"]
            if state in ("HostFault", "NetlinkError", "EngineFault", "refused", "restored"):
                different = unlike(steady(host, at_first), at_first)
                if kind == FROM_THEN_ON:
                    different.pop("litter", None)  # which nothing can be done about then; the next run does
                elif told["call"] in [f"remove {path}" for path in CANDIDATES]:
                    assert different.pop("litter", ([], []))[0] in ([], [told["call"].split()[1]]), problem
                assert different == {}, problem
            elif state == "failed":
                assert told["told"]["left"] and kind != BEFORE, problem
            else:
                # of no consequence, or done all the same
                assert state in ("applied", "unchanged") and told["recorded"], problem
            # of a run that could not remove them they stay until keepalived is asked again
            host.drive("remove", CANDIDATES)
            assert unlike(settled(host, first, at_first), at_first) == {}, (
                f"what the next run comes to, after\n{problem}"
            )
            ended[state] += 1
            if ended.total() == CASES:
                return ended
    return ended


def settled(host: Director, document: Document, awaited: dict[str, Any] | None = None) -> dict[str, Any]:
    """What there is to see once the director holds the document, see ``steady``."""
    told = host.drive("tell", {"document": document})
    assert told["state"] in ("applied", "unchanged"), (told, document)
    return steady(host, awaited)


def steady(host: Director, awaited: dict[str, Any] | None = None) -> dict[str, Any]:
    """What there is to see when nothing moves any more, or as soon as it is what is awaited: HA groups take a while."""
    end = time.monotonic() + SECONDS_TO_SETTLE
    seen: dict[str, Any] = host.drive("look_around")
    same_since = time.monotonic()
    while time.monotonic() < end and seen != awaited:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        before, seen = seen, host.drive("look_around")
        if seen != before:
            same_since = time.monotonic()
        if awaited is None and time.monotonic() - same_since > SECONDS_OF_REST:
            break
    return seen


def unlike(seen: dict[str, Any], awaited: dict[str, Any]) -> dict[str, Any]:
    """What is not as awaited: of lists, what there is too much and too little."""
    return {
        name: _more_and_less(seen[name], awaited[name]) if isinstance(seen[name], list) else (seen[name], awaited[name])
        for name in seen
        if seen[name] != awaited[name]
    }


def _more_and_less(seen: list[Any], awaited: list[Any]) -> tuple[list[Any], list[Any]]:
    return [one for one in seen if one not in awaited], [one for one in awaited if one not in seen]
