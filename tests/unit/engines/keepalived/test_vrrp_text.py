# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived is told of HA groups and VIPs, and what a change of it disturbs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import HEADER, parse
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.impact import impact_of_change
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.render import blocks, document
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.state import Observed
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.tracking_text import needs_restart
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.vrrp_text import masked
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import Table
from ansible_collections.evenkeel.lb.plugins.module_utils._model import vip
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import parse as parse_object
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.conftest import at_most
from ansible_collections.evenkeel.lb.tests.unit.model.values import some

MEMBERS = [
    {"name": "lb1", "priority": 150, "address": "10.10.0.11"},
    {"name": "lb2", "priority": 100, "address": "10.10.0.12"},
]
FRONT = {"name": "front", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": MEMBERS}
INSIDE = {"name": "inside", "virtual_router_id": 52, "interface": "eth2", "member": "lb1", "members": MEMBERS}
PUBLIC = {"name": "public", "address": "192.0.2.50/24", "ha_group": "front"}
PUBLIC6 = {"name": "public6", "address": "2001:db8::50/64", "ha_group": "front"}
GATEWAY = {"name": "gateway", "address": "10.20.0.254/24", "ha_group": "inside"}
PING = {"name": "gateway", "script": "/usr/bin/ping", "arguments": ["-c", 1, "-W", 1, "192.0.2.1"]}


def told(*groups: dict[str, Any], vips: tuple[dict[str, Any], ...] = (PUBLIC, PUBLIC6, GATEWAY)) -> dict[str, str]:
    names = {group["name"] for group in groups}
    document_ = {"ha_groups": list(groups), "vips": [vip for vip in vips if vip["ha_group"] in names]}
    configuration = Configuration.from_document(document_)
    assert not all_problems(configuration)
    return blocks(configuration)


def test_a_password_makes_it_version_2():
    text = told({**FRONT, "password": "s3c@re:t", "advert_interval": 2})["HA group front"]
    assert "    version 2\n    advert_int 2\n" in text
    assert '    authentication {\n        auth_type PASS\n        auth_pass "s3c@re:t"\n    }\n' in text
    assert "authentication" not in told(FRONT)["HA group front"]


def test_everything_tracked_is_defined_before_the_instance_and_has_no_weight():
    text = told({**FRONT, "tracked_scripts": [PING], "tracked_services": ["haproxy"], "tracked_interfaces": ["eth2"]})
    assert text["HA group front"].startswith(
        """\
vrrp_script front/gateway {
    script "/usr/bin/ping -c 1 -W 1 192.0.2.1"
    interval 1
    timeout 1
    rise 1
    fall 1
    user root root
}

vrrp_track_process front/haproxy {
    process haproxy
}

track_file front/away {
    file /etc/keepalived/evenkeel-front.away
    weight 1
}

vrrp_instance front {
"""
    )
    assert """\
    track_interface {
        eth2
    }
    track_process {
        front/haproxy
    }
    track_script {
        front/gateway
    }
    track_file {
        front/away
    }
    virtual_ipaddress {
""" in text["HA group front"]
    assert text["HA group front"].count("weight") == 1


def test_a_timeout_of_its_own_and_the_groups_own_interface():
    script = {**PING, "interval": 5, "timeout": 2, "rise": 3, "fall": 4}
    text = told({**FRONT, "tracked_scripts": [script], "tracked_interfaces": ["eth1"]})["HA group front"]
    assert "    interval 5\n    timeout 2\n    rise 3\n    fall 4\n" in text
    assert "track_interface" not in text


def test_groups_that_move_together():
    text = told({**FRONT, "sync_group": "nat"}, {**INSIDE, "sync_group": "nat"})
    assert text["sync group nat"] == "vrrp_sync_group nat {\n    group {\n        front\n        inside\n    }\n}\n"
    assert "evenkeel-inside.away\n    weight 0\n" in text["HA group inside"]


def test_a_sync_group_of_one_is_held_back():
    alone = {**FRONT, "sync_group": "nat"}
    assert list(told(alone)) == ["HA group front"]
    assert told(alone) == told(FRONT)
    assert list(told(alone, {**INSIDE, "sync_group": "nat"}, vips=(PUBLIC,))) == ["HA group front"]


def test_connections_are_told_on_the_groups_interface_by_its_number():
    text = told({**FRONT, "connection_sync": True}, INSIDE)["connection sync"]
    assert text == "global_defs {\n    lvs_sync_daemon eth1 inst front id 51\n}\n"
    assert "connection sync" not in told({**FRONT, "connection_sync": True}, INSIDE, vips=(GATEWAY,))


def test_a_label_and_an_interface_of_its_own():
    vips = (
        {**PUBLIC, "label": "eth1:web"},
        {
            "name": "other",
            "address": "192.0.2.51/32",
            "ha_group": "front",
            "interface": "eth3.7@x",
            "label": "eth3.7@x",
        },
    )
    text = told({**FRONT, "advertised_vip": "public"}, vips=vips)["HA group front"]
    assert "virtual_ipaddress {\n        192.0.2.50/24 dev eth1 label eth1:web\n    }\n" in text
    assert 'virtual_ipaddress_excluded {\n        192.0.2.51/32 dev "eth3.7@x" label "eth3.7@x"\n    }\n' in text


def test_a_vip_without_a_group_is_an_address_of_its_own():
    alone = {"name": "alone", "address": "2001:db8:1::9/64", "interface": "eth3"}
    labelled = {"name": "labelled", "address": "192.0.2.9/24", "interface": "eth3", "label": "eth3:9"}
    held = blocks(Configuration.from_document({"vips": [alone, labelled]}))
    assert held == {
        "VIP alone": "static_ipaddress {\n    2001:db8:1::9/64 dev eth3 preferred_lft 0\n}\n",
        "VIP labelled": "static_ipaddress {\n    192.0.2.9/24 dev eth3 label eth3:9\n}\n",
    }
    assert impact_of_change("VIP alone", "", held["VIP alone"]) == "none"
    assert impact_of_change("VIP alone", held["VIP labelled"], held["VIP alone"]) == "reset"
    assert impact_of_change("VIP alone", held["VIP alone"], "") == "reset"


@pytest.mark.parametrize(
    ("before", "after", "impact"),
    [
        ({}, {"tracked_interfaces": ["eth2"]}, "failover"),
        ({}, {"tracked_scripts": [PING]}, "failover"),
        ({"tracked_scripts": [PING]}, {}, "failover"),
        ({}, {"password": "s3cret"}, "failover"),
        ({"password": "s3cret"}, {"password": "other"}, "failover"),
        ({}, {"advertised_vip": "public6"}, "failover"),
        ({"tracked_scripts": [PING]}, {"tracked_scripts": [PING]}, "none"),
    ],
)
def test_what_a_change_of_a_group_disturbs(before, after, impact):
    subject = "HA group front"
    assert impact_of_change(subject, told({**FRONT, **before})[subject], told({**FRONT, **after})[subject]) == impact


def test_a_hold_to_follow_comes_without_a_failover() -> None:
    """As it does where an older release wrote the file."""
    after = told(FRONT)["HA group front"]
    definition = "track_file front/away {\n    file /etc/keepalived/evenkeel-front.away\n    weight 1\n}\n\n"
    reference = "    track_file {\n        front/away\n    }\n"
    before = after.replace(definition, "").replace(reference, "")
    assert before.count("track_file") == 0
    assert impact_of_change("HA group front", before, after) == "none"
    assert impact_of_change("HA group front", before, after.replace("priority 150", "priority 9")) == "failover"


def test_the_first_process_to_be_tracked_needs_a_restart_that_is_told_as_what_it_is():
    without, with_one = told(FRONT), told({**FRONT, "tracked_services": ["haproxy"]})
    with_two = told({**FRONT, "tracked_services": ["haproxy", "bird"]})
    assert needs_restart(document(without), document(with_one))
    assert not needs_restart(document(with_one), document(with_two))
    assert not needs_restart(document(with_two), document(without))
    assert impact_of_change("HA group front", "", with_one["HA group front"]) == "failover"
    assert impact_of_change("HA group front", "", without["HA group front"]) == "none"


def test_what_a_change_beside_the_groups_disturbs():
    together = told({**FRONT, "sync_group": "nat"}, {**INSIDE, "sync_group": "nat", "connection_sync": True})
    assert impact_of_change("sync group nat", "", together["sync group nat"]) == "failover"
    assert impact_of_change("sync group nat", together["sync group nat"], "") == "failover"
    assert impact_of_change("connection sync", "", together["connection sync"]) == "none"
    assert impact_of_change("connection sync", together["connection sync"], "") == "none"


def test_a_vip_that_only_changes_its_label_or_leaves_is_cut_and_one_that_comes_is_not():
    def text(*vips: dict[str, Any]) -> str:
        return told({**FRONT, "advertised_vip": "public"}, vips=(PUBLIC, *vips))["HA group front"]

    other = {"name": "other", "address": "192.0.2.51/24", "ha_group": "front"}
    assert impact_of_change("HA group front", text(), text(other)) == "none"
    assert impact_of_change("HA group front", text(other), text({**other, "label": "eth1:x"})) == "reset"
    assert impact_of_change("HA group front", text(other), text()) == "reset"
    assert impact_of_change("HA group front", "rubbish\n", text()) == "failover"


ONE_LINE = "authentication { auth_type PASS auth_pass hunter2 }\n"


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("", 'auth_pass "s3cret"\n', ("", "auth_pass ********\n")),
        ('auth_pass "s3cret"\n', "", ("auth_pass ********\n", "")),
        ('auth_pass "s3cret"\n', 'auth_pass "s3cret"\n', ("auth_pass ********\n", "auth_pass ********\n")),
        ('auth_pass "s3cret"\n', 'auth_pass "other"\n', ("auth_pass ********\n", "auth_pass ******** (changed)\n")),
        (ONE_LINE, "", ("authentication { auth_type PASS auth_pass ********\n", "")),
        ('"auth_pass"\thunter2\n', "", ('"auth_pass"\t********\n', "")),
    ],
)
def test_passwords_are_stars_that_tell_whether_they_changed(before, after, shown):
    assert masked(before, after) == shown


