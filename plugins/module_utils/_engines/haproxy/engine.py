# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HAProxy engine: layer 7 and proxied TCP, TLS, with HAProxy's health checks. Private to evenkeel.lb.

It owns one generated file that the distribution's unit loads after the user's own, and the certificates in the folder
beside it. What the running process can be told is told, and written too; all else is one reload through its master.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from ..._host.ipvs_table import ServiceKey
from ..._host.system import HostFault, System
from ..._model.configuration import Configuration
from ..._model.problems import InvalidConfiguration, Problem
from ..._model.services import first_port, transports_of
from ..base import Applied, ByVirtualServer, Engine, EngineFault, Step
from ..blocks import Blocks, parse
from ..capabilities import Capabilities, Version
from ..service_table import PROTOCOLS
from ..status import CertificateStatus, Status
from . import certificates, files, host_checks, limits, master, pem, planning, runtime, status, unit
from .capabilities import CAPABILITIES, NAME
from .parse import bind_of
from .planning import Told
from .render import blocks_of, generation, named, sections
from .sections import Section, held_in
from .state import Desired, Observed, Running, Snapshot
from .tls import Bundle, authorities_in, bundles_in, used_profiles
from .virtual_servers import Carried, binds_of, carried, profiles_of
from .words import FILE, FOLDER

_POLL = 0.1
_SECONDS_TO_VERIFY = 15.0
# How long a server that leaves may take to finish what it has before a reload leaves it to the worker of before.
_SECONDS_TO_LEAVE = 5.0


