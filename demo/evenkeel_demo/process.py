# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other programs: run so that none of their noise is seen and none of them outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evenkeel_demo.base import NotAsTold

#: Lines of a log that are shown when its program failed.
SHOWN = 25

#: Seconds a program has to clean up after it was interrupted: what the lab program needs, and more.
HEED = 20


def run(
    words: Sequence[str | Path],
    log: Path,
    env: Mapping[str, str] | None = None,
    watch: Callable[[], None] = lambda: None,
) -> int:
    """Run a program to its end with its output in `log`, calling `watch` ten times a second. Gives its exit status.

    It gets a session of its own, so that Ctrl-C reaches us alone; however this ends, it has ended too.
    """
    with log.open("wb") as file:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=env,
        )
        try:
            while process.poll() is None:
                watch()
                try:
                    process.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            end(process)
    watch()
    return process.returncode


def end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a program that still runs, as Ctrl-C would, and kill it when it does not heed that in time."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(HEED)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def output(words: Sequence[str | Path], seconds: float, text: str = "", accepted: Sequence[int] = (0,)) -> str:
    """What a program prints that gets `text` as its input.

    Raises NotAsTold when it takes longer than `seconds`, and with its complaint when its exit status is not accepted.
    """
    command = " ".join(map(str, words))
    # Not a pipe: the shared connection that ssh leaves open would hold its other end.
    with tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run(
                words, input=text.encode(), stdout=subprocess.PIPE, stderr=errors, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise NotAsTold(f"{command}: no end after {seconds:.0f} s") from None
        if done.returncode not in accepted:
            errors.seek(0)
            raise NotAsTold(f"{command}: exit status {done.returncode}\n{errors.read().decode().rstrip()}")
    return done.stdout.decode()


def tail(log: Path) -> str:
    """The end of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-SHOWN:])


def checked(words: Sequence[str | Path], log: Path, watch: Callable[[], None] = lambda: None) -> None:
    """Run a program that must succeed. Raises NotAsTold with the end of its log."""
    status = run(words, log, watch=watch)
    if status:
        raise NotAsTold(f"{' '.join(map(str, words))}: exit status {status}\n{tail(log)}")
