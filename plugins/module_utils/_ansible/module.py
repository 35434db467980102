# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that knows AnsibleModule: options in, a wish to the reconciler, a result out. Private."""

from __future__ import annotations

import dataclasses
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from ansible.module_utils.basic import AnsibleModule

from .._engines.registry import engines
from .._host.system import HostFault, System
from .._model.configuration import KINDS, Configuration
from .._model.farm import Farm, Server
from .._model.objects import described, parse, serialise
from .._model.problems import InvalidConfiguration, Problem, in_order
from .._reconcile import Result, Wish, reconcile
from .argspec import argument_spec
from .diff import diff_of

# Options of every module beside those of its object; described in the documentation fragment transaction.
_TRANSACTION: Dict[str, Any] = {
    "on_error": {"type": "str", "choices": ["rollback", "stop"], "default": "rollback"},
}

Inspect = Callable[[Mapping[str, Any]], List[Problem]]


class _Module(AnsibleModule):
    """An AnsibleModule that reports every problem with its options at once, each with its path.

    AnsibleModule ends at the first option it does not like. Here the model looks at all of them before that is said.
    """

    def __init__(self, spec: Dict[str, Any], inspect: Inspect) -> None:
        self._inspect: Optional[Inspect] = inspect
        super().__init__(argument_spec=spec, supports_check_mode=True)
        self.refuse(inspect(self.params))
        self._inspect = None

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        if self._inspect is not None and "problems" not in kwargs:
            self.refuse(self._unknown() + self._inspect(self.params))
        super().fail_json(msg=msg, **kwargs)

    def _unknown(self) -> List[Problem]:
        names = [name for name in self.params if name not in self.argument_spec and not name.startswith("_ansible_")]
        return [
            Problem(name, "is not an option of this module", ", ".join(sorted(self.argument_spec))) for name in names
        ]

    def refuse(self, problems: Sequence[Problem]) -> None:
        """End with all problems, or go on when there are none."""
        if problems:
            self.fail_json(msg=_told(problems), problems=_as_data(problems), changed=False)


def run_object(kind: str) -> None:
    """A module that manages one object of a kind: ``state`` present or absent."""
    object_type = KINDS[kind]
    spec = {
        **argument_spec(object_type),
        **_TRANSACTION,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    module = _Module(spec, lambda params: _inspect(object_type, params, spec, f"{kind}[{params.get('name')}]"))
    thing = _object(object_type, module.params)

    def wish(recorded: Configuration) -> Configuration:
        if module.params["state"] == "absent":
            return recorded.without_object(kind, thing.name)
        return recorded.with_object(kind, thing)

    result = _reconciled(module, wish)
    held = result.held.of(kind).get(thing.name)
    _end(
        module,
        result,
        {described(object_type).replace(" ", "_").lower(): serialise(held, hide_secrets=True) if held else {}},
    )


def run_server() -> None:
    """The module that manages one server of a farm."""
    states = {"present": "enabled", "drained": "drained", "disabled": "disabled", "absent": None}
    spec = {**argument_spec(Server), **_TRANSACTION, "farm": {"type": "str", "required": True}}
    spec["state"] = {"type": "str", "choices": list(states), "default": "present"}

    def inspect(params: Mapping[str, Any]) -> List[Problem]:
        problems: List[Problem] = []
        parse(Farm, {"name": params.get("farm")}, "farms", problems)
        return problems + _inspect(Server, params, spec, f"farms[{params.get('farm')}].servers[{params.get('name')}]")

    module = _Module(spec, inspect)
    farm_name, state = module.params["farm"], module.params["state"]
    server = dataclasses.replace(_object(Server, module.params), state=states[state])

    def wish(recorded: Configuration) -> Configuration:
        if state == "absent":
            return recorded.without_server(farm_name, server.name)
        if farm_name not in recorded.farms and module.check_mode:
            module.warn(f"there is no farm {farm_name!r}; taken as recorded by an earlier task of this check run")
            return recorded.with_object("farms", Farm(name=farm_name)).with_server(farm_name, server)
        return recorded.with_server(farm_name, server)

    result = _reconciled(module, wish)
    farm = result.held.farms.get(farm_name)
    held = [item for item in (farm.servers or () if farm else ()) if item.name == server.name]
    _end(module, result, {"server": serialise(held[0], hide_secrets=True) if held else {}})


def _object(object_type: Any, params: Mapping[str, Any]) -> Any:
    return parse(object_type, _model_fields(object_type, params), "", [])


def _model_fields(object_type: Any, params: Mapping[str, Any]) -> Dict[str, Any]:
    """The options that are fields of the object; ``state`` of a server is an option of its own at this level."""
    names = set(argument_spec(object_type)) - {"state"}
    return {name: value for name, value in params.items() if name in names}


def _inspect(object_type: Any, params: Mapping[str, Any], spec: Mapping[str, Any], path: str) -> List[Problem]:
    problems: List[Problem] = []
    parse(object_type, _model_fields(object_type, params), path, problems)
    for name, option in spec.items():
        value = params.get(name)
        if option.get("required") and value is None:
            problems.append(Problem(name, "is missing", f"a {described(object_type)} needs it"))
    for name in ("state", "on_error"):
        choices = spec[name]["choices"]
        if params.get(name) not in (None, *choices):
            problems.append(Problem(name, f"{params[name]!r} is not valid here", ", ".join(choices)))
    return problems


def _reconciled(module: _Module, wish: Wish) -> Result:
    try:
        return reconcile(System(), engines(), wish, module.check_mode, module.params["on_error"])
    except InvalidConfiguration as invalid:
        module.refuse(invalid.problems)
        raise
    except HostFault as fault:
        module.fail_json(msg=str(fault), problems=[], changed=False)
        raise


def _end(module: _Module, result: Result, thing: Dict[str, Any]) -> None:
    for warning in result.warnings:
        module.warn(warning)
    transaction = dataclasses.asdict(result.transaction)
    values: Dict[str, Any] = {
        "changed": result.changed and result.transaction.state not in ("refused", "restored"),
        "steps": [
            {"engine": step.engine, "action": step.action, "subject": step.subject, "impact": step.impact}
            for step in result.steps
        ],
        "impact": result.impact,
        "reload": list(result.reload),
        "transaction": {key: list(value) if isinstance(value, tuple) else value for key, value in transaction.items()},
        "problems": _as_data(result.problems),
        **thing,
    }
    if module._diff:
        values["diff"] = diff_of(result)
    if result.failed:
        module.fail_json(msg="\n".join([result.fault, *map(_line, result.problems)]), **values)
    module.exit_json(**values)


def _told(problems: Sequence[Problem]) -> str:
    count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
    return "\n".join([f"{count}, nothing was changed:", *map(_line, in_order(problems))])


def _line(problem: Problem) -> str:
    return f"- {problem}"


def _as_data(problems: Sequence[Problem]) -> List[Dict[str, str]]:
    return [{"path": item.path, "message": item.message, "allowed": item.allowed} for item in in_order(problems)]