@given(st.from_regex(r"[A-Za-z0-9._+:@=,-]{6,8}", fullmatch=True), st.sampled_from(["add", "change", "remove", "edit"]))
def test_no_step_of_the_engine_holds_the_password(password, way):
    engine = KeepalivedEngine()
    document_ = {"ha_groups": [{**FRONT, "password": password}], "vips": [PUBLIC]}
    with_password = engine.compile(Configuration.from_document(document_))
    other = engine.compile(
        Configuration.from_document({"ha_groups": [{**FRONT, "password": "other-1"}], "vips": [PUBLIC]})
    )
    nothing = engine.compile(Configuration())
    edited = f"auth_pass {password}\n{HEADER}"
    ways = {
        "add": (with_password, HEADER, {}),
        "change": (other, HEADER, with_password.blocks),
        "remove": (nothing, HEADER, with_password.blocks),
        "edit": (with_password, edited, {**with_password.blocks, "stray": f"auth_pass {password} # mine\n"}),
    }
    desired, header, held = ways[way]
    steps = engine.plan(desired, Observed(header, dict(held), True, Table()), nothing)
    assert steps
    assert all(password not in f"{step.subject}{step.before}{step.after}" for step in steps)
    assert any("auth_pass" in step.before + step.after for step in steps)
    assert all(step.before != step.after for step in steps)


