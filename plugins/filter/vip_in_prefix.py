# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.vip_in_prefix; documented in vip_in_prefix.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import Boolean
from ansible_collections.evenkeel.lb.plugins.plugin_utils import _addresses
from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing


@refusing
def vip_in_prefix(value: Any, prefix: Any, link_local: Any = False) -> bool:
    """Whether the address of the VIP lies in the prefix."""
    network = _addresses.prefix(prefix)
    address, _length = _addresses.vip(value, Boolean().parse(link_local))
    return address in network


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"vip_in_prefix": vip_in_prefix}
