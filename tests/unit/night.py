# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host on which things happen while a wait sleeps."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem


class Night(FakeSystem):
    """A host on which things happen at their time, in seconds from now on, while a wait sleeps. A look at the engine
    may take time too."""

    def __init__(self) -> None:
        super().__init__()
        self.due: list[tuple[float, Callable[[], object]]] = []
        self.naps: list[float] = []
        self.reads: list[str] = []

    def at(self, seconds: float, happening: Callable[[], object]) -> None:
        self.due.append((self.time + seconds, happening))

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.naps.append(seconds)
        super().sleep(seconds)
        happened = [happening for time, happening in self.due if time <= self.time]
        self.due = [(time, happening) for time, happening in self.due if time > self.time]
        for happening in happened:
            happening()

    def read(self, path: str) -> str | None:
        self.reads.append(path)
        return super().read(path)
