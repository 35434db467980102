# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is kept between labs: made once under a lock, complete or absent, never changed afterwards."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evenkeel_lab.base import cache
from evenkeel_lab.lock import exclusive
from evenkeel_lab.progress import say, step


def key(*ingredients: Any) -> str:
    """Twelve characters that change when any ingredient does."""
    text = json.dumps(ingredients, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def provide(kind: str, name: str, identity: str, what: str, make: Callable[[Path], Path]) -> Path:
    """The directory <cache>/<kind>/<name>-<identity>; when it is not there `make` builds it in a scratch directory.

    `make` returns the directory inside the scratch directory that is to be kept. What a killed build of that name left
    is removed.
    """
    wanted = cache() / kind / f"{name}-{identity}"
    if wanted.is_dir():
        return wanted
    lock = cache() / "lock" / f"{kind}-{name}"
    with exclusive(lock, lambda: say(f"another lab makes the {what}; waiting")):
        if wanted.is_dir():
            return wanted
        scratch = cache() / "scratch" / f"{kind}-{name}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        wanted.parent.mkdir(parents=True, exist_ok=True)
        try:
            with step(f"making the {what}"):
                made = make(scratch)
                made.rename(wanted)
        finally:
            shutil.rmtree(scratch)
    return wanted
