# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readable progress on stderr: what is being done and how long it took."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

_started = time.monotonic()


def say(text: str) -> None:
    """One line, with the seconds since the program started."""
    print(f"[{time.monotonic() - _started:6.1f} s] {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Tell that a long step starts, and how long it took when it succeeds."""
    start = time.monotonic()
    say(f"{text} …")
    yield
    say(f"{text}: done in {time.monotonic() - start:.1f} s")
