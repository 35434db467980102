# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stats socket of the running process: what it is asked, and what it answers. Private to evenkeel.lb.

Commands and formats are those of management.txt, 9.3 "Unix Socket commands", of 2.6 to 3.0.
"""

from __future__ import annotations

import contextlib
import csv
import functools
import operator
import re
import socket
from typing import Dict, FrozenSet, Iterable, List, Mapping, Optional, Sequence

from ..._host.system import HostFault, System
from ..base import EngineFault
from .state import Running, RunningServer
from .words import GENERATION, OWN, SOCKET

_SECONDS = 10.0
_AT_ONCE = 50
# doc/management.txt, "show servers state": bits of srv_admin_state
_FORCED_MAINTENANCE = 0x01
_FORCED_DRAIN = 0x08
# bit of srv_agent_state: CHK_ST_CONFIGURED in check-t.h
_HAS_AGENT = 0x02
_OF_A_SERVER = ("srv_addr", "srv_port", "srv_admin_state", "srv_agent_state", "srv_uweight", "srv_iweight")

# What commands answer that did as they were told (2.6.12 and 3.0.11).
_DONE = re.compile(
    r"^(?:New server registered\.|Server deleted\.|IP changed from .*|port changed from .*"
    r"|no need to change .*|Transaction (?:created|updated) for certificate .*"
    r"|Committing .*|\.*Success!.*|\.+)?$"
)


class Refused(EngineFault):
    """The running process did not do what it was told; the message has its words."""


def ask(system: System, command: str, path: str = SOCKET, seconds: float = _SECONDS) -> str:
    """What the process behind a socket answers to a command. Raises HostFault where nobody does."""
    try:
        door = system.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.closing(door):
            door.settimeout(seconds)
            door.connect(path)
            door.sendall(f"{command}\n".encode())
            parts: List[bytes] = []
            while True:
                part = door.recv(1 << 16)
                if not part:
                    return b"".join(parts).decode("utf-8", "replace")
                parts.append(part)
    except OSError as error:
        raise HostFault(f"{path}: {error.strerror or error}") from error


def tell(system: System, commands: Sequence[str]) -> None:
    """Let the running process do commands, in their order. Raises Refused with the first that it does not do."""
    plain = [command for command in commands if "\n" not in command]
    if len(plain) == len(commands):
        for begin in range(0, len(commands), _AT_ONCE):
            part = commands[begin : begin + _AT_ONCE]
            _look_at(ask(system, ";".join(part)), part)
        return
    for command in commands:
        _look_at(ask(system, command), [command])


def _look_at(answer: str, commands: Sequence[str]) -> None:
    wrong = [line for line in map(str.strip, answer.splitlines()) if not _DONE.match(line)]
    if wrong:
        words = commands[0].splitlines()[0] if len(commands) == 1 else f"one of {len(commands)} commands"
        raise Refused(f"HAProxy does not take {words}: {wrong[0]}")


def running(system: System, backends: Iterable[str], files: Iterable[str], trusted: Iterable[str]) -> Optional[Running]:
    """What the running process holds of ours; None where it does not answer on our socket."""
    try:
        generation = _generation(ask(system, f"show env {GENERATION};show table {OWN}"))
        wanted = set(backends)
        servers = servers_in(ask(system, "show servers state"), wanted)
        is_open = frontends_in(ask(system, "show stat -1 1 -1"))
        certificates = {}
        for file in files:
            found = fingerprint_in(ask(system, f"show ssl cert {file}"))
            if found is not None:
                certificates[file] = found
        authorities = {}
        for file in trusted:
            known = fingerprints_in(ask(system, f"show ssl ca-file {file}"))
            if known:
                authorities[file] = known
    except HostFault:
        return None
    return Running(generation, servers, frozenset(is_open), certificates, authorities)


def generation(system: System) -> Optional[str]:
    """The generation that the running process holds; None where it does not answer."""
    try:
        return _generation(ask(system, f"show env {GENERATION};show table {OWN}"))
    except HostFault:
        return None


def _generation(answer: str) -> str:
    later = re.search(r"\bkey=([0-9a-f]+) ", answer)
    first = re.search(rf"^{GENERATION}=(\S*)", answer, re.MULTILINE)
    return later[1] if later is not None else first[1] if first is not None else ""


def set_generation(word: str) -> List[str]:
    """The commands that let the process know which generation it holds from now on."""
    return [f"clear table {OWN}", f"set table {OWN} key {word} data.gpt0 1"]


def servers_in(answer: str, backends: "set[str]") -> Dict[str, Dict[str, RunningServer]]:
    """The servers that ``show servers state`` tells of, by backend and name."""
    lines = answer.splitlines()
    head = next((line for line in lines if line.startswith("# ")), "")
    names = head[2:].split()
    found: Dict[str, Dict[str, RunningServer]] = {backend: {} for backend in backends}
    if not names:
        return found
    place, least = names.index("be_name"), len(names)
    columns = operator.itemgetter(*map(names.index, ("srv_name", *_OF_A_SERVER)))
    for line in lines:
        words = line.split(" ")
        if len(words) >= least and words[place] in backends:
            name, *told = columns(words)
            found[words[place]][name] = _server(*told)
    return found


# A run asks again whether what it did is what runs, and nearly all servers are as they were.
@functools.lru_cache(maxsize=1 << 15)
def _server(address: str, port: str, admin: str, agent: str, weight: str, initial: str) -> RunningServer:
    """A server by what the columns of ``_OF_A_SERVER`` say of it."""
    state = int(admin)
    if int(agent) & _HAS_AGENT:
        weight, state = initial, 0
    return RunningServer(
        address, int(port), int(weight), bool(state & _FORCED_MAINTENANCE), bool(state & _FORCED_DRAIN)
    )


def frontends_in(answer: str) -> List[str]:
    """The frontends that ``show stat`` says are open."""
    lines = _table_in(answer)
    if not lines:
        return []
    # thousands of rows of a hundred columns, of which three count: no mapping for each
    head, *rows = csv.reader(lines)
    name, part, status = (head.index(column) for column in ("pxname", "svname", "status"))
    return [row[name] for row in rows if len(row) > status and row[part] == "FRONTEND" and row[status] == "OPEN"]


def statistics_in(answer: str) -> List[Mapping[str, str]]:
    """The rows of ``show stat``."""
    return list(csv.DictReader(_table_in(answer)))


def _table_in(answer: str) -> List[str]:
    """The lines of ``show stat``, the names of its columns first; none where it told something else."""
    lines = [line for line in answer.splitlines() if line]
    if not lines or not lines[0].startswith("# "):
        return []
    return [lines[0][2:], *lines[1:]]


def fingerprint_in(answer: str) -> Optional[str]:
    """The SHA1 fingerprint that ``show ssl cert`` tells."""
    match = re.search(r"^SHA1 FingerPrint: ([0-9A-F]+)", answer, re.MULTILINE)
    return match[1] if match else None


def fingerprints_in(answer: str) -> FrozenSet[str]:
    """The SHA1 fingerprints of all that ``show ssl ca-file`` tells; none of a file that the process does not have."""
    return frozenset(re.findall(r"^SHA1 FingerPrint: ([0-9A-F]+)", answer, re.MULTILINE))


def replace_certificate(file: str, content: str) -> List[str]:
    """The commands that give the running process another certificate in place of one it has."""
    # an empty line ends what is given
    told = "\n".join(line for line in content.splitlines() if line.strip())
    return [f"set ssl cert {file} <<\n{told}\n", f"commit ssl cert {file}"]
