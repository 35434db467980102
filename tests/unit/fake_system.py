# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host made of dictionaries, for tests of code that goes through the one door to the host."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence

from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, HostFault, System


class FakeSystem(System):
    """Files in a dictionary, programs as functions, a clock that moves only by sleeping: by what was asked for, and by
    ``tick`` at least, where looking again and again at what cannot change meanwhile would take long. ``given`` is the
    standard input of the program that runs."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.modes: dict[str, int] = {}
        self.programs: dict[str, Callable[[Sequence[str]], Completed]] = {}
        self.ran: list[tuple[str, ...]] = []
        self.locked: list[str] = []
        self.given = ""
        self.time = 0.0
        self.tick = 0.0
        self.full_disk: set[str] = set()

    def which(self, program: str) -> str | None:
        return f"/usr/sbin/{program}" if program in self.programs else None

    def run(self, argv: Sequence[str], timeout: float = 30.0, given: str = "") -> Completed:
        if argv[0] not in self.programs:
            raise HostFault(f"{argv[0]} is not installed")
        self.ran.append(tuple(argv))
        self.given = given
        return self.programs[argv[0]](argv)

    def exists(self, path: str) -> bool:
        return path in self.files

    def listed(self, folder: str) -> list[str] | None:
        return [path for path in sorted(self.files) if os.path.dirname(path) == folder] or None

    def read(self, path: str) -> str | None:
        return self.files.get(path)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        if path in self.full_disk:
            raise HostFault(f"cannot write {path}: no space left on device")
        self.files[path] = text
        self.modes[path] = mode

    def write_in_place(self, path: str, text: str) -> None:
        self.write(path, text)

    def rename(self, path: str, new: str) -> None:
        if new in self.full_disk:
            raise HostFault(f"cannot rename {path} to {new}: no space left on device")
        self.files[new] = self.files.pop(path)
        self.modes[new] = self.modes.pop(path)

    def remove(self, path: str) -> None:
        self.files.pop(path, None)

    @contextlib.contextmanager
    def lock(self, path: str, timeout: float) -> Iterator[None]:
        self.locked.append(path)
        yield

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(seconds, self.tick)
