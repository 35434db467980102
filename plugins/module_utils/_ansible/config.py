# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of all objects of a director at once. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional

from .._model.configuration import KINDS, Configuration
from .._model.fields import BadValue, Integer
from .._model.guards import changes, nothing_wished, refusals
from .._model.merging import deleted, keeping_states, merged, overridden, replaced
from .._model.problems import InvalidConfiguration, Problem
from .._reconcile import Result
from .module import TRANSACTION, Module, end, inspected_manner, reconciled

_WAYS: Dict[str, Callable[[Configuration, Configuration], Configuration]] = {
    "merged": merged,
    "replaced": replaced,
    "overridden": overridden,
    "deleted": deleted,
}
_PERCENT = Integer(0, 100)
_SPEC: Dict[str, Any] = {
    **TRANSACTION,
    # Without suboptions: AnsibleModule would look at every field of thousands of objects, which the model does anyway.
    "config": {"type": "dict"},
    "state": {"type": "str", "choices": list(_WAYS), "default": "merged"},
    "allow_empty": {"type": "bool", "default": False},
    "purge_limit": {"type": "int", "default": 40},
}


def run_config() -> None:
    """Merge, replace, override or delete any number of objects in one transaction."""
    wish = _Wish()
    module = Module(_SPEC, wish.inspected, past="config")
    result = reconciled(module, lambda before: wish.applied(before, module.params))
    end(module, [result], {"objects": _counts(result)})


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
        if params.get("purge_limit") is not None:
            try:
                _PERCENT.parse(params["purge_limit"])
            except BadValue as bad:
                problems.append(Problem("purge_limit", bad.message, bad.allowed))
        return problems

    def applied(self, before: Configuration, params: Mapping[str, Any]) -> Configuration:
        """What the wish makes of what was there; raises InvalidConfiguration when it removes more than it may."""
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
