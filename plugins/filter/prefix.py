# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.prefix; documented in prefix.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.plugin_utils import _addresses
from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing


@refusing
def prefix(value: Any) -> str:
    """The prefix in canonical form."""
    return str(_addresses.prefix(value))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"prefix": prefix}
