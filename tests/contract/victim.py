# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that does what a module does and dies of it: says ``begun`` in a pipe and makes a document true.

With ``at`` it kills itself before the call of that number (from 0) of those that change or ask the host: programs,
sends to the kernel, and within writing a file its making, its reaching the disk and its renaming. It says the number
of such calls at its end.
"""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile


class Counting(System):
    """This machine, until the call at which the process is to end."""

    def __init__(self, at: int | None) -> None:
        self.calls = 0
        self._at = at
        for name in ("fsync", "rename", "unlink", "open"):
            setattr(os, name, self._counted(getattr(os, name)))

    def _count(self) -> None:
        if self.calls == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.calls += 1

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self._count()
            return function(*arguments, **named)

        return counted

    def run(self, argv: Sequence[str], timeout: float = 30.0, given: str = "") -> Completed:
        self._count()
        return super().run(argv, timeout, given)

    def socket(self, family: int, kind: int, protocol: int = 0) -> Any:
        return _Socket(super().socket(family, kind, protocol), self._count)


class _Socket:
    def __init__(self, sock: Any, count: Callable[[], None]) -> None:
        self._socket = sock
        self._count = count

    def __enter__(self) -> _Socket:
        return self

    def __exit__(self, *details: Any) -> None:
        self._socket.close()

    def send(self, data: bytes) -> int:
        self._count()
        sent: int = self._socket.send(data)
        return sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def run(document: Any, at: int | None, pipe: int) -> NoReturn:
    """All that a process which was forked for it does."""
    try:
        with open(pipe, "w", encoding="utf-8") as telling:
            wanted = Configuration.from_document(document)
            system = Counting(at)
            print("begun", file=telling, flush=True)
            result = reconcile(system, engines(), lambda _recorded: wanted)
            said = {"state": result.transaction.state, "fault": result.fault, "calls": system.calls}
            print(json.dumps(said), file=telling)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
