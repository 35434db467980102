# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backends of haproxy.cfg put together into farms with their health checks. Pure. Private to evenkeel.lb.

Our own file has a backend for each way in which a farm is used, and for tests that are not the farm's own: they become
one farm again. Of others, each backend is a farm.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ...found_names import Names, of_server
from ...found_services import Origins
from ...reading import Findings
from ..farms import TESTING
from .backends import FoundBackend
from .profiles import Profiles
from .servers import FoundServer
from .ways import Way

_SUBJECT = "farm "
_NONE = {"type": "none"}


class Test(NamedTuple):
    """How a server is tested in one way of its farm: the fields without the port, the port that is said, whether that
    follows from the server's, the name that the text has for the health check, and whether a backend beside the farm's
    does it."""

    fields: Dict[str, Any]
    port: Optional[int]
    follows: bool
    name: str
    beside: bool


@dataclass
class FoundFarm:
    """A farm by all of its backends, in the order of the text, and the sorry server in each way."""

    name: str
    backends: List[FoundBackend] = field(default_factory=list)
    sorry: List[Tuple[FoundServer, Way]] = field(default_factory=list)
    tests: Dict[str, List[Test]] = field(default_factory=dict)

    @property
    def first(self) -> FoundBackend:
        return self.backends[0]

    def server_names(self) -> Dict[str, str]:
        """Names of the model by those of the text."""
        names = Names()
        found: Dict[str, str] = {}
        for server in self.first.servers:
            found.setdefault(server.name, names.take(server.name, of_server(server.address, server.port)))
        return found


def tests_of(farm: FoundFarm, by_name: Mapping[str, FoundBackend]) -> None:
    """Find out how each server is tested in each way."""
    for backend in farm.backends:
        for server in backend.servers:
            test = _test(backend, server, by_name)
            if test is not None:
                farm.tests.setdefault(server.name, []).append(test)


def _test(backend: FoundBackend, server: FoundServer, by_name: Mapping[str, FoundBackend]) -> Optional[Test]:
    holder, tested, findings = backend, server, backend.findings
    other = ""
    if "track" in server.said:
        other, _slash, track = server.said["track"].rpartition("/")
        holder = by_name.get(other, backend) if other else backend
        found = next((one for one in holder.servers if one.name == track), None)
        is_there = found is not None and (not other or other in by_name)
        if found is None or not is_there or (found.address, found.port) != (server.address, server.port):
            server.lose(findings, "is as healthy as another server; here each is tested itself", "check")
            return None
        tested = found
    if "check" not in tested.said:
        return None
    fields, port = tested.check(holder.rules, findings)
    if holder is not backend and holder.source is not None:
        fields["source"] = holder.source.partition("/")[0]
    elif holder is not backend and backend.source is not None and not other.partition(TESTING)[1]:
        server.lose(findings, "is tested from another address than it is spoken to from", "one for both")
    follows = port == (backend.way.tested or None) if not server.port else port is None
    beside = other.partition(TESTING)[2]
    return Test(fields, port, follows, beside or holder.rules.name, bool(beside))


