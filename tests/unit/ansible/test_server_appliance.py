# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of a server on an appliance, which counts no connections: nobody can wait for them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as room
from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.server import run_server
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.engine import AlohaEngine
from ansible_collections.evenkeel.lb.tests.unit.engines.aloha.controllers import Controller

FARM = {
    "name": "web",
    "servers": [{"name": name, "address": f"192.0.2.10{place}", "port": 80} for place, name in enumerate(("w1", "w2"))],
}
SERVICE = {"name": "www", "vip": "192.0.2.80", "port": 80, "farm": "web"}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Controller:
    made = Controller()
    made.applied({"farms": [FARM], "virtual_servers": [SERVICE]})
    monkeypatch.setattr(room, "System", lambda: made)
    monkeypatch.setattr(room, "engines", lambda: [AlohaEngine(made.api())])
    return made


def run(capsys: pytest.CaptureFixture[str], **arguments: Any) -> dict[str, Any]:
    with patch_module_args({"farm": "web", "name": "w1", **arguments}), pytest.raises(SystemExit):
        run_server()
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


@pytest.mark.parametrize("state", ["drained", "absent"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_wait_is_refused_before_anything_moves(
    host: Controller, capsys: pytest.CaptureFixture[str], state: str, check_mode: bool
) -> None:
    held, files = host.holds(), dict(host.files)
    answer = run(capsys, state=state, wait={}, _ansible_check_mode=check_mode)
    assert answer["failed"] and not answer["changed"]
    [problem] = answer["problems"]
    assert problem["path"] == "wait.for"
    assert problem["message"] == "drained cannot be known: the configuration API of an ALOHA counts no connections"
    assert problem["allowed"].startswith("a task without wait; then look at the sessions of the server")
    assert "Run the task again" not in answer["msg"]
    assert (host.holds(), dict(host.files)) == (held, files)


def test_without_a_wait_it_drains_and_goes(host: Controller, capsys: pytest.CaptureFixture[str]) -> None:
    planned = run(capsys, state="drained", _ansible_check_mode=True)
    drained = run(capsys, state="drained")
    assert drained["changed"] and drained["steps"] == planned["steps"] != []
    assert host.holds()["l4_farm"]["web"]["children"]["w1"]["weight"] == "0"
    assert run(capsys, state="absent")["changed"]
    assert list(host.holds()["l4_farm"]["web"]["children"]) == ["w2"]
