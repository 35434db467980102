# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = """
name: changes
type: aggregate
short_description: Records which task reported a change on which host
description:
  - Appends one JSON document for each run of C(converge.yml) to C(changes.jsonl) in the directory that the environment
    variable E(SCENARIO_LOGS) names. A run in check mode and a real run can then be compared.
"""

import json
import os
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """One document for each run: check (bool), changed (sorted "host: task @ file:line"), hosts (how many answered)."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "changes"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._playbook = ""
        self._changed: set[str] = set()

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._playbook = os.path.basename(playbook._file_name)

    def v2_runner_on_ok(self, result: Any) -> None:
        if result.is_changed():
            self._changed.add(f"{result.host.get_name()}: {result.task.get_name()} @ {result.task.get_path()}")

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if self._playbook != "converge.yml":
            return
        document = {
            "check": bool(context.CLIARGS["check"]),
            "hosts": sorted(stats.processed),
            "changed": sorted(self._changed),
        }
        with (Path(os.environ["SCENARIO_LOGS"]) / "changes.jsonl").open("a") as file:
            file.write(json.dumps(document) + "\n")
