# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations: what they refuse, all at once, and how one wish changes the whole."""

from __future__ import annotations

import copy
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Farm, Server
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents, pair, pair_document


def changed(**edits):
    """The problems of the pair with fields set, like ``virtual_servers__0__port=99``."""
    document = pair_document()
    for where, value in edits.items():
        *path, last = (int(step) if step.isdigit() else step for step in where.split("__"))
        target = document
        for step in path:
            target = target[step]
        target[last] = value
    return all_problems(Configuration.from_document(document))


def test_the_pair_is_valid():
    assert all_problems(pair()) == ()


@given(documents())
def test_generated_configurations_are_valid_and_come_back_from_their_document(document):
    configuration = Configuration.from_document(document)
    assert all_problems(configuration) == ()
    assert Configuration.from_document(configuration.document()) == configuration


@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_lists_means_nothing(document, randomness: random.Random):
    shuffled = copy.deepcopy(document)
    for objects in shuffled.values():
        randomness.shuffle(objects)
        for thing in objects:
            for value in thing.values():
                if isinstance(value, list):
                    randomness.shuffle(value)
    assert Configuration.from_document(shuffled).document() == Configuration.from_document(document).document()


def test_every_wrong_field_is_reported_at_once_with_its_path():
    document = {
        "farms": [{"name": "web", "balance": "fastest", "servers": [{"name": "a", "address": "x", "port": 99999}]}],
        "virtual_servers": [{"name": "web", "colour": "red"}, 7],
        "pools": [],
    }
    with pytest.raises(InvalidConfiguration) as refused:
        Configuration.from_document(document)
    assert [problem.path for problem in refused.value.problems] == [
        "farms[web].balance",
        "farms[web].servers[a].address",
        "farms[web].servers[a].port",
        "pools",
        "virtual_servers[1]",
        "virtual_servers[web].colour",
    ]
    assert all(problem.allowed for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("edits", "paths"),
    [
        ({"virtual_servers__0__farm": "wbe"}, ["virtual_servers[web].farm"]),
        ({"virtual_servers__0__vip": "publik"}, ["virtual_servers[web].vip"]),
        ({"farms__0__health_check": "htp"}, ["farms[web].health_check"]),
        ({"vips__0__ha_group": "mian"}, ["vips[public].ha_group"]),
        (
            {"virtual_servers__1__vip": "10.10.0.50"},
            ["farms[web6].servers[web1].address", "virtual_servers[web6].port"],
        ),
        ({"farms__0__mode": "gateway"}, ["farms[web].servers[web2].port"]),
        ({"farms__0__mode": "tunnel"}, ["farms[web].servers[web2].port"]),
        (
            {"farms__0__servers__1__address": "10.20.0.21", "farms__0__servers__1__port": None},
            ["farms[web].servers[web2].address"],
        ),
        ({"farms__0__servers__0__address": "fd20::21"}, ["farms[web].servers[web1].address"]),
        ({"farms__0__persistence_netmask": "64"}, ["farms[web].persistence_netmask"] * 2),
        (
            {"farms__0__persistence_netmask": "64", "farms__0__persistence_timeout": 60},
            ["farms[web].persistence_netmask"],
        ),
        ({"health_checks__0__type": "tcp", "health_checks__0__uri": "/x"}, ["health_checks[http].uri"]),
        ({"ha_groups__0__member": "lb3"}, ["ha_groups[main].member"]),
        ({"ha_groups__0__members__1__priority": 150}, ["ha_groups[main].members[lb2].priority"]),
        (
            {"ha_groups__0__unicast": True},
            ["ha_groups[main].members[lb1].address", "ha_groups[main].members[lb2].address"],
        ),
        ({"ha_groups__0__advertised_vip": "other"}, ["ha_groups[main].advertised_vip"]),
        (
            {"vips__1__address": "10.10.0.50/32"},
            ["farms[web6].servers[web1].address", "vips[public6].address", "virtual_servers[web6].port"],
        ),
        ({"virtual_servers__0__port": None}, ["virtual_servers[web].port"]),
    ],
)
def test_what_is_wrong_between_objects(edits, paths):
    found = changed(**edits)
    assert [problem.path for problem in found] == paths
    assert all(problem.allowed for problem in found)


def test_a_router_id_is_used_once_on_an_interface():
    document = pair_document()
    document["ha_groups"].append({**document["ha_groups"][0], "name": "second"})
    assert [problem.path for problem in all_problems(Configuration.from_document(document))] == [
        "ha_groups[second].virtual_router_id"
    ]


def test_unset_fields_keep_what_was_recorded():
    configuration = pair().with_object("farms", Farm(name="web", balance="maglev"))
    assert configuration.farms["web"].balance == "maglev"
    assert configuration.farms["web"].servers == pair().farms["web"].servers
    assert configuration.farms["web"].mode is None


def test_a_list_of_servers_is_the_whole_list_and_those_that_stay_keep_their_fields():
    wish = Farm(name="web", servers=(Server(name="web2", weight=5),))
    assert pair().with_object("farms", wish).farms["web"].servers == (
        Server(name="web2", address="10.20.0.22", port=8080, weight=5),
    )


@given(documents(), documents())
def test_merging_twice_is_merging_once(first, second):
    base, wishes = Configuration.from_document(first), Configuration.from_document(second)
    once = base
    for farm in wishes.farms.values():
        once = once.with_object("farms", farm)
    twice = once
    for farm in wishes.farms.values():
        twice = twice.with_object("farms", farm)
    assert once == twice


def test_an_object_in_use_cannot_go_and_the_users_are_named():
    with pytest.raises(InvalidConfiguration, match=r"farms\[web\].*virtual_servers\[web\]\.farm"):
        pair().without_object("farms", "web")
    assert "http" not in pair().with_object("farms", Farm(name="x")).without_object("health_checks", "gone").farms
    freed = pair().without_object("virtual_servers", "web").without_object("farms", "web")
    assert sorted(freed.farms) == ["web6"]


def test_one_server_is_added_changed_and_removed_alone():
    drained = pair().with_server("web", Server(name="web2", state="drained"))
    (service,) = [item for item in services(drained, "keepalived") if item.name == "web"]
    assert [(backend.name, backend.port, backend.weight) for backend in service.backends] == [
        ("web1", 80, 1),
        ("web2", 8080, 0),
    ]
    assert drained.with_server("web", Server(name="web2", state="enabled")).farms["web"].servers[1].port == 8080
    assert [server.name for server in drained.without_server("web", "web2").farms["web"].servers] == ["web1"]
    assert drained.without_server("nowhere", "web2") is drained
    with pytest.raises(InvalidConfiguration, match="there is no farm 'wbe'; allowed: web, most likely"):
        drained.with_server("wbe", Server(name="web2"))


def test_services_leave_out_what_is_disabled_or_not_there():
    document = pair_document()
    document["virtual_servers"][0]["enabled"] = False
    document["virtual_servers"][1]["farm"] = "not-yet"
    assert services(Configuration.from_document(document), "keepalived") == ()


def test_services_are_worked_out_once_and_are_no_part_of_the_configuration():
    configuration, same = pair(), pair()
    found = services(configuration, "keepalived")
    assert services(configuration, "keepalived") is found
    assert services(configuration, "ipvs") == ()
    assert configuration == same
    assert repr(configuration) == repr(same)
    changed = configuration.with_object("farms", Farm(name="web", balance="maglev"))
    assert services(changed, "keepalived") != found
    assert services(configuration, "keepalived") is found
