# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a director and measures there: seconds by the wall clock.

Each line it reads is a JSON list of a command and its argument, each line it writes the JSON of the result. The
directory it is started in has the collection's code and the files that the commands name.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import parse as parse_blocks
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy import runtime
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.render import generation
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import parse
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_netlink import apply, flush, read_table
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import Table, difference
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile

# What a run leaves: without them the next one begins anew.
LEFT = ("/etc/evenkeel/lb.json", "/etc/ipvsadm.rules", "/etc/keepalived/evenkeel.conf")
SECONDS_TO_SETTLE = 120.0

Json = Any


def table_in(rules: str) -> Table:
    with open(rules, encoding="utf-8") as file:
        return parse(file.read())


def measured(work: Callable[[], object]) -> float:
    gc.collect()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def program(argv: list[str], given: str = os.devnull, said: str = os.devnull) -> float:
    """Seconds of a process from its start to its end."""
    with open(given, "rb") as stdin, open(said, "wb") as stdout:
        return measured(lambda: subprocess.run(argv, stdin=stdin, stdout=stdout, check=True))


def clear(_argument: Json) -> Json:
    """Nothing in the kernel, nothing recorded.

    The modules too begin anew: for two minutes the kernel keeps servers that were removed, and looks through all of
    them for each that is added (ip_vs_trash_get_dest in ip_vs_ctl.c).
    """
    flush(System())
    with open("/proc/modules", encoding="ascii") as file:
        modules = [name for name in (line.split()[0] for line in file) if name.startswith("ip_vs")]
    if modules:
        # the list begins with the youngest, which need the others
        subprocess.run(["rmmod", *modules], check=True)
        subprocess.run(["modprobe", "--all", *modules], check=True)
    for path in LEFT:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)


def fill(rules: Json) -> Json:
    """Our codec alone: from an empty kernel to the table of the rules."""
    table = table_in(rules)
    seconds = measured(lambda: apply(System(), difference(Table(), table)))
    assert read_table(System()) == table
    return seconds


def dump(rules: Json) -> Json:
    """Our codec alone: the kernel's table as values."""
    read: list[Table] = []
    seconds = measured(lambda: read.append(read_table(System())))
    assert read[0] == table_in(rules)
    return seconds


def reconciled(document: Json) -> Json:
    """The work of a module alone, in a process that runs already: from the document to the record."""

    def work() -> None:
        with open(document, encoding="utf-8") as file:
            wanted = Configuration.from_document(json.load(file))
        assert reconcile(System(), engines(), lambda recorded: wanted).transaction.state == "applied"

    return measured(work)


def module(document: Json) -> Json:
    """A whole process of a module, from files that Python has compiled before; what it did beside the seconds."""
    return started(["whole_configuration", {"src": os.path.abspath(document)}])


def started(argument: Json) -> Json:
    """The same of any module, with its options."""
    name, options = argument
    with open("options", "w", encoding="utf-8") as file:
        json.dump(options, file)
    return _told(program([sys.executable, "start_module.py", name], given="options", said="result"))


def packed(sent: Json) -> Json:
    """The same from the one file that Ansible sends, whose content Python compiles each time."""
    return _told(program([sys.executable, sent], said="result"))


def _told(seconds: float) -> Json:
    with open("result", encoding="utf-8") as file:
        result = json.load(file)
    return {"seconds": seconds, "steps": len(result["steps"]), "reloads": len(result["reload"])}


def memory(_argument: Json) -> Json:
    """The most memory that any process which was started here and has ended had, in MB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def run(argv: Json) -> Json:
    """Processes one after the other, each with a file on standard input or none."""
    return sum(program(words, given or os.devnull, "said") for words, given in argv)


def settle(rules: Json) -> Json:
    """Seconds until the kernel holds what the rules say."""
    table = table_in(rules)
    end = time.monotonic() + SECONDS_TO_SETTLE

    def wait() -> None:
        while read_table(System()) != table:
            if time.monotonic() > end:
                raise TimeoutError(f"the kernel does not hold {rules}")
            time.sleep(0.05)

    return measured(wait)


def serves(file: Json) -> Json:
    """Seconds until the running HAProxy has what a file of ours says."""
    with open(file, encoding="utf-8") as held:
        wanted = generation(parse_blocks(held.read())[1])
    end = time.monotonic() + SECONDS_TO_SETTLE

    def wait() -> None:
        while runtime.generation(System()) != wanted:
            if time.monotonic() > end:
                raise TimeoutError(f"HAProxy does not hold {file}")
            time.sleep(0.02)

    return measured(wait)


def tell(commands: Json) -> Json:
    """Commands to HAProxy on its socket alone."""
    return measured(lambda: runtime.tell(System(), commands))


COMMANDS: dict[str, Callable[[Json], Json]] = {
    "clear": clear,
    "fill": fill,
    "dump": dump,
    "reconciled": reconciled,
    "module": module,
    "started": started,
    "packed": packed,
    "memory": memory,
    "run": run,
    "settle": settle,
    "serves": serves,
    "tell": tell,
}

if __name__ == "__main__":
    # as in the process of a module
    gc.set_threshold(50_000)
    for line in sys.stdin:
        command, argument = json.loads(line)
        print(json.dumps(COMMANDS[command](argument)), flush=True)
