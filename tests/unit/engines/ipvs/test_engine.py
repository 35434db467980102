# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ipvs engine as far as it is pure: what it compiles and plans. What it does to a kernel is in tests/contract."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import IMPACTS, Step
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.engine import (
    BOOT_RULES,
    Desired,
    IpvsEngine,
    Observed,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import render, replaced
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    DIRECT_ROUTE,
    FLAG_PERSISTENT,
    LOCAL,
    MASQUERADE,
    TCP,
    TUNNEL,
    UDP,
    Destination,
    Entry,
    Service,
    ServiceKey,
    Table,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration, Problem
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

WEB = ServiceKey.of_address(TCP, "10.10.0.50", 80)
WEB1 = {"name": "web1", "address": "10.20.0.21", "weight": 3}
WEB2 = {"name": "web2", "address": "10.20.0.22"}
ALIEN = (Service(ServiceKey.of_address(TCP, "192.0.2.9", 25), "rr"), [Destination("192.0.2.10", 25, MASQUERADE, 1)])


def document(*servers: dict[str, Any], **farm: Any) -> dict[str, Any]:
    virtual_server = {"name": "web", "vip": "10.10.0.50", "port": 80, "farm": "web", "engine": "ipvs"}
    return {"farms": [{"name": "web", "servers": list(servers), **farm}], "virtual_servers": [virtual_server]}


def compiled(*servers: dict[str, Any], **farm: Any) -> Desired:
    return IpvsEngine().compile(Configuration.from_document(document(*servers, **farm)))


NOTHING = IpvsEngine().compile(Configuration())


def plan(desired: Desired, kernel: Table, owned: Desired, boot_rules: str | None = None) -> list[Step]:
    """The steps; the boot rules are those of the kernel unless given."""
    boot_rules = render(kernel) if boot_rules is None else boot_rules
    return IpvsEngine().plan(desired, Observed(kernel, boot_rules), owned)


def told(steps: list[Step]) -> list[tuple[str, str, str]]:
    return [(step.action, step.subject, step.impact) for step in steps if step.subject != BOOT_RULES]


@pytest.mark.parametrize(
    ("balance", "scheduler"),
    [
        ("round_robin", "rr"),
        ("weighted_round_robin", "wrr"),
        ("least_connections", "lc"),
        ("weighted_least_connections", "wlc"),
        ("source_hash", "sh"),
        ("maglev", "mh"),
    ],
)
def test_balance_is_a_scheduler(balance: str, scheduler: str) -> None:
    assert compiled(balance=balance).table[WEB].service == Service(WEB, scheduler).canonical()


@pytest.mark.parametrize(("mode", "forward"), [("nat", MASQUERADE), ("gateway", DIRECT_ROUTE), ("tunnel", TUNNEL)])
def test_mode_is_a_forwarding_method(mode: str, forward: int) -> None:
    assert compiled(WEB2, mode=mode).table[WEB].destinations == (Destination("10.20.0.22", 80, forward, 1),)


def test_a_drained_server_has_no_weight_and_a_disabled_one_is_absent() -> None:
    servers = compiled({**WEB1, "state": "drained"}, {**WEB2, "state": "disabled"}).table[WEB].destinations
    assert servers == (Destination("10.20.0.21", 80, MASQUERADE, 0),)


def test_persistence_has_a_timeout_and_a_netmask() -> None:
    service = compiled(persistence_timeout=300, persistence_netmask="255.255.255.0").table[WEB].service
    assert service == Service(WEB, "wlc", FLAG_PERSISTENT, 300, "255.255.255.0")
    assert compiled(persistence_timeout=300).table[WEB].service.netmask == "255.255.255.255"


def test_ipv6_and_udp_in_any_spelling() -> None:
    wish = document({"name": "a", "address": "FD20:0::0021"}, mode="nat")
    wish["virtual_servers"][0].update(vip="fd10:0::0050", port=53, protocol="udp")
    entry = Entry(
        Service(ServiceKey.of_address(UDP, "fd10::50", 53), "wlc").canonical(),
        (Destination("fd20::21", 53, MASQUERADE, 1),),
    )
    assert list(IpvsEngine().compile(Configuration.from_document(wish)).table.values()) == [entry]


def test_services_of_other_engines_are_not_ours() -> None:
    wish = document(WEB1)
    wish["virtual_servers"][0]["engine"] = "keepalived"
    assert IpvsEngine().compile(Configuration.from_document(wish)).table == Table()


def test_a_health_check_is_an_error_that_names_the_way_out() -> None:
    wish = {**document(WEB1, health_check="alive"), "health_checks": [{"name": "alive", "type": "tcp"}]}
    with pytest.raises(InvalidConfiguration) as caught:
        IpvsEngine().compile(Configuration.from_document(wish))
    assert caught.value.problems == (
        Problem(
            "health_checks[alive].type",
            "tcp cannot be done by engine ipvs",
            "engine: keepalived, or type: none",
        ),
    )


def test_a_new_virtual_server_is_one_step_with_all_its_servers() -> None:
    steps = plan(compiled(WEB1, WEB2), Table([ALIEN]), NOTHING)
    rules = (
        "-A -t 10.10.0.50:80 -s wlc\n"
        "-a -t 10.10.0.50:80 -r 10.20.0.21:80 -m -w 3\n"
        "-a -t 10.10.0.50:80 -r 10.20.0.22:80 -m -w 1\n"
    )
    assert steps == [
        Step("ipvs", "add", "virtual server web", "", rules, "none", WEB),
        Step("ipvs", "change", BOOT_RULES, "", rules, payload=frozenset({WEB})),
    ]


def test_what_runs_as_wanted_needs_no_step() -> None:
    wanted = compiled(WEB1, WEB2)
    assert plan(wanted, wanted.table, wanted) == []


def test_nothing_wanted_and_nothing_there_needs_no_step() -> None:
    assert IpvsEngine().plan(NOTHING, Observed(Table([ALIEN]), None), NOTHING) == []


def test_changes_of_one_wish_are_told_one_by_one() -> None:
    before = compiled(WEB1, WEB2)
    web3 = {"name": "web3", "address": "10.20.0.23"}
    after = compiled({**WEB1, "state": "drained"}, web3, balance="maglev")
    assert told(plan(after, before.table, before)) == [
        ("change", "virtual server web", "new_connections"),
        ("add", "server web3 of virtual server web", "new_connections"),
        ("change", "server web1 of virtual server web", "drain"),
        ("remove", "server web2 of virtual server web", "reset"),
    ]


def test_adding_or_editing_a_drained_server_disturbs_nobody() -> None:
    before = compiled(WEB1)
    after = compiled(WEB1, {**WEB2, "state": "drained"})
    assert told(plan(after, before.table, before)) == [("add", "server web2 of virtual server web", "none")]
    drained = compiled({**WEB1, "state": "drained"}, mode="gateway")
    running = compiled({**WEB1, "state": "drained"})
    assert told(plan(drained, running.table, running)) == [("change", "server web1 of virtual server web", "none")]


def test_only_what_we_own_is_removed() -> None:
    owned = compiled(WEB1)
    kernel = Table([ALIEN, *((entry.service, entry.destinations) for entry in owned.table.values())])
    steps = plan(NOTHING, kernel, owned)
    assert told(steps) == [("remove", "virtual server web", "reset")]
    assert [step.action for step in steps] == ["remove", "remove"]
    assert plan(NOTHING, Table([ALIEN]), owned) == []


def test_what_others_changed_is_repaired() -> None:
    wanted = compiled(WEB1, WEB2)
    service, (web1, _web2) = wanted.table[WEB]
    foreign = Destination("10.20.0.99", 80, LOCAL, 1)
    kernel = Table([(service._replace(scheduler="rr"), [web1._replace(weight=1), foreign])])
    steps = plan(wanted, kernel, wanted, render(wanted.table))
    assert told(steps) == [
        ("repair", "virtual server web", "new_connections"),
        ("repair", "server web1 of virtual server web", "new_connections"),
        ("repair", "server web2 of virtual server web", "new_connections"),
        ("repair", "server 10.20.0.99:80 of virtual server web", "reset"),
    ]
    assert "10.20.0.99" in steps[-1].before


def test_a_virtual_server_that_vanished_is_repaired_as_one() -> None:
    wanted = compiled(WEB1, WEB2)
    assert told(plan(wanted, Table(), wanted)) == [("repair", "virtual server web", "none")]


def test_a_virtual_server_that_something_else_put_there_is_taken_over() -> None:
    wanted = compiled(WEB1, WEB2)
    assert told(plan(wanted, wanted.table, NOTHING)) == [("add", "virtual server web", "none")]
    service, (web1, _web2) = wanted.table[WEB]
    assert told(plan(wanted, Table([(service, [web1._replace(weight=9)])]), NOTHING)) == [
        ("add", "virtual server web", "new_connections")
    ]


def test_boot_rules_are_repaired_when_they_say_something_else() -> None:
    wanted = compiled(WEB1)
    steps = plan(wanted, wanted.table, wanted, "-A -t 10.10.0.50:80 -s rr\n")
    assert [(step.action, step.subject, step.impact) for step in steps] == [("repair", BOOT_RULES, "none")]
    assert steps[0].before == "-A -t 10.10.0.50:80 -s rr\n"
    assert steps[0].after == render(wanted.table)


def test_boot_rules_go_with_a_virtual_server_that_vanished_before_it_was_removed() -> None:
    """As after a boot that did not load them."""
    owned = compiled(WEB1)
    steps = plan(NOTHING, Table(), owned, boot_rules=render(owned.table))
    assert [(step.action, step.subject) for step in steps] == [("remove", BOOT_RULES)]
    assert replaced(render(owned.table), steps[0].payload, Table()) == ""


def test_boot_rules_in_other_words_and_places_are_left_alone() -> None:
    wanted = compiled(WEB1)
    text = "--add-service -t 10.10.0.50:80\n# x\n-A -f 9 -s rr\n-a -t 10.10.0.50:80 -m -r 10.20.0.21:80 --weight=3\n"
    assert plan(wanted, wanted.table, wanted, text) == []


@pytest.mark.parametrize(("boot_rules", "action"), [(None, "add"), ("# none yet\n", "change")])
def test_new_boot_rules(boot_rules: str | None, action: str) -> None:
    wanted = compiled(WEB1)
    steps = IpvsEngine().plan(wanted, Observed(wanted.table, boot_rules), NOTHING)
    assert [step.action for step in steps if step.subject == BOOT_RULES] == [action]


def as_ipvs(configuration: dict[str, Any]) -> Desired:
    """What the engine makes of a random configuration when all of it is for ipvs."""
    for farm in configuration["farms"]:
        farm.pop("health_check", None)
    for virtual_server in configuration["virtual_servers"]:
        virtual_server["engine"] = "ipvs"
    return IpvsEngine().compile(Configuration.from_document(configuration))


@given(documents(), documents())
def test_any_plan_leads_to_a_state_that_needs_none(before: dict[str, Any], after: dict[str, Any]) -> None:
    owned, wanted = as_ipvs(before), as_ipvs(after)
    text = replaced(render(owned.table), set(owned.table), wanted.table)
    steps = plan(wanted, owned.table, owned)
    assume(steps)
    assert plan(wanted, wanted.table, wanted, text) == []
    assert all(step.impact in IMPACTS and step.before != step.after for step in steps if step.action != "add")
    assert not [step for step in steps if step.action == "repair"]


def host(*modules: str, loaded: tuple[str, ...] = ()) -> FakeSystem:
    """A host that could load ``modules`` and has ``loaded`` some; programs other than modprobe are missing."""
    system = FakeSystem()
    system.files = dict.fromkeys((f"/sys/module/{module}" for module in loaded), "")
    if "ip_vs" in loaded:
        system.files["/proc/net/ip_vs"] = ""
    system.programs["modprobe"] = lambda argv: Completed(0 if argv[-1] in modules else 1, "", "")
    return system


def test_a_host_with_all_modules_is_fine() -> None:
    assert IpvsEngine().check(compiled(WEB1), host("ip_vs", "ip_vs_wlc")) == []
    assert IpvsEngine().check(compiled(WEB1), host(loaded=("ip_vs", "ip_vs_wlc"))) == []
    assert IpvsEngine().check(NOTHING, host()) == []


def test_checking_loads_nothing() -> None:
    system = host("ip_vs", "ip_vs_wlc")
    IpvsEngine().check(compiled(WEB1), system)
    assert system.ran
    assert all("--dry-run" in argv for argv in system.ran)


def test_a_kernel_without_ipvs_is_a_problem() -> None:
    problems = IpvsEngine().check(compiled(WEB1), host())
    assert [problem.path for problem in problems] == ["virtual_servers[web].engine"]


def test_a_kernel_without_the_scheduler_is_a_problem_that_names_the_others() -> None:
    problems = IpvsEngine().check(compiled(WEB1, balance="maglev"), host("ip_vs_rr", "ip_vs_wrr", loaded=("ip_vs",)))
    assert problems == [
        Problem(
            "farms[web].balance",
            "'maglev' needs the scheduler mh, which this kernel has not",
            "round_robin, weighted_round_robin",
        )
    ]


def test_without_modprobe_the_kernel_has_the_last_word() -> None:
    assert IpvsEngine().check(compiled(WEB1), FakeSystem()) == []
