# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = """
name: durations
type: aggregate
short_description: Records how long each task took on the controller
description:
  - Writes a JSON document to the file that the environment variable E(DURATIONS) names, with the seconds and the number
    of changes of each task by its name.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """From the start of a task to its last result, however many items it loops over."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "durations"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._start = 0.0
        self._tasks: dict[str, dict[str, Any]] = {}

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._start = time.perf_counter()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._tasks[result.task.get_name()] = {
            "seconds": time.perf_counter() - self._start,
            "changed": bool(result.result.get("changed")),
            "steps": len(result.result.get("steps", [])),
        }

    def v2_playbook_on_stats(self, stats: Any) -> None:
        Path(os.environ["DURATIONS"]).write_text(json.dumps(self._tasks), encoding="utf-8")
