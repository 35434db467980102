# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters lb_report and lb_report_text: the verdict, HA groups and topology across directors, and how they are told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.filter.lb_report import lb_report
from ansible_collections.evenkeel.lb.plugins.filter.lb_report_html import lb_report_html
from ansible_collections.evenkeel.lb.plugins.filter.lb_report_text import lb_report_text
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._info import Asked, gathered
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.contract.strategies import carried_documents
from ansible_collections.evenkeel.lb.tests.unit import audits, configurations
from ansible_collections.evenkeel.lb.tests.unit.audits import difference, info, pair, server, virtual_server
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem
from ansible_collections.evenkeel.lb.tests.unit.test_info import applied, look


def made(results: dict[str, Any]) -> dict[str, Any]:
    return lb_report(results, audits.GENERATED)


def group_of(results: dict[str, Any]) -> tuple[str, str]:
    """What is wrong with the only HA group of the results."""
    (group,) = made(results)["ha_groups"]
    return group["problem"], group["message"]


WEIGHT = difference("farms[web].servers[web1]", "weight", "1", "5")


@pytest.mark.parametrize(
    ("result", "verdict", "message"),
    [
        (info(), "clean", ""),
        (info(drift=[WEIGHT]), "drifted", ""),
        ({"drift": []}, "clean", ""),
        ({"unreachable": "no route to host"}, "unreachable", "no route to host"),
        ({"failed": "no such file"}, "failed", "no such file"),
        ({"unreachable": True, "msg": "no route to host", "changed": False}, "unreachable", "no route to host"),
        ({"failed": True, "msg": "no such file", "drift": []}, "failed", "no such file"),
        ({"failed": True}, "failed", ""),
    ],
)
def test_the_verdict_of_a_director(result: dict[str, Any], verdict: str, message: str) -> None:
    report = made({"lb1": result})
    assert report["directors"] == {"lb1": {"verdict": verdict, "message": message}}
    assert report["verdict"] == verdict
    assert report["counts"][verdict] == report["counts"]["directors"] == 1


@pytest.mark.parametrize(
    ("results", "verdict", "summary"),
    [
        (pair(), "clean", "2 directors without drift"),
        (
            {**pair(), "lb2": info("lb2", "backup", drift=[WEIGHT])},
            "drifted",
            "1 of 2 directors drifted with 1 difference",
        ),
        (
            {"lb1": info(drift=[WEIGHT] * 2), "lb2": {"unreachable": "x"}},
            "unreachable",
            "1 of 2 directors unreachable, 1 drifted with 2 differences",
        ),
        ({"lb1": {"failed": "x"}, "lb2": {"unreachable": "x"}}, "failed", "1 of 2 directors failed, 1 unreachable"),
    ],
)
def test_the_worst_director_makes_the_verdict(results: dict[str, Any], verdict: str, summary: str) -> None:
    report = made(results)
    assert (report["verdict"], report["summary"]) == (verdict, summary)


def test_each_difference_is_there_with_its_director() -> None:
    report = made({"lb2": info("lb2", "backup", drift=[WEIGHT]), "lb1": info()})
    assert report["findings"]["drift"] == [{"director": "lb2", **WEIGHT}]
    assert report["counts"]["drift"] == 1


@pytest.mark.parametrize(
    ("first", "second", "problem", "message"),
    [
        ("master", "backup", "", ""),
        ("master", "master", "two_masters", "lb1 and lb2 are master at the same time"),
        ("backup", "backup", "no_master", "no director is master"),
        ("fault", "stopped", "no_master", "no director is master"),
        ("master", "fault", "not_ready", "cannot take over: lb2 (fault)"),
        ("unknown", "master", "not_ready", "cannot take over: lb1 (unknown)"),
    ],
)
def test_an_ha_group_is_judged_across_its_directors(first: str, second: str, problem: str, message: str) -> None:
    results = {"lb1": info("lb1", first), "lb2": info("lb2", second)}
    assert group_of(results) == (problem, message)
    report = made(results)
    assert [group["name"] for group in report["findings"]["ha_groups"]] == (["front"] if problem else [])
    # It is no drift, whatever the directors make of it.
    assert report["verdict"] == "clean"


