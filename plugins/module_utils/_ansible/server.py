# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of one server of a farm, which may wait until it has drained. Private to evenkeel.lb."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .._engines.base import EngineFault
from .._host.system import HostFault
from .._model.configuration import Configuration
from .._model.farm import Farm, Server
from .._model.fields import Integer
from .._model.objects import parse, serialise
from .._model.problems import InvalidConfiguration, Problem
from .._reconcile import Result
from .._waiting import Goal, Waited, counted, left, server_in, uncountable, wait_until_drained
from .argspec import argument_spec
from .module import TRANSACTION, Module, end, inspected, reconciled, thing_of, transacted
from .wait import SECONDS, problems_of_wait, without_change

_STATES = {"present": "enabled", "drained": "drained", "disabled": "disabled", "absent": None}
_WAITING_STATES = ("drained", "absent")
_NUMBERS = {"timeout": SECONDS, "connections": Integer(0, 4294967295)}
_WAIT: Dict[str, Any] = {
    "for": {"type": "str", "choices": ["drained"], "default": "drained"},
    "timeout": {"type": "int", "default": 300},
    "connections": {"type": "int", "default": 0},
}
_SPEC: Dict[str, Any] = {
    **argument_spec(Server),
    **TRANSACTION,
    "farm": {"type": "str", "required": True},
    "state": {"type": "str", "choices": list(_STATES), "default": "present"},
    "wait": {"type": "dict", "options": _WAIT},
}


def run_server() -> None:
    """Add, change, drain, disable or remove a server."""
    module = Module(_SPEC, _problems)
    wait = module.params["wait"]
    server = dataclasses.replace(thing_of(Server, module.params), state=_STATES[module.params["state"]])
    goal = None
    if wait is not None:
        goal = Goal(module.params["farm"], server.name, wait["timeout"], wait["connections"])
    task = _Task(module, module.params["farm"], server, goal)
    if module.params["state"] != "absent":
        task.change()
    elif goal is None:
        task.remove()
    else:
        task.drain_and_remove()


class _TakenBack(Exception):
    """Another run made a server that had drained something else."""


