# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking again and again at a director until something came true, beside other runs: no lock is held meanwhile.
Private to evenkeel.lb."""

from __future__ import annotations

from typing import Callable, Optional, TypeVar

from ._host.store import Store
from ._host.system import System
from ._model.configuration import Configuration

# A look costs the kernel little for one virtual server and more for a thousand: from the one to the other pause, and
# never more than a fifth of the time is spent looking.
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 0.5
_PAUSES_FOR_A_LOOK = 4
_SECONDS_BETWEEN_WORDS = 10.0

Tell = Callable[[str], None]
Seen = TypeVar("Seen")


def watched(
    system: System,
    look: Callable[[float], Seen],
    is_over: Callable[[Seen], bool],
    timeout: float,
    word: Callable[[Seen, float], str],
    tell: Tell,
) -> Seen:
    """What is seen when it is over. ``look`` gets the seconds since the begin, and has to see the end when ``timeout``
    of them have passed. ``tell`` gets a ``word`` every ten seconds."""
    start = told = system.now()
    pause = _FIRST_PAUSE
    while True:
        looked = system.now()
        seen = look(looked - start)
        if is_over(seen):
            return seen
        if looked - told >= _SECONDS_BETWEEN_WORDS:
            told = looked
            tell(word(seen, looked - start))
        now = system.now()
        rest = start + timeout - now
        system.sleep(max(0.0, min(rest, max(pause, _PAUSES_FOR_A_LOOK * (now - looked)))))
        pause = min(pause * 1.5, _LONGEST_PAUSE)


class Record:
    """The recorded configuration, read again and parsed anew only when it changed."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._text: Optional[str] = None
        self._configuration = Configuration()

    def now(self) -> Configuration:
        text = self._system.read(self._system.record)
        if text != self._text:
            self._configuration = Store(self._system).load()
            self._text = text
        return self._configuration
