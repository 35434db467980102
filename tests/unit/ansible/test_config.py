# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of all objects at once: states, guards, masked secrets, deferring, and a diff that people can read."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible.module_utils.common.parameters import PASS_VARS
from ansible.plugins.callback import CallbackBase

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as room
from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.info import run_info
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import IMPACTS, EngineFault
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import Problem
from ansible_collections.evenkeel.lb.tests.unit.ansible.estate import SECRET, Answer, Estate
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair_document

DEFERRED = f"{PATH}.deferred"


def farm() -> None:
    room.run_object("farms")


def ha_group() -> None:
    room.run_object("ha_groups")


def services(count: int) -> dict[str, Any]:
    """Virtual servers, each with a farm of ten servers."""
    servers = [{"name": f"server{number}", "address": f"10.20.1.{number + 1}", "weight": 1} for number in range(10)]
    return {
        "farms": [{"name": f"farm{number}", "servers": copy.deepcopy(servers)} for number in range(count)],
        "virtual_servers": [
            {"name": f"service{number}", "vip": f"10.10.{number // 250}.{number % 250 + 1}", "port": 80,
             "farm": f"farm{number}"}
            for number in range(count)
        ],
    }  # fmt: skip


# --- states ---


def test_all_objects_are_made_at_once_and_then_nothing_is_left_to_do(estate: Estate) -> None:
    estate.wish({})
    first = estate.run(config=estate.document)
    assert first["changed"] and first["transaction"]["state"] == "applied"
    assert [step["subject"] for step in first["steps"]] == ["virtual server web", "virtual server web6"]
    assert first["objects"]["servers"] == {"added": 3, "changed": 0, "removed": 0}
    assert first["objects"]["vips"] == {"added": 2, "changed": 0, "removed": 0}
    assert estate.recorded() == Configuration.from_document(estate.document)
    again = estate.run(config=estate.document)
    assert (again["changed"], again["steps"], again["transaction"]["state"]) == (False, [], "unchanged")


@pytest.mark.parametrize(
    ("state", "servers", "farms"),
    [
        ("merged", [("web1", 7), ("web2", None)], ["web", "web6"]),
        ("replaced", [("web1", 7)], ["web", "web6"]),
        ("overridden", [("web1", 7)], ["web"]),
    ],
)
def test_the_state_says_what_becomes_of_what_is_not_named(
    estate: Estate, state: str, servers: list[Any], farms: list[str]
) -> None:
    wish = {"farms": [{"name": "web", "servers": [{"name": "web1", "address": "10.20.0.21", "weight": 7}]}]}
    answer = estate.run(config=wish, state=state, purge_limit=100)
    assert answer["changed"], answer
    held = estate.recorded()
    assert [(server.name, server.weight) for server in held.farms["web"].servers or ()] == servers
    assert sorted(held.farms) == farms
    assert (held.farms["web"].balance is None) == (state != "merged")


def test_deleted_removes_what_is_named(estate: Estate) -> None:
    wish = {"virtual_servers": [{"name": "web6"}], "farms": [{"name": "web6", "mode": "tunnel"}]}
    answer = estate.run(config=wish, state="deleted", purge_limit=50)
    assert list(estate.engine.held) == ["web"] and list(estate.recorded().farms) == ["web"]
    assert answer["objects"]["farms"] == {"added": 0, "changed": 0, "removed": 1}
    used = estate.run(config={"farms": [{"name": "web"}]}, state="deleted", purge_limit=100)
    assert [problem["path"] for problem in used["problems"]] == ["farms[web]"]


def test_without_objects_only_what_drifted_is_repaired(estate: Estate) -> None:
    del estate.engine.held["web"]
    answer = estate.run()
    assert [step["subject"] for step in answer["steps"]] == ["virtual server web"]
    assert not estate.run()["changed"]


@pytest.mark.parametrize("state", ["replaced", "overridden", "deleted"])
def test_the_other_states_need_objects(estate: Estate, state: str) -> None:
    before = estate.state()
    answer = estate.run(state=state)
    assert [problem["path"] for problem in answer["problems"]] == ["config"] and estate.state() == before


# --- what is wrong ---


