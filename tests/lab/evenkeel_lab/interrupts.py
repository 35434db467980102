# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The polite end of this program: Ctrl-C, SIGTERM and SIGHUP all raise KeyboardInterrupt, which cleans up."""

from __future__ import annotations

import signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_asked = False


def heed() -> None:
    """From now on. Also Ctrl-C in a program that a script started in the background, which would ignore it."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)


def ignore() -> None:
    """For what must not be left half done."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def check() -> None:
    """Raise KeyboardInterrupt again where it came to nothing: Python drops what is raised while a destructor runs."""
    if _asked:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: object) -> None:
    global _asked
    _asked = True
    raise KeyboardInterrupt
