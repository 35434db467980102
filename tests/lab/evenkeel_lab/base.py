# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every room may use: where things are, how a failure is told, how a command is run."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

#: tests/lab of this checkout.
HERE = Path(__file__).resolve().parent.parent

# Dies with the lab program, together with everything it started and mounted, however the program ends.
_CONTAINED = (
    "setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child=KILL --mount-proc --propagation private"
).split()


class LabError(Exception):
    """Something the user can act on; its text is all that is shown."""


def cache() -> Path:
    """Directory of everything that is kept between labs: root file systems, kernels, package repositories, ssh key."""
    return Path(os.environ.get("EVENKEEL_CACHE", "/var/cache/evenkeel")) / "lab"


_RUN = "/run/evenkeel-lab"


def run_directory() -> Path:
    """Directory of the running labs, one sub-directory for each."""
    return Path(os.environ.get("LAB_RUN", _RUN))


def tag() -> str:
    """What tells this directory's labs from another's, in the names of what all of this machine shares."""
    directory = str(run_directory())
    return "" if directory == _RUN else hashlib.sha256(directory.encode()).hexdigest()[:6]


def command(
    *words: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Run a command, capture its output. Raises LabError with all of it when `check` and it fails."""
    argv = [str(word) for word in words]
    environment = {**os.environ, **(env or {})}
    done = subprocess.run(argv, env=environment, cwd=cwd, text=True, capture_output=True, check=False)
    if check and done.returncode:
        raise LabError(f"{shlex.join(argv)}: exit status {done.returncode}\n{done.stdout}{done.stderr}".rstrip())
    return done


def contained(*words: str | Path) -> list[str]:
    """The command line that runs `words` so that no process and no mount of it outlives the lab program."""
    return [*_CONTAINED, *(str(word) for word in words)]


def tail(text: str, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    return "\n".join(text.splitlines()[-lines:])
