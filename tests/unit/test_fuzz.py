# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A short run of the fuzzing that ``make soak`` does for long, and that it would notice."""

from __future__ import annotations

import os
import secrets

import pytest

from ansible_collections.evenkeel.lb.tests.conftest import EXAMPLES
from ansible_collections.evenkeel.lb.tests.fuzz import fuzz
from ansible_collections.evenkeel.lb.tests.fuzz.fuzz import Target, run
from ansible_collections.evenkeel.lb.tests.fuzz.targets import TARGETS

SECONDS_OF_A_TARGET = 1.2


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_whatever_is_read_gives_a_value_or_an_error_of_its_own(target: Target) -> None:
    seed = int(os.environ.get("EVENKEEL_SEED") or secrets.randbits(32))
    outcome = run(target, seed, range(EXAMPLES * 50), SECONDS_OF_A_TARGET)
    assert not outcome.findings, "\n".join(map(str, outcome.findings))
    assert outcome.values
    assert bool(outcome.errors) == bool(target.own) or target.name == "ipvsadm.configuration"


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_good_inputs_are_understood(target: Target) -> None:
    for data in target.seeds:
        target.run(data)


def never_ends(data: bytes) -> None:
    while data is not None:
        pass


def fails(data: bytes) -> None:
    raise KeyError(data)


def refuses(data: bytes) -> None:
    raise ValueError(data)


def test_what_takes_too_long_or_fails_in_another_way_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "SECONDS_ALLOWED", 0.05)
    for code, told in ((never_ends, "TookTooLong: more than 0.05 s"), (fails, "KeyError"), (refuses, None)):
        outcome = run(Target("one", (b"seed",), (b"word",), (ValueError,), code), 1, [7])
        assert [told in finding.told for finding in outcome.findings] == [True] * (told is not None)
        assert (outcome.values, outcome.errors) == (0, int(told is None))
        assert all("--target one --seed 1 --only 7" in str(finding) for finding in outcome.findings)


def test_an_execution_follows_from_its_number_alone() -> None:
    seen: list[bytes] = []
    target = Target("one", (b"some seed", b"another"), (b"word",), (), seen.append)
    run(target, 5, range(200))
    run(target, 5, [150])
    assert seen[150] == seen[200]
    assert len(set(seen)) > 150
