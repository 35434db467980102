# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Draining with the real engines, on directors made of dictionaries: check mode tells what the run then does."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any
from unittest import mock

from ansible.module_utils.testing import patch_module_args
from hypothesis import assume, given, target
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as room
from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.server import run_server
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host import announcing
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import Store
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.contract.strategies import carried_documents
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector

Answer = dict[str, Any]


def run(host: FakeDirector, state: str, farm: str, server: str, **more: Any) -> Answer:
    """The result of the module on a host."""
    arguments = {"farm": farm, "name": server, "state": state, **more}
    said = io.StringIO()
    with (
        patch_module_args(arguments),
        mock.patch.object(room, "System", lambda: host),
        mock.patch.object(announcing, "announce", lambda system, held: None),
        contextlib.redirect_stdout(said),
        contextlib.suppress(SystemExit),
    ):
        run_server()
    answer: Answer = json.loads(said.getvalue())
    return answer


def told(answer: Answer) -> Answer:
    """What check mode promises."""
    return {name: answer[name] for name in ("changed", "steps", "impact", "server")}


@st.composite
def members(draw: st.DrawFn) -> tuple[Configuration, str, str]:
    """A configuration, and one server of one of its farms that may leave it."""
    configuration = Configuration.from_document(draw(carried_documents()))
    servers = [(farm.name, server.name) for farm in configuration.farms.values() for server in farm.servers or ()]
    assume(servers)
    farm, server = draw(st.sampled_from(servers))
    return configuration, farm, server


@given(members(), st.sampled_from(["drained", "absent"]))
def test_check_mode_tells_what_the_run_does(member: tuple[Configuration, str, str], state: str) -> None:
    wanted, farm, server = member
    host = FakeDirector()
    with mock.patch.object(announcing, "announce", lambda system, held: None):
        # what a director refuses is the business of other tests
        assume(not reconcile(host, engines(), lambda _recorded: wanted).failed)
    files = dict(host.files)
    planned = run(host, state, farm, server, wait={}, _ansible_check_mode=True)
    assert {path: text for path, text in host.files.items() if path != "/tmp/keepalived.json"} == {
        path: text for path, text in files.items() if path != "/tmp/keepalived.json"
    }
    real = run(host, state, farm, server, wait={})
    if "steps" not in real:
        # such as a quorum that the rest cannot reach: refused by both before anything is done
        assert planned["problems"] == real["problems"] != []
        return
    assert "failed" not in real, real
    target(float(len(real["steps"])))
    assert told(planned) == told(real)
    assert real["waited"]["connections"] == 0 and real["waited"]["state"] in ("already_drained", "down")
    again = run(host, state, farm, server, wait={})
    assert (again["changed"], again["steps"]) == (False, [])
    held = {item.name: item for item in Store(host).load().farms[farm].servers or ()}
    assert server not in held if state == "absent" else held[server].state == "drained"
