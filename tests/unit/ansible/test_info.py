# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module lb_info from options to result."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as room
from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.info import run_info
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

SUBSETS = ["certificates", "config", "drift", "ha_groups", "versions", "virtual_servers"]

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> FakeSystem:
    """A host that holds the pair, carried by the reference engine."""
    host, engine = FakeSystem(), MemoryEngine()
    reconcile(host, [engine], lambda _recorded: pair())
    monkeypatch.setattr(room, "System", lambda: host)
    monkeypatch.setattr(room, "engines", lambda: [engine])
    return host


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_with(**arguments: Any) -> dict[str, Any]:
        with patch_module_args(arguments), pytest.raises(SystemExit):
            run_info()
        answer: dict[str, Any] = json.loads(capsys.readouterr().out)
        return answer

    return run_with


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (None, SUBSETS),
        (["all"], SUBSETS),
        ([], SUBSETS),
        (["drift"], ["drift"]),
        (["others", "drift"], ["drift", "others"]),
        (["ha_groups", "config"], ["config", "ha_groups"]),
        (["!virtual_servers", "!config"], ["certificates", "drift", "ha_groups", "versions"]),
        (["all", "!drift"], ["certificates", "config", "ha_groups", "versions", "virtual_servers"]),
        (["drift", "!drift"], []),
    ],
)
def test_the_subsets_that_were_asked_for_are_told(run: Run, words: list[str] | None, told: list[str]) -> None:
    answer = run(**({} if words is None else {"gather_subset": words}))
    assert sorted(set(answer) & {*SUBSETS, "others"}) == told
    assert answer["changed"] is False and "unmet" not in answer


@pytest.mark.usefixtures("system")
def test_what_others_made_is_told_of_appliances_alone(run: Run, warnings: list[str]) -> None:
    assert run(gather_subset=["others"])["others"] == {}
    assert len(warnings) == 1 and "lb_parse reads" in warnings[0]


def test_every_wrong_option_is_named_before_the_host_is_looked_at(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def touched() -> None:
        raise AssertionError("the host was looked at")

    monkeypatch.setattr(room, "System", touched)
    answer = run(gather_subset=["drifts", "!all", "config"], farm="web")
    assert answer["failed"] and [one["path"] for one in answer["problems"]] == [
        "farm",
        "gather_subset",
        "gather_subset",
    ]
    assert "config, drift, virtual_servers, ha_groups, certificates, versions" in answer["problems"][1]["allowed"]


def test_check_mode_is_the_same_and_nothing_is_written(run: Run, system: FakeSystem) -> None:
    files = dict(system.files)
    assert run(_ansible_check_mode=True) == run()
    assert system.files == files


@pytest.mark.usefixtures("system")
def test_names_that_are_not_there_are_warned_of(run: Run, warnings: list[str]) -> None:
    answer = run(virtual_servers=["web", "shop"], farms=["w*"], ha_groups=["back"])
    assert [one["name"] for one in answer["virtual_servers"]] == ["web"]
    assert len(warnings) == 2
    for sentence in ("there is no virtual server 'shop'", "there is no HA group 'back'"):
        assert sentence in str(warnings)


def test_wishes_that_wait_are_warned_of_and_are_no_drift(run: Run, system: FakeSystem, warnings: list[str]) -> None:
    engine = room.engines()[0]
    reconcile(system, [engine], lambda held: held.without_object("virtual_servers", "web6"), defer=True)
    answer = run()
    assert (answer["drift"], len(answer["virtual_servers"])) == ([], 2)
    assert len(warnings) == 1 and warnings[0].startswith("wishes are deferred on this director")


def test_a_damaged_record_is_an_error_that_says_so(run: Run, system: FakeSystem) -> None:
    system.files[PATH] = '{"version": 1'
    answer = run()
    assert answer["failed"] and f"{PATH} is damaged" in answer["msg"]
