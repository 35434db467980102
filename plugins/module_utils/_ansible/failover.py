# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module that moves the VIPs of an HA group. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from .._failover import Failover, Outcome, Standing, obstacles, place_of
from .._host.store import Store
from .._host.system import HostFault
from .._model.objects import parse
from .._model.problems import Problem
from .._model.vip import HaGroup
from .module import Module
from .wait import SECONDS, problems_of_wait

_AWAY, _BACK = "away", "back"
_NOT_ON_AN_APPLIANCE = (
    "the configuration API of an ALOHA has no VRRP; move its addresses in its web interface, or stop its service vrrp"
)
_WAIT: Dict[str, Any] = {"timeout": {"type": "int", "default": 30}}
_SPEC: Dict[str, Any] = {
    "ha_group": {"type": "str", "required": True},
    "state": {"type": "str", "choices": [_AWAY, _BACK], "required": True},
    "wait": {"type": "dict", "options": _WAIT, "apply_defaults": True},
}


def run_failover() -> None:
    """Move the VIPs of an HA group away from this director, or let it have them again."""
    module = Module(_SPEC, _problems)
    away = module.params["state"] == _AWAY
    if module.door() is not None:
        module.fail_json(msg=_NOT_ON_AN_APPLIANCE, problems=[], changed=False)
    system, _engines = module.director()
    try:
        place, problems = place_of(Store(system).load(), module.params["ha_group"])
        module.refuse(problems)
        if place is None:
            raise AssertionError("a group that is not there was refused")
        module.refuse(obstacles(system, place, away))
        failover = Failover(system, place, module.params["wait"]["timeout"], module.log)
        _end(module, _outcome(module, failover, away))
    except HostFault as fault:
        module.fail_json(msg=str(fault), problems=[], changed=False)
        raise


def _outcome(module: Module, failover: Failover, away: bool) -> Outcome:
    if module.check_mode:
        return failover.planned(away)
    return failover.away() if away else failover.back()


def _end(module: Module, outcome: Outcome) -> None:
    before, after = outcome.before, outcome.after
    values: Dict[str, Any] = {
        "changed": before.held != after.held or outcome.waited == "moved",
        "ha_group": {"name": module.params["ha_group"], **after._asdict(), "before": before._asdict()},
        "waited": {"state": outcome.waited, "seconds": round(outcome.seconds, 1)},
        "problems": [],
    }
    if module._diff:
        name = f"HA group {module.params['ha_group']}"
        texts = {"before": _text(before), "after": _text(after)}
        values["diff"] = [{"before_header": name, "after_header": name, **texts}]
    if outcome.failure:
        module.fail_json(msg=outcome.failure, **values)
    module.exit_json(**values)


def _text(standing: Standing) -> str:
    return f"held: {str(standing.held).lower()}\nstate: {standing.state}\n"


def _problems(params: Mapping[str, Any]) -> List[Problem]:
    problems: List[Problem] = []
    name, state, wait = params.get("ha_group"), params.get("state"), params.get("wait")
    if name is None:
        problems.append(Problem("ha_group", "is missing", "the name of an HA group"))
    else:
        parse(HaGroup, {"name": name}, "ha_group", problems)
    if state is None:
        problems.append(Problem("state", "is missing", f"{_AWAY}, {_BACK}"))
    elif state not in (_AWAY, _BACK):
        problems.append(Problem("state", f"{state!r} is not valid here", f"{_AWAY}, {_BACK}"))
    return [*problems, *problems_of_wait(wait, _WAIT, {"timeout": SECONDS})]
