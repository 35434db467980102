# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: events
type: aggregate
short_description: Tells the demo what a run does while it does it
description:
  - Appends one JSON document a line to the file that the environment variable E(DEMO_EVENTS) names.
  - Each has C(event), which is C(task) for a task that begins, C(changed) and C(failed) for a task's result on one
    host, and C(stats) at the end.
"""


class CallbackModule(CallbackBase):
    """Writes events. An unreachable host is a failure; one that the playbook ignores is none, but may be a change."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._path = Path(os.environ["DEMO_EVENTS"])
        # By host and task: what the items of a loop said, of which the loop itself only says that some failed.
        self._items: dict[tuple[str, str], list[str]] = {}

    def _tell(self, event: str, **values: Any) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps({"event": event, **values}) + "\n")

    def _result(self, event: str, result: Any, **values: Any) -> None:
        self._tell(event, host=result.host.get_name(), task=result.task.get_name(), **values)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._tell("task", name=task.get_name())

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        self._tell("task", name=task.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:
        if result.is_changed():
            self._result("changed", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        if ignore_errors:
            self.v2_runner_on_ok(result)
        else:
            items = self._items.get(_key(result), [])
            self._result("failed", result, message="\n".join(items) or message(result.result))

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._items.setdefault(_key(result), []).append(message(result.result))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._result("failed", result, message=message(result.result))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._tell("stats", hosts={host: stats.summarize(host) for host in stats.processed})


def _key(result: Any) -> tuple[str, str]:
    return result.host.get_name(), result.task._uuid


def message(result: dict[str, Any]) -> str:
    """What a failed task says, and what its command printed."""
    parts = [str(result.get(key) or "").strip() for key in ("msg", "stderr")]
    return "\n".join(part for part in parts if part) or "no message"
