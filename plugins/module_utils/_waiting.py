# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until a server has drained, beside other runs: no lock is held meanwhile. Private to evenkeel.lb."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, List, Optional, Sequence, Tuple

from ._engines.base import ByVirtualServer, Engine
from ._engines.connections import Connections
from ._host.system import System
from ._model.configuration import Configuration
from ._model.farm import Server
from ._model.problems import Problem, some
from ._watching import Record, Tell, watched

# A client whose handshake was under way when the server's weight became 0 has its connection within this time.
_SECONDS_OF_A_HANDSHAKE = 1.0


@dataclass(frozen=True)
class Goal:
    """That ``server`` of ``farm`` has ``connections`` open ones at most, waited for during ``timeout`` seconds."""

    farm: str
    server: str
    timeout: float = 300.0
    connections: int = 0

    def __str__(self) -> str:
        return f"server {self.server} of farm {self.farm} to drain"


@dataclass(frozen=True)
class Waited:
    """How a wait ended, or in check mode would begin, and what was counted last.

    ``state`` is one of

    - drained: the connections that were there ended,
    - already_drained: none had to be waited for,
    - down: no virtual server that uses the farm has it now; its health check, or who runs them, took it out,
    - timeout: there are still more connections than allowed,
    - taken_back: another run made it what ``now`` says, no longer drained,
    - removed: another run removed it,
    - planned: it would be waited for.
    """

    state: str
    seconds: float = 0.0
    found: ByVirtualServer = field(default_factory=dict)
    now: str = ""

    @property
    def total(self) -> Connections:
        """Of all virtual servers together."""
        return sum((each for each in self.found.values() if each is not None), Connections())

    @property
    def is_down(self) -> bool:
        """Whether none of the virtual servers that should have it has it."""
        return bool(self.found) and all(each is None for each in self.found.values())

    @property
    def busy(self) -> Tuple[str, ...]:
        """The virtual servers in which it has open connections."""
        return tuple(name for name, each in sorted(self.found.items()) if each is not None and each.active)


def server_in(configuration: Configuration, farm: str, name: str) -> Optional[Server]:
    """A server of a farm; None where either is not there."""
    members = configuration.farms[farm].servers if farm in configuration.farms else ()
    return next((server for server in members or () if server.name == name), None)


def uncountable(engines: Sequence[Engine[Any, Any]]) -> List[Problem]:
    """The problem with waiting for connections on a director with an engine that counts none."""
    return [
        Problem("wait.for", f"drained cannot be known: {engine.uncounted.why}", engine.uncounted.instead)
        for engine in engines
        if engine.uncounted is not None
    ]


def counted(engines: Sequence[Engine[Any, Any]], configuration: Configuration, goal: Goal, system: System) -> Waited:
    """What a wait would find now, of a server that ``configuration`` describes: the state is planned where that would
    not be its end."""
    found = _look(engines, configuration, goal, system)
    server = server_in(configuration, goal.farm, goal.server)
    now = Waited("planned", found=found)
    if now.is_down:
        return dataclasses.replace(now, state="down")
    # one that is not drained yet may have got more connections when it is
    quiet = server is None or server.state == "drained" or not found
    if quiet and now.total.active <= goal.connections:
        return dataclasses.replace(now, state="already_drained")
    return now


def wait_until_drained(
    system: System, engines: Sequence[Engine[Any, Any]], goal: Goal, just_begun: bool, tell: Tell
) -> Waited:
    """Wait until a server that the record says is drained has no more connections than allowed.

    ``just_begun`` says that it took new connections until now. ``tell`` gets a sentence every ten seconds. Looks at the
    record too, each time: what another run makes of the server ends the wait. Raises HostFault.
    """
    watch = _Watch(system, engines, goal, just_begun)

    def word(waited: Waited, seconds: float) -> str:
        return f"waiting for {goal}: {left(waited)} after {seconds:.0f} of {goal.timeout:g} s"

    return watched(system, watch.look, lambda waited: waited.state != "planned", goal.timeout, word, tell)


def left(waited: Waited) -> str:
    """How many connections are left and where, in words: ``2 connections are left on virtual server web``."""
    count = waited.total.active
    many = f"{count} connections are" if count != 1 else "1 connection is"
    where = f" on virtual server{'s' if len(waited.busy) > 1 else ''} {some(waited.busy)}" if waited.busy else ""
    return f"{many} left{where}"


class _Watch:
    """Looks at a server again and again, and knows when there is nothing left to wait for."""

    def __init__(self, system: System, engines: Sequence[Engine[Any, Any]], goal: Goal, just_begun: bool) -> None:
        self._system = system
        self._engines = engines
        self._goal = goal
        self._just_begun = just_begun
        self._record = Record(system)
        self._met_connections = False

    def look(self, seconds: float) -> Waited:
        """What is found so many seconds after the begin; the state is planned while the wait has to go on."""
        configuration = self._record.now()
        server = server_in(configuration, self._goal.farm, self._goal.server)
        if server is None:
            return Waited("removed", seconds)
        if server.state != "drained":
            return Waited("taken_back", seconds, now=server.state or "enabled")
        found = _look(self._engines, configuration, self._goal, self._system)
        return Waited(self._state(Waited("planned", found=found), seconds), seconds, found)

    def _state(self, now: Waited, seconds: float) -> str:
        if now.is_down:
            return "down"
        if now.total.active > self._goal.connections:
            self._met_connections = True
        elif not (self._just_begun and now.total.inactive) or seconds >= _SECONDS_OF_A_HANDSHAKE:
            return "drained" if self._met_connections else "already_drained"
        return "timeout" if seconds >= self._goal.timeout else "planned"


def _look(
    engines: Sequence[Engine[Any, Any]], configuration: Configuration, goal: Goal, system: System
) -> ByVirtualServer:
    found: ByVirtualServer = {}
    for engine in engines:
        found.update(engine.connections(configuration, goal.farm, goal.server, system))
    return found
