# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters lb_validate and lb_normalize: all problems as data, or one canonical document."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.filter.lb_normalize import lb_normalize
from ansible_collections.evenkeel.lb.plugins.filter.lb_validate import lb_validate
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents, pair, pair_document
from ansible_collections.evenkeel.lb.tests.unit.model.values import hostile


class Vaulted:
    """A vaulted text as ansible-core before 2.19 puts it into variables: no str, but with a str inside."""

    __ENCRYPTED__ = True

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


def test_a_valid_configuration_has_no_problems() -> None:
    assert lb_validate(pair_document()) == []
    assert lb_validate({}) == []


def test_problems_are_data_with_a_path_each() -> None:
    document = pair_document()
    document["virtual_servers"][0]["farm"] = "wbe"
    del document["vips"][1]["ha_group"]
    first, second = lb_validate(document)
    assert first == {
        "path": "vips[public6].interface",
        "message": "is missing",
        "allowed": "an interface, or an ha_group that has one",
    }
    assert (second["path"], second["message"]) == ("virtual_servers[web].farm", "there is no farm 'wbe'")
    assert "web" in second["allowed"]


def test_fields_and_the_whole_are_told_all_at_once() -> None:
    document = pair_document()
    document["virtual_servers"][1]["farm"] = "wbe6"
    document["farms"][0]["servers"][0]["port"] = 0
    document["vips"][0]["address"] = "10.10.0.0/24"
    document["extra"] = []
    assert [problem["path"] for problem in lb_validate(document)] == [
        "extra",
        "farms[web].servers[web1].port",
        "vips[public].address",
        "virtual_servers[web6].farm",
    ]


def test_what_an_engine_cannot_do_is_told_unless_it_is_not_asked() -> None:
    document = pair_document()
    document["farms"][0]["balance"] = "url_hash"
    document["virtual_servers"][1] |= {"engine": "aloha", "farm": "wbe6"}
    problems = lb_validate(document)
    assert [problem["path"] for problem in problems] == [
        "farms[web].balance",
        "virtual_servers[web6].engine",
        "virtual_servers[web6].farm",
    ]
    assert problems[0]["message"] == "url_hash cannot be done by engine keepalived"
    assert problems[0]["allowed"] == "source_hash"
    assert lb_validate(document, engines=False) == [problems[2]]


@pytest.mark.parametrize("value", [None, True, 3, 1.5, "vips", b"vips", [], [{}], float("nan")])
def test_what_is_no_mapping_is_a_problem_like_any_other(value: Any) -> None:
    assert lb_validate(value) == [
        {"path": "configuration", "message": "is not a mapping", "allowed": ", ".join(KINDS)},
    ]


@given(hostile | st.dictionaries(st.sampled_from(sorted(KINDS)), hostile | st.lists(hostile, max_size=3)))
def test_nothing_is_raised_and_answers_are_plain_data(value: Any) -> None:
    problems = lb_validate(value)
    assert all(set(problem) == {"path", "message", "allowed"} for problem in problems)
    assert json.loads(json.dumps(problems)) == problems
    assert problems == lb_validate(value)


def test_depth_does_not_matter() -> None:
    value: Any = "text"
    for _level in range(100_000):
        value = [value]
    problems = lb_validate({"vips": [{"name": "a", "interface": "eth1", "address": value}]})
    assert [problem["path"] for problem in problems] == ["vips[a].address"]


@given(documents())
def test_valid_documents_become_canonical(document: dict[str, Any]) -> None:
    before = copy.deepcopy(document)
    canonical = lb_normalize(document)
    assert document == before
    assert lb_normalize(canonical) == canonical
    assert lb_validate(canonical) == []


@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_objects_does_not_matter(document: dict[str, Any], random: Any) -> None:
    shuffled = {kind: random.sample(items, len(items)) for kind, items in document.items()}
    assert lb_normalize(shuffled) == lb_normalize(document)


def test_normalizing_gives_what_the_model_keeps() -> None:
    document = pair_document()
    document["vips"][1]["address"] = "FD10:0:0::0050/64"
    document["vips"].reverse()
    assert lb_normalize(document) == pair().document()


def test_normalizing_says_all_that_is_wrong() -> None:
    document = pair_document()
    document["virtual_servers"][0]["farm"] = "wbe"
    document["virtual_servers"][1]["farm"] = "wbe6"
    with pytest.raises(AnsibleFilterError) as refused:
        lb_normalize(document)
    assert [line.partition("; allowed: ")[0] for line in str(refused.value).splitlines()] == [
        "the configuration has 2 problems:",
        "virtual_servers[web6].farm: there is no farm 'wbe6'",
        "virtual_servers[web].farm: there is no farm 'wbe'",
    ]
    del document["virtual_servers"][0]
    with pytest.raises(AnsibleFilterError, match=r"^the configuration has 1 problem:\nvirtual_servers\[web6\]"):
        lb_normalize(document)


def test_of_many_problems_the_first_hundred_are_said() -> None:
    document = {"farms": [{"name": f"farm{number}", "quorum": "none"} for number in range(150)]}
    assert len(lb_validate(document)) == 150
    with pytest.raises(AnsibleFilterError) as refused:
        lb_normalize(document)
    lines = str(refused.value).splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("the configuration has 150 problems:", 102, "and 50 more")


def test_vaulted_texts_are_read_and_never_told() -> None:
    document = pair_document()
    document["ha_groups"][0]["password"] = Vaulted("s3cret")
    assert lb_normalize(document)["ha_groups"][0]["password"] == "s3cret"
    document["ha_groups"][0]["password"] = Vaulted("s3cret that is too long")
    problems = lb_validate(document)
    assert [problem["path"] for problem in problems] == ["ha_groups[main].password"]
    assert "s3cret" not in str(problems)