class HaproxyEngine(Engine[Desired, Observed]):
    name = NAME

    def describe(self) -> Capabilities:
        return CAPABILITIES

    def version(self, software: str, system: System) -> Optional[Version]:
        return unit.version(system)

    def beyond(self, configuration: Configuration) -> List[Problem]:
        return super().beyond(configuration) or limits.problems(configuration)

    def compile(self, configuration: Configuration) -> Desired:
        problems = self.beyond(configuration)
        if problems:
            raise InvalidConfiguration(problems)
        parts = sections(configuration)
        ours = carried(configuration, NAME)
        return Desired(
            blocks_of(parts),
            tuple(parts),
            frozenset(part.subject for part in parts if part.in_order),
            _proxies(parts),
            tuple(
                (f"virtual_servers[{one.wish.name}].{'port' if one.wish.port else 'ports'}", bind_of(address, port, ""))
                for one in ours
                for address, port in binds_of(configuration, one)
            ),
            tuple(_files(configuration)),
            tuple((f"virtual_servers[{one.wish.name}].vip", one.address) for one in ours if not one.comes_and_goes)
            + _of_checks(configuration, "source"),
            tuple(f"virtual_servers[{one.wish.name}].protocol" for one in ours if one.wish.protocol == "quic"),
            frozenset(key for one in ours for key in _keys(one)),
            _of_checks(configuration, "script"),
        )

    def joined(self, owned: Desired, begun: Desired, elsewhere: FrozenSet[Any]) -> Desired:
        return dataclasses.replace(owned, left=owned.left | named(begun.blocks))

    def claims(self, desired: Desired) -> FrozenSet[Any]:
        return desired.claims

    def read(self, system: System) -> Observed:
        header, held, active, found = system.once(_seen)
        renewed, forgotten, believed = set(), set(), set()
        for name, bundle in authorities_in(held).items():
            ours, theirs = system.read(bundle.file), files.content_of(system, bundle)
            is_known = found is None or ours is None or _runs_with(found, bundle, ours)
            if (theirs is not None and ours != theirs) or not is_known:
                believed.add(name)
        for name, bundle in bundles_in(held).items():
            ours, theirs = system.read(bundle.file), files.content_of(system, bundle)
            if theirs is not None and ours != theirs:
                renewed.add(name)
            elif found is not None and ours is not None and not _runs_with(found, bundle, ours):
                forgotten.add(name)
        version = unit.version(system) if active else None
        sets = map(frozenset, (renewed, forgotten, believed, system.listed(FOLDER) or ()))
        return Observed(header, held, active, found, version, *sets)

    def plan(self, desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
        return planning.steps(desired, observed, owned) + planning.litter(desired, observed, owned)

    def obstacles(self, desired: Desired, system: System) -> List[Problem]:
        return host_checks.looked(desired, system) if desired.blocks else []

    def check(self, desired: Desired, system: System) -> List[Problem]:
        # a candidate changes nothing of how HAProxy is started
        with system.still():
            if not desired.blocks and unit.lacking(system):
                return []
            return host_checks.refusals(desired, system)

    def snapshot(self, desired: Desired, owned: Desired, system: System) -> Snapshot:
        seen = system.once(_seen)
        paths = {FILE, *named(seen.held), *named(desired.blocks)}
        return Snapshot({path: system.read(path) for path in sorted(paths)}, seen.active, seen.running)

    def apply(self, steps: Sequence[Step], desired: Desired, system: System) -> Applied:
        litter = [step.payload.litter for step in steps if step.payload and step.payload.litter]
        for path in litter:
            system.remove(path)
        if len(litter) == len(steps):
            return Applied()
        before = files.held(system)
        files.put(system, files.wanted(system, desired.blocks))
        done: List[str] = []
        if not unit.is_active(system):
            if desired.blocks:
                unit.start(system)
                done.append("haproxy start")
        elif any(step.subject == planning.HAPROXY for step in steps) or not _told(steps, desired, system):
            done.append(self._reload(desired, system))
        files.clear(system, before, desired.blocks)
        return Applied(tuple(done))

    @staticmethod
    def _reload(desired: Desired, system: System) -> str:
        return master.reload(system, unit.command(system).master, generation(desired.blocks))

    def restore(self, system: System, snapshot: Snapshot) -> None:
        for path, text in sorted(snapshot.files.items(), key=lambda item: (item[0] == FILE, item[0])):
            if text is not None and system.read(path) != text:
                system.write(path, text, mode=files.mode_of(path))
        active = unit.is_active(system)
        if active and not snapshot.active:
            unit.stop(system)
        elif snapshot.active and not active:
            unit.start(system)
        elif active:
            self._back(system, snapshot)
        for path, text in snapshot.files.items():
            if text is None:
                system.remove(path)

    @staticmethod
    def _back(system: System, snapshot: Snapshot) -> None:
        text = snapshot.files[FILE]
        held = parse(text or "")[1]
        # a process that held nothing of ours does not answer on our socket
        wanted = generation(held) if text else None
        same = runtime.generation(system) == wanted
        if same and (wanted is None or _running(system, held) == snapshot.running):
            return
        if text is None:
            raise EngineFault(f"there was no {FILE}, without which HAProxy cannot be loaded; see {unit.UNIT}")
        master.reload(system, unit.command(system).master, wanted)

    def verify(self, desired: Desired, owned: Desired, system: System) -> List[Problem]:
        end = system.now() + _SECONDS_TO_VERIFY
        while True:
            problems = self._wrong(desired, system)
            if not problems or system.now() >= end:
                return problems
            system.sleep(_POLL)

    @staticmethod
    def _wrong(desired: Desired, system: System) -> List[Problem]:
        if not desired.blocks and not system.read(FILE):
            return []
        if not unit.is_active(system):
            return [Problem("haproxy", "does not run", f"see journalctl -u {unit.UNIT}")] if desired.blocks else []
        found = _running(system, desired.blocks)
        if found is None:
            return [Problem("haproxy", "does not answer on our socket", f"see journalctl -u {unit.UNIT}")]
        if found.generation != generation(desired.blocks):
            return [Problem("haproxy", f"runs with another {FILE}", f"see journalctl -u {unit.UNIT}")]
        return [*_wrong_proxies(desired, found), *_wrong_certificates(desired, found, system)]

    def connections(self, configuration: Configuration, farm: str, server: str, system: System) -> ByVirtualServer:
        return status.connections(configuration, farm, server, system)

    def status(self, configuration: Configuration, system: System) -> Status:
        return status.status(configuration, system)

    def certificates(self, configuration: Configuration, system: System) -> Mapping[str, CertificateStatus]:
        return certificates.certificates(configuration, system)


def _keys(one: Carried) -> Iterator[ServiceKey]:
    """What the kernel would know a virtual server by, were it of an engine that tells the kernel."""
    for transport in transports_of(one.wish):
        yield ServiceKey.of_address(PROTOCOLS[transport], one.address, first_port(one.wish))


def _files(configuration: Configuration) -> "list[tuple[str, str]]":
    """The files that the profiles in use name, each by its path in the model."""
    names = {name for one in carried(configuration, NAME) for name in profiles_of(configuration, one)}
    return [
        (f"certificate_profiles[{profile.name}].{field}", getattr(profile, field))
        for profile in used_profiles(configuration, names)
        for field in ("certificate_file", "chain_file", "key_file")
        if getattr(profile, field) is not None
    ]


def _of_checks(configuration: Configuration, field: str) -> "tuple[tuple[str, str], ...]":
    """What a field of the health checks in use says, each by its path in the model."""
    names = set()
    for one in carried(configuration, NAME):
        farm = configuration.farms[one.wish.farm or ""]
        names |= {server.health_check or farm.health_check for server in farm.servers or ()}
    said = {name: getattr(configuration.health_checks[name], field) for name in sorted(names - {None})}
    return tuple((f"health_checks[{name}].{field}", value) for name, value in said.items() if value is not None)


def _proxies(parts: Sequence[Section]) -> Dict[str, str]:
    """The names of our proxies, each with the object that it is for."""
    found = {}
    for part in parts:
        kind, name = part.head.split()[:2]
        if kind in ("frontend", "backend"):
            word, _space, rest = part.subject.rpartition(" as ")[0].partition(" ")
            found[name] = f"farms[{rest}].name" if word == "farm" else f"virtual_servers[{name}].name"
    return found


class _Seen(NamedTuple):
    """Our file in its parts (``header`` is None without one), whether HAProxy runs, and what it holds of ours."""

    header: Optional[str]
    held: Blocks
    active: bool
    running: Optional[Running]


def _seen(system: System) -> _Seen:
    text = system.read(FILE)
    # without anything in it the file is as good as not there: the unit cannot do without a file
    header, held = parse(text) if text else (None, {})
    active = unit.is_active(system)
    return _Seen(header, held, active, _running(system, held) if active else None)


def _running(system: System, blocks: Dict[str, str]) -> Optional[Running]:
    backends = {held.backend for held in map(held_in, blocks.values()) if held.backend}
    certificates, authorities = ([one.file for one in in_(blocks).values()] for in_ in (bundles_in, authorities_in))
    return runtime.running(system, backends, certificates, authorities)


def _runs_with(found: Running, bundle: Bundle, content: str) -> bool:
    """Whether the running process has what a file of ours holds; true of a file that it does not know."""
    if bundle.file in found.authorities:
        return found.authorities[bundle.file] == pem.fingerprints(content)
    return found.certificates.get(bundle.file) in (None, pem.fingerprint(content))


def _told(steps: Sequence[Step], desired: Desired, system: System) -> bool:
    """Tell the running process all that the steps have for it; False when it does not do something."""
    bundles = bundles_in(desired.blocks)
    try:
        for told in [step.payload for step in steps if isinstance(step.payload, Told)]:
            for name in told.certificates:
                content = files.content_of(system, bundles[name]) or ""
                runtime.tell(system, runtime.replace_certificate(bundles[name].file, content))
        runtime.tell(system, [one for step in steps if step.payload for one in step.payload.commands])
        leaving = [one for step in steps if step.payload for one in step.payload.leaving]
        if not _left(system, leaving):
            return False
        runtime.tell(system, runtime.set_generation(generation(desired.blocks)))
    except HostFault:
        return False
    return True


def _left(system: System, leaving: Sequence[str]) -> bool:
    """Let servers go that have nothing to do any more; False when one has."""
    if not leaving:
        return True
    runtime.tell(system, [f"set server {path} state drain" for path in leaving])
    end = system.now() + _SECONDS_TO_LEAVE
    while status.busy(system, leaving):
        if system.now() >= end:
            return False
        system.sleep(_POLL)
    runtime.tell(system, [f"set server {path} state maint" for path in leaving])
    runtime.tell(system, [f"del server {path}" for path in leaving])
    return True


def _wrong_proxies(desired: Desired, found: Running) -> List[Problem]:
    problems = []
    for subject, text in sorted(desired.blocks.items()):
        if subject.startswith("virtual server ") and subject[len("virtual server ") :] not in found.open:
            problems.append(Problem(subject, "is not open in the running process", "see show stat on its socket"))
        held = held_in(text)
        if not held.backend:
            continue
        running, wanted = found.servers.get(held.backend, {}), planning.running_in(text)
        if running == wanted:
            continue
        problems += [
            Problem(f"{subject}: server {name}", f"is not as wanted in the running process: {running.get(name)}")
            for name in sorted({*wanted, *running})
            if running.get(name) != wanted.get(name)
        ]
    return problems


def _wrong_certificates(desired: Desired, found: Running, system: System) -> List[Problem]:
    problems = []
    for name, bundle in bundles_in(desired.blocks).items():
        if not _runs_with(found, bundle, system.read(bundle.file) or ""):
            problems.append(Problem(f"certificate profile {name}", "is not what the running process shows"))
    for name, bundle in authorities_in(desired.blocks).items():
        if not _runs_with(found, bundle, system.read(bundle.file) or ""):
            problems.append(Problem(f"certificate profile {name}", "is not whom the running process believes"))
    return problems
