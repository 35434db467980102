# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The only place that knows AnsibleModule: options in, a wish to the reconciler, a result out. Private."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.validation import check_type_dict

from .._engines.base import IMPACTS, Engine, worst_impact
from .._engines.registry import engines
from .._host.system import HostFault, System
from .._model.configuration import KINDS, Configuration
from .._model.objects import described, one, parse, serialise
from .._model.problems import InvalidConfiguration, Problem, in_order
from .._model.secrets import secrets_in
from .._reconcile import Result, Wish, reconcile
from .argspec import argument_spec
from .diff import diff_of

if TYPE_CHECKING:
    from .appliance import Door

# Options of every module beside those of its object; described in the documentation fragment transaction.
TRANSACTION: Dict[str, Any] = {
    "on_error": {"type": "str", "choices": ["rollback", "stop"], "default": "rollback"},
    "max_impact": {"type": "str", "choices": list(IMPACTS), "default": IMPACTS[-1]},
    "defer": {"type": "bool", "default": False},
}
# Of a failure with thousands of problems the message tells the first ones; the result has them all.
_LINES_OF_A_MESSAGE = 100
_NOT_SAVED = (
    "the changes run, and the appliance forgets them at its next reboot: save its configuration in its web interface"
    " (Setup, Configuration, Save), or set ansible_aloha_save_path"
)

Inspect = Callable[[Mapping[str, Any]], List[Problem]]


class Module(AnsibleModule):
    """An AnsibleModule that reports every problem with its options at once, each with its path.

    AnsibleModule ends at the first option it does not like. Here the model looks at all of them before that is said.

    An option ``past`` is carried past AnsibleModule, into ``document``: that would copy it, log it and send it back,
    which takes longer than the work with what is in it, and tell the secrets in it. ``params`` has a summary instead.
    """

    def __init__(self, spec: Dict[str, Any], inspect: Inspect, past: str = "") -> None:
        # All that a run parses lives until its end. By default Python would look through it for garbage over and over,
        # which takes a tenth of the time of a run with 10,000 servers.
        gc.set_threshold(50_000)
        self._inspect: Optional[Inspect] = inspect
        self._past = past
        self._door: Optional[Door] = None
        self.document: Any = None
        super().__init__(argument_spec=spec, supports_check_mode=True)
        self.refuse(self._inspected())
        self._inspect = None

    def _load_params(self) -> None:
        super()._load_params()
        self.document = self.params.get(self._past)
        if self.document is None:
            return
        with contextlib.suppress(TypeError):  # the model says what is wrong with it
            self.document = check_type_dict(self.document)
        self.params[self._past] = _summary(self.document)
        self.no_log_values.update(secrets_in(self.document))

    def fail_json(self, msg: str, **kwargs: Any) -> None:
        if self._inspect is not None and "problems" not in kwargs:
            self.refuse(self._unknown() + self._inspected())
        super().fail_json(msg=msg, **kwargs)

    def exit_json(self, **kwargs: Any) -> None:
        # the process ends, and Python would look through all that is left for garbage first, several times
        gc.freeze()
        super().exit_json(**kwargs)

    def _inspected(self) -> List[Problem]:
        if self._inspect is None:
            raise AssertionError("the options were inspected before")
        return self._inspect({**self.params, self._past: self.document} if self._past else self.params)

    def _unknown(self) -> List[Problem]:
        names = [name for name in self.params if name not in self.argument_spec and not name.startswith("_ansible_")]
        return [
            Problem(name, "is not an option of this module", ", ".join(sorted(self.argument_spec))) for name in names
        ]

    def director(self) -> Tuple[System, List[Engine[Any, Any]]]:
        """The machine the module runs on, and the engines it may have, new: those of a Linux director, or that of the
        appliance behind an httpapi connection."""
        door = self.door()
        return (System(), engines()) if door is None else door.director()

    def door(self) -> Optional[Door]:
        """The way to an appliance; None on a Linux director."""
        if self._socket_path and self._door is None:
            # on a Linux director, where most modules run, nobody has to wait for this
            from .appliance import Door

            self._door = Door.at(self._socket_path)
            for caution in self._door.cautions:
                self.warn(caution)
        return self._door

    def refuse(self, problems: Sequence[Problem]) -> None:
        """End with all problems, or go on when there are none."""
        if problems:
            self.fail_json(msg=_told(problems), problems=_as_data(problems), changed=False)


def _summary(document: Any) -> Dict[str, Any]:
    """How many objects of each kind a document has, as far as it is one."""
    if not isinstance(document, Mapping):
        return {}
    return {kind: f"{len(document[kind])} objects" for kind in KINDS if isinstance(document.get(kind), (list, tuple))}


