# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The master process: one reload, whether it took, and what became of the worker before. Private to evenkeel.lb.

Up to 2.6 the master says nothing to ``reload``; it is looked at what the new worker holds. From 2.7 on it tells
(management.txt, 9.4 "Master CLI").
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, NamedTuple, Optional

from ..._host.system import HostFault, System
from ..base import EngineFault
from . import runtime

# A configuration of 1000 frontends with 10 servers each takes 2.6 well under a second; a busy machine ten times that.
_SECONDS_OF_A_RELOAD = 60.0
_POLL = 0.05


class Processes(NamedTuple):
    """What the master tells: how many reloads failed, and the workers by process id, those of before apart."""

    failed: int
    workers: List[int]
    old: List[int]


def processes(system: System, path: str) -> Processes:
    """What there is. Raises HostFault where the master does not answer."""
    return processes_in(runtime.ask(system, "show proc;quit", path))


def processes_in(answer: str) -> Processes:
    """What ``show proc`` says."""
    failed = re.search(r"\bmaster\b.*\[failed: (\d+)\]", answer)
    current, _heading, rest = answer.partition("# old workers")
    old, _heading, _programs = rest.partition("# programs")
    worker = re.compile(r"^(\d+)\s+worker\b", re.MULTILINE)
    return Processes(
        int(failed[1]) if failed is not None else 0,
        [int(pid) for pid in worker.findall(current)],
        [int(pid) for pid in worker.findall(old)],
    )


def reload(system: System, path: str, generation: Optional[str]) -> str:
    """Let the master load its files again and wait until the new worker holds ``generation`` (None: nothing of ours).

    Says what was done, and which workers of before still have connections, and how many. Raises EngineFault when it
    does not come to that."""
    before = processes(system, path)
    try:
        said = runtime.ask(system, "reload;quit", path, _SECONDS_OF_A_RELOAD)
    except HostFault:
        said = ""  # 2.6 ends the connection as it begins anew
    if "Success=0" in said:
        raise EngineFault(f"HAProxy did not load its files: {_reason(said)}")
    end = system.now() + _SECONDS_OF_A_RELOAD
    # the worker before may hold the same generation: there has to be another one
    while not (_has_another(before, now := _looked(system, path)) and runtime.generation(system) == generation):
        if now is not None and now.failed > before.failed:
            raise EngineFault("HAProxy did not load its files; see journalctl -u haproxy.service")
        if system.now() >= end:
            raise EngineFault(f"HAProxy was told to reload, and after {_SECONDS_OF_A_RELOAD:g} s holds the old files")
        system.sleep(_POLL)
    answers = asked_of_before(system, path, "show info")
    return f"haproxy reload{serving_on({pid: connections_in(answer) for pid, answer in answers.items()})}"


def _has_another(before: Processes, now: Optional[Processes]) -> bool:
    return now is not None and not set(now.workers) <= set(before.workers)


def serving_on(connections: Mapping[int, int]) -> str:
    """In words, which workers of before go on; ``connections`` are how many each has, by process id."""
    busy = {pid: count for pid, count in connections.items() if count}
    if not busy:
        return ""
    each = [f"{pid} with {count} connection{'s' if count > 1 else ''}" for pid, count in sorted(busy.items())]
    who = "1 worker of before goes on" if len(busy) == 1 else f"{len(busy)} workers of before go on"
    return f"; {who}: {', '.join(each)}"


def asked_of_before(system: System, path: str, command: str) -> Dict[int, str]:
    """What each worker of before answers, by process id, also those of reloads that were long ago; nothing while the
    master does not answer, as when it begins anew."""
    now = _looked(system, path)
    found = {}
    for pid in now.old if now is not None else ():
        try:
            found[pid] = runtime.ask(system, f"@!{pid} {command};quit", path)
        except HostFault:  # it has ended since
            continue
    return found


def connections_in(answer: str) -> int:
    """How many connections of clients ``show info`` tells of; none where a worker did not answer that has ended."""
    found = re.search(r"^CurrConns: (\d+)$", answer, re.MULTILINE)
    return int(found[1]) if found is not None else 0


def _looked(system: System, path: str) -> Optional[Processes]:
    try:
        return processes(system, path)
    except HostFault:
        return None


def _reason(said: str) -> str:
    wrong = [line for line in said.splitlines() if line.startswith("[ALERT]")]
    return wrong[0] if wrong else "see journalctl -u haproxy.service"
