# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of all objects of a director at once. Private to evenkeel.lb."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, List, Mapping, Optional

from .._health import Health, HealthGoal, concerned, left, seen, untestable, wait_until_healthy
from .._host.system import HostFault
from .._model.configuration import KINDS, Configuration
from .._model.fields import BadValue, Integer
from .._model.guards import changes, nothing_wished, refusals
from .._model.merging import deleted, keeping_states, merged, overridden, replaced
from .._model.problems import InvalidConfiguration, Problem, some
from .._reconcile import Result
from .module import TRANSACTION, Module, end, inspected_manner, reconciled
from .wait import SECONDS, problems_of_wait, without_change

_WAYS: Dict[str, Callable[[Configuration, Configuration], Configuration]] = {
    "merged": merged,
    "replaced": replaced,
    "overridden": overridden,
    "deleted": deleted,
}
_PERCENT = Integer(0, 100)
_STAYS = "The configuration is applied and stays so. Run the task again to go on waiting"
_WAIT: Dict[str, Any] = {
    "for": {"type": "str", "choices": ["healthy"], "default": "healthy"},
    "timeout": {"type": "int", "default": 60},
}
_SPEC: Dict[str, Any] = {
    **TRANSACTION,
    # Without suboptions: AnsibleModule would look at every field of thousands of objects, which the model does anyway.
    "config": {"type": "dict"},
    "state": {"type": "str", "choices": list(_WAYS), "default": "merged"},
    "allow_empty": {"type": "bool", "default": False},
    "purge_limit": {"type": "int", "default": 40},
    "wait": {"type": "dict", "options": _WAIT},
}


def run_config() -> None:
    """Merge, replace, override or delete any number of objects in one transaction, and wait where that is asked for."""
    wish = _Wish()
    module = Module(_SPEC, wish.inspected, past="config")
    result = reconciled(module, lambda before: wish.applied(before, module))
    told: Dict[str, Any] = {"objects": _counts(result)}
    goal = wish.goal(result.wanted, module.params)
    if goal is None or result.failed:
        return end(module, [result], told)
    health = _waited(module, result, goal, told)
    if health.unchecked:
        module.warn(f"nothing tests {some(health.unchecked)}, taken as healthy: no health check")
    told["waited"] = _as_data(health)
    return end(module, [result], told, _failure(health, goal))


def _waited(module: Module, result: Result, goal: HealthGoal, told: Dict[str, Any]) -> Health:
    """How the wait ended, or what it would begin with in check mode."""
    system, engines = module.director()
    try:
        if not module.check_mode:
            return wait_until_healthy(system, engines, goal, bool(result.reload), module.log)
        health = seen(engines, result.wanted, goal, system)
        return dataclasses.replace(health, state="planned") if result.steps else health
    except HostFault as fault:
        end(module, [result], told, f"cannot tell whether the servers are healthy: {fault}. {_STAYS}")
        raise


def _failure(health: Health, goal: HealthGoal) -> str:
    """Why the wait did not end well; empty when it did."""
    if health.state != "timeout":
        return ""
    return f"gave up waiting for {goal} after {health.seconds:.0f} s: {left(health)}. {_STAYS}"


def _as_data(health: Health) -> Dict[str, Any]:
    return {
        "for": "healthy",
        "state": health.state,
        "seconds": round(health.seconds, 1),
        "virtual_servers": list(health.virtual_servers),
        "servers": health.servers,
        "unhealthy": [{**one._asdict(), "why": one.why} for one in health.unhealthy],
        "unchecked": list(health.unchecked),
    }


class _Wish:
    """What the option config asks for; ``asked`` is None when it is not given."""

    def __init__(self) -> None:
        self.asked: Optional[Configuration] = None

    def inspected(self, params: Mapping[str, Any]) -> List[Problem]:
        """Everything that is wrong with the options, and with the fields of the objects."""
        problems = inspected_manner(params, _SPEC)
        document, state = params.get("config"), params.get("state") or "merged"
        if document is not None:
            self.asked = _parsed(document, problems)
        elif state != "merged":
            problems.append(Problem("config", "is missing", f"state: {state} needs it"))
        wait = params.get("wait")
        problems += without_change(wait, params)
        if wait is not None and state == "deleted":
            problems.append(Problem("wait", "has no meaning with state: deleted", "another state"))
        problems += problems_of_wait(wait, _WAIT, {"timeout": SECONDS})
        if params.get("purge_limit") is not None:
            try:
                _PERCENT.parse(params["purge_limit"])
            except BadValue as bad:
                problems.append(Problem("purge_limit", bad.message, bad.allowed))
        return problems

    def goal(self, after: Configuration, params: Mapping[str, Any]) -> Optional[HealthGoal]:
        """What to wait for once the director holds ``after``; None where nothing is."""
        if params["wait"] is None:
            return None
        return HealthGoal(None if self.asked is None else concerned(after, self.asked), params["wait"]["timeout"])

    def applied(self, before: Configuration, module: Module) -> Configuration:
        """What the wish makes of what was there; raises InvalidConfiguration when it removes more than it may, or is to
        wait for what cannot be known."""
        after = self._made(before, module.params)
        goal = self.goal(after, module.params)
        unknown = untestable(module.director()[1], after, goal) if goal is not None else []
        if unknown:
            raise InvalidConfiguration(unknown)
        return after

    def _made(self, before: Configuration, params: Mapping[str, Any]) -> Configuration:
        if self.asked is None:
            return before
        after = _WAYS[params["state"]](before, self.asked)
        if params["state"] == "deleted":
            return after  # each of them was named
        after = keeping_states(before, after)
        if params["allow_empty"]:
            return after
        if params["state"] == "overridden" and self.asked == Configuration():
            raise InvalidConfiguration([nothing_wished(before)])
        refused = refusals(before, after, params["purge_limit"])
        if refused:
            raise InvalidConfiguration(refused)
        return after


def _parsed(document: Any, problems: List[Problem]) -> Configuration:
    if isinstance(document, Mapping):
        return Configuration.parsed(document, problems)
    problems.append(Problem("config", "is not a mapping", ", ".join(KINDS)))
    return Configuration()


def _counts(result: Result) -> Dict[str, Dict[str, int]]:
    return {
        kind: {"added": len(change.added), "changed": len(change.changed), "removed": len(change.removed)}
        for kind, change in changes(result.recorded, result.wanted).items()
    }