def test_every_problem_is_told_at_once_with_its_path(estate: Estate) -> None:
    before = estate.state()
    wish = {
        "farms": [{"name": "web", "balance": "best", "servers": [{"name": "a", "weight": -1}]}],
        "pools": [],
        "ha_groups": [{"name": "main", "password": "much too long"}],
    }
    answer = estate.run(config=wish, state="mergd", purge_limit=101, max_impact="some")
    assert [problem["path"] for problem in answer["problems"]] == [
        "farms[web].balance", "farms[web].servers[a].weight", "ha_groups[main].password", "max_impact", "pools",
        "purge_limit", "state",
    ]  # fmt: skip
    assert "much too long" not in estate.printed and estate.state() == before


@pytest.mark.parametrize("config", ["no mapping", ["farms"], 5])
def test_objects_that_are_no_mapping(estate: Estate, config: Any) -> None:
    answer = estate.run(config=config)
    assert answer["problems"] == [
        {"path": "config", "message": "is not a mapping", "allowed": ", ".join(KINDS)}
    ]  # fmt: skip


def test_objects_may_come_as_json(estate: Estate) -> None:
    assert not estate.run(config=json.dumps(estate.document), state="overridden")["changed"]
    assert SECRET not in estate.printed


# --- secrets ---


@pytest.mark.parametrize(
    "more", [{}, {"state": "overridden"}, {"no_option": 1}, {"config": {"ha_groups": {"password": SECRET}}}]
)
def test_no_secret_is_told_or_logged(estate: Estate, monkeypatch: pytest.MonkeyPatch, more: Answer) -> None:
    logged: list[str] = []
    monkeypatch.setattr(room.Module, "log", lambda _module, text, **_more: logged.append(text))
    estate.document["ha_groups"][0]["password"] = "n3w"
    arguments = {"config": estate.document, "_ansible_diff": True, **more}
    if "inject_invocation" in PASS_VARS:  # ansible-core 2.21 tells the options on demand
        arguments["_ansible_inject_invocation"] = True
    answer = estate.run(**arguments)
    assert SECRET not in estate.printed and "n3w" not in estate.printed
    assert len(logged) == (0 if "no_option" in more else 1) and "n3w" not in "".join(logged)
    if not more:
        assert answer["changed"] and 'password: "********"' in answer["diff"][0]["after"]
        assert answer["invocation"]["module_args"]["config"]["farms"] == "2 objects"
        assert estate.recorded().ha_groups["main"].password == "n3w"


@pytest.mark.parametrize("state", ["merged", "replaced", "overridden"])
def test_what_is_shown_of_a_configuration_given_back_changes_nothing(estate: Estate, state: str) -> None:
    shown = estate.run(run_info)["config"]
    assert shown["ha_groups"][0]["password"] == "********"
    answer = estate.run(config=shown, state=state)
    assert (answer["changed"], answer["steps"]) == (False, []), answer
    assert estate.recorded().ha_groups["main"].password == SECRET


def test_a_masked_secret_stays_when_other_fields_of_its_object_change(estate: Estate) -> None:
    shown = estate.shown()
    shown["ha_groups"][0]["preempt"] = False
    assert estate.run(config=shown, state="overridden")["changed"]
    group = estate.recorded().ha_groups["main"]
    assert (group.password, group.preempt) == (SECRET, False)
    assert not estate.run(ha_group, name="main", password="********")["changed"]


@pytest.mark.parametrize("state", ["merged", "replaced", "overridden"])
def test_a_masked_secret_of_which_nothing_is_recorded_is_a_problem(estate: Estate, state: str) -> None:
    shown = estate.shown()
    estate.wish({})
    before = estate.state()
    answer = estate.run(config=shown, state=state)
    assert answer["problems"] == [
        {
            "path": "ha_groups[main].password",
            "message": "is masked, which means what is recorded, and none is",
            "allowed": "the secret itself",
        }
    ]
    assert estate.state() == before


