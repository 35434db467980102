# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule of HA groups and their VIPs: broken once, it is the one problem, at the field, with what to write."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import Problem
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems

MEMBERS = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
ADDRESSES = [{**member, "address": f"10.10.0.{n}"} for n, member in enumerate(MEMBERS, 11)]
ADDRESSES6 = [{**member, "address": f"fd10::{n}"} for n, member in enumerate(MEMBERS, 11)]
FRONT = {"name": "front", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": MEMBERS}
INSIDE = {"name": "inside", "virtual_router_id": 52, "interface": "eth2", "member": "lb1", "members": MEMBERS}
PUBLIC = {"name": "public", "address": "192.0.2.50/24", "ha_group": "front"}
PUBLIC6 = {"name": "a-public6", "address": "2001:db8::50/64", "ha_group": "front"}
SCRIPT = {"name": "gateway", "script": "/usr/local/sbin/gateway"}


def problems(front: dict[str, Any], inside: dict[str, Any] | None = None, *vips: dict[str, Any]) -> list[Problem]:
    groups = [{**FRONT, **front}, *([{**INSIDE, **inside}] if inside is not None else [])]
    return list(all_problems(Configuration.from_document({"ha_groups": groups, "vips": list(vips)})))


RULES = [
    (
        ({"password": "x"}, None, PUBLIC, PUBLIC6),
        "ha_groups[front].advertised_vip",
        "'a-public6' is an IPv6",
        "public,",
    ),
    (({"password": "x"}, None, PUBLIC6), "ha_groups[front].advertised_vip", "'a-public6' is an IPv6", "a VIP of IPv4"),
    (
        ({"password": "x", "unicast": True, "members": ADDRESSES6},),
        "ha_groups[front].members",
        "have IPv6 addresses beside a password",
        "IPv4",
    ),
    (
        ({"unicast": True, "members": ADDRESSES}, None, PUBLIC, PUBLIC6),
        "ha_groups[front].members",
        "have IPv4 addresses, and adverts carry the IPv6 VIP 'a-public6'",
        "an advertised_vip of IPv4",
    ),
    (
        ({}, None, {**PUBLIC, "label": "eth2:1"}),
        "vips[public].label",
        "'eth2:1' does not begin with eth1, the interface of the HA group",
        "eth1:1",
    ),
    (
        ({"sync_group": "nat"}, {"sync_group": "nat", "members": [MEMBERS[0], {"name": "lb2", "priority": 200}]}),
        "ha_groups[inside].members",
        "are in another order of priorities than those of HA group 'front'",
        "lb1 before lb2",
    ),
    (
        ({"sync_group": "nat"}, {"sync_group": "nat", "preempt": False}),
        "ha_groups[inside].preempt",
        "is not as in HA group 'front' of the same sync_group",
        "true",
    ),
    (
        ({"connection_sync": True}, {"connection_sync": True}),
        "ha_groups[inside].connection_sync",
        "HA group 'front' tells the connections of this director already",
        "one group",
    ),
    (
        ({"tracked_scripts": [{"name": "gateway"}]},),
        "ha_groups[front].tracked_scripts[gateway].script",
        "is missing",
        "a tracked script needs it: the program, run by root",
    ),
    (
        ({"member": None},),
        "ha_groups[front].member",
        "is missing",
        "an HA group needs it: which of the members this director is",
    ),
    (
        ({"tracked_scripts": [{**SCRIPT, "arguments": ["x" * 255] * 4}]},),
        "ha_groups[front].tracked_scripts[gateway].arguments",
        "make a command of 1047 characters",
        "at most 900",
    ),
]


@pytest.mark.parametrize(("wrong", "path", "message", "allowed"), RULES)
def test_a_broken_rule_is_the_one_problem(wrong, path, message, allowed):
    (found,) = problems(*wrong)
    assert (found.path, found.missing) == (path, False)
    assert message in found.message
    assert allowed in found.allowed


def test_a_director_that_is_another_member_in_each_group_is_told_so():
    (found,) = problems({"sync_group": "nat"}, {"sync_group": "nat", "member": "lb2"})
    assert (found.path, found.allowed) == ("ha_groups[inside].member", "lb1")


@pytest.mark.parametrize(
    "fine",
    [
        ({"password": "x", "advertised_vip": "public"}, None, PUBLIC, PUBLIC6),
        ({"password": "x", "unicast": True, "members": ADDRESSES}, None, PUBLIC),
        ({"unicast": True, "members": ADDRESSES6}, None, PUBLIC, PUBLIC6),
        ({"members": ADDRESSES}, None, PUBLIC6),
        ({"password": "x"},),
        ({}, None, {**PUBLIC, "label": "eth1"}),
        ({}, None, {**PUBLIC, "label": "eth2:1", "interface": "eth2"}),
        ({"sync_group": "nat"}, {"sync_group": "nat", "members": [{**MEMBERS[0], "priority": 101}, MEMBERS[1]]}),
        ({"sync_group": "nat"}, {"sync_group": "other", "preempt": False}),
        ({"connection_sync": True}, {"connection_sync": False}),
        ({"tracked_scripts": [{**SCRIPT, "arguments": ["x" * 255] * 3}], "tracked_services": ["haproxy"]},),
    ],
)
def test_what_only_looks_like_a_conflict_is_fine(fine):
    assert problems(*fine) == []