@dataclass(frozen=True)
class _Task:
    """What the module was asked for. A ``server`` that shall go has no state; ``goal`` is what to wait for, if any."""

    module: Module
    farm: str
    server: Server
    goal: Optional[Goal]

    def change(self) -> None:
        """Add or change the server; one that drains may be waited for."""
        result = reconciled(self.module, self._wanted)
        if result.failed or self.goal is None:
            return self._end([result])
        waited = self._waited(result)
        return self._end([result], waited, self._failure(waited))

    def remove(self) -> None:
        """Remove the server at once."""
        self._end([reconciled(self.module, self._without)])

    def drain_and_remove(self) -> None:
        """Drain the server in a transaction of its own, wait, and remove it in another one."""
        # Before anything else: whether it can be removed at all.
        removal = reconciled(self.module, self._without, check_mode=True)
        if removal.failed:
            return self._end([removal])
        held = server_in(removal.recorded, self.farm, self.server.name)
        if held is None or held.state == "disabled":
            return self._end([reconciled(self.module, self._without)], Waited("already_drained"))
        drained = reconciled(self.module, self._drained)
        if drained.failed:
            return self._end([drained])
        waited = self._waited(drained)
        failure = self._failure(waited)
        if failure:
            return self._end([drained], waited, failure)
        if self.module.check_mode:
            return self._end([drained, self._predicted(removal, drained)], waited)
        try:
            removed = transacted(self.module, self._without_drained)
        except _TakenBack as now:
            waited = dataclasses.replace(waited, state="taken_back", now=str(now))
            return self._end([drained], waited, self._failure(waited))
        except (InvalidConfiguration, HostFault) as fault:
            problems = fault.problems if isinstance(fault, InvalidConfiguration) else ()
            failure = self._not_removed("it can no longer be" if problems else str(fault))
            return self._end([drained], waited, failure, problems)
        return self._end([drained, removed], waited, self._not_removed(removed.fault) if removed.failed else "")

    # --- wishes ---

    def _refuse_what_cannot_be_waited_for(self) -> None:
        problems = uncountable(self.module.director()[1]) if self.goal is not None else []
        if problems:
            raise InvalidConfiguration(problems)

    def _wanted(self, recorded: Configuration) -> Configuration:
        self._refuse_what_cannot_be_waited_for()
        if self.farm not in recorded.farms and self.module.check_mode:
            self.module.warn(f"there is no farm {self.farm!r}; taken as recorded by an earlier task of this check run")
            recorded = recorded.with_object("farms", Farm(name=self.farm))
        return recorded.with_server(self.farm, self.server)

    def _without(self, recorded: Configuration) -> Configuration:
        self._refuse_what_cannot_be_waited_for()
        return recorded.without_server(self.farm, self.server.name)

    def _drained(self, recorded: Configuration) -> Configuration:
        held = server_in(recorded, self.farm, self.server.name)
        if held is None or held.state == "disabled":
            return recorded
        return recorded.with_server(self.farm, Server(name=self.server.name, state="drained"))

    def _without_drained(self, recorded: Configuration) -> Configuration:
        held = server_in(recorded, self.farm, self.server.name)
        if held is not None and held.state not in ("drained", "disabled"):
            raise _TakenBack(held.state or "enabled")
        return self._without(recorded)

    # --- waiting ---

    def _waited(self, result: Result) -> Waited:
        """How the wait that follows a transaction ended, or what it would begin with in check mode."""
        if self.goal is None:
            raise AssertionError("there is nothing to wait for")
        system, engines = self.module.director()
        try:
            if self.module.check_mode:
                return counted(engines, result.recorded, self.goal, system)
            return wait_until_drained(system, engines, self.goal, bool(result.steps), self.module.log)
        except (EngineFault, HostFault) as fault:
            self._end([result], failure=f"cannot tell whether {self.goal} had time to: {fault}. {self._stays()}")
            raise

    def _failure(self, waited: Waited) -> str:
        """Why the wait did not end well; empty when it did."""
        if self.goal is None:
            raise AssertionError("there is nothing to wait for")
        if waited.state == "timeout":
            allowed = f" ({self.goal.connections} allowed)" if self.goal.connections else ""
            still = f"{left(waited)}{allowed}"
            return f"gave up waiting for {self.goal} after {waited.seconds:.0f} s: {still}. {self._stays()}"
        leaves = self.server.state is None
        if waited.state == "removed" and not leaves:
            return f"stopped waiting for {self.goal}: another run removed it meanwhile"
        if waited.state == "taken_back" and not (leaves and waited.now == "disabled"):
            rest = "; it was not removed" if leaves else ""
            return f"stopped waiting for {self.goal}: another run made it {waited.now} meanwhile{rest}"
        return ""

    def _stays(self) -> str:
        removed = " and was not removed" if self.server.state is None else ""
        return (
            f"It stays drained{removed}: it keeps its connections and gets no new ones. Run the task again to go on"
            " waiting, or one with state: present to bring it back"
        )

    def _not_removed(self, why: str) -> str:
        return f"server {self.server.name} of farm {self.farm} was drained and stays so, but was not removed: {why}"

    def _predicted(self, removal: Result, drained: Result) -> Result:
        """What the removal will do once the server has drained. It was planned from what runs now, so repairs of what
        drifted are in it, which draining makes before."""
        repairs = reconciled(self.module, lambda recorded: recorded).steps
        steps = tuple(step for step in removal.steps if step not in repairs)
        return dataclasses.replace(removal, recorded=drained.wanted, steps=steps)

    # --- results ---

    def _end(
        self,
        results: Sequence[Result],
        waited: Optional[Waited] = None,
        failure: str = "",
        problems: Sequence[Problem] = (),
    ) -> None:
        held = server_in(results[-1].held, self.farm, self.server.name)
        told: Dict[str, Any] = {"server": serialise(held, hide_secrets=True) if held else {}}
        if waited is not None and self.goal is not None:
            told["waited"] = _as_data(waited)
            for warning in self._warnings(waited):
                self.module.warn(warning)
        end(self.module, results, told, failure, problems)

    def _warnings(self, waited: Waited) -> List[str]:
        total, name = waited.total, f"server {self.server.name} of farm {self.farm}"
        found = []
        if total.sticky and total.persistent:
            found.append(
                f"persistence holds {total.persistent} clients to {name} and goes on to send them there while it"
                " drains; net.ipv4.vs.expire_quiescent_template=1 ends that, which role evenkeel.lb.director sets"
            )
        if total.flows and self.server.state == "drained":
            found.append(
                f"{total.flows} flows of datagrams may still go to {name}; nobody tells when they end, so they were not"
                " waited for. Its removal (state: absent) sends them to other servers"
            )
        return found


def _as_data(waited: Waited) -> Dict[str, Any]:
    total = waited.total
    return {
        "for": "drained",
        "state": waited.state,
        "seconds": round(waited.seconds, 1),
        "connections": total.active,
        "inactive": total.inactive,
        "flows": total.flows,
        "persistent": total.persistent,
        "virtual_servers": list(waited.busy),
    }


def _problems(params: Mapping[str, Any]) -> List[Problem]:
    problems: List[Problem] = []
    parse(Farm, {"name": params.get("farm")}, "farms", problems)
    path = f"farms[{params.get('farm')}].servers[{params.get('name')}]"
    return [*problems, *inspected(Server, params, _SPEC, path), *_problems_of_wait(params)]


def _problems_of_wait(params: Mapping[str, Any]) -> List[Problem]:
    wait, state = params.get("wait"), params.get("state") or "present"
    found = without_change(wait, params)
    if wait is not None and state in _STATES and state not in _WAITING_STATES:
        found.append(Problem("wait", f"has no meaning with state: {state}", "state: drained or absent"))
    return [*found, *problems_of_wait(wait, _WAIT, _NUMBERS)]
