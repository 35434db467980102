# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.lb_parse; documented in lb_parse.yml."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.reading import BadText, Finding, listed
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import Choice
from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing
from ansible_collections.evenkeel.lb.plugins.plugin_utils._texts import parsed

_ON_LOSS = Choice("fail", "report")


@refusing
def lb_parse(
    value: Any, format: Any, on_loss: Any = "fail", director: Any = None, files: Any = None, vip: Any = None
) -> dict[str, Any]:
    """The configuration that a text asks for, or that with all that it does not say."""
    reports = _ON_LOSS.parse(on_loss) == "report"
    try:
        reading = parsed(value, format, director, files, vip)
    except BadText as bad:
        raise AnsibleFilterError(f"the text cannot be understood:\n{bad}") from None
    if reports:
        return {
            "configuration": reading.document,
            "left_out": [_entry(finding) for finding in reading.left_out],
            "notes": [_entry(finding) for finding in reading.notes],
            "rest": reading.rest,
        }
    if reading.left_out:
        count = len(reading.left_out)
        things = "1 thing" if count == 1 else f"{count} things"
        raise AnsibleFilterError(
            f"the text says {things} that a configuration has no word for; on_loss='report' gives the configuration and"
            f" these beside it:\n{listed(reading.left_out)}"
        )
    return reading.document


def _entry(finding: Finding) -> dict[str, Any]:
    entry = {"file": finding.place.file, "line": finding.place.line, "text": finding.text, "message": finding.message}
    return {**entry, "allowed": finding.allowed} if finding.allowed else entry


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lb_parse": lb_parse}
