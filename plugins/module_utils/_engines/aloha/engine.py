# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The aloha engine: layer 4 and layer 7 on an HAProxy ALOHA appliance, by its configuration API.

Private to evenkeel.lb.

The appliance's API has no transactions that are documented, no versions and no way to say "if nothing changed": so each
object is read just before it is written, only what differs is written, and it is read back afterwards. What others
changed in between, and what a write changed beside what it was to change, ends the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, List, Mapping, Optional, Sequence

from ..._host.system import System
from ..._model.configuration import Configuration
from ..._model.problems import Problem
from ..base import Applied, Engine, EngineFault, Step
from ..capabilities import Capabilities, Unable, Version
from ..reading import Findings, Reading
from ..status import ServerStatus, ServiceStatus, Status
from .api import Api, NoAnswer, Refused
from .capabilities import CAPABILITIES, NAME
from .objects import OBJECTS, Key, Values, same
from .observed import Observed
from .parse import configuration_of
from .projection import Desired, compiled, projected
from .steps import Change, differing, plan

_DRAINED_AT_LAYER_4 = (
    "a weight of 0 is not documented for layer 4 servers of an ALOHA; look whether server {1} of farm {0} gets no new"
    " connections"
)

_UNCOUNTED = Unable(
    "the configuration API of an ALOHA counts no connections",
    "a task without wait; then look at the sessions of the server in the appliance's web interface or by SNMP, or pause"
    " for as long as connections last, and remove it with another task",
)


@dataclass(frozen=True)
class Snapshot:
    """All objects that were read, as they were; None for those that were not there."""

    objects: Mapping[Key, Optional[Values]]


