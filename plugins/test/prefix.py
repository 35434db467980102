# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test evenkeel.lb.prefix; documented in prefix.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue
from ansible_collections.evenkeel.lb.plugins.plugin_utils import _addresses


def is_prefix(value: Any) -> bool:
    """Whether the value is a prefix."""
    try:
        _addresses.prefix(value)
    except BadValue:
        return False
    return True


class TestModule:
    """What Ansible asks for."""

    def tests(self) -> dict[str, Callable[..., Any]]:
        return {"prefix": is_prefix}
