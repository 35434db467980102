# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.lb_render; documented in lb_render.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing
from ansible_collections.evenkeel.lb.plugins.plugin_utils._texts import rendered


@refusing
def lb_render(value: Any, format: Any) -> str:
    """The text that an engine would write for the configuration."""
    return rendered(value, format)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lb_render": lb_render}