class AlohaEngine(Engine[Desired, Observed]):
    """Holds the connection of one run: make a new one for each."""

    name = NAME
    alone = True
    uncounted = _UNCOUNTED

    def __init__(self, api: Api) -> None:
        self._api = api
        self._observed: Optional[Observed] = None
        # In the order in which they were written to, or where writing was tried.
        self._touched: List[Key] = []
        # The one of them whose last write was not seen to have its effect, if any: it may still come.
        self._unseen: Optional[Key] = None
        self._is_given_up = False

    def describe(self) -> Capabilities:
        return CAPABILITIES

    def beyond(self, configuration: Configuration) -> List[Problem]:
        return list(projected(configuration)[1])

    def version(self, software: str, system: System) -> Optional[Version]:
        return None

    def compile(self, configuration: Configuration) -> Desired:
        return compiled(configuration)

    def joined(self, owned: Desired, begun: Desired, elsewhere: FrozenSet[Any]) -> Desired:
        return Desired({**begun.objects, **owned.objects}, {**begun.sources, **owned.sources})

    def read(self, system: System) -> Observed:
        self._observed = Observed(self._api)
        return self._observed

    def plan(self, desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
        return plan(desired, observed, owned)

    def obstacles(self, desired: Desired, system: System) -> List[Problem]:
        """What the appliance holds otherwise than its documentation says."""
        observed = self._seen(system)
        found = []
        for key, wanted in desired.objects.items():
            there = observed.object(key)
            if there is None:
                continue
            for name, value in wanted.items():
                if value is not None and name not in there:
                    found.append(_unknown(desired, key, name))
                elif value is not None and there[name] is True:
                    found.append(_untold(desired, key, name))
        return found

    def check(self, desired: Desired, system: System) -> List[Problem]:
        return self.obstacles(desired, system)

    def snapshot(self, desired: Desired, owned: Desired, system: System) -> Snapshot:
        observed = self._seen(system)
        for key in (*desired.objects, *owned.objects):
            observed.object(key)
        return Snapshot(observed.known())

    def apply(self, steps: Sequence[Step], desired: Desired, system: System) -> Applied:
        for step in steps:
            self._carry_out(step.payload, self._seen(system))
        try:
            return Applied(saved=self._api.save())
        except EngineFault as fault:
            raise EngineFault(f"the changes run and could not be saved: {fault}") from fault

    def restore(self, system: System, snapshot: Snapshot) -> None:
        if self._is_given_up:
            raise EngineFault("nothing more was sent to the appliance, as it could not restore its own configuration")
        faults = []
        for key in reversed(list(dict.fromkeys(self._touched))):
            try:
                self._put_back(key, snapshot.objects.get(key), self._seen(system))
            except EngineFault as fault:
                faults.append(f"{key}: {fault}")
                if self._is_given_up:
                    break
        self._touched = []
        if faults:
            raise EngineFault("; ".join(faults))

    def verify(self, desired: Desired, owned: Desired, system: System) -> List[Problem]:
        """From what was read back after each write, which needs no request."""
        return [
            Problem(desired.sources.get(step.payload.key, step.subject), f"is not as wanted: {step.subject}")
            for step in self.plan(desired, self._seen(system), owned)
        ]

    def status(self, configuration: Configuration, system: System) -> Status:
        """What is configured: the API tells neither health nor connections."""
        observed = self._seen(system)
        desired = projected(configuration)[0]
        return Status(
            tuple(
                _service_status(configuration, name, desired, observed)
                for name, wish in sorted(configuration.virtual_servers.items())
                if wish.carrier == self.name and wish.enabled is not False and wish.farm in configuration.farms
            )
        )

    def others(self, configuration: Configuration, system: System) -> Optional[Reading]:
        """All objects of the scope that are not ours, which takes a read of each."""
        ours = self.compile(configuration).objects
        there = {
            key: values
            for key, values in self._seen(system).everything().items()
            if key not in ours and (key.parent is None or key.parent not in ours)
        }
        return configuration_of(there, {}, Findings())

    def cautions(self, steps: Sequence[Step]) -> List[str]:
        return [
            _DRAINED_AT_LAYER_4.format(*step.payload.key.names)
            for step in steps
            if step.payload.key.kind == "l4_server" and (step.payload.values or {}).get("weight") == "0"
        ]

    # --- writing ---

    def _seen(self, system: System) -> Observed:
        return self._observed if self._observed is not None else self.read(system)

    def _carry_out(self, change: Change, observed: Observed) -> None:
        key, before, values = change
        now = observed.again(key)
        if now != before:
            parent = key.parent
            if values is None and now is None and parent is not None and parent in self._touched:
                return  # it went with what held it
            raise EngineFault(f"{key} changed meanwhile: {_changes(before, now)}; run again to plan from what is there")
        self._touched.append(key)
        self._write(key, before, values, observed)

    def _write(
        self, key: Key, before: Optional[Values], values: Optional[Mapping[str, Any]], observed: Observed
    ) -> None:
        """Write and read back; what became of a write that was not answered is seen by that."""
        path = observed.paths.of(key)
        silence: Optional[NoAnswer] = None
        self._unseen = key
        try:
            if values is None:
                self._api.delete(path)
            elif before is None:
                self._api.create(path, values)
            else:
                self._api.change(path, values)
        except NoAnswer as fault:
            silence = fault
        except Refused as fault:
            self._is_given_up = fault.is_critical
            if fault.answer.is_missing and before is None:
                raise EngineFault(f"{fault}; {self._listed(key, observed)}") from None
            raise
        wrong = self._wrong(key, before, values, observed)
        if wrong:
            self._api.sleep(self._api.settings.settle)
            wrong = self._wrong(key, before, values, observed)
        if wrong:
            raise EngineFault(f"{silence}; and {wrong}" if silence else wrong)
        self._unseen = None

    def _wrong(
        self, key: Key, before: Optional[Values], values: Optional[Mapping[str, Any]], observed: Observed
    ) -> str:
        """What is not as it should be after a write; empty when all is."""
        now = observed.again(key)
        if values is None:
            return "" if now is None else f"{key} is still there after it was deleted"
        if now is None:
            return f"{key} is not there after it was written"
        for name, value in values.items():
            if not same(key.kind, name, value, now.get(name)):
                return f"{key}: {name} is {now.get(name)!r} after {value!r} was written"
        strange = [
            name
            for name, value in (before or {}).items()
            if name not in values and not same(key.kind, name, value, now.get(name))
        ]
        if strange:
            return (
                f"{key}: the appliance changed {', '.join(sorted(strange))} beside what was written; this collection"
                " needs one that changes the written attributes alone"
            )
        return ""

    def _put_back(self, key: Key, before: Optional[Values], observed: Observed) -> None:
        now = observed.again(key)
        if now == before and key == self._unseen:
            self._api.sleep(self._api.settings.settle)
            now = observed.again(key)
        if now == before:
            return
        if before is None:
            self._write(key, now, None, observed)
            return
        wanted = {name: value for name, value in before.items() if value is None or isinstance(value, str)}
        if now is None:
            said = {name: value for name, value in wanted.items() if value is not None}
            self._write(key, None, said, observed)
        else:
            self._write(key, now, {n: v for n, v in wanted.items() if now.get(n) != v}, observed)
        lost = [name for name, value in before.items() if value is True and observed.object(key) is not None
                and (observed.object(key) or {}).get(name) is not True]  # fmt: skip
        if lost:
            raise EngineFault(f"attributes that the API cannot tell are lost: {', '.join(sorted(lost))}")

    def _listed(self, key: Key, observed: Observed) -> str:
        """What is in the directory of an object that could not be made, for people whose appliance has other paths."""
        directory = observed.paths.directory(key.kind, *key.names[:-1])
        try:
            names = self._api.names(directory)
        except EngineFault as fault:
            return f"nor could {directory} be read ({fault}): look at aloha_scope and aloha_paths"
        return f"{directory} holds {', '.join(names) if names else 'nothing'}; look at aloha_scope and aloha_paths"


def _unknown(desired: Desired, key: Key, name: str) -> Problem:
    known = "documented, but not known to this version of the appliance" if name in OBJECTS[key.kind] else "not known"
    return Problem(desired.sources[key], f"attribute {name} of {key} is {known}", "leave it out, or another version")


def _untold(desired: Desired, key: Key, name: str) -> Problem:
    message = f"attribute {name} of {key} has a value that the appliance's API cannot tell, so it cannot be put back"
    return Problem(desired.sources[key], message, "reset it in the appliance's web interface first")


def _changes(before: Optional[Values], now: Optional[Values]) -> str:
    if before is None or now is None:
        return "it is there now" if before is None else "it is there no more"
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return f"{', '.join(names)} differ"


def _service_status(configuration: Configuration, name: str, desired: Desired, observed: Observed) -> ServiceStatus:
    wish = configuration.virtual_servers[name]
    layer7 = Key("l7_service", (name,))
    farm = Key("l7_farm" if layer7 in desired.objects else "l4_farm", (str(wish.farm),))
    own = [key for key in desired.objects if key.names[0] == name and key.kind in ("l7_service", "l7_listener")]
    there = {key: observed.object(key) for key in (*own, farm)}
    runs = all(
        values is not None and not differing(key, desired.objects.get(key, {}), values)
        for key, values in there.items()
        if key.kind != "l7_farm"
    )
    servers: Dict[str, ServerStatus] = {}
    for server in configuration.farms[str(wish.farm)].servers or ():
        if server.state == "disabled":
            continue
        values = observed.object(farm.child(server.name))
        weight = (values or {}).get("weight") or "1"
        servers[server.name] = ServerStatus("unknown", int(weight) if values and str(weight).isdigit() else None)
    return ServiceStatus(
        name,
        runs=runs,
        is_open=runs and any(one.weight for one in servers.values()),
        on_sorry_server=False,
        servers=servers,
    )
