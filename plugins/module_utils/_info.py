# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a director holds, runs, and lets run otherwise than intended, as data. Private to evenkeel.lb.

Nothing is changed by looking, and no lock is held. What drifted is what a run with the recorded wish would do.
"""

from __future__ import annotations

import datetime
import fnmatch
import math
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ._engines.base import Engine, Step
from ._engines.capabilities import Version, ruled_out, software_in
from ._engines.reading import Finding
from ._engines.status import CertificateBehind, CertificateStatus, GroupStatus, ServiceStatus, Status
from ._host.store import Store
from ._host.system import System
from ._model.configuration import KINDS, Configuration
from ._model.objects import serialise
from ._model.problems import InvalidConfiguration, Problem
from ._reconcile import reconcile
from ._running import virtual_server

SUBSETS = ("config", "drift", "virtual_servers", "ha_groups", "certificates", "versions")
# Told only where it is asked for by name, as everything on the director has to be read for it.
OTHERS = "others"

_NO_OTHERS = (
    "what others made is told of appliances alone; of a Linux director, filter evenkeel.lb.lb_parse reads"
    " keepalived.conf and the rules of ipvsadm"
)
_DEFERRED = "wishes are deferred on this director and in no result; the next run without defer makes them true"

_DAY = 24 * 60 * 60

AnyEngine = Engine[Any, Any]


@dataclass(frozen=True)
class Asked:
    """Which subsets, and of virtual servers and HA groups which ones: names or shell globs, all where there are none.
    ``farms`` leaves the virtual servers that use them."""

    subsets: Tuple[str, ...] = SUBSETS
    virtual_servers: Tuple[str, ...] = ()
    farms: Tuple[str, ...] = ()
    ha_groups: Tuple[str, ...] = ()

    def unmet(self, recorded: Configuration) -> List[str]:
        """What was asked for by name and is not there, in sentences."""
        kinds = (("virtual server", "virtual_servers"), ("farm", "farms"), ("HA group", "ha_groups"))
        return [
            f"there is no {word} {pattern!r}"
            for word, kind in kinds
            for pattern in getattr(self, kind)
            if not any(_matches(name, (pattern,)) for name in recorded.of(kind))
        ]


def gathered(system: System, engines: Sequence[AnyEngine], asked: Asked) -> Tuple[Dict[str, Any], List[str]]:
    """The subsets that were asked for, and sentences to warn with: of wishes that wait, of names that are not there.
    Raises HostFault when the record or the host cannot be read."""
    store = Store(system)
    recorded = store.load()
    warnings = [_DEFERRED] if store.deferred() is not None else []
    found: Dict[str, Any] = {}
    if "config" in asked.subsets:
        found["config"] = {
            kind: [serialise(thing, hide_secrets=True) for _name, thing in sorted(recorded.of(kind).items())]
            for kind in KINDS
        }
    if "drift" in asked.subsets:
        found["drift"] = drift(system, engines, recorded)
    if "virtual_servers" in asked.subsets or "ha_groups" in asked.subsets:
        running = [engine.status(recorded, system) for engine in engines]
        if "virtual_servers" in asked.subsets:
            found["virtual_servers"] = _virtual_servers(recorded, running, asked)
        if "ha_groups" in asked.subsets:
            found["ha_groups"] = _ha_groups(recorded, running, asked)
    if "certificates" in asked.subsets:
        told: Dict[str, CertificateStatus] = {}
        for engine in engines:
            told.update(engine.certificates(recorded, system))
        found["certificates"] = [
            _certificate(recorded, name, told.get(name, CertificateStatus()), system.clock())
            for name in sorted(recorded.certificate_profiles)
        ]
    if "versions" in asked.subsets:
        found["versions"] = versions(system, engines)
    if OTHERS in asked.subsets:
        found[OTHERS] = _others(system, engines, recorded)
        warnings += [] if found[OTHERS] else [_NO_OTHERS]
    return found, [*warnings, *asked.unmet(recorded)]


# --- what differs ---


def drift(system: System, engines: Sequence[AnyEngine], recorded: Configuration) -> List[Dict[str, str]]:
    """What a run that asks for nothing new would do, field by field, and why it would be refused."""
    try:
        planned = reconcile(system, engines, lambda _held: recorded, check_mode=True)
    except InvalidConfiguration as invalid:
        return [_refused("", problem) for problem in invalid.problems]
    return [
        *(entry for step in planned.steps for entry in _drifted(step)),
        *(
            _refused(engine.name, problem)
            for engine in engines
            for problem in engine.obstacles(engine.compile(recorded), system)
        ),
    ]


def _drifted(step: Step) -> Iterator[Dict[str, str]]:
    for path, field, intended, running in step.differences or ((step.subject, "", step.after, step.before),):
        yield {
            "engine": step.engine,
            "action": step.action,
            "subject": step.subject,
            "path": path,
            "field": field,
            "intended": intended.strip(),
            "running": running.strip(),
            "impact": step.impact,
        }


def _refused(engine: str, problem: Problem) -> Dict[str, str]:
    """What keeps a run from putting right whatever there is."""
    path, dot, field = problem.path.rpartition("].")
    return {
        "engine": engine,
        "action": "refuse",
        "subject": problem.path,
        "path": f"{path}]" if dot else problem.path,
        "field": field if dot else "",
        "intended": problem.allowed,
        "running": problem.message,
        "impact": "none",
    }


# --- what runs ---


def _virtual_servers(recorded: Configuration, running: Sequence[Status], asked: Asked) -> List[Dict[str, Any]]:
    told: Dict[str, List[ServiceStatus]] = {}
    for status in running:
        for service in status.services:
            told.setdefault(service.name, []).append(service)
    return [
        virtual_server(recorded, wish, told.get(name, []))
        for name, wish in sorted(recorded.virtual_servers.items())
        if _matches(name, asked.virtual_servers) and _matches(wish.farm or "", asked.farms)
    ]


def _ha_groups(recorded: Configuration, running: Sequence[Status], asked: Asked) -> List[Dict[str, Any]]:
    states: Dict[str, GroupStatus] = {}
    for status in running:
        states.update(status.ha_groups)
    return [
        _ha_group(recorded, name, states.get(name, GroupStatus("unknown")))
        for name in sorted(recorded.ha_groups)
        if _matches(name, asked.ha_groups)
    ]


def _ha_group(recorded: Configuration, name: str, state: GroupStatus) -> Dict[str, Any]:
    group = recorded.ha_groups[name]
    return {
        "name": name,
        "state": state.state,
        "since": _moment(state.since),
        "virtual_router_id": group.virtual_router_id,
        "interface": group.interface,
        "priority": state.priority,
        "vips": [vip.address for _name, vip in sorted(recorded.vips.items()) if vip.ha_group == name],
    }


def _certificate(recorded: Configuration, name: str, one: CertificateStatus, now: float) -> Dict[str, Any]:
    ends = _ends(one, now)
    return {
        "name": name,
        "virtual_servers": [
            wish.name
            for _name, wish in sorted(recorded.virtual_servers.items())
            if name in (wish.certificate_profiles or ())
        ],
        "farms": [
            farm.name
            for _name, farm in sorted(recorded.farms.items())
            if any(name in (server.certificate_profiles or ()) for server in farm.servers or ())
        ],
        "state": one.state,
        "subject": one.subject,
        "issuer": one.issuer,
        "names": list(one.names),
        "fingerprint": one.fingerprint,
        "not_before": _moment(one.not_before),
        "not_after": _moment(one.not_after),
        "days_left": ends[0]["days_left"] if ends else None,
        "ends": ends,
    }


def _ends(one: CertificateStatus, now: float) -> List[Dict[str, Any]]:
    """The certificate and those behind it, the first to end first; those whose end nobody knows are the last."""
    itself = [CertificateBehind("certificate", one.subject, one.not_after)] if one.fingerprint else []
    return [
        {
            "part": each.part,
            "subject": each.subject,
            "not_after": _moment(each.not_after),
            # whole days: 0 on the last one, below it afterwards
            "days_left": None if each.not_after is None else int((each.not_after - now) // _DAY),
        }
        for each in sorted(
            [*itself, *one.behind], key=lambda each: math.inf if each.not_after is None else each.not_after
        )
    ]


def _moment(seconds: Optional[float]) -> Optional[str]:
    if seconds is None:
        return None
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


# --- what others made ---


def _others(system: System, engines: Sequence[AnyEngine], recorded: Configuration) -> Dict[str, Any]:
    """What is on the director and not recorded, and what of it no configuration can say; empty where nobody looks."""
    readings = [engine.others(recorded, system) for engine in engines]
    for reading in readings:
        if reading is not None:
            return {
                "config": reading.document,
                "left_out": [_sentence(finding) for finding in reading.left_out],
                "notes": [_sentence(finding) for finding in reading.notes],
            }
    return {}


def _sentence(finding: Finding) -> str:
    said = f"{finding.text}: {finding.message}" if finding.text else finding.message
    return f"{said}; allowed: {finding.allowed}" if finding.allowed else said


# --- versions ---


def versions(system: System, engines: Sequence[AnyEngine]) -> List[Dict[str, Any]]:
    """The software whose version decides what can be expressed, each once, and what the version found rules out."""
    found: Dict[str, Optional[Version]] = {}
    lost: Dict[str, Dict[Tuple[str, str], str]] = {}
    for engine in engines:
        capabilities = engine.describe()
        for software in software_in(capabilities):
            version = found.setdefault(software, engine.version(software, system))
            for one in ruled_out(capabilities, software, version) if version is not None else ():
                lost.setdefault(software, {})[one.path, str(one.value)] = _dotted(one.needs.version)
    return [
        {
            "software": software,
            "version": _dotted(version) if version is not None else None,
            "rules_out": [
                {"path": path, "value": value, "since": since}
                for (path, value), since in sorted(lost.get(software, {}).items())
            ],
        }
        for software, version in sorted(found.items())
    ]


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
