# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole transactions on a lab host with witnesses beside them: commands of the driver for what holds for all engines.

Each does and reports; what is right is decided by the tests.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import EngineFault
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import LOCK, Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.contract import victim
from ansible_collections.evenkeel.lb.tests.contract.faults import Faulty
from ansible_collections.evenkeel.lb.tests.contract.witnesses import everything, files, quickly

Json = Any

ANSWERING = "ansible_collections.evenkeel.lb.tests.contract.answering"
SECONDS_OF_A_CHILD = 3


def versions(_argument: Json) -> Json:
    """The versions of the software that capabilities depend on."""
    system = System()
    found = {}
    for engine in engines():
        for can in engine.describe().values():
            for needs in can.since.values():
                found[needs.software] = engine.version(needs.software, system)
    return found


def look_around(_argument: Json) -> Json:
    return everything()


def told(system: System, document: Json, check_mode: bool = False) -> Json:
    """What a run says, as JSON; of one that could not even begin, why."""
    wanted = Configuration.from_document(document)
    try:
        result = reconcile(system, engines(), lambda _recorded: wanted, check_mode)
    except (EngineFault, HostFault, InvalidConfiguration) as error:
        return {"state": type(error).__name__, "changed": None, "steps": [], "fault": str(error), "left": []}
    steps = [[step.engine, step.action, step.subject, step.before, step.after, step.impact] for step in result.steps]
    return {
        "state": result.transaction.state,
        "changed": result.changed,
        "impact": result.impact,
        "steps": steps,
        "done": list(result.transaction.done),
        "undone": list(result.transaction.undone),
        "left": list(result.transaction.left),
        "reload": list(result.reload),
        "fault": result.fault,
        "problems": [str(problem) for problem in result.problems],
    }


def step(argument: Json) -> Json:
    """Check mode, then the real run, then check mode for a document that says the same in another order; with what
    everybody sees before, between and after. ``health`` says of addresses whether their servers shall live from now
    on."""
    system = System()
    set_health(argument["health"])
    before = quickly()
    planned = told(system, argument["document"], check_mode=True)
    between = quickly()
    applied = told(system, argument["document"])
    after = everything()
    time.sleep(argument["pause"])
    again = told(system, argument["again"], check_mode=True)
    finally_ = everything()
    seen = {"before": before, "between": between, "after": after, "finally": finally_}
    return {**seen, "planned": planned, "applied": applied, "again": again}


def tell(argument: Json) -> Json:
    """A run, or what it would do."""
    return told(System(), argument["document"], argument.get("check_mode", False))


def calls(argument: Json) -> Json:
    """How many calls to the host a run makes that ends well, which is then undone."""
    counting = Faulty(System(), at=sys.maxsize)
    recorded = Store(counting).load()
    for system, wanted in ((counting, argument), (System(), recorded.document())):
        said = told(system, wanted)
        assert said["state"] in ("applied", "unchanged"), said
    return len(counting.calls)


def faulty(argument: Json) -> Json:
    """A run in which one call goes wrong: what it told, which call that was, and whether anything is recorded."""
    system = Faulty(System(), argument["at"], argument["kind"])
    result = told(system, argument["document"])
    struck = system.calls[argument["at"]] if system.struck else None
    return {"told": result, "call": struck, "recorded": system.exists(System.record)}


def remove(argument: Json) -> Json:
    """Remove these files where they are."""
    for path in argument:
        System().remove(path)


def kill(argument: Json) -> Json:
    """Let a run be a process of its own, as a module is, and kill it: after ``seconds``, or by itself at its call
    number ``at``; never when neither is said. Tells whether it was still running, and whether the lock is free."""
    told_here, told_there = os.pipe()
    # it has all imported that it needs, which would take longer than to run
    process = os.fork()
    if not process:
        victim.run(argument["document"], argument.get("at"), told_there)
    os.close(told_there)
    with open(told_here, encoding="utf-8") as pipe:
        assert pipe.readline() == "begun\n"
        start = time.monotonic()
        if "seconds" in argument:
            time.sleep(argument["seconds"])
            os.kill(process, signal.SIGKILL)
        said = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    lasted = time.monotonic() - start
    return {"status": status, "lasted": lasted, "said": said, "is_free": _is_free(), "files": files()}


def _is_free() -> bool:
    """Whether the lock is free soon: a child that is not at its own program yet still has the files of who is gone."""
    end = time.monotonic() + SECONDS_OF_A_CHILD
    with open(LOCK, "a", encoding="utf-8") as file:
        while time.monotonic() < end:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(0.05)
            else:
                return True
    return False


def make_servers(argument: Json) -> Json:
    """A network of its own in which every one of the addresses answers on every TCP port that is asked for."""
    addresses, ports = argument["addresses"], argument["ports"]
    lines = ["link add farm0 type veth peer name farm1 netns farm", "link set farm0 up"]
    inside = ["link set lo up", "link set farm1 up"]
    for address in addresses:
        inside.append(f"address add {address}" + ("/128 dev farm1 nodad" if ":" in address else "/32 dev farm1"))
    inside += ["route add 10.20.0.11/32 dev farm1", "route add fd20::11/128 dev farm1"]
    _ip("netns", "add", "farm")
    _ip("-batch", "-", given=lines)
    _ip("-n", "farm", "-batch", "-", given=inside)
    set_health(dict.fromkeys(addresses, True))
    words = ["ip", "netns", "exec", "farm", sys.executable, "-m", ANSWERING, *map(str, ports)]
    # without our ends of ssh, which would wait for it
    nothing = subprocess.DEVNULL
    server = subprocess.Popen(words, start_new_session=True, stdin=nothing, stdout=nothing, stderr=nothing)
    return server.pid


def set_health(health: Mapping[str, bool]) -> None:
    """Let the servers at these addresses be reached or not."""
    _ip(
        "-batch",
        "-",
        given=[
            f"route replace {address} dev farm0" if alive else f"route replace unreachable {address}"
            for address, alive in health.items()
        ],
    )


def _ip(*words: str, given: list[str] | None = None) -> None:
    text = "".join(f"{line}\n" for line in given) if given else None
    subprocess.run(["ip", *words], input=text, text=True, check=True, stdin=None if text else subprocess.DEVNULL)


COMMANDS: dict[str, Callable[[Json], Json]] = {
    "versions": versions,
    "look_around": look_around,
    "step": step,
    "tell": tell,
    "calls": calls,
    "faulty": faulty,
    "remove": remove,
    "kill": kill,
    "make_servers": make_servers,
}
