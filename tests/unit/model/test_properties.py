# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every configuration: it comes back from its document, has one form, and its lists have no order."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import Option, parse, serialise
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import Problem
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.conftest import at_most
from ansible_collections.evenkeel.lb.tests.unit.configurations import any_documents
from ansible_collections.evenkeel.lb.tests.unit.model.around import declared
from ansible_collections.evenkeel.lb.tests.unit.model.values import some, value_of

# Of these the first is special, so that order means something.
ORDERED = ("arguments", "certificate_profiles")


def shuffled(document: dict[str, Any], randomness: random.Random) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    open_: list[Any] = [changed]
    while open_:
        thing = open_.pop()
        for name, value in thing.items():
            if isinstance(value, dict):
                open_.append(value)
            elif isinstance(value, list):
                open_.extend(item for item in value if isinstance(item, dict))
                if thing is changed or name not in ORDERED:
                    randomness.shuffle(value)
    return changed


@given(any_documents())
@at_most(60)
def test_a_configuration_is_valid_and_comes_back_from_disk_in_its_one_form(document):
    configuration = Configuration.from_document(document)
    assert not all_problems(configuration)
    canonical = configuration.document()
    again = Configuration.from_document(json.loads(json.dumps(canonical)))
    assert again == configuration
    assert again.document() == canonical


@given(any_documents(), st.randoms(use_true_random=False))
@at_most(60)
def test_the_order_of_lists_means_nothing(document, randomness):
    assert Configuration.from_document(shuffled(document, randomness)) == Configuration.from_document(document)


@given(any_documents(), st.data())
@at_most(60)
def test_problems_are_the_same_in_any_order_and_sorted(document, data):
    for _number in range(3):
        thing = data.draw(st.sampled_from([thing for kind in KINDS for thing in document[kind] if len(thing) > 1]))
        thing.pop(data.draw(st.sampled_from([name for name in thing if name != "name"])))
    found = all_problems(Configuration.from_document(document))
    assert [problem.path for problem in found] == sorted(problem.path for problem in found)
    assert len(set(found)) == len(found)
    mixed = shuffled(document, data.draw(st.randoms(use_true_random=False)))
    assert all_problems(Configuration.from_document(mixed)) == found


@pytest.mark.parametrize(("path", "option"), declared().items(), ids=lambda part: str(part)[:40])
@given(data=st.data())
@at_most(20)
def test_a_canonical_value_is_a_fixed_point(path: str, option: Option, data: st.DataObject):
    canonical = option.type.parse(data.draw(value_of(option.type)))
    written = json.loads(json.dumps(option.type.serialise(canonical)))
    assert option.type.parse(written) == canonical
    assert hash(canonical) is not None


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@at_most(20)
def test_an_object_comes_back_whatever_it_says_of_itself(kind: str, data: st.DataObject):
    scalars = [path.split(".")[1] for path in declared() if path.startswith(f"{kind}.") and path.count(".") == 1]
    problems: list[Problem] = []
    thing = parse(KINDS[kind], data.draw(some(KINDS[kind], *scalars)), kind, problems)
    assert problems == []
    again = parse(KINDS[kind], serialise(thing), kind, problems)
    assert (again, problems) == (thing, [])
    assert serialise(again) == serialise(thing)


def test_unset_is_not_said_and_empty_is():
    thing = parse(KINDS["farms"], {"name": "web", "balance": None, "servers": None}, "farms[web]", [])
    assert serialise(thing) == {"name": "web"}
    empty = parse(KINDS["farms"], {"name": "web", "servers": []}, "farms[web]", [])
    assert serialise(empty) == {"name": "web", "servers": []}
    assert empty != thing
