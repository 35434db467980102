# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes by the network namespace they are in: everything a lab runs is found without trusting any record."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from evenkeel_lab.base import LabError
from evenkeel_lab.state import Process

#: Seconds a killed process may take to be gone: it still closes what it had mounted, on a disk others keep busy.
PATIENCE = 20.0


def inside(identities: Iterable[int]) -> list[Process]:
    """The processes in any of these network namespaces."""
    wanted = set(identities)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "ns" / "net").stat().st_ino in wanted:
                found.append(Process.of(int(entry.name)))
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
        except PermissionError:
            continue  # root may not look: no process of ours, those have no special protection
    return found


def end(identities: Iterable[int], seconds: float = PATIENCE) -> None:
    """Kill everything in these namespaces, also what is started meanwhile. LabError when something stays."""
    wanted = set(identities)
    deadline = time.monotonic() + seconds
    while left := [process for process in inside(wanted) if process.alive()]:
        for process in left:
            process.kill()
        if time.monotonic() > deadline:
            raise LabError(f"processes that do not end: {', '.join(str(process.pid) for process in left)}")
        time.sleep(0.01)


def wait(processes: Iterable[Process], seconds: float = PATIENCE) -> bool:
    """Whether all of these ended in time."""
    waiting = list(processes)
    deadline = time.monotonic() + seconds
    while any(process.alive() for process in waiting):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