def test_a_silent_director_may_be_dead_and_one_that_was_not_asked_may_be_master() -> None:
    backup = info("lb1", "backup")
    assert group_of({"lb1": backup, "lb2": {"unreachable": "x"}}) == (
        "no_master",
        "no director is master; lb2 did not answer",
    )
    assert group_of({"lb1": backup}) == ("", "")
    assert made({"lb1": backup})["ha_groups"][0]["absent"] == ["lb2"]


def test_groups_of_other_pairs_are_others_and_a_new_member_joins_its_own() -> None:
    other = ("edge1", "edge2")
    results = {
        "edge1": info("edge1", "master", members=other),
        "edge2": info("edge2", "backup", members=other),
        "lb1": info("lb1", "master"),
        "lb2": info("lb2", "backup"),
    }
    groups = made(results)["ha_groups"]
    assert [[member["director"] for member in group["members"]] for group in groups] == [list(other), ["lb1", "lb2"]]
    assert not any(group["problem"] for group in groups)
    # The run that told the others of lb3 has not reached lb2.
    three = ("lb1", "lb2", "lb3")
    results = {
        "lb1": info("lb1", "master", members=three),
        "lb2": info("lb2", "backup"),
        "lb3": info("lb3", "master", members=three),
    }
    assert group_of(results) == ("two_masters", "lb1 and lb3 are master at the same time")


def test_servers_and_virtual_servers_that_are_down_are_there_once() -> None:
    def services(state: str) -> list[dict[str, Any]]:
        servers = [
            server("web1", "10.20.0.21", health="down"),
            server("web2", "10.20.0.22", state="drained", health="down"),
        ]
        return [virtual_server(name, "10.10.0.50", "web", servers, state) for name in ("www", "api")]

    report = made({"lb1": info(services=services("down")), "lb2": info("lb2", "backup", services("missing"))})
    assert report["findings"]["virtual_servers"] == [
        {"name": name, "state": state, "sorry_server": False, "directors": [director]}
        for name in ("api", "www")
        for state, director in (("down", "lb1"), ("missing", "lb2"))
    ]
    assert report["findings"]["servers"] == [
        {
            "farm": "web",
            "name": "web1",
            "address": "10.20.0.21",
            "port": 80,
            "directors": ["lb1", "lb2"],
            "virtual_servers": ["api", "www"],
        }
    ]
    assert report["attention"] == "4 virtual servers down, 1 server down"


def test_what_a_pair_holds_alike_is_drawn_once_with_both_states() -> None:
    services = [virtual_server("www", "10.10.0.50", "web", [server("web1", "10.20.0.21")])]
    results = pair(services=services)
    results["lb2"] = copy.deepcopy(results["lb2"])
    results["lb2"]["virtual_servers"][0]["servers"][0]["health"] = "down"
    results["lb2"]["virtual_servers"][0]["state"] = "down"
    results["lb1"]["drift"] = [WEIGHT, difference("vips[www]", "address", "10.10.0.50/24", "")]
    (vip,) = made(results)["topology"]
    assert vip == {
        "vip": "10.10.0.50",
        "names": ["www"],
        "ha_groups": ["front"],
        "drift": ["lb1"],
        "virtual_servers": [
            {
                "name": "www",
                "engine": "keepalived",
                "endpoints": ["tcp 80"],
                "states": {"lb1": "up", "lb2": "down"},
                "drift": [],
                "farm": {"name": "web", "drift": []},
                "servers": [
                    {
                        "name": "web1",
                        "address": "10.20.0.21",
                        "port": 80,
                        "states": {"lb1": "up", "lb2": "down"},
                        "drift": ["lb1"],
                    }
                ],
            }
        ],
    }


def test_what_directors_hold_differently_is_drawn_for_each() -> None:
    results = {
        "lb1": info(services=[virtual_server("www", "10.10.0.50", "web", [server("web1", "10.20.0.21")])]),
        "lb2": info("lb2", "backup", [virtual_server("www", "10.10.0.50", "web", [])]),
    }
    (vip,) = made(results)["topology"]
    assert [list(service["states"]) for service in vip["virtual_servers"]] == [["lb1"], ["lb2"]]


