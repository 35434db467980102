# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a lab host: large tables in its kernel, and tables that others change meanwhile.

    python3 crowds.py COMMAND

Prints the JSON of what happened; what is right is decided by the tests that call it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_netlink import (
    ApplyFailed,
    apply,
    flush,
    read_table,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    MASQUERADE,
    TCP,
    Destination,
    Operation,
    Service,
    ServiceKey,
    Table,
    difference,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import System

SYSTEM = System()
SERVERS = [Destination(f"10.99.0.{number}", 80, MASQUERADE, number) for number in range(1, 11)]
READS = 60


def crowd(first: int, count: int, servers: Sequence[Destination] = SERVERS) -> Table:
    """So many services, from a number on, with the same servers each."""
    numbers = range(first, first + count)
    keys = [ServiceKey.of_address(TCP, f"10.{number >> 8}.{number & 255}.1", 80) for number in numbers]
    return Table([(Service(key, "wrr"), servers) for key in keys])


def refused(operations: Sequence[Operation]) -> dict[str, int]:
    """How often which error number was told, when every group is tried."""
    told: dict[str, int] = {}
    left = operations
    while left:
        try:
            apply(SYSTEM, left)
            left = []
        except ApplyFailed as failure:
            for refusal in failure.refused:
                told[str(refusal.errno)] = told.get(str(refusal.errno), 0) + 1
            left = failure.left
    return told


def many() -> Any:
    """Fill 55,000 objects, read them, be refused 55,000 times for each of two reasons, and remove them."""
    table = crowd(0, 5000)
    additions = difference(Table(), table)
    apply(SYSTEM, additions)
    filled = read_table(SYSTEM) == table
    added_again = refused(additions)
    apply(SYSTEM, difference(table, Table()))
    emptied = len(read_table(SYSTEM)) == 0
    removals = [Operation("remove", operation.key, operation.after, None) for operation in additions]
    return {"filled": filled, "added_again": added_again, "emptied": emptied, "removed_again": refused(removals)}


@contextmanager
def changing(table: Table) -> Iterator[None]:
    """While the block runs, another process adds the services of the table and removes them, one by one, for ever."""
    child = os.fork()
    if not child:
        while True:
            for key, entry in table.items():
                apply(SYSTEM, [Operation("add", key, None, entry.service)])
            for key, entry in table.items():
                apply(SYSTEM, [Operation("remove", key, entry.service, None)])
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def restless() -> Any:
    """Read services that stay while others come and go among them; how many reads lacked some of them."""
    ours = crowd(0, 500, SERVERS[:2])
    others = crowd(500, 500, [])
    apply(SYSTEM, difference(Table(), ours))
    torn = changed = 0
    before = None
    with changing(others):
        for _read in range(READS):
            table = read_table(SYSTEM)
            torn += table.only(ours) != ours
            changed += before not in (None, len(table))
            before = len(table)
    flush(SYSTEM)
    return {"reads": READS, "torn": torn, "changed": changed}


COMMANDS: dict[str, Callable[[], Any]] = {"many": many, "restless": restless}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]]()))
