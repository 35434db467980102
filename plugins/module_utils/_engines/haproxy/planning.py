# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done for HAProxy to hold what is wanted: told to the running process where that is possible, else by
one reload. Pure. Private to evenkeel.lb.
"""

from __future__ import annotations

import functools
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ..base import IMPACTS, Step
from ..capabilities import Version
from ..differences import Difference, of_lines
from .agents import is_asked
from .capabilities import NAME
from .farms import TESTING
from .render import generation, header, named
from .sections import Held, ServerLine, held_in
from .state import Desired, Observed, Running, RunningServer
from .words import FILE, GENERATION, endpoint

HAPROXY = "haproxy"
CERTIFICATE = "certificate profile "
_FARM = "farm "
# Members come and go in the running process from here on (management.txt, "add server", "del server").
_MEMBERS_SINCE: Version = (2, 6)
# What such a server cannot be told (2.6.12 and 3.0.11: "option is not accepted for dynamic server").
_NOT_DYNAMIC = ("track", "no-check-ssl", "init-state")
# What its socket reads in another way than its files: backslashes.
_NOT_TOLD = ("agent-send",)


class Told(NamedTuple):
    """What the running process is told for a step: commands, the servers that leave before them, and certificates; of
    ``litter`` it knows nothing, a file that is left of a run."""

    commands: Tuple[str, ...] = ()
    leaving: Tuple[str, ...] = ()
    certificates: Tuple[str, ...] = ()
    litter: str = ""


class _Change(NamedTuple):
    told: Optional[Told]
    impact: str


def steps(desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
    """The steps from what there is to what is wanted; where they need a reload, one that says so comes last."""
    found = list(_steps(desired, observed, owned))
    wanted = generation(desired.blocks)
    if not observed.active:
        if desired.blocks:
            differences = (Difference(HAPROXY, "daemon", "running", "stopped"),)
            found.append(Step(NAME, "repair", HAPROXY, "stopped\n", "running\n", differences=differences))
        return sorted(found, key=lambda step: step.action == "remove")
    if (found or desired.blocks) and needs_reload(found, desired, observed):
        follows = observed.running is not None and observed.running.generation == generation(observed.blocks)
        before = f"runs with {FILE} as it is\n" if follows else f"runs with another {FILE}\n"
        action = "change" if follows or found else "repair"
        after = f"reloaded: runs with {FILE} {wanted[:8]}; connections stay with the worker of before\n"
        differences = () if action == "change" else (Difference(HAPROXY, FILE, after, before),)
        found.append(Step(NAME, action, HAPROXY, before, after, differences=differences))
    return sorted(found, key=lambda step: step.action == "remove")


def litter(desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
    """What to remove of files that a run wrote which did not come to name them, such as a key."""
    return [
        Step(NAME, "remove", path, "left by a run that did not end\n", "", "none", Told(litter=path))
        for path in sorted((owned.left & observed.folder) - named(desired.blocks) - named(observed.blocks))
    ]


def needs_reload(found: List[Step], desired: Desired, observed: Observed) -> bool:
    """Whether the running process cannot be told everything."""
    running = observed.running
    if running is None or running.generation not in (generation(observed.blocks), generation(desired.blocks)):
        return True
    return any(step.payload is None for step in found)


def _steps(desired: Desired, observed: Observed, owned: Desired) -> Iterator[Step]:
    if observed.header is not None and _timeless(observed.header) not in (
        _timeless(header(observed.blocks)),
        _timeless(header(owned.blocks)),
    ):
        before, after = observed.header, header(desired.blocks)
        yield Step(NAME, "repair", FILE, before, after, differences=of_lines(FILE, FILE, after, before))
    # what the file lost may still be what runs
    runs_already = observed.running is not None and observed.running.generation == generation(desired.blocks)
    for subject, text in sorted(desired.blocks.items()):
        before = observed.blocks.get(subject, "")
        change = _change(subject, text if runs_already else before, text, desired, observed)
        if before != text:
            drifted = owned.blocks.get(subject) == text
            yield _step("change" if before else "add", subject, before, text, change, drifted)
        elif subject.startswith(CERTIFICATE):
            yield from _of_certificate(subject, observed, text)
        elif change.told != Told():
            yield from _drifted(subject, text, observed, change)
    for subject, text in sorted(observed.blocks.items()):
        if subject not in desired.blocks:
            is_told = runs_already or subject.startswith(CERTIFICATE)
            change = _Change(Told() if is_told else None, "none" if is_told else "drain")
            yield _step("remove", subject, text, "", change, subject not in owned.blocks)


def _timeless(head: str) -> List[str]:
    return [line for line in head.splitlines() if f"setenv {GENERATION} " not in line]


def _step(action: str, subject: str, before: str, after: str, change: _Change, drifted: bool) -> Step:
    differences = of_lines(subject, FILE, after, before) if drifted else ()
    return Step(NAME, action, subject, before, after, change.impact, change.told, differences)


def _of_certificate(subject: str, observed: Observed, text: str) -> Iterator[Step]:
    name = subject[len(CERTIFICATE) :]
    if name in observed.believed:
        # after "commit ssl ca-file", 2.6.12 renews no certificate there any more, and the next such command may end it
        before, after = text + "# with other authorities\n", text + "# with its authorities as they are now\n"
        yield Step(NAME, "change", subject, before, after, "new_connections")
    elif name in observed.renewed:
        before, after = text + "# as it was\n", text + "# as it is now\n"
        yield Step(NAME, "change", subject, before, after, "new_connections", Told(certificates=(name,)))
    elif name in observed.forgotten:
        said, runs = f"runs with the file of {subject}\n", "runs with another certificate\n"
        differences = (Difference(f"certificate_profiles[{name}]", "certificate_file", said, runs),)
        yield Step(
            NAME, "repair", subject, runs, said, "new_connections", Told(certificates=(name,)), differences=differences
        )


def _drifted(subject: str, text: str, observed: Observed, change: _Change) -> Iterator[Step]:
    held = held_in(text)
    running = observed.running.servers.get(held.backend, {}) if observed.running is not None else {}
    farm = subject[len(_FARM) :].partition(" as ")[0]
    before, after, differences = [], [], []
    for name in sorted({*held.servers, *running}):
        wanted, runs = held.servers.get(name), running.get(name)
        said, seen = _words(wanted and as_running(wanted)), _words(runs)
        if said != seen:
            before += [f"server {name} {seen}\n"] if seen else []
            after += [f"server {name} {said}\n"] if said else []
            differences.append(Difference(f"farms[{farm}].servers[{name}]", "server", said, seen))
    yield Step(NAME, "repair", subject, "".join(before), "".join(after), change.impact, change.told, tuple(differences))


def _words(server: Optional[RunningServer]) -> str:
    if server is None:
        return ""
    state = " in maintenance" if server.disabled else " draining" if server.drained else ""
    return f"{endpoint(server.address, server.port)} weight {server.weight}{state}"


def as_running(line: ServerLine) -> RunningServer:
    """What the running process is to have of a server."""
    return RunningServer(line.address, line.port, line.weight, line.disabled)


# As with ``held_in``: planned from, and verified again.
@functools.lru_cache(maxsize=1 << 14)
def running_in(block: str) -> Mapping[str, RunningServer]:
    """What the running process is to have of the servers of a block."""
    return {name: as_running(line) for name, line in held_in(block).servers.items()}


def _change(subject: str, before: str, after: str, desired: Desired, observed: Observed) -> _Change:
    """How a block comes to be another one; what the process has now counts, where that is known."""
    if subject.startswith(CERTIFICATE):
        # given with the proxies that use it, which a reload brings
        name = subject[len(CERTIFICATE) :]
        told = Told(certificates=(name,)) if before != after else Told()
        if before.splitlines()[1:] != after.splitlines()[1:]:
            return _Change(None, "new_connections" if before else "none")
        return _Change(told if before else None, "new_connections" if before else "none")
    if not before:
        return _Change(None, "none")
    if not subject.startswith(_FARM):
        return _Change(Told() if before == after else None, _impact_of_frontend(before, after))
    old, new = held_in(before), held_in(after)
    if before == after and (observed.running is None or _runs(new, observed.running) == running_in(after)):
        return _Change(Told(), "none")  # as nearly all are, which needs no look at each server
    in_order = subject in desired.ordered and list(old.servers) != list(new.servers)
    if old.rest != new.rest or in_order:
        return _Change(None, _impact(old, new, None))
    return _of_servers(old, new, observed)


def _impact_of_frontend(before: str, after: str) -> str:
    binds = [{line for line in text.splitlines() if line.startswith("    bind ")} for text in (before, after)]
    return "drain" if binds[0] - binds[1] else "new_connections" if before != after else "none"


def _runs(held: Held, running: Running) -> Optional[Mapping[str, RunningServer]]:
    """What the process has of the servers of a block; None where it does not know the backend."""
    return running.servers.get(held.backend)


def _of_servers(old: Held, new: Held, observed: Observed) -> _Change:
    running = _runs(new, observed.running) if observed.running is not None else None
    seen: Dict[str, RunningServer] = {name: as_running(line) for name, line in old.servers.items()}
    if running is not None:
        seen = dict(running)
    commands: List[str] = []
    leaving: List[str] = []
    possible = True
    for name in sorted({*seen, *new.servers}):
        path = f"{new.backend}/{name}"
        line, known = new.servers.get(name), old.servers.get(name)
        if line is None:
            # one that others follow cannot go, and those are in backends of their own; an agent could call it back
            asked = known is not None and is_asked(known.words)
            possible = possible and _members(observed) and TESTING not in new.backend and not asked
            leaving.append(path)
        elif name not in seen:
            possible = possible and _members(observed) and not _fixed(line.words)
            commands += _adding(path, line)
        elif known is None or known.words != line.words:
            possible = False
        else:
            if (seen[name].port == 0) != (line.port == 0):
                possible = False
            if seen[name].weight != line.weight and is_asked(line.words):
                possible = False
            commands += _telling(path, seen[name], line)
    told = Told(tuple(commands), tuple(leaving)) if possible else None
    return _Change(told, _impact(old, new, seen))


def _members(observed: Observed) -> bool:
    return observed.version is not None and observed.version >= _MEMBERS_SINCE


def _fixed(words: str) -> bool:
    return any(word in words.split() for word in (*_NOT_DYNAMIC, *_NOT_TOLD))


def _adding(path: str, line: ServerLine) -> Iterator[str]:
    yield f"add server {path} {line.text.split(' ', 2)[2]}"
    if not line.disabled:
        yield f"enable server {path}"
    if "check" in line.words.split():
        yield f"enable health {path}"
    if is_asked(line.words):
        yield f"enable agent {path}"


def _telling(path: str, seen: RunningServer, line: ServerLine) -> Iterator[str]:
    if (seen.address, seen.port) != (line.address, line.port):
        port = f" port {line.port}" if line.port else ""
        yield f"set server {path} addr {line.address}{port}"
    if seen.weight != line.weight:
        yield f"set weight {path} {line.weight}"
    if line.disabled and not seen.disabled:
        yield f"set server {path} state maint"
        yield f"shutdown sessions server {path}"
    elif not line.disabled and (seen.disabled or seen.drained):
        yield f"set server {path} state ready"


def _impact(old: Held, new: Held, seen: Optional[Dict[str, RunningServer]]) -> str:
    found = ["none"]
    if old.rest != new.rest:
        found.append("new_connections")
    for name in {*old.servers, *(seen or {})}:
        before, after = old.servers.get(name), new.servers.get(name)
        if after is None:
            found.append("drain")
        elif before is None or before._replace(disabled=after.disabled) != after:
            found.append("new_connections")
        if after is not None and after.disabled and not (before is not None and before.disabled):
            found.append("reset")
        runs = (seen or {}).get(name)
        if after is not None and runs is not None and runs != as_running(after):
            found.append("reset" if after.disabled and not runs.disabled else "new_connections")
    return max(found, key=IMPACTS.index)