def test_troubled_vips_come_first_and_marked_packets_find_theirs() -> None:
    marked = virtual_server("marked", "", "web", [])
    marked["services"] = [{"address": "", "port": 0, "protocol": "", "fwmark": 7, "family": "ipv4"}]
    alone = {**copy.deepcopy(marked), "name": "alone"}
    services = [
        marked,
        alone,
        virtual_server("ten", "10.10.0.10", "web", []),
        virtual_server("nine", "10.10.0.9", "web", []),
        virtual_server("sick", "10.10.0.99", "web", [], "degraded"),
    ]
    result = info(services=services)
    result["config"]["virtual_servers"] = [{"name": "marked", "vip": "www"}]
    topology = made({"lb1": result})["topology"]
    assert [vip["vip"] for vip in topology] == ["10.10.0.99", "10.10.0.9", "10.10.0.10", "10.10.0.50", ""]
    assert topology[3]["virtual_servers"][0]["endpoints"] == ["mark 7 ipv4"]


def test_the_text_begins_with_the_verdict_and_tells_each_finding() -> None:
    results = audits.estate(2)
    assert lb_report_text(made(results)).splitlines() == [
        "FAILED: 1 of 4 directors failed, 1 unreachable, 1 drifted with 4 differences (2026-11-28T10:00:00Z)",
        "ATTENTION: 1 HA group in trouble, 2 servers down, 1 certificate about to expire within 30 days",
        "lb3: unreachable: Failed to connect to the host via ssh: connect to host lb3 port 22: No route to host",
        "lb4: failed: /etc/evenkeel/lb.json is not readable: line 7, column 3: unexpected end",
        "lb1: farms[farm0].servers[web0-1] weight: 1 → 5 (the next run repairs it; only new connections notice)",
        "lb1: vips[www] address: 10.10.0.50/24 → nothing (the next run adds it; no connection is touched)",
        "lb1: virtual_servers[service1] lb.conf: intended (the next run changes it; only new connections notice)",
        "    virtual_server 10.10.0.50 80 {",
        "        lvs_sched rr",
        "        persistence_timeout 300",
        "    }",
        "  running",
        "    virtual_server 10.10.0.50 80 {",
        "        lvs_sched wlc",
        "        persistence_timeout 300",
        "    }",
        "lb1: net.ipv4.ip_forward value: 1 → 0 (the next run is refused until somebody puts this right)",
        "HA group front: lb1 and lb2 are master at the same time",
        "server web1-0 (10.20.1.20:8080) of farm farm1: down on lb2",
        "server web1-1 (10.20.1.21:8080) of farm farm1: down on lb1, lb2",
        "certificate www (/CN=www.example): expires at 2026-12-01T00:00:00Z, in 2 days on lb2",
    ]
    assert lb_report_text(made(pair())) == "CLEAN: 2 directors without drift (2026-11-28T10:00:00Z)"


def test_the_text_says_how_a_virtual_server_is_down() -> None:
    services = [virtual_server(name, "10.10.0.50", "web", [], "down") for name in ("www", "api")]
    services[1]["sorry_server"] = True
    services.append(virtual_server("gone", "10.10.0.50", "web", [server("web1", "fd10::1", health="down")], "missing"))
    assert lb_report_text(made({"lb1": info(services=services)})).splitlines()[2:] == [
        "virtual server api: down, the sorry server answers on lb1",
        "virtual server gone: not running on lb1",
        "virtual server www: down, no server takes connections on lb1",
        "server web1 ([fd10::1]:80) of farm web: down on lb1",
    ]


