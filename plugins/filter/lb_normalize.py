# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.lb_normalize; documented in lb_normalize.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.plugin_utils._configurations import valid
from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing


@refusing
def lb_normalize(value: Any) -> dict[str, Any]:
    """The configuration in canonical form."""
    return valid(value).document()


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lb_normalize": lb_normalize}