def run_object(kind: str) -> None:
    """A module that manages one object of a kind: ``state`` present or absent."""
    object_type = KINDS[kind]
    spec = {
        **argument_spec(object_type),
        **TRANSACTION,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    module = Module(spec, lambda params: inspected(object_type, params, spec, f"{kind}[{params.get('name')}]"))
    thing = thing_of(object_type, module.params)

    def wish(recorded: Configuration) -> Configuration:
        if module.params["state"] == "absent":
            return recorded.without_object(kind, thing.name)
        return recorded.with_object(kind, thing)

    result = reconciled(module, wish)
    held = result.held.of(kind).get(thing.name)
    end(
        module,
        [result],
        {described(object_type).replace(" ", "_").lower(): serialise(held, hide_secrets=True) if held else {}},
    )


def thing_of(object_type: Any, params: Mapping[str, Any]) -> Any:
    """The object that options describe, which were inspected before."""
    return parse(object_type, _model_fields(object_type, params), "", [])


def _model_fields(object_type: Any, params: Mapping[str, Any]) -> Dict[str, Any]:
    """The options that are fields of the object; ``state`` of a server is an option of its own at this level."""
    names = set(argument_spec(object_type)) - {"state"}
    return {name: value for name, value in params.items() if name in names}


def inspected(object_type: Any, params: Mapping[str, Any], spec: Mapping[str, Any], path: str) -> List[Problem]:
    """Everything that is wrong with the options of an object at ``path``, and with those that every module has."""
    problems: List[Problem] = []
    parse(object_type, _model_fields(object_type, params), path, problems)
    for name, option in spec.items():
        value = params.get(name)
        if option.get("required") and value is None:
            problems.append(Problem(name, "is missing", f"{one(object_type)} needs it"))
    return [*problems, *inspected_manner(params, spec)]


def inspected_manner(params: Mapping[str, Any], spec: Mapping[str, Any]) -> List[Problem]:
    """What is wrong with the options that say how a change is carried out, not what is wanted."""
    problems: List[Problem] = []
    for name in ("state", "on_error", "max_impact"):
        choices = spec[name]["choices"]
        if params.get(name) not in (None, *choices):
            problems.append(Problem(name, f"{params[name]!r} is not valid here", ", ".join(choices)))
    return problems


def reconciled(module: Module, wish: Wish, check_mode: Optional[bool] = None) -> Result:
    """One transaction; ends the module where the wish is invalid or the host refuses before anything is changed."""
    try:
        return transacted(module, wish, check_mode)
    except InvalidConfiguration as invalid:
        module.refuse(invalid.problems)
        raise
    except HostFault as fault:
        module.fail_json(msg=str(fault), problems=[], changed=False)
        raise


def transacted(module: Module, wish: Wish, check_mode: Optional[bool] = None) -> Result:
    """One transaction, in the module's own check mode unless another is given. Raises as reconcile does."""
    system, carriers = module.director()
    door = module.door()
    return reconcile(
        system,
        carriers,
        wish if door is None else door.placing(wish),
        module.check_mode if check_mode is None else check_mode,
        **{name: module.params[name] for name in TRANSACTION},
    )


def end(
    module: Module,
    results: Sequence[Result],
    thing: Dict[str, Any],
    failure: str = "",
    problems: Sequence[Problem] = (),
) -> None:
    """Tell what transactions did, one after the other, and what the module adds; a failure when the last one failed or
    one is given."""
    last = results[-1]
    for warning in dict.fromkeys(warning for result in results for warning in result.warnings):
        module.warn(warning)
    steps = [step for result in results for step in result.steps]
    problems = [*last.problems, *problems]
    values: Dict[str, Any] = {
        "changed": any(
            result.changed and result.transaction.state not in ("refused", "restored") for result in results
        ),
        "steps": [
            {"engine": step.engine, "action": step.action, "subject": step.subject, "impact": step.impact}
            for step in steps
        ],
        "impact": worst_impact(steps),
        "reload": [entry for result in results for entry in result.reload],
        **_saved(module, results),
        "transaction": {
            "state": _state(results),
            **{
                part: [name for result in results for name in getattr(result.transaction, part)]
                for part in ("done", "undone", "left")
            },
        },
        "problems": _as_data(problems),
        **thing,
    }
    if module._diff:
        values["diff"] = [entry for result in results for entry in diff_of(result)]
    if failure or last.failed:
        module.fail_json(msg="\n".join([failure or last.fault, *_lines(problems)]), **values)
    module.exit_json(**values)


def _saved(module: Module, results: Sequence[Result]) -> Dict[str, bool]:
    """Whether what was done survives a reboot, of an appliance that has to be told to save."""
    told = [result.saved for result in results if result.saved is not None]
    if told and not told[-1]:
        module.warn(_NOT_SAVED)
    return {"saved": told[-1]} if told else {}


def _state(results: Sequence[Result]) -> str:
    """How far all came together: the last one's failure, else what any of them did."""
    states = [result.transaction.state for result in results]
    return states[-1] if results[-1].failed else next((state for state in states if state != "unchanged"), "unchanged")


def _told(problems: Sequence[Problem]) -> str:
    count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
    return "\n".join([f"{count}, nothing was changed:", *_lines(in_order(problems))])


def _lines(problems: Sequence[Problem]) -> List[str]:
    more = len(problems) - _LINES_OF_A_MESSAGE
    lines = [f"- {problem}" for problem in problems[:_LINES_OF_A_MESSAGE]]
    return [*lines, f"and {more} more, see problems"] if more > 0 else lines


def _as_data(problems: Sequence[Problem]) -> List[Dict[str, str]]:
    return [{"path": item.path, "message": item.message, "allowed": item.allowed} for item in in_order(problems)]
