# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host on which one thing goes wrong, or everything from one thing on: for every step of a transaction."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, HostFault, System

# When the thing itself was not done, when it was done all the same, and when it and all that follow are not done.
BEFORE, AFTER, FROM_THEN_ON = "before", "after", "from then on"
KINDS = (BEFORE, AFTER, FROM_THEN_ON)


class Faulty(System):
    """Another host, in which the call number ``at`` (from 0) to programs, files and sockets goes wrong.

    ``calls`` names what was asked of the host so far, the faulty call included; it is shorter than ``at`` when the run
    ended before. Time, locks and looking for programs and files never go wrong.
    """

    def __init__(self, host: System, at: int, kind: str = BEFORE) -> None:
        self._host = host
        self._at = at
        self._kind = kind
        self.calls: list[str] = []
        for name in ("which", "exists", "listed", "lock", "now", "sleep"):
            setattr(self, name, getattr(host, name))

    @property
    def struck(self) -> bool:
        """Whether the call that goes wrong was made."""
        return len(self.calls) > self._at

    def run(self, argv: Sequence[str], timeout: float = 30.0, given: str = "") -> Completed:
        name = " ".join(argv)
        fault = HostFault(f"{name} did not end within {timeout:g} s")
        done: Completed = self._call(f"run {name}", fault, lambda: self._host.run(argv, timeout, given))
        return done

    def read(self, path: str) -> str | None:
        fault = HostFault(f"cannot read {path}: input/output error")
        text: str | None = self._call(f"read {path}", fault, lambda: self._host.read(path))
        return text

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        fault = HostFault(f"cannot write {path}: no space left on device")
        self._call(f"write {path}", fault, lambda: self._host.write(path, text, mode))

    def write_in_place(self, path: str, text: str) -> None:
        fault = HostFault(f"cannot write {path}: invalid argument")
        self._call(f"write {path}", fault, lambda: self._host.write_in_place(path, text))

    def rename(self, path: str, new: str) -> None:
        fault = HostFault(f"cannot rename {path} to {new}: input/output error")
        self._call(f"rename {new}", fault, lambda: self._host.rename(path, new))

    def remove(self, path: str) -> None:
        fault = HostFault(f"cannot remove {path}: read-only file system")
        self._call(f"remove {path}", fault, lambda: self._host.remove(path))

    def socket(self, family: int, kind: int, protocol: int = 0) -> Any:
        made = self._call("socket", _io_error(), lambda: self._host.socket(family, kind, protocol))
        return _FaultySocket(made, self._call)

    def _call(self, name: str, fault: Exception, do: Callable[[], Any]) -> Any:
        number = len(self.calls)
        self.calls.append(name)
        if number == self._at and self._kind == AFTER:
            do()
        if number == self._at or (number > self._at and self._kind == FROM_THEN_ON):
            raise fault
        return do()


class _FaultySocket:
    """A socket whose sends count as calls."""

    def __init__(self, sock: Any, call: Callable[[str, Exception, Callable[[], Any]], Any]) -> None:
        self._socket = sock
        self._call = call

    def __enter__(self) -> _FaultySocket:
        self._socket.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self._socket.__exit__(*details)

    def send(self, data: bytes) -> int:
        sent: int = self._call("send", _io_error(), lambda: self._socket.send(data))
        return sent

    def sendall(self, data: bytes) -> None:
        self._call("sendall", _io_error(), lambda: self._socket.sendall(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def _io_error() -> Exception:
    return OSError(errno.EIO, os.strerror(errno.EIO))
