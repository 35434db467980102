# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes from a document that was found in a text so that it becomes valid: as little as can be, and told."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.found_validity import valid
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.reading import Findings, Place
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import examine
from ansible_collections.evenkeel.lb.tests.unit.configurations import any_documents, pair_document

ORIGINS = {"farms[web]": (Place(3), "virtual_server"), "farms[web].servers[web1]": (Place(7), "real_server")}


def made_valid(document: dict[str, Any]) -> tuple[dict[str, Any], list[tuple[int, str]]]:
    findings = Findings()
    found = valid(copy.deepcopy(document), ORIGINS, findings)
    return found, [(finding.place.line, finding.message.partition(":")[0]) for finding in findings.left_out]


def test_a_field_goes_alone() -> None:
    document = pair_document()
    document["farms"][0]["servers"][0]["weight"] = 70000
    document["farms"][0]["balance"] = "best"
    found, told = made_valid(document)
    assert found["farms"][0]["servers"][0] == {"name": "web1", "address": "10.20.0.21"}
    assert "balance" not in found["farms"][0]
    assert told == [(3, "farms[web].balance"), (7, "farms[web].servers[web1].weight")]


def test_a_member_goes_where_it_would_be_another_without_the_field() -> None:
    document = pair_document()
    document["farms"][0]["servers"][0]["address"] = "fd00::1"
    found, told = made_valid(document)
    assert [server["name"] for server in found["farms"][0]["servers"]] == ["web2"]
    assert told == [(7, "farms[web].servers[web1].address")]


def test_what_names_something_that_goes_follows() -> None:
    document = pair_document()
    document["vips"][0]["address"] = "0.0.0.0/0"
    found, told = made_valid(document)
    assert [one["name"] for one in found["virtual_servers"]] == ["web6"]
    assert [path for _line, path in told] == ["vips[public].address", "virtual_servers[web].vip"]


def test_two_problems_with_one_thing_take_it_once() -> None:
    """A farm behind two virtual servers has its problems twice."""
    document = pair_document()
    del document["farms"][1]
    document["virtual_servers"][1] = {"name": "alt", "vip": "public", "port": 81, "farm": "web"}
    document["farms"][0]["sorry_server"] = {"address": "fd00::1", "port": 0}
    document["farms"][0].update(persistence_timeout=9, persistence_netmask="64")
    document["farms"][0]["servers"][1].update(address="fd00::2", port=-1)
    found, _told = made_valid(document)
    farm = found["farms"][0]
    assert "sorry_server" not in farm and "persistence_netmask" not in farm
    assert [server["name"] for server in farm["servers"]] == ["web1"]
    assert len(found["virtual_servers"]) == 2


@pytest.mark.parametrize("kind, field", [("ha_groups", "members"), ("farms", "servers")])
def test_a_list_of_what_are_no_members_goes(kind: str, field: str) -> None:
    document = pair_document()
    document[kind][0][field] = ["1"]
    found, _told = made_valid(document)
    assert examine(found)[1] == ()
    assert field not in next(iter(found[kind]), {})


WRONG = st.sampled_from([None, "", "x y", -1, 70000, "192.0.2.0/24", "fd00::1", "10.0.0.1", ["1"], "other", True])


@given(any_documents(), st.data())
def test_whatever_is_wrong_with_it_it_becomes_valid(document: dict[str, Any], data: st.DataObject) -> None:
    things = [thing for kind in document for thing in document[kind]]
    things += [server for farm in document["farms"] for server in farm.get("servers", ())]
    things += [farm["sorry_server"] for farm in document["farms"] if "sorry_server" in farm]
    for _number in range(data.draw(st.integers(0, 6))):
        thing = data.draw(st.sampled_from(things))
        thing[data.draw(st.sampled_from([name for name in thing if name != "name"] or ["tenant"]))] = data.draw(WRONG)
    found, told = made_valid(document)
    assert examine(found)[1] == ()
    assert bool(told) == bool(examine(document)[1])


def test_a_problem_that_nothing_can_solve_is_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError, match="nothing that was found can go"):
        valid({"made_up": []}, {}, Findings())
