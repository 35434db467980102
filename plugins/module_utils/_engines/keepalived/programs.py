# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether keepalived will run a program that is to test something, as root. Private to evenkeel.lb.

It leaves out what it does not want to run and takes what it cannot start for a success, and its own test of a
configuration says neither (2.2.7 to 2.4.3; misc_end_handler, check_security and system_call_script in check_misc.c and
lib/notify.c). So it is looked at here, by the rules of its script security, whether that is enabled or not.
"""

from __future__ import annotations

import os
import stat
from typing import List, NamedTuple, Optional

from ..._host.system import System


class Flaw(NamedTuple):
    """Why a program cannot be run, and what is allowed instead."""

    message: str
    allowed: str


class _File(NamedTuple):
    path: str
    mode: int
    uid: int
    gid: int


def flaw(system: System, path: str) -> Optional[Flaw]:
    """What is wrong with a program on this host; None when keepalived will run it."""
    found = system.run(["realpath", "--canonicalize-existing", "--", path])
    if found.rc != 0:
        return Flaw(f"there is no {path} on this director", "a program that is there")
    real = found.stdout.rstrip("\n")
    folders = _folders(real)
    files = _look(system, [*folders, real])
    for file in files:
        if file.uid != 0 or _others_write(file):
            whose = "" if file.path == path else f"{file.path} around it " if file.path in folders else f"{file.path} "
            return Flaw(
                f"{whose}can be changed by others than root, as whom it would run",
                "a program that only root can write, in folders that only root can write",
            )
    program = files[-1]
    if not stat.S_ISREG(program.mode) or not program.mode & 0o111:
        return Flaw(f"{path} is no program that may be executed", "a file with mode 0755")
    return _not_startable(system, real)


def _folders(path: str) -> List[str]:
    """The folders that lead to a file, from the root."""
    found = [os.path.dirname(path)]
    while found[0] != "/":
        found.insert(0, os.path.dirname(found[0]))
    return found


def _look(system: System, paths: List[str]) -> List[_File]:
    lines = system.run(["stat", "--format", "%f %u %g", "--", *paths]).stdout.splitlines()
    said = [line.split() for line in lines]
    return [_File(path, int(mode, 16), int(uid), int(gid)) for path, (mode, uid, gid) in zip(paths, said)]


def _others_write(file: _File) -> bool:
    if stat.S_ISDIR(file.mode) and file.mode & stat.S_ISVTX:
        return False
    return bool(file.mode & stat.S_IWOTH or (file.gid != 0 and file.mode & stat.S_IWGRP))


def _not_startable(system: System, path: str) -> Optional[Flaw]:
    """execve(2) takes machine code, or a text that names its interpreter."""
    beginning = system.run(["head", "--bytes=256", "--", path]).stdout
    if beginning.startswith("\x7fELF"):
        return None
    words = beginning[2:].split("\n", 1)[0].split()
    if not beginning.startswith("#!") or not words:
        return Flaw(f"{path} does not say what it is to be run by", "a first line such as #!/bin/sh")
    if system.run(["test", "-x", words[0]]).rc != 0:
        return Flaw(f"{path} is to be run by {words[0]}, which is not here", "an interpreter that is there")
    return None
