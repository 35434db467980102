# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until servers are healthy as their engines see them, beside other runs: no lock is held meanwhile.
Private to evenkeel.lb."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ._engines.base import Engine
from ._engines.status import HEALTH
from ._host.system import System
from ._model.configuration import KINDS, Configuration
from ._model.healthcheck import PARAMETERS
from ._model.objects import with_defaults
from ._model.problems import Problem, some
from ._watching import Record, Tell, watched

# A daemon that is told to reload goes on with what it had until the signal has reached all of its processes.
_SECONDS_TO_TAKE_IN = 1.0
_NAMED_IN_A_MESSAGE = 10
_MISSING = "missing"
_WHY = {
    "down": "its health check fails",
    "untested": "its health check has not passed yet",
    "unknown": "who tests it does not say; does its daemon run?",
    _MISSING: "its virtual server does not run",
}

AnyEngine = Engine[Any, Any]


@dataclass(frozen=True)
class HealthGoal:
    """That every enabled server of these virtual servers, or of all where None, is healthy; waited for during
    ``timeout`` seconds."""

    virtual_servers: Optional[FrozenSet[str]]
    timeout: float = 60.0

    def concerns(self, name: str) -> bool:
        return self.virtual_servers is None or name in self.virtual_servers

    def __str__(self) -> str:
        return "servers to be healthy"


class Unhealthy(NamedTuple):
    """An enabled server that is not healthy in a virtual server. ``health`` is one of down, untested, unknown, and
    missing where the virtual server does not run."""

    virtual_server: str
    server: str
    health: str

    @property
    def why(self) -> str:
        return _WHY[self.health]

    def __str__(self) -> str:
        return f"server {self.server} of virtual server {self.virtual_server} is {self.health}: {self.why}"


@dataclass(frozen=True)
class Health:
    """How a wait ended, or in check mode would begin, and what was seen last: of how many ``servers`` in which virtual
    servers, which are ``unhealthy``, and which (``virtual server/server``) nothing tests.

    ``state`` is one of

    - healthy: all became so,
    - already_healthy: nothing had to be waited for,
    - timeout: some are still not,
    - planned: it would be waited for.
    """

    state: str
    seconds: float = 0.0
    virtual_servers: Tuple[str, ...] = ()
    servers: int = 0
    unhealthy: Tuple[Unhealthy, ...] = ()
    unchecked: Tuple[str, ...] = ()


def concerned(configuration: Configuration, asked: Configuration) -> FrozenSet[str]:
    """The virtual servers of a configuration that ``asked`` names, and those that use something it names."""
    named = {(kind, name) for kind in KINDS for name in asked.of(kind)}
    references = [(_owner(one.path), (one.target, one.name)) for one in configuration.references()]
    while True:
        users = {owner for owner, used in references if used in named} - named
        if not users:
            return frozenset(name for kind, name in named if kind == "virtual_servers") & set(
                configuration.virtual_servers
            )
        named |= users


def _owner(path: str) -> Tuple[str, str]:
    """The kind and name of the object that a path such as ``farms[web].servers[web1].health_check`` leads into."""
    kind, _bracket, rest = path.partition("[")
    return kind, rest.partition("]")[0]


def untestable(engines: Sequence[AnyEngine], configuration: Configuration, goal: HealthGoal) -> List[Problem]:
    """The problem with a goal of which the engine of some virtual server knows nothing."""
    cannot = {engine.name for engine in engines if not _tests_servers(engine)}
    found: Dict[str, List[str]] = {}
    for name, wish in sorted(configuration.virtual_servers.items()):
        if wish.enabled is not False and goal.concerns(name) and wish.carrier in cannot:
            found.setdefault(wish.carrier, []).append(name)
    return [
        Problem(
            "wait.for",
            f"healthy cannot be known of {_virtual_servers(names)}: engine {engine} tests no server",
            "engine: keepalived there, or a task without wait that names them",
        )
        for engine, names in found.items()
    ]


