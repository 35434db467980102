# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a vrrp_instance of keepalived.conf tracks, as fields of an HA group. Pure. Private to evenkeel.lb.

The model knows one answer to something that fails: the director cannot be active, which is weight 0 to keepalived. What
raises or lowers the priority instead has no word. Sources: keepalived.conf(5), "vrrp_script", "vrrp_track_process" and
"vrrp_instance"; keepalived/vrrp/vrrp_track.c.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ...found_names import Names
from ...reading import Findings
from ..hold import tracker_name
from .lost import LOST_IN_INSTANCE
from .tree import Statement, split_quoted
from .values import number, sort_out

_WEIGHED = "changes the priority by its weight; here what fails ends that this director is active"
_WITHOUT_WEIGHT = "weight 0"
_SECONDS = (1, 3600)
_LOST_IN_SCRIPT = {"init_fail": "takes it for failed until its first run has ended"}
_LOST_IN_PROCESS = {
    "param_match": "looks at the arguments of the process too",
    "quorum": "wants more than one of them to run",
    "quorum_max": "wants no more than so many of them to run",
    "full_command": "looks for the whole command; here for the name of the process",
    **dict.fromkeys(("delay", "terminate_delay", "fork_delay"), "waits before it counts"),
}


@dataclass
class Trackers:
    """The scripts and processes of a text that instances can track, by name."""

    scripts: Dict[str, Statement] = field(default_factory=dict)
    processes: Dict[str, Statement] = field(default_factory=dict)


class Tracking:
    """Collects what one instance tracks."""

    def __init__(self, instance: str, trackers: Trackers, findings: Findings) -> None:
        self._instance = instance
        self._trackers = trackers
        self._findings = findings
        self._interfaces: List[str] = []
        self._services: List[str] = []
        self._scripts: List[Dict[str, Any]] = []
        self._names = Names()

    def fields(self, own_interface: str) -> Dict[str, Any]:
        """The fields of the HA group; its own interface is tracked by itself."""
        interfaces = [name for name in self._interfaces if name != own_interface]
        found = {
            "tracked_interfaces": interfaces,
            "tracked_services": self._services,
            "tracked_scripts": self._scripts,
        }
        return {name: value for name, value in found.items() if value}

    def file(self, statement: Statement) -> None:
        # our own hold is no part of the configuration
        if [line.words for line in statement.inside()] != [(tracker_name(self._instance),)]:
            message = LOST_IN_INSTANCE[statement.keyword]
            self._findings.lose(statement.place, statement.shown, message, "leave it out")

    def interface(self, statement: Statement) -> None:
        for line in statement.inside():
            if self._is_without_weight(line, None):
                self._interfaces.append(line.keyword)

    def process(self, statement: Statement) -> None:
        for line in statement.inside():
            tracker = self._tracker(line, self._trackers.processes, "vrrp_track_process")
            if tracker is not None and self._is_without_weight(line, tracker):
                self._services += _process(tracker, self._findings)

    def script(self, statement: Statement) -> None:
        for line in statement.inside():
            tracker = self._tracker(line, self._trackers.scripts, "vrrp_script")
            if tracker is None or not self._is_without_weight(line, tracker):
                continue
            script = _script(tracker, self._findings)
            if script is not None:
                name = tracker.argument
                own = f"{self._instance}/"
                wanted = name[len(own) :] if name.startswith(own) else name
                self._scripts.append({"name": self._names.take(wanted, "script"), **script})

    def _tracker(self, line: Statement, known: Mapping[str, Statement], kind: str) -> Optional[Statement]:
        if line.keyword not in known:
            message = f"is no {kind}, and keepalived ignores it"
            self._findings.lose(line.place, line.shown, message, ", ".join(sorted(known)[:10]))
        return known.get(line.keyword)

    def _is_without_weight(self, line: Statement, tracker: Optional[Statement]) -> bool:
        """Whether it has weight 0 in the words behind its name, or where it is defined."""
        words = line.words[1:]
        weights = [one for one in tracker.inside() if one.keyword == "weight"] if tracker is not None else []
        if not words and weights:
            words = weights[-1].words
        if not words or (words[0] == "weight" and words[1:2] == ("0",) and "reverse" not in words):
            return True
        self._findings.lose(line.place, line.shown, _WEIGHED, _WITHOUT_WEIGHT)
        return False


def _script(tracker: Statement, findings: Findings) -> Optional[Dict[str, Any]]:
    """The fields of a tracked script; None where it is no program that can be called so."""
    found: Dict[str, Any] = {"interval": 1, "rise": 1, "fall": 1}
    command: List[Tuple[str, ...]] = []

    def times(statement: Statement) -> None:
        most = _SECONDS[1] if statement.keyword in ("interval", "timeout") else 100
        value = number(statement, 1, most, findings)
        if value is not None:
            found[statement.keyword] = value

    def program(statement: Statement) -> None:
        words = split_quoted(statement.raw, escapes=False)[1:]
        command.append(tuple(words[0].split()) if len(words) == 1 else words)

    def user(statement: Statement) -> None:
        if statement.argument != "root":
            findings.lose(statement.place, statement.shown, "runs it as another user; here it is run by root", "root")

    handlers = {
        **dict.fromkeys(("interval", "timeout", "rise", "fall"), times),
        "script": program,
        "user": user,
        "weight": lambda statement: None,
    }
    sort_out(tracker.inside(), handlers, _LOST_IN_SCRIPT, findings)
    words = command[-1] if command else ()
    if not words or not words[0].startswith("/"):
        findings.lose(
            tracker.place, tracker.shown, "has no program with an absolute path", "such as /usr/local/bin/check"
        )
        return None
    found.setdefault("timeout", found["interval"])
    found["script"] = words[0]
    if words[1:]:
        found["arguments"] = list(words[1:])
    return found


def _process(tracker: Statement, findings: Findings) -> List[str]:
    """The name of a process that is tracked; none where more than its name is looked at."""
    names: List[str] = []

    def process(statement: Statement) -> None:
        if len(statement.words) > 2:
            findings.lose(statement.place, statement.shown, _LOST_IN_PROCESS["param_match"], "the name of the process")
        names[:] = [statement.argument.rpartition("/")[2]]

    handlers = {"process": process, "weight": lambda statement: None}
    sort_out(tracker.inside(), handlers, _LOST_IN_PROCESS, findings)
    return names
