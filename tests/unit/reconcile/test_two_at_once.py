# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once on one director, in processes with a real lock: the second waits and begins where the first ends."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils import _reconcile
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._host import store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Farm

LONG = 60
processes = multiprocessing.get_context("fork")


class Held(MemoryEngine):
    """An engine that, when it is told of a configuration, says so and waits until it may go on."""

    def __init__(self, inside: Any, go_on: Any) -> None:
        super().__init__()
        self._inside, self._go_on = inside, go_on

    def compile(self, configuration: Any) -> Any:
        self._inside.set()
        assert self._go_on.wait(LONG)
        return super().compile(configuration)


class Patient(System):
    """This machine, on which waiting for the lock is seen."""

    def __init__(self, waits: Any) -> None:
        self._waits = waits

    def sleep(self, seconds: float) -> None:
        self._waits.set()
        super().sleep(seconds)


def add(name: str, defer: bool, waits: Any, inside: Any, go_on: Any, answers: Any) -> None:
    """A run in a process of its own."""
    try:
        result = _reconcile.reconcile(
            Patient(waits),
            [Held(inside, go_on)],
            lambda before: before.with_object("farms", Farm(name=name)),
            defer=defer,
        )
        answers.put((name, result.transaction.state, sorted(result.recorded.farms), sorted(result.wanted.farms)))
    except HostFault as fault:
        answers.put((name, str(fault), [], []))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The record and the lock of this test alone."""
    monkeypatch.setattr(System, "record", str(tmp_path / "lb.json"))
    monkeypatch.setattr(System, "run_lock", str(tmp_path / "run/lock"))
    yield tmp_path


@pytest.mark.parametrize("defer", [False, True])
def test_the_second_run_waits_and_then_sees_what_the_first_one_did(defer: bool) -> None:
    waits, inside, go_on, answers = processes.Event(), processes.Event(), processes.Event(), processes.Queue()
    nobody = processes.Event()
    first = processes.Process(target=add, args=("first", False, nobody, inside, go_on, answers))
    first.start()
    assert inside.wait(LONG), "the first run did not begin"
    second = processes.Process(target=add, args=("second", defer, waits, processes.Event(), go_on, answers))
    second.start()
    assert waits.wait(LONG), "the second run did not wait"
    go_on.set()
    told = [answers.get(timeout=LONG) for _run in range(2)]
    for process in (first, second):
        process.join(LONG)
    assert told == [
        ("first", "applied", [], ["first"]),
        ("second", "deferred" if defer else "applied", ["first"], ["first", "second"]),
    ]
    assert not nobody.is_set()
    records = store.Store(System())
    assert sorted(records.load().farms) == (["first"] if defer else ["first", "second"])
    deferred = records.deferred()
    assert (sorted(deferred.farms) if deferred else None) == (["first", "second"] if defer else None)


def test_the_wait_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reconcile, "_SECONDS_TO_WAIT_FOR_ANOTHER_RUN", 0.3)
    inside, go_on, answers, nobody = processes.Event(), processes.Event(), processes.Queue(), processes.Event()
    first = processes.Process(target=add, args=("first", False, nobody, inside, go_on, answers))
    first.start()
    assert inside.wait(LONG)
    with pytest.raises(HostFault, match=r"another run holds .*/run/lock for more than 0\.3 s"):
        _reconcile.reconcile(System(), [], lambda before: before)
    go_on.set()
    assert answers.get(timeout=LONG)[1] == "applied"
    first.join(LONG)
    assert sorted(store.Store(System()).load().farms) == ["first"]