# Characters that keepalived's parser gives a meaning to somewhere, and what ends a line.
LIVE = "!#@$~\"'{}\\\n\r\t\x00\u2028 ;`<>|&"
_hostile = st.text(st.sampled_from(LIVE + "aZ0./-_"), min_size=1, max_size=20)


def vrrp_documents() -> st.SearchStrategy[dict[str, Any]]:
    """HA groups and VIPs with values as their fields take them, or with hostile text in place of some."""
    group = some(
        vip.HaGroup, "interface", "password", "sync_group", "tracked_interfaces", "tracked_services", "advertised_vip"
    )
    script = some(vip.TrackedScript, "name", "script", "arguments", "interval", "timeout", "rise", "fall")
    address = some(vip.Vip, "interface", "label")
    fields = st.fixed_dictionaries({"group": group, "script": script, "vip": address})
    spoilt = st.tuples(fields, st.sampled_from(["group", "script", "vip"]), _hostile, st.integers(0, 9)).map(_spoil)
    return fields | spoilt


def _spoil(drawn: tuple[dict[str, Any], str, str, int]) -> dict[str, Any]:
    parts, kind, text, number = drawn
    names = sorted(parts[kind])
    if names:
        name = names[number % len(names)]
        parts[kind][name] = [text] if isinstance(parts[kind][name], list) else text
    return parts


@given(vrrp_documents())
@at_most(300)
def test_no_value_breaks_out_of_its_place(parts):
    """Whatever the fields let through stays on its line and between its quotes, so the lines have the same shape as
    with harmless values."""
    problems: list[Any] = []
    script = parse_object(vip.TrackedScript, {"name": "s", "script": "/bin/true", **parts["script"]}, "s", problems)
    group = parse_object(vip.HaGroup, {**FRONT, **parts["group"], "name": "front"}, "g", problems)
    address = parse_object(vip.Vip, {**PUBLIC, **parts["vip"]}, "v", problems)
    if problems or script.name is None:
        assert all(str(problem).isprintable() for problem in problems)
        return
    raw = {"ha_groups": [{**FRONT, **parts["group"], "tracked_scripts": [parts["script"] | {"name": script.name}]}]}
    raw["ha_groups"][0]["tracked_scripts"][0].setdefault("script", "/bin/true")
    raw["vips"] = [{**PUBLIC, **parts["vip"]}]
    wanted = blocks(Configuration.from_document(raw))
    assert parse(document(wanted)) == (HEADER, wanted)
    assert address.ip and group.name
    for text in wanted.values():
        for line in text.split("\n"):
            assert line.isprintable() and len(line) < 1000
            assert line.count('"') in (0, 2, 4)
            for word in unquoted(line):
                assert re.fullmatch(r"[A-Za-z0-9._/:+-]+|[{}]", word), line
            for inside in re.findall(r'"([^"]*)"', line):
                assert re.fullmatch(r"[A-Za-z0-9._/:+@=,% -]*", inside), line


def unquoted(line: str) -> Iterator[str]:
    return (word for word in re.sub(r'"[^"]*"', " ", line).split() if word)
