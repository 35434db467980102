# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.lb_validate; documented in lb_validate.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import beyond
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import in_order
from ansible_collections.evenkeel.lb.plugins.plugin_utils._configurations import examined


def lb_validate(value: Any, engines: bool = True) -> list[dict[str, str]]:
    """Every problem of the configuration as data; empty when it is valid. ``engines``: ask them too."""
    configuration, problems = examined(value)
    asked = beyond(configuration) if engines else []
    return [
        {"path": item.path, "message": item.message, "allowed": item.allowed} for item in in_order([*problems, *asked])
    ]


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lb_validate": lb_validate}
