# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.lb_report; documented in lb_report.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing
from ansible_collections.evenkeel.lb.plugins.plugin_utils._report import report
from ansible_collections.evenkeel.lb.plugins.plugin_utils._report_certificates import DAYS


@refusing
def lb_report(value: Any, generated: Any, certificate_days: Any = DAYS) -> dict[str, Any]:
    """What an audit of directors found, as data."""
    return report(value, generated, certificate_days)


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lb_report": lb_report}
