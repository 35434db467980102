# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a lab host and lets the collection's own code act on that host's kernel.

    python3 driver.py

Each line it reads is a JSON list of a command and its argument; each line it writes is the JSON of the result. It only
does and reports; what is right is decided by the tests that call it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pyroute2

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import Engine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.engine import HaproxyEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.engine import IpvsEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived import daemon, vips
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.engine import NftablesEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.host_checks import FILE
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_netlink import (
    ApplyFailed,
    apply,
    is_loaded,
    read_table,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import read_info
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    Destination,
    Operation,
    Service,
    ServiceKey,
    Table,
    difference,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.contract import prover
from ansible_collections.evenkeel.lb.tests.contract.faults import Faulty
from ansible_collections.evenkeel.lb.tests.contract.witnesses import saved, witnessed

Json = Any


def table_to_json(table: Table) -> Json:
    """A table as lists."""
    return [[list(service), list(destinations)] for service, destinations in table.values()]


def table_from_json(lists: Json) -> Table:
    """The table that table_to_json made the lists of."""
    return Table(
        (Service(ServiceKey(*key), *rest), [Destination(*values) for values in destinations])
        for (key, *rest), destinations in lists
    )


def operation_from_json(lists: Json) -> Operation:
    """[action, key, on a destination, before, after]; before and after may be null."""
    action, key, on_destination, before, after = lists
    make: Callable[..., Any] = Destination if on_destination else lambda key, *rest: Service(ServiceKey(*key), *rest)
    return Operation(action, ServiceKey(*key), before and make(*before), after and make(*after))


def look(_argument: Json) -> Json:
    """What there is, without changing anything."""
    system = System()
    table = read_table(system)
    return {"table": table_to_json(table), "loaded": is_loaded(system)}


def info(_argument: Json) -> Json:
    return list(read_info(System()))


def walk(argument: Json) -> Json:
    """Make the services with the given keys one table after the other; after each, tell what everybody sees."""
    keys = {ServiceKey(*key) for key in argument["keys"]}
    system = System()
    seen = []
    with pyroute2.IPVS() as ipvs:
        for wanted in map(table_from_json, argument["tables"]):
            apply(system, difference(read_table(system).only(keys), wanted))
            read = table_to_json(read_table(system))
            seen.append({"read": read, "saved": saved(), "witnessed": witnessed(ipvs)})
    return seen


def restore(argument: Json) -> Json:
    """Let ipvsadm make the table of each text in an empty kernel, and tell how we read it."""
    seen = []
    for text in argument:
        subprocess.run(["ipvsadm", "--clear"], check=True)
        subprocess.run(["ipvsadm", "--restore"], input=text, text=True, check=True)
        seen.append(table_to_json(read_table(System())))
    return seen


def operate(argument: Json) -> Json:
    """Do operations and tell which were refused."""
    operations = [operation_from_json(lists) for lists in argument]
    try:
        apply(System(), operations)
    except ApplyFailed as failure:
        return {
            "done": [operations.index(operation) for operation in failure.done],
            "refused": [[operations.index(refusal.operation), *refusal[1:]] for refusal in failure.refused],
            "left": [operations.index(operation) for operation in failure.left],
        }
    return {"done": list(range(len(operations))), "refused": [], "left": []}


def chosen(argument: Json) -> list[Engine[Any, Any]]:
    """The engines an argument names; the ipvs engine alone when it names none."""
    if argument.get("all_engines"):
        return engines()
    known: list[Engine[Any, Any]] = [HaproxyEngine(), IpvsEngine(), NftablesEngine()]
    return [engine for engine in known if engine.name in argument.get("engines", ["ipvs"])]


class Breaking(HaproxyEngine):
    """Somebody breaks a file as the engine begins to apply, and mends it as it begins to restore."""

    def __init__(self, file: str) -> None:
        self._file = file
        with open(file, encoding="utf-8") as held:
            self._text = held.read()

    def _write(self, text: str) -> None:
        with open(self._file, "w", encoding="utf-8") as held:
            held.write(text)

    def apply(self, *arguments: Any) -> Any:
        self._write(self._text + "nonsense\n")
        return super().apply(*arguments)

    def restore(self, *arguments: Any) -> None:
        self._write(self._text)
        super().restore(*arguments)


def certificates(argument: Json) -> Json:
    """What an engine tells of the certificates that a document's profiles name."""
    found = chosen(argument)[0].certificates(Configuration.from_document(argument["document"]), System())
    return {name: dataclasses.asdict(one) for name, one in found.items()}


def status(argument: Json) -> Json:
    """What runs of a document, by the first of some engines."""
    found = chosen(argument)[0].status(Configuration.from_document(argument["document"]), System())
    return [dataclasses.asdict(service) for service in found.services]


def connections(argument: Json) -> Json:
    """How many connections of a server are open and how many wait, by virtual server, by the first of some engines."""
    configuration = Configuration.from_document(argument["document"])
    engine = chosen(argument)[0]
    found = engine.connections(configuration, argument["farm"], argument["server"], System())
    return {name: None if each is None else [each.active, each.inactive] for name, each in found.items()}


class Deadly(Faulty):
    """A host on which the process dies at one call."""

    def _call(self, name: str, fault: Exception, do: Callable[[], Any]) -> Any:
        self.calls.append(name)
        if len(self.calls) > self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        return do()


def struck(argument: Json) -> Json:
    """Make a document true by the HAProxy engine on a host where one call goes wrong; what came of it."""
    system = Faulty(System(), argument["at"], argument["kind"])
    wanted = Configuration.from_document(argument["document"])
    try:
        result = reconcile(system, [HaproxyEngine()], lambda recorded: wanted)
    except HostFault as fault:
        return {"state": "fault", "struck": system.struck, "calls": system.calls, "fault": str(fault), "left": []}
    return {
        "state": result.transaction.state,
        "struck": system.struck,
        "calls": system.calls,
        "fault": result.fault,
        "left": list(result.transaction.left),
    }


def killed(argument: Json) -> Json:
    """The same in a process that is killed at one call; False when it ended before."""
    child = os.fork()
    if not child:
        wanted = Configuration.from_document(argument["document"])
        reconcile(Deadly(System(), argument["at"]), [HaproxyEngine()], lambda recorded: wanted)
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0


def refused(argument: Json) -> Json:
    """What the engine and its software on this host say against each of some documents."""
    engine = HaproxyEngine()
    found = []
    for document in argument:
        problems = engine.check(engine.compile(Configuration.from_document(document)), System())
        found.append([str(problem) for problem in problems])
    return found


def converge(argument: Json) -> Json:
    """Make the configuration what the document says, by some engines."""
    wanted = Configuration.from_document(argument["document"])
    using = [Breaking(argument["break_at_apply"])] if "break_at_apply" in argument else chosen(argument)
    result = reconcile(System(), using, lambda recorded: wanted, argument.get("check_mode", False))
    return {
        "state": result.transaction.state,
        "changed": result.changed,
        "reload": list(result.reload),
        "steps": [[step.action, step.subject, step.impact] for step in result.steps],
        "texts": [[step.subject, step.before, step.after] for step in result.steps],
        "fault": result.fault,
        "problems": [str(problem) for problem in result.problems],
    }


def vrrp(_argument: Json) -> Json:
    """What the collection sees of VRRP where keepalived has an HA group."""
    system = System()
    seen = vips.look(system, daemon.main_pid(system), ["any"], None)
    instances = {
        name: {**one._asdict(), "vips": sorted(one.vips), "interfaces": sorted(one.interfaces)}
        for name, one in (seen.instances or {}).items()
    }
    return {
        "instances": instances,
        "addresses": sorted(map(str, seen.addresses)),
        "daemons": [[one.role, one.interface, one.sync_id] for one in seen.daemons],
    }


def nft_walk(argument: Json) -> Json:
    """Make each document true, one after the other, by the nftables engine; after each, what nft and our file have, and
    what a second run would do."""
    seen = []
    for document in argument:
        wish = {"document": document, "engines": ["nftables"]}
        done = converge(wish)
        listed = subprocess.run(["nft", "-s", "-n", "list", "ruleset"], check=True, capture_output=True, text=True)
        text = System().read(FILE)
        again = converge({**wish, "check_mode": True})
        seen.append({"done": done, "listed": listed.stdout, "file": text, "again": again["steps"]})
    return seen


def measure(argument: Json) -> Json:
    """Seconds for filling an empty table, reading it, and emptying it; the services must be of nobody else."""
    system = System()
    table = table_from_json(argument)
    start = time.monotonic()
    apply(system, difference(Table(), table))
    filled = time.monotonic()
    read = read_table(system).only(table)
    done_reading = time.monotonic()
    apply(system, difference(table, Table()))
    emptied = time.monotonic()
    return {
        "equal": read == table,
        "fill": filled - start,
        "read": done_reading - filled,
        "empty": emptied - done_reading,
    }


COMMANDS: dict[str, Callable[[Json], Json]] = {
    "look": look,
    "info": info,
    "walk": walk,
    "restore": restore,
    "operate": operate,
    "converge": converge,
    "status": status,
    "connections": connections,
    "certificates": certificates,
    "refused": refused,
    "struck": struck,
    "killed": killed,
    "vrrp": vrrp,
    "nft_walk": nft_walk,
    "measure": measure,
    **prover.COMMANDS,
}

if __name__ == "__main__":
    for line in sys.stdin:
        command, argument = json.loads(line)
        print(json.dumps(COMMANDS[command](argument)), flush=True)
