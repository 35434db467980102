# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.lb_report_text; documented in lb_report_text.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing
from ansible_collections.evenkeel.lb.plugins.plugin_utils._report_text import text


@refusing
def lb_report_text(value: Any) -> str:
    """The report of an audit for a screen."""
    return text(value)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lb_report_text": lb_report_text}