def _tests_servers(engine: AnyEngine) -> bool:
    can = engine.describe().get("health_checks.type")
    return can is not None and any(can.expresses(kind) for kind in PARAMETERS if kind != "none")


def seen(engines: Sequence[AnyEngine], configuration: Configuration, goal: HealthGoal, system: System) -> Health:
    """What a wait would find now: the state is planned while some server is not healthy."""
    names = [name for name, wish in sorted(configuration.virtual_servers.items()) if _waits_for(goal, name, wish)]
    found = {(name, server): health for name, server, health in _told(engines, configuration, names, system)}
    if not {"down", _MISSING} & set(found.values()):
        # all seem well: whether they are is dearer to know
        for engine in engines if found else ():
            told = engine.outcomes(configuration, system)
            found.update({key: health for key, health in told.items() if key in found})
    unhealthy = tuple(Unhealthy(*key, health) for key, health in found.items() if health in _WHY)
    unchecked = tuple("/".join(key) for key, health in found.items() if health == "unchecked")
    state = "planned" if unhealthy else "already_healthy"
    return Health(state, 0.0, tuple(names), len(found), unhealthy, unchecked)


def _waits_for(goal: HealthGoal, name: str, wish: Any) -> bool:
    return wish.enabled is not False and goal.concerns(name)


def _told(
    engines: Sequence[AnyEngine], configuration: Configuration, names: Sequence[str], system: System
) -> Iterator[Tuple[str, str, str]]:
    """Virtual servers, their enabled servers, and the worst that is told of their health."""
    running = [service for engine in engines for service in engine.status(configuration, system).services]
    for name in names:
        ours = [service for service in running if service.name == name]
        farm = configuration.farms.get(configuration.virtual_servers[name].farm or "")
        for server in map(with_defaults, (farm.servers or ()) if farm is not None else ()):
            if server.state != "enabled":
                continue
            told = [service.servers[server.name].health for service in ours if server.name in service.servers]
            runs = bool(told) and all(service.runs for service in ours)
            yield name, server.name, min(told, key=HEALTH.index) if runs else _MISSING


def wait_until_healthy(
    system: System, engines: Sequence[AnyEngine], goal: HealthGoal, just_begun: bool, tell: Tell
) -> Health:
    """Wait until every server is healthy, of what is recorded meanwhile.

    ``just_begun`` says that a daemon was told something new just now. ``tell`` gets a sentence every ten seconds.
    Raises HostFault.
    """
    record = Record(system)
    met: List[Unhealthy] = []

    def look(seconds: float) -> Health:
        found = seen(engines, record.now(), goal, system)
        met.extend(found.unhealthy[:1])
        state = found.state
        if state == "already_healthy" and just_begun and seconds < min(_SECONDS_TO_TAKE_IN, goal.timeout):
            state = "planned"
        elif state == "already_healthy" and met:
            state = "healthy"
        elif state == "planned" and seconds >= goal.timeout:
            state = "timeout"
        return dataclasses.replace(found, state=state, seconds=seconds)

    def word(found: Health, seconds: float) -> str:
        return f"waiting for {goal}: {left(found)} after {seconds:.0f} of {goal.timeout:g} s"

    return watched(system, look, lambda found: found.state != "planned", goal.timeout, word, tell)


def left(found: Health) -> str:
    """Which servers are not healthy and why, in words; of many, the first."""
    told = [str(one) for one in found.unhealthy[:_NAMED_IN_A_MESSAGE]]
    more = len(found.unhealthy) - len(told)
    count = f"{len(found.unhealthy)} of {found.servers} {'is' if len(found.unhealthy) == 1 else 'are'} not"
    return f"{count}: {'; '.join(told)}{f'; and {more} more, see waited' if more else ''}"


def _virtual_servers(names: Sequence[str]) -> str:
    return f"virtual server{'s' if len(names) > 1 else ''} {some(names)}"
