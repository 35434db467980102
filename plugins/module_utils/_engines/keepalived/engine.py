# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keepalived engine: layer 4 with health checks, and the VIPs of HA groups by VRRP. Private to evenkeel.lb.

It owns one generated file that keepalived.conf includes, and the kernel services that file asks for. Which servers are
healthy is keepalived's business: a server that a health check took out of the kernel table is no difference.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, FrozenSet, List, Optional, Sequence, Tuple

from ..._host.ipvs_netlink import apply as change_kernel
from ..._host.ipvs_netlink import read_table
from ..._host.ipvs_settings import read_daemons
from ..._host.ipvs_table import Operation, ServiceKey, Table, canonical_address, difference
from ..._host.system import System
from ..._model.configuration import Configuration
from ..._model.problems import InvalidConfiguration, Problem
from ..._model.services import Service, services
from ..base import Applied, ByVirtualServer, Engine, EngineFault, Outcomes, Step
from ..blocks import Blocks, parse
from ..capabilities import Capabilities, Version
from ..kernel_support import lacking
from ..service_connections import connections_by_ipvs
from ..service_table import SYNCHRONISED_OR_MIXED, key_of, table_of
from ..status import Status
from ..versions import linux
from . import belief, checkers, connection_timeouts, daemon, hold, host_checks, kernel, planning, vips
from .capabilities import CAPABILITIES, NAME
from .connection_sync import Sync, sync_in
from .connection_sync import settle as settle_sync
from .last_resort import Relief, backends_of, has_taken_effect, relief, replacement
from .outcomes import outcomes
from .render import blocks, document
from .state import Desired, Observed, Snapshot
from .status import status as status_of
from .tracking_text import needs_restart
from .vrrp_text import CONNECTION_SYNC, CONNECTION_TIMEOUTS, HA_GROUP, VIP

_POLL = 0.1
# A reload is visible in the kernel within 0.6 s (keepalived 2.2.7 to 2.4.3, 1000 services); systemctl returns earlier.
_SECONDS_OF_A_RELOAD = 3.0
# keepalived 2.2.7 takes 24 s to reload 1000 services with 10 servers each
_SECONDS_TO_VERIFY = 45.0


