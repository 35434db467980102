# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the first line to the last: who has the checkout, what is left behind, how it ends."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

from evenkeel_demo import ending, pair
from evenkeel_demo.base import LOGS, REPORT, REPOSITORY, NotAsTold
from evenkeel_demo.lab import Lab
from evenkeel_demo.story import Story
from evenkeel_demo.terminal import Teller

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Tell the story. The exit status is 0 when everything went as told, 130 after Ctrl-C, 1 otherwise.

    The environment says when it began (DEMO_STARTED, seconds since 1970) and whether the lab stays (KEEP, not empty).
    """
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    LOGS.parent.mkdir(exist_ok=True)
    with (LOGS.parent / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another demo runs in this checkout; their numbers would get mixed up", file=sys.stderr)
            return 1
        if LOGS.exists():
            shutil.rmtree(LOGS)
        LOGS.mkdir()
        REPORT.unlink(missing_ok=True)
        return _tell(Teller(float(os.environ["DEMO_STARTED"])), keep=bool(os.environ.get("KEEP")))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _tell(teller: Teller, keep: bool) -> int:
    lab = Lab(f"demo-{os.getpid()}")
    story = Story(lab, pair.load(REPOSITORY / "demo" / "inventory"), teller)
    status, problem = 1, ""
    try:
        story.tell()
        status = 0
    except NotAsTold as error:
        problem = f"Not as told: {error}"
    except KeyboardInterrupt:
        status, problem, keep = 130, "Interrupted.", False
    except BaseException:
        keep = False
        raise
    finally:
        # Nothing interrupts the way out: whoever is impatient would be left with half a lab.
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if not (keep and lab.running):
            lab.down(logs=None if status == 0 else LOGS / "hosts")
    down = "The lab is down and nothing of it is left."
    if problem:
        print(f"\n{problem}\n\nLogs are in {_short(LOGS)}/.", file=sys.stderr)
    else:
        report = story.report()
        REPORT.write_text(json.dumps(report, indent=1) + "\n")
        teller.say(ending.summary(report, _short(REPORT)))
        down = f"{down}\n{ending.NEXT}"
    teller.say(ending.kept(lab.name) if keep and lab.running else down)
    return status


def _short(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))
