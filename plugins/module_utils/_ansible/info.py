# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module that looks at a director and changes nothing. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from .._host.system import HostFault
from .._info import OTHERS, SUBSETS, Asked, gathered
from .._model.problems import Problem
from .module import Module

_ALL = "all"
_FILTERS = ("virtual_servers", "farms", "ha_groups")
_SPEC: Dict[str, Any] = {
    "gather_subset": {"type": "list", "elements": "str", "default": [_ALL]},
    **{name: {"type": "list", "elements": "str", "default": []} for name in _FILTERS},
}


def run_info() -> None:
    """Tell what is recorded, what runs, and what of that differs."""
    module = Module(_SPEC, _problems)
    asked = Asked(_subsets(module.params["gather_subset"]), *(tuple(module.params[name]) for name in _FILTERS))
    try:
        system, engines = module.director()
        found, sentences = gathered(system, engines, asked)
    except HostFault as fault:
        module.fail_json(msg=str(fault), problems=[], changed=False)
        raise
    for sentence in sentences:
        module.warn(sentence)
    module.exit_json(changed=False, **found)


def _subsets(words: List[str]) -> Tuple[str, ...]:
    """Those that are named, or all where only exclusions are, without those that an ! excludes; in one order. All does
    not stand for what others made."""
    named = {word for word in words if not word.startswith("!")}
    without = {word[1:] for word in words if word.startswith("!")}
    everything = _ALL in named or not named
    usual = tuple(name for name in SUBSETS if (everything or name in named) and name not in without)
    return (*usual, OTHERS) if OTHERS in named else usual


def _problems(params: Mapping[str, Any]) -> List[Problem]:
    words = params.get("gather_subset")
    if not isinstance(words, list):
        # unset, or what Ansible itself takes or refuses
        return []
    allowed = f"{_ALL}, {', '.join(SUBSETS)}, and one of these with ! before it to leave it out; {OTHERS}"
    return [
        Problem("gather_subset", f"{word!r} is not a subset", allowed)
        for word in map(str, words)
        if word not in (_ALL, OTHERS, *SUBSETS, *(f"!{name}" for name in SUBSETS))
    ]
