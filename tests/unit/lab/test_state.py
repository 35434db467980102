# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of running labs, and the lock that lets one program at a time change a lab."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from evenkeel_lab import state
from evenkeel_lab.base import LabError
from evenkeel_lab.kernels import Kernel
from evenkeel_lab.lock import Held, exclusive
from evenkeel_lab.state import UP, Parts, Process, State


@pytest.fixture(autouse=True)
def run_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("LAB_RUN", str(tmp_path))
    return tmp_path


def test_a_record_reads_back_as_it_was_written(document):
    record = State(
        document=document,
        phase=UP,
        processes={"lb1": Process(12, 345)},
        cut=[["lb1", "front"]],
        parts=Parts({"trixie": "/r"}, {"trixie": "/p"}, Kernel("/k", "sid 7", True)),
    )
    state.write("small", record)
    assert state.read("small") == record
    assert state.running("small").plan().host("lb1").address == "172.31.0.11"  # order of networks survives
    assert record.cut_of("lb1") == {"front"}
    assert record.cut_of("web1") == frozenset()


def test_a_lab_that_is_not_up_has_nothing_to_change(document):
    assert state.read("small") is None
    with pytest.raises(LabError, match="small is not up"):
        state.running("small")
    state.write("small", State(document=document))
    with pytest.raises(LabError, match="small is not up"):
        state.running("small")


def test_a_process_is_told_from_a_later_one_of_the_same_number():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process = Process.of(child.pid)
    assert process.alive()
    assert not Process(child.pid, process.started - 1).alive()
    Process(child.pid, process.started - 1).kill()
    assert child.poll() is None
    process.kill()
    assert child.wait(5) == -signal.SIGKILL
    assert not process.alive()


def test_a_dead_process_nobody_waited_for_is_not_alive():
    child = subprocess.Popen(["true"])
    process = Process.of(child.pid)
    deadline = time.monotonic() + 5
    while process.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not process.alive()
    assert child.wait() == 0


def test_a_lock_is_held_by_one_and_leaves_no_file(tmp_path):
    path = tmp_path / "small.lock"
    with exclusive(path):
        with pytest.raises(Held), exclusive(path):
            pass
        assert path.exists()
    assert list(tmp_path.iterdir()) == []
    with exclusive(path):
        pass


def test_who_waits_for_a_lock_gets_it(tmp_path):
    path = tmp_path / "small.lock"
    told = threading.Event()
    order: list[str] = []

    def second() -> None:
        with exclusive(path, told.set):
            order.append("second")

    with exclusive(path):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert told.wait(5)
        order.append("first")
    waiting.join(5)
    assert order == ["first", "second"]
    assert not path.exists()


def test_a_lock_ends_with_its_process(tmp_path):
    path = tmp_path / "small.lock"
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import time\n"
        "from evenkeel_lab.lock import exclusive\n"
        "with exclusive(Path(sys.argv[2])):\n    print('held', flush=True); time.sleep(60)\n"
    )
    package = os.path.dirname(os.path.dirname(state.__file__))
    holder = subprocess.Popen([sys.executable, "-c", script, package, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Held), exclusive(path):
        pass
    holder.kill()
    holder.communicate()
    with exclusive(path):
        pass
    assert not path.exists()