class KeepalivedEngine(Engine[Desired, Observed]):
    name = NAME

    def describe(self) -> Capabilities:
        return CAPABILITIES

    def version(self, software: str, system: System) -> Optional[Version]:
        return daemon.version(system) if software == "keepalived" else linux(system)

    def beyond(self, configuration: Configuration) -> List[Problem]:
        return super().beyond(configuration) + checkers.problems(configuration)

    def compile(self, configuration: Configuration) -> Desired:
        problems = self.beyond(configuration)
        if problems:
            raise InvalidConfiguration(problems)
        carried = [service for service in services(configuration, self.name) if service.backends]
        told = [dataclasses.replace(service, backends=backends_of(service)) for service in carried]
        subjects: Dict[ServiceKey, str] = {key_of(service): f"virtual server {service.name}" for service in carried}
        unwell = {
            key_of(service): kernel.Unwell(
                replacement(service), service.farm.on_failure == "quiesce", _unchecked(with_sorry)
            )
            for service, with_sorry in zip(carried, told)
        }
        wanted = vips.wanted(configuration)
        return Desired(
            tuple(carried),
            blocks(configuration),
            table_of(told),
            unwell,
            subjects,
            wanted,
            connection_timeouts.wanted(configuration),
            synchronises=wanted.sync is not None,
        )

    def joined(self, owned: Desired, begun: Desired, elsewhere: FrozenSet[Any]) -> Desired:
        both = [*begun.table.values(), *owned.table.values()]
        return dataclasses.replace(
            owned,
            table=Table([entry for entry in both if entry.service.key not in elsewhere]),
            subjects={**begun.subjects, **owned.subjects},
            synchronises=owned.synchronises or begun.synchronises,
            unsettled=owned.unsettled or begun.blocks != owned.blocks,
        )

    def claims(self, desired: Desired) -> FrozenSet[Any]:
        return frozenset((*desired.subjects, *([SYNCHRONISED_OR_MIXED] if desired.synchronises else [])))

    def read(self, system: System) -> Observed:
        text = system.read(daemon.FILE)
        # without anything in it the file is as good as not there: keepalived may include one that somebody made for it
        header, held = parse(text) if text else (None, {})
        active = daemon.is_active(system)
        seen = self._vrrp(system, held) if active else vips.NOTHING
        timeouts = connection_timeouts.look(system) if CONNECTION_TIMEOUTS in held else None
        # only while keepalived runs is there anything to compare the kernel with
        table = read_table(system) if active else Table()
        lost = belief.lost(system, held, belief.servers_in(table)) if active else {}
        return Observed(header, held, active, table, seen, timeouts, lost)

    @staticmethod
    def _vrrp(system: System, told: Blocks) -> vips.Seen:
        """The state of the HA groups and VIPs that the running keepalived was told of; and the kernel's daemons, which
        may outlive them."""
        if not any(subject.startswith((HA_GROUP, VIP)) for subject in told):
            return vips.Seen(daemons=tuple(read_daemons(system)))
        groups = [subject for subject in told if subject.startswith(HA_GROUP)]
        return vips.look(system, daemon.main_pid(system), groups, sync_in(told.get(CONNECTION_SYNC, "")))

    def plan(self, desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
        return planning.steps(desired, observed, owned)

    def obstacles(self, desired: Desired, system: System) -> List[Problem]:
        return _host_refusals(desired, system) + (daemon.lacking(system) if desired.blocks else [])

    def check(self, desired: Desired, system: System) -> List[Problem]:
        return _host_refusals(desired, system) + daemon.refusals(system, desired.blocks)

    def snapshot(self, desired: Desired, owned: Desired, system: System) -> Snapshot:
        table = read_table(system)
        # what another engine holds now is not for keepalived to bring back
        keys = frozenset((*owned.table, *(key for key in desired.table if key not in table)))
        running = table.only(keys)
        former = (desired.vips.sync,)
        timeouts = connection_timeouts.look(system) if desired.timeouts != connection_timeouts.UNSAID else None
        text = system.read(daemon.FILE)
        holds = hold.read_all(system, {*owned.vips.groups, *desired.vips.groups})
        return Snapshot(text, daemon.is_active(system), keys, running, owned.vips, former, timeouts, holds)

    def apply(self, steps: Sequence[Step], desired: Desired, system: System) -> Applied:
        repairs = [step.payload for step in steps if isinstance(step.payload, Operation)]
        lost = {operation.key for operation in repairs if operation.before is None and not operation.on_destination}
        done: List[str] = []
        if all(step.payload is not None for step in steps) and not lost:
            change_kernel(system, repairs)
            self._mend(steps, desired, system)
            return Applied()
        former = _former_syncs(steps)
        if former and desired.vips.sync is None:
            # at once: while one runs, the kernel refuses servers of another family, which keepalived may be to add
            settle_sync(system, read_daemons(system), None, former)
        self._end_holds(steps, "add", system)
        # of these keepalived believes that they are in the kernel, and would edit them there
        change_kernel(system, [one for one in repairs if one.before is None and one.on_destination])
        done += self._relieve(steps, desired, system)
        if lost:
            # keepalived believes that these are in the kernel; it adds them anew when they leave its file and come back
            leaving = {desired.subjects[key] for key in lost}
            kept = {subject: text for subject, text in desired.blocks.items() if subject not in leaving}
            done += self._activate(kept, system)
            system.sleep(_SECONDS_OF_A_RELOAD)
        done += self._activate(desired.blocks, system)
        self._end_holds(steps, "remove", system)
        self._settle(desired, system)
        self._mend(steps, desired, system)
        return Applied(tuple(done))

    @staticmethod
    def _end_holds(steps: Sequence[Step], action: str, system: System) -> None:
        """End the holds of HA groups that begin, which are left of others of their names, and of those that went."""
        for step in steps:
            if step.action == action and step.subject.startswith(HA_GROUP):
                hold.put(system, step.subject[len(HA_GROUP) :], None)

    def _relieve(self, steps: Sequence[Step], desired: Desired, system: System) -> List[str]:
        """Put sorry servers that serve and are to go or change on a footing from which a reload can take them."""
        table = read_table(system)
        found: Dict[str, Relief] = {}
        entries: Dict[str, List[ServiceKey]] = {}
        for step in steps:
            if step.action == "change" and step.payload is None:
                keys = [key for key, subject in desired.subjects.items() if subject == step.subject and key in table]
                can_be_lost = any(desired.unwell[key].sorry is not None for key in keys)
                wanted = relief(step.before, step.after, [table[key] for key in keys], can_be_lost)
                if wanted is not None:
                    found[step.subject], entries[step.subject] = wanted, keys
        if not found:
            return []
        _header, told = parse(system.read(daemon.FILE) or "")
        done = self._activate({**told, **{subject: wanted.block for subject, wanted in found.items()}}, system)
        end = system.now() + _SECONDS_OF_A_RELOAD
        while system.now() < end:
            table = read_table(system)
            if all(
                has_taken_effect(wanted, table.only(entries[subject]).values()) for subject, wanted in found.items()
            ):
                break
            system.sleep(_POLL)
        then = {subject: wanted.then for subject, wanted in found.items() if wanted.then}
        if then:
            done += self._activate({**desired.blocks, **then}, system)
            self._settle(desired, system)
        return done

    @staticmethod
    def _activate(wanted: Blocks, system: System) -> List[str]:
        before, after = system.read(daemon.FILE) or "", document(wanted)
        system.write(daemon.FILE, after, mode=0o600)
        if daemon.is_active(system):
            return [daemon.take_in(system, needs_restart(before, after))]
        if wanted:
            daemon.start(system)
            return ["keepalived start"]
        return []

    @staticmethod
    def _settle(desired: Desired, system: System) -> None:
        """Wait for the reload to reach the kernel; what a reload leaves as it was is edited there."""
        end = system.now() + _SECONDS_OF_A_RELOAD
        while True:
            differences = kernel.differences(read_table(system), desired.table, desired.unwell)
            if not differences:
                return
            if system.now() >= end:
                break
            system.sleep(_POLL)
        change_kernel(system, [operation for operation in differences if operation.before])

    @staticmethod
    def _mend(steps: Sequence[Step], desired: Desired, system: System) -> None:
        """What keepalived leaves undone of VIPs and connection synchronisation."""
        former = _former_syncs(steps)
        vips.announce(system, desired.vips, {step.subject for step in steps if step.action in ("add", "change")})
        vips.mend(system, daemon.main_pid(system), desired.vips, former)
        connection_timeouts.settle(system, desired.timeouts)

    def restore(self, system: System, snapshot: Snapshot) -> None:
        restart = needs_restart(system.read(daemon.FILE) or "", snapshot.text or "")
        # first, so that no group comes back without its hold
        for name, text in snapshot.holds.items():
            hold.put(system, name, text)
        if snapshot.text is None:
            system.remove(daemon.FILE)
        elif system.read(daemon.FILE) != snapshot.text:  # what could not be written is as it was, and cannot be now
            system.write(daemon.FILE, snapshot.text, mode=0o600)
        active = daemon.is_active(system)
        if active and not snapshot.active:
            daemon.stop(system)
        elif active:
            daemon.take_in(system, restart)
        elif snapshot.active:
            daemon.start(system)
        end = system.now() + _SECONDS_TO_VERIFY
        while set(read_table(system).only(snapshot.keys)) != set(snapshot.running):
            if system.now() >= end:
                raise EngineFault("keepalived's file is as it was, but the kernel's services are not; see ipvsadm -Ln")
            system.sleep(_POLL)
        if snapshot.active:
            change_kernel(system, kernel.left_by_reload(read_table(system), snapshot.running))
            vips.mend(system, daemon.main_pid(system), snapshot.vips, snapshot.former)
            change_kernel(system, self._not_taken(snapshot, system))
        if snapshot.timeouts is not None:
            connection_timeouts.settle(system, snapshot.timeouts)

    @staticmethod
    def _not_taken(snapshot: Snapshot, system: System) -> List[Operation]:
        """What brings servers back that keepalived believes are in the kernel, which does not take those of another
        family while it synchronises connections."""
        table = read_table(system)
        lost = belief.lost(system, parse(snapshot.text or "")[1], belief.servers_in(table))
        return [
            operation
            for operation in difference(table.only(snapshot.running), snapshot.running)
            if operation.before is None and operation.subject.key in lost.get(operation.key, ())
        ]

    def verify(self, desired: Desired, owned: Desired, system: System) -> List[Problem]:
        end = system.now() + _SECONDS_TO_VERIFY
        # what keepalived may hold and another engine is to: this one has to be done with it before the other begins
        leaving = set(owned.subjects) - set(owned.table) - set(desired.subjects)
        while True:
            problems = self._wrong(desired, owned, system)
            settled = not problems and not (leaving and leaving & set(read_table(system)))
            if settled or system.now() >= end:
                return problems
            system.sleep(_POLL)

    def connections(self, configuration: Configuration, farm: str, server: str, system: System) -> ByVirtualServer:
        return connections_by_ipvs(configuration, self.name, farm, server, system)

    def status(self, configuration: Configuration, system: System) -> Status:
        return status_of(configuration, system)

    def outcomes(self, configuration: Configuration, system: System) -> Outcomes:
        return outcomes(configuration, system)

    @staticmethod
    def _wrong(desired: Desired, owned: Desired, system: System) -> List[Problem]:
        if desired.blocks and not daemon.is_active(system):
            return [Problem("keepalived", "does not run", "see journalctl -u keepalived.service")]
        table = read_table(system)
        found = [
            Problem(f"kernel: {operation.key}", f"is not as wanted: {operation} is still to be done")
            for operation in kernel.differences(table, desired.table, desired.unwell)
        ]
        found += [
            Problem(f"kernel: {key}", "is still there, though it was removed")
            for key in owned.table
            if key in table and key not in desired.table
        ]
        found += connection_timeouts.wrong(system, desired.timeouts)
        return found + vips.wrong(desired.vips, owned.vips, system, daemon.main_pid(system))


def _host_refusals(desired: Desired, system: System) -> List[Problem]:
    found = lacking(desired.services, system) + vips.refusals(desired.vips, system)
    return found + host_checks.refusals(desired.services, system)


def _unchecked(service: Service) -> FrozenSet[Tuple[str, int]]:
    """The servers that nothing tests, as the kernel tells them apart."""
    return frozenset(
        (canonical_address(backend.address), backend.port)
        for backend in service.backends
        if backend.health_check is None
    )


def _former_syncs(steps: Sequence[Step]) -> List[Sync]:
    """The wishes for connection synchronisation that the steps end."""
    told = [sync_in(step.before) for step in steps if step.subject == CONNECTION_SYNC]
    told += [step.payload for step in steps if isinstance(step.payload, Sync)]
    return [sync for sync in told if sync is not None]