@given(document=carried_documents())
def test_what_lb_info_tells_is_what_a_report_takes(document: dict[str, Any]) -> None:
    director = FakeDirector()
    director.keepalived.start()
    applied(director, document)
    report = made({"lb1": look(director)})
    assert report["verdict"] == "clean"
    drawn = [service["name"] for vip in report["topology"] for service in vip["virtual_servers"]]
    assert sorted(drawn) == sorted(service["name"] for service in document["virtual_servers"])
    assert {vip["address"].split("/")[0] for vip in document["vips"]} <= {vip["vip"] for vip in report["topology"]}
    assert {group["name"] for group in report["ha_groups"]} == {group["name"] for group in document["ha_groups"]}
    assert lb_report_html(report)


def test_what_lb_info_tells_of_an_emptied_kernel_is_drift() -> None:
    host, engine = FakeSystem(), MemoryEngine()
    reconcile(host, [engine], lambda _recorded: configurations.pair())
    engine.held.clear()
    found, _warnings = gathered(host, [engine], Asked())
    report = made({"lb1": found})
    assert report["summary"] == "1 of 1 director drifted with 2 differences"
    assert [service["state"] for service in report["findings"]["virtual_servers"]] == ["missing", "missing"]
    assert "(the next run adds it; no connection is touched)" in lb_report_text(report)


