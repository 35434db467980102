# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option wait, which several modules have with options of their own in it. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Optional

from .._model.fields import BadValue, Integer
from .._model.problems import Problem

SECONDS = Integer(1, 86400)


def problems_of_wait(wait: Any, spec: Mapping[str, Any], numbers: Mapping[str, Integer]) -> List[Problem]:
    """Everything that is wrong inside the option wait; nothing where it is unset, or no mapping, which Ansible says."""
    return list(_problems(wait, spec, numbers)) if isinstance(wait, Mapping) else []


def _problems(wait: Mapping[str, Any], spec: Mapping[str, Any], numbers: Mapping[str, Integer]) -> Iterator[Problem]:
    for name in wait:
        if name not in spec:
            yield Problem(f"wait.{name}", "is not an option of wait", ", ".join(spec))
    goals = spec.get("for", {}).get("choices", ())
    if goals and wait.get("for") not in (None, *goals):
        yield Problem("wait.for", f"{wait['for']!r} is not valid here", ", ".join(goals))
    for name, number in numbers.items():
        try:
            number.parse(spec[name]["default"] if wait.get(name) is None else wait[name])
        except BadValue as bad:
            yield Problem(f"wait.{name}", bad.message, bad.allowed)


def without_change(wait: Optional[Dict[str, Any]], params: Mapping[str, Any]) -> List[Problem]:
    """The problem with waiting for what a deferred wish does not do."""
    if wait is None or not params.get("defer"):
        return []
    return [Problem("wait", "has no meaning with defer: true, which changes nothing", "defer: false")]
