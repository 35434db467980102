# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules from options to result: every problem at once, nothing read before, results that say what was done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as under_test
from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.server import run_server
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    """The host the modules work on: it holds the pair, carried by the reference engine."""
    host, engine = FakeSystem(), MemoryEngine()
    reconcile(host, [engine], lambda _recorded: pair())
    monkeypatch.setattr(under_test, "System", lambda: host)
    monkeypatch.setattr(under_test, "engines", lambda: [engine])
    return host


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that must not even be looked at."""

    def touched() -> None:
        raise AssertionError("the host was looked at")

    monkeypatch.setattr(under_test, "System", touched)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_with(entry: Callable[[], None], **arguments: Any) -> dict[str, Any]:
        with patch_module_args(arguments), pytest.raises(SystemExit):
            entry()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return run_with


def virtual_server() -> None:
    under_test.run_object("virtual_servers")


def farm() -> None:
    under_test.run_object("farms")


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    ("entry", "arguments", "paths"),
    [
        (
            virtual_server,
            {"name": "web", "port": 99999, "protocol": "tpc", "vip": "10.0.0.300"},
            ["virtual_servers[web].port", "virtual_servers[web].protocol", "virtual_servers[web].vip"],
        ),
        (virtual_server, {"name": "web", "port": "eighty", "frm": "web"}, ["frm", "virtual_servers[web].port"]),
        (virtual_server, {"port": 0, "state": "gone"}, ["name", "state", "virtual_servers[None].port"]),
        (
            farm,
            {"name": "web", "balance": "x", "servers": [{"name": "a", "address": "b", "weight": -1}, {"port": 1}]},
            [
                "farms[web].balance",
                "farms[web].servers[1].name",
                "farms[web].servers[a].address",
                "farms[web].servers[a].weight",
            ],
        ),
        (
            run_server,
            {"farm": "the web", "name": "a", "port": 70000, "state": "sleepy"},
            ["farms.name", "farms[the web].servers[a].port", "state"],
        ),
    ],
)
def test_every_problem_is_reported_at_once_before_the_host_is_looked_at(run: Run, entry, arguments, paths):
    answer = run(entry, **arguments)
    assert answer["failed"] and not answer["changed"]
    assert [problem["path"] for problem in answer["problems"]] == paths
    assert answer["msg"].startswith(f"{len(paths)} problems, nothing was changed:\n- ")
    assert all(path in answer["msg"] for path in paths)


def test_an_object_is_added_then_unchanged_then_removed(run: Run, system: FakeSystem):
    wish = {"name": "more", "vip": "public", "port": "443", "farm": "web"}
    first = run(virtual_server, **wish)
    assert first["changed"]
    assert first["virtual_server"] == {"name": "more", "vip": "public", "port": 443, "farm": "web"}
    assert first["steps"] == [
        {"engine": "memory", "action": "add", "subject": "virtual server more", "impact": "none"},
    ]
    assert first["transaction"]["state"] == "applied"
    second = run(virtual_server, **wish)
    assert (second["changed"], second["steps"], second["transaction"]["state"]) == (False, [], "unchanged")
    gone = run(virtual_server, name="more", state="absent")
    assert (gone["changed"], gone["virtual_server"], gone["impact"]) == (True, {}, "reset")


def test_what_the_whole_configuration_refuses_is_told_and_nothing_recorded(run: Run, system: FakeSystem):
    before = dict(system.files)
    answer = run(virtual_server, name="web", farm="wbe")
    assert answer["failed"]
    assert answer["problems"] == [
        {
            "path": "virtual_servers[web].farm",
            "message": "there is no farm 'wbe'",
            "allowed": "web, most likely; or web6",
        }
    ]
    assert system.files == before


def test_a_drained_server_keeps_its_weight_and_comes_back(run: Run, system: FakeSystem):
    run(run_server, farm="web", name="web2", weight=7)
    drained = run(run_server, farm="web", name="web2", state="drained")
    assert drained["server"] == {
        "name": "web2", "address": "10.20.0.22", "port": 8080, "weight": 7, "state": "drained"
    }  # fmt: skip
    back = run(run_server, farm="web", name="web2")
    assert (back["changed"], back["server"]["weight"], back["server"]["state"]) == (True, 7, "enabled")
    gone = run(run_server, farm="web", name="web2", state="absent")
    assert (gone["changed"], gone["server"]) == (True, {})
    assert not run(run_server, farm="web", name="web2", state="absent")["changed"]


def test_check_mode_says_the_same_and_writes_nothing(run: Run, system: FakeSystem):
    before = dict(system.files)
    answer = run(virtual_server, name="web", port=8080, _ansible_check_mode=True, _ansible_diff=True)
    assert answer["changed"] and answer["transaction"]["state"] == "planned"
    assert [entry["before_header"] for entry in answer["diff"]] == [
        "intended: virtual_servers[web]",
        "memory: virtual server web",
    ]
    assert (answer["diff"][0]["before"].count("port: 80\n"), answer["diff"][0]["after"].count("port: 8080\n")) == (1, 1)
    assert system.files == before


def test_a_server_for_a_farm_of_the_same_check_run_is_predicted_with_a_warning(run: Run, system: FakeSystem):
    answer = run(run_server, farm="new", name="a", address="10.0.0.1", _ansible_check_mode=True)
    assert answer["changed"] and answer["server"] == {"name": "a", "address": "10.0.0.1", "state": "enabled"}
    failed = run(run_server, farm="new", name="a", address="10.0.0.1")
    assert failed["problems"][0]["message"] == "there is no farm 'new'"


def test_a_damaged_record_is_an_error_that_says_what_to_do(run: Run, system: FakeSystem):
    system.files[PATH] = "{"
    answer = run(virtual_server, name="web", port=81)
    assert answer["failed"] and PATH in answer["msg"] and "restore it" in answer["msg"]


def test_an_option_that_is_not_given_has_no_default_and_so_leaves_what_is_recorded():
    for kind in under_test.KINDS.values():
        for name, option in under_test.argument_spec(kind).items():
            assert "default" not in option, name
