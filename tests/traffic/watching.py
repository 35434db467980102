# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that run while something is done, and what they then report."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def watched(commands: Mapping[str, list[str]]) -> Iterator[dict[str, Any]]:
    """Have commands run meanwhile, all of them ready from the start; at the end what each reported, by its key."""
    reports: dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="traffic-")))
        running: dict[str, subprocess.Popen[bytes]] = {}
        for number, (key, command) in enumerate(commands.items()):
            output = stack.enter_context((place / f"{number}.json").open("w+b"))
            argv = [*command, "--ready", str(place / str(number))]
            running[key] = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, start_new_session=True)
            stack.callback(end, running[key])
        waits = [(place / str(number)) for number in range(len(running))]
        eventually(lambda: all(path.exists() for path in waits), 20, f"not ready: {list(running)}")
        yield reports
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for number, (key, process) in enumerate(running.items()):
            assert process.wait(timeout=60) == 0, f"{key} failed"
            reports[key] = json.loads((place / f"{number}.json").read_text())


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a program that runs, and wait for its end."""
    if process.poll() is None:
        process.kill()
        process.wait()


def eventually(holds: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Wait until it holds; an AssertionError when that takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds:g} s: {otherwise}"
        time.sleep(0.05)
