# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of a farm with an agent, and of a renewed file, the running process can be told, and what takes a reload."""

from __future__ import annotations

import dataclasses
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.engine import HaproxyEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.planning import HAPROXY, Told, as_running
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.render import generation, header
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.sections import held_in
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.state import Desired, Observed, Running
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.words import FOLDER
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

FARM = "farm web as web:http"
PROFILE = {"name": "own", "type": "mutual_tls", "certificate_file": "/c.pem", "chain_file": "/ca.pem"}


def wish(agent: dict[str, Any] | None, **weights: int) -> Desired:
    """An HTTPS service whose servers have these weights."""
    servers = [
        {"name": name, "address": f"192.0.2.{number}", "port": 80, "weight": weight}
        for number, (name, weight) in enumerate(sorted(weights.items()), start=21)
    ]
    service = {"name": "web", "vip": "192.0.2.10", "port": 443, "type": "layer7", "protocol": "https", "farm": "web"}
    service |= {"ssl_offload": True, "certificate_profiles": ["own"]}
    farm = {"name": "web", "servers": servers, **({"agent": agent} if agent is not None else {})}
    document = {"farms": [farm], "virtual_servers": [service], "certificate_profiles": [PROFILE]}
    return HaproxyEngine().compile(Configuration.from_document(document))


def runs(desired: Desired, **fields: Any) -> Observed:
    """A director whose HAProxy holds this."""
    held = held_in(desired.blocks[FARM])
    servers = {held.backend: {name: as_running(line) for name, line in held.servers.items()}}
    running = Running(generation(desired.blocks), servers)
    return Observed(header(desired.blocks), desired.blocks, True, running, (2, 6, 12), **fields)


def planned(before: Desired, after: Desired) -> list[tuple[str, Any]]:
    return [(step.subject, step.payload) for step in HaproxyEngine().plan(after, runs(before), before)]


AGENT = {"port": 99}


def test_a_weight_that_an_agent_takes_a_share_of_takes_a_reload() -> None:
    assert planned(wish(AGENT, a=40), wish(AGENT, a=40)) == []
    assert planned(wish(None, a=40), wish(None, a=80)) == [(FARM, Told(("set weight web:http/a 80",)))]
    assert planned(wish(AGENT, a=40), wish(AGENT, a=80)) == [(FARM, None), (HAPROXY, None)]
    # what has no agent any more, with weight 0, could be called back by what it said last
    assert planned(wish(AGENT, a=40), wish(AGENT, a=0)) == [(FARM, None), (HAPROXY, None)]


def test_a_server_joins_with_its_agent_and_leaves_by_a_reload() -> None:
    one, both = wish(AGENT, a=40), wish(AGENT, a=40, b=40)
    [(subject, told)] = planned(one, both)
    assert (subject, told.commands[1:]) == (FARM, ("enable server web:http/b", "enable agent web:http/b"))
    assert told.commands[0].endswith("weight 40 agent-check agent-port 99 agent-inter 5000ms")
    assert planned(both, one) == [(FARM, None), (HAPROXY, None)]
    # the socket would read the backslashes of these words in another way than the file
    said = {**AGENT, "send": r"hello\n"}
    assert planned(wish(said, a=40), wish(said, a=40, b=40)) == [(FARM, None), (HAPROXY, None)]


def test_renewed_files_of_a_profile_are_told() -> None:
    desired = wish(None, a=40)
    steps = HaproxyEngine().plan(desired, runs(desired, renewed=frozenset({"own"})), desired)
    assert [(step.subject, step.payload) for step in steps] == [
        ("certificate profile own", Told(certificates=("own",)))
    ]  # fmt: skip
    steps = HaproxyEngine().plan(desired, runs(desired, believed=frozenset({"own"})), desired)
    assert [(step.subject, step.payload) for step in steps] == [("certificate profile own", None), (HAPROXY, None)]


def test_a_file_that_a_run_wrote_and_did_not_come_to_name_goes_without_a_reload() -> None:
    held, begun = wish(None, a=40), own_folder(wish(None, a=40))
    engine = HaproxyEngine()
    owned = engine.joined(held, begun, frozenset())
    there = frozenset({f"{FOLDER}/own.pem", f"{FOLDER}/other.pem", f"{FOLDER}/by-hand"})
    [step] = engine.plan(held, runs(held, folder=there), owned)
    assert (step.action, step.subject, step.impact) == ("remove", f"{FOLDER}/other.pem", "none")
    assert engine.plan(held, runs(held, folder=there), held) == []
    system = FakeSystem()
    system.write(step.subject, "a key")
    assert engine.apply([step], held, system).reload == ()
    assert system.files == {}


def own_folder(desired: Desired) -> Desired:
    """The same with another profile."""
    blocks = {name.replace("own", "other"): text.replace("own", "other") for name, text in desired.blocks.items()}
    return dataclasses.replace(desired, blocks=blocks)
