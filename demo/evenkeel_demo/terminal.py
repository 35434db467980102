# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sees: one line for each step, and on a terminal a moving one while the step lasts."""

from __future__ import annotations

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TextIO

#: Without a terminal, a long step says this often that it is still at it; seconds.
PATIENCE = 15


class Step:
    """A step under way."""

    def __init__(self, text: str, start: float) -> None:
        self.text = text
        self.start = start
        self.detail = ""
        self.result = ""

    def done(self, result: str) -> None:
        """Say how it ended: the line that stays, in place of the text of its beginning."""
        self.result = result


class Teller:
    """Tells steps on a stream, each line with the seconds since `started`, a point on `clock`."""

    def __init__(
        self,
        started: float,
        stream: TextIO = sys.stdout,
        clock: Callable[[], float] = time.time,
        live: bool | None = None,
    ) -> None:
        self._started = started
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty() if live is None else live

    def seconds(self) -> float:
        """Since the beginning of the story."""
        return self._clock() - self._started

    def say(self, text: str = "") -> None:
        """A line as it is."""
        self._write(f"{text}\n")

    @contextlib.contextmanager
    def step(self, text: str) -> Iterator[Step]:
        """Tell a step: `text` says what is being done, Step.done what came of it. A failure says how long it took."""
        step = Step(text, self._clock())
        ended = threading.Event()
        ticker = threading.Thread(target=self._tick, args=(step, ended), daemon=True)
        ticker.start()
        try:
            yield step
        except BaseException as error:
            step.done(f"{text}: {'interrupted' if isinstance(error, KeyboardInterrupt) else 'FAILED'}")
            raise
        finally:
            ended.set()
            ticker.join()
            self._line(step.result or text, self._clock() - step.start)

    def _tick(self, step: Step, ended: threading.Event) -> None:
        if self._live:
            self.show(step)
        while not ended.wait(1 if self._live else PATIENCE):
            self.show(step)

    def show(self, step: Step) -> None:
        """Say what is being done right now: on a terminal in the line that moves, elsewhere in a line of its own."""
        lasted = f"{self._clock() - step.start:.0f} s"
        text = f"{self._prefix()} {step.text} … {lasted}" + (f"  {step.detail}" if step.detail else "")
        if self._live:
            self._write(f"\r\033[K{text[: shutil.get_terminal_size().columns - 1]}")
        else:
            self._write(f"{text}\n")

    def _line(self, text: str, lasted: float) -> None:
        clear = "\r\033[K" if self._live else ""
        self._write(f"{clear}{self._prefix()} {text}  ({lasted:.1f} s)\n")

    def _prefix(self) -> str:
        return f"[{self.seconds():4.0f}s]"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