@pytest.mark.parametrize(
    ("results", "generated", "message"),
    [
        ([], audits.GENERATED, "allowed: a mapping of the names of directors to results of lb_info"),
        ({}, audits.GENERATED, "no director was audited"),
        ({1: info()}, audits.GENERATED, "is no such mapping"),
        ({"lb1": None}, audits.GENERATED, "None is no result of director lb1"),
        ({"lb1": {"config": {}}}, audits.GENERATED, "the result of director lb1 has no drift"),
        ({"lb1": {"failed": False, "msg": "x"}}, audits.GENERATED, "the result of director lb1 has no drift"),
        (pair(), "today", "'today' is not a moment"),
    ],
)
def test_what_is_no_audit_is_refused(results: Any, generated: str, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        lb_report(results, generated)
    assert message in str(refused.value)


@pytest.mark.parametrize("value", [None, [], {}, info()])
def test_the_text_of_no_report_is_refused(value: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="is no report; allowed: what the filter lb_report gives"):
        lb_report_text(value)


# --- certificates ---


@pytest.mark.parametrize(
    ("end", "days", "state", "left", "words"),
    [
        ("2026-11-28T09:59:59Z", 30, "expired", -1, "expired since 2026-11-28T09:59:59Z"),
        ("2026-11-28T09:59:59Z", 0, "expired", -1, "expired since 2026-11-28T09:59:59Z"),
        ("2026-11-28T10:00:00Z", 30, "expiring", 0, "expires at 2026-11-28T10:00:00Z, today"),
        ("2026-11-29T11:00:00Z", 30, "expiring", 1, "expires at 2026-11-29T11:00:00Z, in 1 day"),
        ("2026-12-28T09:59:59Z", 30, "expiring", 29, "expires at 2026-12-28T09:59:59Z, in 29 days"),
        ("2027-01-28T10:00:00Z", "90", "expiring", 61, "expires at 2027-01-28T10:00:00Z, in 61 days"),
    ],
)
def test_a_certificate_that_ends_soon_is_warned_of_and_is_no_drift(
    end: str, days: Any, state: str, left: int, words: str
) -> None:
    told = audits.certificate("www", end)
    report = lb_report(pair(certificates=[told]), audits.GENERATED, days)
    assert report["findings"]["certificates"] == [
        {
            "name": "www",
            "part": "certificate",
            "subject": "/CN=www.example",
            "not_after": end,
            "days_left": left,
            "state": state,
            "directors": ["lb1", "lb2"],
            "virtual_servers": ["www"],
            "farms": [],
        }
    ]
    assert (report["verdict"], report["summary"]) == ("clean", "2 directors without drift")
    within = f"about to expire within {days} days"
    assert report["attention"] == f"1 certificate {'expired' if state == 'expired' else within}"
    assert f"certificate www (/CN=www.example): {words} on lb1, lb2" in lb_report_text(report).splitlines()
    assert words in lb_report_html(report)


@pytest.mark.parametrize(
    ("end", "days"),
    [(None, 30), ("2026-12-28T10:00:00Z", 30), ("2026-11-28T10:00:00Z", 0), ("2036-01-01T00:00:00Z", 90)],
)
def test_a_certificate_that_is_valid_or_not_known_is_not_warned_of(end: str | None, days: int) -> None:
    report = lb_report(pair(certificates=[audits.certificate("www", end)]), audits.GENERATED, days)
    assert (report["findings"]["certificates"], report["attention"]) == ([], "")


def test_what_a_certificate_rests_on_is_warned_of_as_well() -> None:
    told = audits.certificate("www", "2027-12-28T10:00:00Z")
    told["ends"] += [
        audits.end("chain", "/CN=issuer", "2026-12-01T00:00:00Z"),
        audits.end("chain", "/CN=root", None),
        audits.end("authority", "/CN=clients", "2026-11-01T00:00:00Z"),
        audits.end("authority", "", "2026-12-02T00:00:00Z"),
    ]
    report = lb_report(pair(certificates=[told]), audits.GENERATED)
    assert [(one["name"], one["part"], one["subject"], one["state"]) for one in report["findings"]["certificates"]] == [
        ("www", "authority", "/CN=clients", "expired"),
        ("www", "chain", "/CN=issuer", "expiring"),
        ("www", "authority", "", "expiring"),
    ]
    assert report["attention"] == "1 certificate expired, 2 certificates about to expire within 30 days"
    lines = lb_report_text(report).splitlines()
    assert "certificate www, of its authorities (/CN=clients): expired since 2026-11-01T00:00:00Z on lb1, lb2" in lines
    assert "certificate www, of its chain (/CN=issuer): expires at 2026-12-01T00:00:00Z, in 2 days on lb1, lb2" in lines
    assert "certificate www, of its authorities: expires at 2026-12-02T00:00:00Z, in 3 days on lb1, lb2" in lines
    page = lb_report_html(report)
    assert "of its authorities" in page and "of its chain" in page and "its own" not in page


def test_certificates_that_are_not_there_or_not_known_are_warned_of() -> None:
    told = [
        {**audits.certificate("two", "2026-12-01T00:00:00Z"), "state": "missing"},
        {**audits.certificate("one", None), "state": "unknown"},
        audits.certificate("other", None),
    ]
    report = lb_report(pair(certificates=told), audits.GENERATED)
    assert [(one["name"], one["state"], one["days_left"]) for one in report["findings"]["certificates"]] == [
        ("two", "expiring", 2),
        ("one", "unknown", None),
        ("two", "missing", None),
    ]
    assert report["findings"]["certificates"][2] == {
        "name": "two", "part": "certificate", "subject": "", "not_after": None, "days_left": None, "state": "missing",
        "directors": ["lb1", "lb2"], "virtual_servers": ["www"], "farms": [],
    }  # fmt: skip
    assert report["attention"] == (
        "1 certificate about to expire within 30 days, 1 certificate missing, 1 certificate not known"
    )
    lines = lb_report_text(report).splitlines()
    assert "certificate two: HAProxy runs without it on lb1, lb2" in lines
    assert "certificate one: not known, as HAProxy does not answer on lb1, lb2" in lines
    assert "HAProxy runs without it" in lb_report_html(report)
    assert report["verdict"] == "clean"


def test_certificates_that_directors_show_differently_are_told_apart() -> None:
    old, new = audits.certificate("www", "2026-11-01T00:00:00Z"), audits.certificate("www", "2026-12-01T00:00:00Z")
    results = {"lb1": info("lb1", certificates=[new]), "lb2": info("lb2", "backup", certificates=[old])}
    report = made(results)
    assert [(one["state"], one["directors"]) for one in report["findings"]["certificates"]] == [
        ("expired", ["lb2"]),
        ("expiring", ["lb1"]),
    ]
    assert report["attention"] == "1 certificate expired, 1 certificate about to expire within 30 days"
    assert report["counts"]["certificates"] == 2


@pytest.mark.parametrize("days", [-1, "x", 1.5, True, None, 100000, ""])
def test_a_number_of_days_that_is_none_is_refused(days: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="is no number of days"):
        lb_report(pair(), audits.GENERATED, days)
