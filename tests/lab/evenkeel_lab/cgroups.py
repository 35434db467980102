# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Control groups of hosts of kind ct: without, one systemd takes another's services for its own."""

from __future__ import annotations

import errno
import time
from pathlib import Path

from evenkeel_lab.base import LabError
from evenkeel_lab.plan import owns
from evenkeel_lab.processes import PATIENCE


def hierarchies(mountinfo: str | None = None) -> list[Path]:
    """Where systemd keeps track of services: version 2 of control groups, and its named hierarchy of version 1."""
    found = []
    for line in (mountinfo or Path("/proc/self/mountinfo").read_text()).splitlines():
        before, after = line.split(" - ", 1)
        kind, _device, options = after.split(" ", 2)
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options.split(",")):
            found.append(Path(before.split()[4]))
    return found


def create(name: str) -> list[Path]:
    """Make a group of this name; to enter it a process writes its number to each of these files."""
    entrances = []
    for hierarchy in hierarchies():
        (hierarchy / name).mkdir(exist_ok=True)
        entrances.append(hierarchy / name / "cgroup.procs")
    return entrances


def remove(lab: str) -> None:
    """Remove the groups of a lab's hosts, in which nothing runs any more. LabError when something does."""
    for hierarchy in hierarchies():
        for group in hierarchy.iterdir():
            if owns(lab, group.name):
                _remove(group)


def _remove(group: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while group.exists():
        for path in [*sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True), group]:
            try:
                path.rmdir()
            except OSError as error:
                if error.errno != errno.EBUSY:
                    raise
                break  # a process that was killed is still on its way out
        else:
            return
        if time.monotonic() > deadline:
            members = " ".join(path.read_text() for path in group.rglob("cgroup.procs")).split()
            raise LabError(f"{group} cannot be removed: still in it are processes {' '.join(members) or '(none)'}")
        time.sleep(0.01)
