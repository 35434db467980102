# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the distribution's unit runs HAProxy: with which files, and where its master listens. Private to evenkeel.lb."""

from __future__ import annotations

import re
import shlex
from typing import Dict, List, NamedTuple, Optional, Tuple

from ..._host.system import System
from ..._model.problems import Problem
from ..base import EngineFault
from ..capabilities import Version
from ..versions import version_in
from .words import FILE

UNIT = "haproxy.service"
_ROLE = "role evenkeel.lb.director sets that up"


class Command(NamedTuple):
    """How HAProxy is started: its files and folders in their order, whether there is a master, and its socket."""

    files: Tuple[str, ...]
    has_master: bool
    master: str


def is_active(system: System) -> bool:
    """Whether HAProxy runs; false where it is not installed."""
    return system.which("haproxy") is not None and system.run(["systemctl", "is-active", "--quiet", UNIT]).rc == 0


def version(system: System) -> Optional[Version]:
    """The version of the installed HAProxy; None where there is none."""
    if system.which("haproxy") is None:
        return None
    return version_in(system.run(["haproxy", "-v"]).stdout)


def start(system: System) -> None:
    """Start HAProxy."""
    _systemctl(system, "start")


def stop(system: System) -> None:
    """Stop HAProxy, which ends its connections."""
    _systemctl(system, "stop")


def _systemctl(system: System, verb: str) -> None:
    done = system.run(["systemctl", verb, UNIT], timeout=90)
    if done.rc != 0:
        raise EngineFault(f"systemctl {verb} {UNIT} failed: {done.stderr.strip()}; see journalctl -u {UNIT}")


def command(system: System) -> Command:
    """How the unit starts HAProxy, or how it is running."""
    return system.once(_command)


def _command(system: System) -> Command:
    names = ("MainPID", "ExecStart", "Environment", "EnvironmentFiles")
    shown: Dict[str, List[str]] = {}
    done = system.run(["systemctl", "show", UNIT, *(f"--property={name}" for name in names)])
    for line in done.stdout.splitlines():
        name, _equal, value = line.partition("=")
        shown.setdefault(name, []).append(value)
    pid = int((shown.get("MainPID") or ["0"])[0] or 0)
    running = system.read(f"/proc/{pid}/cmdline") if pid else None
    if running:
        return command_in(running.rstrip("\0").split("\0"))
    variables: Dict[str, str] = {}
    for value in shown.get("Environment", []):
        variables.update(_assignments(shlex.split(value)))
    for value in shown.get("EnvironmentFiles", []):
        text = system.read(value.partition(" (")[0]) or ""
        lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
        variables.update(_assignments([word for line in lines for word in shlex.split(line)]))
    match = re.search(r"argv\[\]=(.*?) ;", (shown.get("ExecStart") or [""])[-1])
    return command_in(_expanded(match[1] if match is not None else "", variables))


def _assignments(words: List[str]) -> Dict[str, str]:
    pairs = [word.partition("=") for word in words]
    return {name: value for name, equal, value in pairs if equal}


def _expanded(text: str, variables: Dict[str, str]) -> List[str]:
    """Words as systemd makes them: a variable alone becomes its words, one within a word its text."""
    found: List[str] = []
    for word in text.split():
        alone = re.fullmatch(r"\$(\w+)", word)
        if alone is not None:
            found += variables.get(alone[1], "").split()
        else:
            found.append(re.sub(r"\$\{(\w+)\}", lambda name: variables.get(name[1], ""), word))
    return found


def command_in(words: List[str]) -> Command:
    """What the words of a command line say (haproxy(1): -f takes the next word, also several with --)."""
    files: List[str] = []
    master, has_master = "", False
    place = 1
    while place < len(words):
        word = words[place]
        following = words[place + 1] if place + 1 < len(words) else ""
        if word == "-f":
            files.append(following)
        elif word == "-S":
            master = following.partition(",")[0]
        elif word == "--":
            files += words[place + 1 :]
            break
        elif word in ("-W", "-Ws"):
            has_master = True
        place += 2 if word in ("-f", "-S", "-p", "-L", "-N", "-n", "-x", "-C", "-D", "-sf", "-st") else 1
    return Command(tuple(files), has_master or bool(master), master)


def lacking(system: System) -> List[Problem]:
    """What has to be there before HAProxy can be told anything: itself, a master with a socket, and our file as the
    last of those it loads."""
    if system.which("haproxy") is None:
        return [Problem("haproxy", "is not installed", "the package haproxy; role evenkeel.lb.director installs it")]
    found = command(system)
    if FILE not in found.files:
        return [Problem(UNIT, f"does not load {FILE}", f"'-f {FILE}' after the user's own; {_ROLE}")]
    if found.files[-1] != FILE:
        return [Problem(UNIT, f"loads {found.files[-1]} after {FILE}", f"{FILE} as the last; {_ROLE}")]
    if not found.has_master or not found.master:
        return [Problem(UNIT, "has no socket of a master process", f"'-Ws' and '-S /run/haproxy-master.sock'; {_ROLE}")]
    return []
