# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a target with damaged inputs: it gives a value or an error of its own, in bounded time, or that is a finding.

An execution follows from the seed, the target and its number alone, so that each can be repeated by itself.
"""

from __future__ import annotations

import contextlib
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from ansible_collections.evenkeel.lb.tests.fuzz.mutate import mutated

# Processor time, so that a busy machine makes no difference. Inputs have at most some thousand bytes.
SECONDS_ALLOWED = 2.0


class Target(NamedTuple):
    """Something that reads what others wrote. ``run`` raises one of ``own`` for what it cannot understand, and an
    AssertionError where what it understood cannot be right."""

    name: str
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]
    own: tuple[type[Exception], ...]
    run: Callable[[bytes], object]


class Finding(NamedTuple):
    """An execution that ended in another way, and how."""

    target: str
    seed: int
    number: int
    data: bytes
    told: str

    def __str__(self) -> str:
        repeat = f"python tests/fuzz/soak.py --target {self.target} --seed {self.seed} --only {self.number}"
        return f"{self.told.rstrip()}\n  input: {self.data!r}\n  again: {repeat}"


@dataclass
class Outcome:
    """What executions came to."""

    values: int = 0
    errors: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)


class TookTooLong(BaseException):
    """More processor time than any input of this size may cost. No target can take it for an error of its own."""


def run(target: Target, seed: int, numbers: Iterable[int], seconds: float = float("inf")) -> Outcome:
    """Execute a target by the numbers, until the seconds are over; at least one execution is made."""
    outcome = Outcome()
    begin = time.monotonic()
    for number in numbers:
        data = mutated(Random(f"{seed} {target.name} {number}"), target.seeds, target.words)
        try:
            with _bounded():
                target.run(data)
            outcome.values += 1
        except target.own:
            outcome.errors += 1
        except (Exception, TookTooLong):
            outcome.findings.append(Finding(target.name, seed, number, data, traceback.format_exc(limit=-6)))
        outcome.seconds = time.monotonic() - begin
        if outcome.seconds > seconds:
            break
    return outcome


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    def too_long(_signal: int, _frame: object) -> None:
        raise TookTooLong(f"more than {SECONDS_ALLOWED:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS_ALLOWED)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