class Checks:
    """The health checks of all farms: those that the text names keep their names, equal ones of others are one."""

    def __init__(self, farms: List[FoundFarm], origins: Origins) -> None:
        self._origins = origins
        named = {test.name for farm in farms for tests in farm.tests.values() for test in tests}
        self._names = Names((named | {farm.first.rules.name for farm in farms}) - {""})
        self._written: Dict[str, Dict[str, Any]] = {}
        self._by_content: Dict[str, List[str]] = {}
        self._ports: Dict[Tuple[str, str], int] = {}
        for farm in farms:
            for tests in farm.tests.values():
                for test in tests:
                    if not test.follows and test.port is not None:
                        self._ports.setdefault(self._group(farm, test), test.port)
        for farm in farms:
            for server, tests in farm.tests.items():
                if tests[0].name:
                    self._enter(tests[0].name, self._content(farm, tests), farm, server)

    @staticmethod
    def _group(farm: FoundFarm, test: Test) -> Tuple[str, str]:
        return ("", test.name) if test.name else (farm.name, "")

    def _content(self, farm: FoundFarm, tests: List[Test]) -> Dict[str, Any]:
        """The fields of a test with its port, where that does not follow from the server's."""
        common = self._ports.get(self._group(farm, tests[0]))
        ports = {test.port for test in tests}
        if all(test.follows for test in tests) and ports != {common}:
            return tests[0].fields
        port = next(iter(ports - {None}), None)
        return {**tests[0].fields, **({"port": port} if port is not None else {})}

    def _enter(self, name: str, content: Dict[str, Any], farm: FoundFarm, server: str) -> None:
        if name not in self._written:
            self._written[name] = {"name": name, **content}
            self._by_content.setdefault(_key(content), []).append(name)
            statement = next(
                (one.statement for one in farm.first.servers if one.name == server), farm.first.section.head
            )
            self._origins[f"health_checks[{name}]"] = (statement.place, statement.raw)

    def assign(self, farm: FoundFarm, document: Dict[str, Any]) -> None:
        """Name the health checks in a farm and, where servers of it differ, in the servers."""
        names = farm.server_names()
        written = {one["name"]: one for one in document["servers"]}
        of_others = {tests[0].name for tests in farm.tests.values() if tests[0].beside}
        own = {server: self._content(farm, tests) for server, tests in farm.tests.items() if not tests[0].beside}
        if not own and not (farm.first.rules.said and farm.first.section.from_ours):
            # nothing is tested by rules of the farm
            for server, tests in farm.tests.items():
                written[names[server]]["health_check"] = tests[0].name
            return
        common = Counter(map(_key, own.values())).most_common(1)[0][0] if own else _key(_unused(farm))
        document["health_check"] = self._of_farm(common, str(document["name"]), of_others, farm)
        for server in farm.first.servers:
            tests = farm.tests.get(server.name)
            target = written[names[server.name]]
            if tests is None:
                target["health_check"] = self._of(_key(_NONE), "none", set(), farm, server.name)
            elif tests[0].beside:
                target["health_check"] = tests[0].name
            elif _key(own[server.name]) != common:
                base = f"{document['name']}-{target['name']}"[:60]
                target["health_check"] = self._of(_key(own[server.name]), base, of_others, farm, server.name)

    def _of_farm(self, content: str, base: str, of_others: "set[str]", farm: FoundFarm) -> str:
        name = farm.first.rules.name
        if not name:
            return self._of(content, base, of_others, farm, "")
        self._enter(name, json.loads(content), farm, "")
        return name

    def _of(self, content: str, base: str, without: "set[str]", farm: FoundFarm, server: str) -> str:
        for name in self._by_content.get(content, ()):
            if name not in without:
                return name
        name = self._names.take(base)
        self._enter(name, json.loads(content), farm, server)
        return name

    def documents(self) -> List[Dict[str, Any]]:
        return [self._written[name] for name in sorted(self._written)]


def _key(content: Dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True)


def _unused(farm: FoundFarm) -> Dict[str, Any]:
    """The test of a farm of ours by which no server of it is tested: of its times the text has one."""
    rules = farm.first.rules
    return {**rules.fields, **({"timeout": rules.timeout} if rules.timeout is not None else {})}


def document_of(farm: FoundFarm, profiles: Profiles, origins: Origins, findings: Findings) -> Dict[str, Any]:
    """The farm without its health checks."""
    names = farm.server_names()
    servers = []
    seen = set()
    for server in farm.first.servers:
        if server.name in seen:
            server.lose(findings, "is there twice", "one name for each server")
            continue
        seen.add(server.name)
        each = [(backend.way.port, one) for backend in farm.backends for one in backend.servers]
        ports = [(one.port, implied) for implied, one in each if one.name == server.name]
        port = _port(ports)
        name = names[server.name]
        fields = server.fields(profiles, findings)
        servers.append({"name": name, "address": server.address, **({"port": port} if port else {}), **fields})
        origins[f"farms[{farm.name}].servers[{name}]"] = (server.statement.place, server.statement.raw)
    document = {"name": farm.name, **farm.first.fields, "servers": servers}
    if farm.sorry:
        port = _port([(server.port, way.port) for server, way in farm.sorry])
        document["sorry_server"] = {"address": farm.sorry[0][0].address, **({"port": port} if port else {})}
    head = farm.first.section.head
    origins[f"farms[{farm.name}]"] = (head.place, head.raw)
    return document


def _port(ports: List[Tuple[int, int]]) -> int:
    """The port of a server by what it has in each way, and would have there without one; 0 for none of its own."""
    return 0 if all(port == implied for port, implied in ports) else ports[0][0]


def subject_farm(subject: str) -> str:
    """The farm that the comment above a backend of ours names; empty where it names none."""
    return subject[len(_SUBJECT) :].partition(" as ")[0] if subject.startswith(_SUBJECT) else ""
