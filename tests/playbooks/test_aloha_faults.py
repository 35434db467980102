# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read when an appliance fails a write: what it says, what was done, and what is left."""

from __future__ import annotations

import json
from typing import NamedTuple

from ansible_collections.evenkeel.lb.tests.aloha_simulator.server import Simulator
from ansible_collections.evenkeel.lb.tests.aloha_simulator.switches import Fault

from .appliances import Play, at

FARMS = "/api/2/scope/root/l4/farm"
BACK = "everything was put back as it was"


class Case(NamedTuple):
    """Faults of the write that makes a farm, one after the other; how the task ends, with which words."""

    faults: tuple[str, ...]
    state: str
    words: tuple[str, ...] = ()
    is_there: bool = False


CASES = {
    "locked-once": Case(("lock",), "applied", is_there=True),
    "locked-on": Case(("lock",) * 9, "restored", ("is locked by somebody else who configures it", "errno 100", BACK)),
    "e101": Case(("errno:101",), "restored", ("finds the new configuration invalid", "errno 101", BACK)),
    "e102": Case(("errno:102",), "restored", ("could not apply the new configuration", "applied it again", BACK)),
    "e120": Case(("errno:120",), "failed", ("could not put its former configuration back", "nothing more is sent")),
    "e121": Case(("errno:121",), "failed", ("could not apply its former configuration", "nothing more is sent")),
    "e122": Case(("errno:122",), "restored", ("could not save its configuration on flash", "errno 122", BACK)),
    "dropped": Case(("drop",), "restored", ("no answer from 127.0.0.1", "is not there after it was written", BACK)),
    "dropped-done": Case(("drop_after",), "applied", is_there=True),
    "slow": Case(("slow",), "restored", ("no answer from 127.0.0.1", "timed out", BACK)),
    "page": Case(("html",), "restored", ("without a word of its own: <html>", "status 502", BACK)),
}
SETTINGS = {"ansible_aloha_lock_timeout": 2.9, "ansible_aloha_settle": 0.2, "ansible_command_timeout": 5}
# Ansible gives up a connection that is silent for so long; the second appliance is locked for longer. A module needs
# some seconds to begin on a busy machine.
PATIENCE = {"ansible_connect_timeout": 12, "ansible_aloha_lock_timeout": 60}


def test_each_fault_is_told_with_what_is_done_undone_and_left(pair: list[Simulator], play: Play) -> None:
    first, second = (simulator.appliance for simulator in pair)
    for name, case in CASES.items():
        first.ambush("POST", f"{FARMS}/{name}", *map(Fault.parsed, case.faults))
    second.ambush("POST", f"{FARMS}/patient", *[Fault("lock")] * 4)  # 1 + 2 + 4 + 8 s
    tasks = [{"name": name, "evenkeel.lb.lb_farm": {"name": name}, "ignore_errors": True} for name in CASES]
    patient = {"name": "patient", "evenkeel.lb.lb_farm": {"name": "patient"}}
    plays = [
        {"hosts": "aloha1", "gather_facts": False, "tasks": tasks},
        {"hosts": "aloha2", "gather_facts": False, "tasks": [patient]},
    ]
    played = play({"aloha1": at(pair[0], **SETTINGS), "aloha2": at(pair[1], **PATIENCE)}, json.dumps(plays))
    assert played.status == 0, played.shown
    for name, case in CASES.items():
        result = played.results["aloha1", name]
        told, step = result["transaction"], f"add layer 4 farm {name} (aloha)"
        assert told["state"] == case.state, (name, result)
        assert [words for words in case.words if words not in result["msg"]] == [], (name, result["msg"])
        ended = {"applied": "done", "restored": "undone", "failed": "left"}[case.state]
        assert {part: told[part] for part in ("done", "undone", "left")} == {
            "done": [], "undone": [], "left": [], ended: [step]
        }, (name, told)  # fmt: skip
        assert result["changed"] is (case.state != "restored") and result["failed"] is bool(case.words)
        assert (name in first.root.roots["l4_farm"]) is case.is_there, name
    # nothing was written after the appliance could not help itself
    for name in ("e120", "e121"):
        sent = [request.method for request in first.requests if request.path == f"{FARMS}/{name}"]
        assert sent[:3] == ["GET", "GET", "POST"] and set(sent[3:]) <= {"GET"}, (name, sent)
    assert played.results["aloha2", "patient"]["transaction"]["state"] == "applied"
    assert [request.method for request in second.requests].count("POST") == 5
