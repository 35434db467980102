# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.vip_conflicts; documented in vip_conflicts.yml."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, Name, shown
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration, Problem
from ansible_collections.evenkeel.lb.plugins.plugin_utils._configurations import examined
from ansible_collections.evenkeel.lb.plugins.plugin_utils._conflicts import conflicts
from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing


@refusing
def vip_conflicts(value: Any) -> list[dict[str, Any]]:
    """What more than one director claims without sharing it; empty when all get along."""
    if not isinstance(value, Mapping):
        raise BadValue(f"{shown(value)} is not a mapping", "the configurations by the names of their directors")
    configurations: dict[str, Configuration] = {}
    problems: list[Problem] = []
    for director, document in value.items():
        name = Name().parse(director)
        configurations[name], found = examined(document)
        problems += [dataclasses.replace(problem, path=f"{name}: {problem.path}") for problem in found]
    if problems:
        raise InvalidConfiguration(problems)
    return conflicts(configurations)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"vip_conflicts": vip_conflicts}