# --- guards ---


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_empty_wish_is_refused_with_what_it_would_remove(estate: Estate, check_mode: bool) -> None:
    before = estate.state()
    answer = estate.run(config={"farms": []}, state="overridden", _ansible_check_mode=check_mode)
    assert answer["failed"] and not answer["changed"] and estate.state() == before
    assert answer["problems"] == [
        {
            "path": "config",
            "message": "is empty; would remove all that is recorded: 1 HA group (main), 2 VIPs (public, public6), "
            "1 health check (http), 2 farms (web, web6), 2 virtual servers (web, web6), "
            "3 servers (web/web1, web/web2, web6/web1)",
            "allowed": "at least one object, or allow_empty: true",
        }
    ]
    done = estate.run(config={"farms": []}, state="overridden", allow_empty=True, _ansible_check_mode=check_mode)
    assert done["changed"] and done["objects"]["servers"]["removed"] == 3
    assert (estate.state() == before) == check_mode
    assert (estate.recorded() == Configuration()) != check_mode


@pytest.mark.parametrize("check_mode", [True, False])
def test_half_a_wish_is_refused_with_the_count_of_each_kind(estate: Estate, check_mode: bool) -> None:
    estate.wish(services(50))
    before = estate.state()
    answer = estate.run(config=services(25), state="overridden", _ansible_check_mode=check_mode)
    assert answer["failed"] and estate.state() == before
    told = {problem["path"]: problem["message"] for problem in answer["problems"]}
    assert set(told) == {"farms", "servers", "virtual_servers"}
    assert told["virtual_servers"].startswith("would lose 25 of 50 recorded: service25, service26, ")
    assert told["virtual_servers"].endswith("service34 and 15 more")
    assert "would lose 250 of 500 recorded" in told["servers"]
    assert len(answer["msg"]) < 1500
    assert estate.run(config=services(25), state="overridden", purge_limit=50)["changed"]
    assert len(estate.engine.held) == 25


@pytest.mark.parametrize(("limit", "fewer", "fine"), [(40, 40, True), (40, 41, False), (0, 1, False), (100, 99, True)])
def test_the_limit_is_a_share_of_what_is_recorded(estate: Estate, limit: int, fewer: int, fine: bool) -> None:
    estate.wish(services(100))
    answer = estate.run(config=services(100 - fewer), state="overridden", purge_limit=limit)
    assert ("failed" not in answer) == fine


def test_the_limit_holds_for_servers_that_are_not_named_again(estate: Estate) -> None:
    estate.wish(services(4))
    smaller = {"farms": [{**item, "servers": item["servers"][:5]} for item in services(4)["farms"]]}
    replaced = estate.run(config=smaller, state="replaced")
    assert [problem["path"] for problem in replaced["problems"]] == ["servers"]


def test_the_limit_does_not_hold_for_what_is_named_to_go(estate: Estate) -> None:
    estate.wish(services(2))
    gone = estate.run(config=services(2), state="deleted", purge_limit=0)
    assert [gone["objects"][kind]["removed"] for kind in ("farms", "virtual_servers")] == [2, 2]


@pytest.mark.parametrize("state", ["replaced", "overridden"])
def test_a_drain_outlives_a_wish_that_says_nothing_of_it(estate: Estate, state: str) -> None:
    wish = services(2)
    estate.wish(wish)
    farm = wish["farms"][0]
    drained = {**farm["servers"][0], "state": "drained"}
    estate.run(config={"farms": [{"name": farm["name"], "servers": [drained]}]})
    assert not estate.run(config=wish, state=state)["changed"]
    back = {
        **wish,
        "farms": [{**farm, "servers": [{**one, "state": "enabled"} for one in farm["servers"]]}, wish["farms"][1]],
    }
    assert estate.run(config=back, state=state)["objects"]["servers"]["changed"] == len(farm["servers"])


@pytest.mark.parametrize(("state", "members"), [("merged", {"servers": []}), ("replaced", {})])
def test_a_farm_is_not_emptied_by_accident(estate: Estate, state: str, members: Answer) -> None:
    estate.wish(services(10))
    wish = {"farms": [{"name": "farm3", **members}]}
    answer = estate.run(config=wish, state=state)
    assert [problem["path"] for problem in answer["problems"]] == ["farms[farm3].servers"]
    assert answer["problems"][0]["message"].startswith("would lose all 10 servers: server0, server1")
    assert estate.run(config=wish, state=state, allow_empty=True)["changed"]
    assert not estate.recorded().farms["farm3"].servers


