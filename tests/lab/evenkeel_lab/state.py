# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written down about a running lab, so that any later program can find, change and end it."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from evenkeel_lab.base import LabError, run_directory
from evenkeel_lab.kernels import Kernel
from evenkeel_lab.plan import Plan, make
from evenkeel_lab.spec import parse

STARTING = "starting"
UP = "up"


@dataclass(frozen=True)
class Process:
    """A process by number and start time, so that a number used again is not mistaken for it."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has this number now. Raises ProcessLookupError when none has."""
        stat = _stat(pid)
        if stat is None:
            raise ProcessLookupError(pid)
        return cls(pid, int(stat[19]))

    def alive(self) -> bool:
        """Whether it still runs."""
        stat = _stat(self.pid)
        return stat is not None and int(stat[19]) == self.started and stat[0] not in "ZX"

    def program(self) -> str:
        """The name of its program, at most 15 characters; empty when it ended."""
        try:
            return Path(f"/proc/{self.pid}/comm").read_text().rstrip("\n")
        except (FileNotFoundError, ProcessLookupError):
            return ""

    def kill(self) -> None:
        """End it at once if it still runs."""
        if self.alive():
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, which may itself hold spaces and parentheses."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


@dataclass
class Parts:
    """What hosts are made of: directories by distribution, and the kernel of kind vm."""

    roots: dict[str, str] = field(default_factory=dict)
    repositories: dict[str, str] = field(default_factory=dict)
    kernel: Kernel | None = None


@dataclass
class State:
    """A lab's record. `cut` holds [host, network] pairs."""

    document: dict[str, Any]
    phase: str = STARTING
    processes: dict[str, Process] = field(default_factory=dict)
    cut: list[list[str]] = field(default_factory=list)
    parts: Parts = field(default_factory=Parts)

    def plan(self) -> Plan:
        """The plan of the lab as it was started, whatever became of its description since."""
        return make(parse(self.document))

    def powered(self, host: str) -> bool:
        """Whether a host of kind vm or ct runs."""
        return host in self.processes and self.processes[host].alive()

    def cut_of(self, host: str) -> frozenset[str]:
        """Networks a host is cut off from."""
        return frozenset(network for name, network in self.cut if name == host)


def directory(lab: str) -> Path:
    """Where everything of a running lab is."""
    return run_directory() / lab


def lock_path(lab: str) -> Path:
    """The lock of whoever changes a lab; a lab's name has no dot, so it is no lab's directory."""
    return run_directory() / f"{lab}.lock"


def write(lab: str, state: State) -> None:
    """Replace the record: whoever reads gets the old or the new one, whole."""
    path = directory(lab) / "state.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(asdict(state), indent=1))
    new.rename(path)


def read(lab: str) -> State | None:
    """The record of a lab, None when there is none."""
    try:
        values = json.loads((directory(lab) / "state.json").read_text())
    except FileNotFoundError:
        return None
    values["processes"] = {name: Process(**process) for name, process in values["processes"].items()}
    values["parts"] = Parts(**values["parts"])
    if values["parts"].kernel is not None:
        values["parts"].kernel = Kernel(**values["parts"].kernel)
    return State(**values)


def running(lab: str) -> State:
    """The record of a lab that is up; LabError when it is not."""
    state = read(lab)
    if state is None or state.phase != UP:
        raise LabError(f"lab {lab} is not up")
    return state
