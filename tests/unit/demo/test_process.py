# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs the demo runs: their output, their failures, and that none outlives the demo."""

from __future__ import annotations

import os
import sys
import time

import pytest
from evenkeel_demo import process
from evenkeel_demo.base import NotAsTold

WAITING = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); " + WAITING


def test_a_program_that_fails_is_told_with_the_end_of_its_log(tmp_path):
    script = "print('first'); print('last'); raise SystemExit(3)"
    with pytest.raises(NotAsTold, match=r"exit status 3\nfirst\nlast"):
        process.checked([sys.executable, "-c", script], tmp_path / "log")


def test_only_the_end_of_a_long_log_is_shown(tmp_path):
    log = tmp_path / "log"
    log.write_text("\n".join(map(str, range(1000))))
    assert process.tail(log).split() == [str(number) for number in range(975, 1000)]


@pytest.mark.parametrize("script", [WAITING, STUBBORN])
def test_when_we_are_interrupted_the_program_ends(tmp_path, monkeypatch, script):
    monkeypatch.setattr(process, "HEED", 0.5)
    log = tmp_path / "log"
    pids = []

    def interrupt_once_it_runs() -> None:
        if log.read_text().endswith("\n"):
            pids.append(int(log.read_text()))
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        process.run([sys.executable, "-c", script], log, watch=interrupt_once_it_runs)
    assert time.monotonic() - began < 20
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_the_last_lines_are_watched_too(tmp_path):
    log = tmp_path / "log"
    seen = []
    process.checked([sys.executable, "-c", "print('end')"], log, lambda: seen.append(log.read_text()))
    assert seen[-1] == "end\n"


def test_output_gets_input_and_may_have_another_status():
    script = "import sys; print(sys.stdin.read().upper()); raise SystemExit(1)"
    assert process.output([sys.executable, "-c", script], 20, text="hello", accepted=(0, 1)) == "HELLO\n"


def test_output_is_told_why_there_is_none():
    with pytest.raises(NotAsTold, match="exit status 1\nout of order"):
        process.output([sys.executable, "-c", "raise SystemExit('out of order')"], 20)
    with pytest.raises(NotAsTold, match="no end after 0 s"):
        process.output([sys.executable, "-c", WAITING], 0.3)