# --- max_impact ---


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_plan_that_disturbs_too_much_is_refused_with_its_steps(estate: Estate, check_mode: bool) -> None:
    wish = pair_document()
    wish["virtual_servers"] = [{"name": "web", "vip": "public", "port": 81, "farm": "web"}]
    before = estate.state()
    arguments = {"config": wish, "state": "overridden", "purge_limit": 50, "_ansible_check_mode": check_mode}
    answer = estate.run(max_impact="new_connections", **arguments)
    assert (answer["failed"], answer["changed"], answer["transaction"]["state"]) == (True, False, "refused")
    assert answer["problems"] == [
        {
            "path": "max_impact",
            "message": "remove virtual server web6 (memory) has impact reset",
            "allowed": "new_connections at most",
        }
    ]
    assert answer["msg"].startswith(
        "one step disturbs more than max_impact allows, nothing was changed\n- max_impact: "
    )
    assert (answer["impact"], len(answer["steps"])) == ("reset", 2)
    assert estate.state() == before
    fine = estate.run(max_impact="reset", **arguments)
    assert fine["changed"] and "failed" not in fine


def test_every_module_takes_the_limit(estate: Estate) -> None:
    wish = {"name": "web", "servers": [{"name": "web1", "address": "10.20.0.21", "weight": 9}]}
    refused = estate.run(farm, max_impact="none", **wish)
    assert refused["transaction"]["state"] == "refused" and refused["farm"]["balance"] == "round_robin"
    for impact in IMPACTS[1:]:
        assert "failed" not in estate.run(farm, max_impact=impact, **wish)


def test_of_thousands_of_steps_the_message_tells_the_first(estate: Estate) -> None:
    estate.wish(services(150))
    answer = estate.run(config={}, state="overridden", allow_empty=True, max_impact="drain")
    assert answer["msg"].startswith("150 steps disturb more than max_impact allows, nothing was changed\n")
    assert answer["msg"].endswith("and 50 more, see problems") and len(answer["problems"]) == 150


# --- deferring ---


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_deferred_wish_changes_nothing_on_the_host(estate: Estate, check_mode: bool) -> None:
    before = estate.state()
    wish = {"name": "web", "balance": "least_connections", "defer": True}
    first = estate.run(farm, _ansible_diff=True, _ansible_check_mode=check_mode, **wish)
    assert (first["changed"], first["steps"]) == (True, [])
    assert first["transaction"]["state"] == ("planned" if check_mode else "deferred")
    assert first["farm"]["balance"] == "least_connections"
    assert [entry["before_header"] for entry in first["diff"]] == ["intended: farms[web]"]
    assert estate.engine.held == before[1] and estate.recorded().farms["web"].balance == "round_robin"
    assert set(estate.system.files) - set(before[0]) == (set() if check_mode else {DEFERRED})
    second = estate.run(farm, **wish)
    assert second["transaction"]["state"] == ("deferred" if check_mode else "unchanged")
    assert second["changed"] == check_mode


@pytest.mark.parametrize("own", [None, {"farms": [{"name": "web6", "balance": "round_robin"}]}])
def test_the_next_run_applies_what_was_deferred_with_its_own_wish(estate: Estate, own: Any) -> None:
    estate.run(farm, name="web", balance="least_connections", defer=True)
    estate.run(config={"farms": [{"name": "web", "persistence_timeout": 60}]}, defer=True)
    assert estate.system.modes[DEFERRED] == 0o600
    arguments = {"config": own} if own else {}
    planned = estate.run(_ansible_check_mode=True, **arguments)
    answer = estate.run(**arguments)
    assert (planned["steps"], planned["objects"]) == (answer["steps"], answer["objects"])
    assert answer["transaction"]["state"] == "applied"
    assert answer["objects"]["farms"]["changed"] == (2 if own else 1)
    held = estate.recorded().farms
    assert (held["web"].balance, held["web"].persistence_timeout) == ("least_connections", 60)
    assert held["web6"].balance == ("round_robin" if own else None)
    assert list(estate.system.files) == [PATH]
    assert not estate.run()["changed"]


def test_a_deferred_wish_is_validated_with_all_that_was_deferred_before(estate: Estate) -> None:
    service = {"name": "shop", "vip": "public", "port": 443, "farm": "shop"}
    early = estate.run(config={"virtual_servers": [service]}, defer=True)
    assert [problem["path"] for problem in early["problems"]] == ["virtual_servers[shop].farm"]
    assert DEFERRED not in estate.system.files
    assert estate.run(farm, name="shop", defer=True)["changed"]
    assert estate.run(config={"virtual_servers": [service]}, defer=True)["changed"]
    assert "shop" in estate.run()["steps"][0]["subject"]


