# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Test evenkeel.lb.vip; documented in vip.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, Boolean
from ansible_collections.evenkeel.lb.plugins.plugin_utils import _addresses
from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing


@refusing
def is_vip(value: Any, link_local: Any = False) -> bool:
    """Whether the value is a VIP."""
    accepted = Boolean().parse(link_local)
    try:
        _addresses.vip(value, accepted)
    except BadValue:
        return False
    return True


class TestModule:
    """What Ansible asks for."""

    def tests(self) -> dict[str, Callable[..., Any]]:
        return {"vip": is_vip}
