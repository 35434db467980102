# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of Ansible, and what they really did: told by our callback plugin, not read off a screen."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evenkeel_demo import process
from evenkeel_demo.base import LOGS, REPOSITORY, NotAsTold

PLAYBOOK = "evenkeel.lb.ha_pair"


@dataclass
class Run:
    """What happened: `changed` counts changed tasks by host, for every host that took part to the end."""

    tasks: int = 0
    task: str = ""
    changed: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def learn(self, event: dict[str, Any]) -> None:
        """Take one event of the callback plugin in."""
        kind = event["event"]
        if kind == "task":
            self.tasks += 1
            # Without the role before it: the line it is shown in is short.
            self.task = event["name"].rpartition(" : ")[2]
        elif kind == "changed":
            self.changes.append(f"{event['host']}: {event['task']}")
        elif kind == "failed":
            self.failures.append(f"{event['host']}: {event['task']}\n{event['message']}")
        elif kind == "stats":
            self.changed = {host: counts["changed"] for host, counts in event["hosts"].items()}

    def total_changed(self) -> int:
        """Changed tasks on all hosts together."""
        return sum(Counter(self.changed).values())


def play(lab: str, name: str, hosts: list[str], detail: Callable[[str], None]) -> Run:
    """Run the playbook on the demo's inventory; its own output goes to the log called `name`.

    Raises NotAsTold with the messages of the tasks that failed, and when any of `hosts` was left out.
    """
    events = LOGS / f"{name}.jsonl"
    events.write_text("")
    run = Run()
    with events.open() as file:
        follower = Follower(file.readline)

        def watch() -> None:
            for event in follower.events():
                run.learn(event)
            if run.task:
                detail(f"task {run.tasks}: {run.task}")

        status = process.run(
            [Path(sys.executable).with_name("ansible-playbook"), PLAYBOOK],
            LOGS / f"{name}.log",
            env=_environment(lab, events),
            watch=watch,
        )
    if run.failures:
        raise NotAsTold(f"{PLAYBOOK} failed\n" + "\n".join(run.failures))
    if status:
        raise NotAsTold(f"{PLAYBOOK}: exit status {status}\n{process.tail(LOGS / f'{name}.log')}")
    if sorted(run.changed) != sorted(hosts):
        raise NotAsTold(f"{PLAYBOOK} ran on {sorted(run.changed) or 'no host'}, not on {sorted(hosts)}")
    return run


def _environment(lab: str, events: Path) -> dict[str, str]:
    # What else the user's environment says to Ansible is meant for the user's own runs.
    others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {
        **others,
        "ANSIBLE_CONFIG": str(REPOSITORY / "demo" / "ansible.cfg"),
        "ANSIBLE_CALLBACKS_ENABLED": "events",
        "ANSIBLE_NOCOLOR": "1",
        "DEMO_EVENTS": str(events),
        "DEMO_LAB": lab,
    }


class Follower:
    """Whole lines of a file that is being written."""

    def __init__(self, readline: Callable[[], str]) -> None:
        self._readline = readline
        self._part = ""

    def events(self) -> list[dict[str, Any]]:
        """What was added since the last call; the beginning of a line is kept until its end comes."""
        found = []
        while text := self._readline():
            self._part += text
            if self._part.endswith("\n"):
                found.append(json.loads(self._part))
                self._part = ""
        return found
