# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks between lab programs. A lock is held by an open file, so it ends with its process however that ends."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


class Held(Exception):
    """Somebody else holds the lock and the caller did not want to wait."""


@contextlib.contextmanager
def exclusive(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock named by `path`; the file is gone again when nobody holds it.

    When somebody else has it: without `waiting` raise Held at once, with it call it once and wait.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waiting is None:
                    raise Held(str(path)) from None
                waiting()
                fcntl.flock(fd, fcntl.LOCK_EX)
            # The holder before us removed the file: whoever comes now locks a new one, so this one guards nothing.
            if not _is_same(fd, path):
                continue
            try:
                yield
            finally:
                path.unlink()
            return
        finally:
            os.close(fd)


def _is_same(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False