def test_what_was_deferred_is_not_held_to_the_limit_again(estate: Estate) -> None:
    estate.run(config={}, state="overridden", allow_empty=True, defer=True)
    assert set(estate.engine.held) == {"web", "web6"}
    assert estate.run()["impact"] == "reset" and estate.engine.held == {}


def test_deferred_wishes_that_cancel_each_other_are_forgotten(estate: Estate) -> None:
    before = estate.state()
    estate.run(farm, name="web", balance="least_connections", defer=True)
    estate.run(farm, name="web", balance="round_robin", defer=True)
    assert not estate.run()["changed"]
    assert estate.state() == before


@pytest.mark.parametrize("spoiled", ["check", "apply", "limit"])
def test_what_was_deferred_waits_for_the_next_try(
    estate: Estate, monkeypatch: pytest.MonkeyPatch, spoiled: str
) -> None:
    estate.run(farm, name="web", balance="least_connections", defer=True)
    before = estate.state()
    with monkeypatch.context() as patch:

        def refuse(*_arguments: Any) -> None:
            raise EngineFault("the engine broke")

        if spoiled == "apply":
            patch.setattr(estate.engine, "apply", refuse)
        elif spoiled == "check":
            patch.setattr(estate.engine, "check", lambda *_arguments: [Problem("virtual_servers[web]", "is refused")])
        answer = estate.run(max_impact="none" if spoiled == "limit" else "failover")
    assert answer["transaction"]["state"] == ("restored" if spoiled == "apply" else "refused")
    assert estate.state() == before
    assert estate.run()["transaction"]["state"] == "applied"
    assert estate.recorded().farms["web"].balance == "least_connections" and list(estate.system.files) == [PATH]


def test_a_run_that_died_after_it_recorded_does_not_take_its_wish_back(estate: Estate) -> None:
    """Between the record and the removal of what was deferred."""
    estate.run(farm, name="web", balance="least_connections", defer=True)
    left = estate.system.files[DEFERRED]
    estate.run(farm, name="web", persistence_timeout=60)
    estate.system.files[DEFERRED] = left
    assert not estate.run(_ansible_check_mode=True)["changed"]
    assert DEFERRED in estate.system.files
    assert not estate.run()["changed"] and DEFERRED not in estate.system.files
    assert estate.recorded().farms["web"].persistence_timeout == 60


def test_a_damaged_file_of_deferred_wishes_is_an_error_that_names_it(estate: Estate) -> None:
    estate.system.files[DEFERRED] = "{"
    answer = estate.run()
    assert answer["failed"] and DEFERRED in answer["msg"] and "remove it" in answer["msg"]


# --- the diff ---


def test_one_change_among_many_is_read_at_once(estate: Estate) -> None:
    estate.wish(services(100))
    wish = services(100)
    wish["farms"][42]["servers"][3]["weight"] = 7
    answer = estate.run(config=wish, state="overridden", _ansible_diff=True, _ansible_check_mode=True)
    assert [entry["before_header"] for entry in answer["diff"]] == [
        "intended: farms[farm42]",
        "memory: virtual server service42",
    ]
    text = CallbackBase()._get_diff(answer["diff"][:1])
    changed = [line for line in text.splitlines() if line.startswith(("+ ", "- "))]
    assert changed == [
        '-  - {"name": "server3", "address": "10.20.1.4", "weight": 1}',
        '+  - {"name": "server3", "address": "10.20.1.4", "weight": 7}',
    ]
    assert len(text.splitlines()) == 12


def test_a_server_that_is_added_is_one_line(estate: Estate) -> None:
    estate.wish(services(1))
    more = {"farms": [{"name": "farm0", "servers": [{"name": "server99", "address": "10.20.1.99"}]}]}
    answer = estate.run(config=more, _ansible_diff=True)
    changed = [line for line in CallbackBase()._get_diff(answer["diff"][:1]).splitlines() if line[:3] in ("+  ", "-  ")]
    assert changed == ['+  - {"name": "server99", "address": "10.20.1.99"}']
