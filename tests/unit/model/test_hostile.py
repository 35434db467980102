# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever a document holds, it is valid or refused with problems that can be printed, in bounded time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration, Problem
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems, examine
from ansible_collections.evenkeel.lb.tests.conftest import at_most, soon
from ansible_collections.evenkeel.lb.tests.unit.configurations import any_documents, pair_document
from ansible_collections.evenkeel.lb.tests.unit.model.around import declared
from ansible_collections.evenkeel.lb.tests.unit.model.values import hostile

# Longer than any message with the fields of an object or the choices of a field; shorter than a page.
CHARACTERS = 700


def is_readable(problem: Problem) -> bool:
    text = str(problem)
    return text.isprintable() and 0 < len(text) <= CHARACTERS and bool(problem.path and problem.message)


def problems_of(document: Any) -> list[Problem]:
    """All that is wrong with a document; fails on any other exception and on messages a person could not read."""
    try:
        found = list(all_problems(Configuration.from_document(document)))
    except InvalidConfiguration as invalid:
        found = list(invalid.problems)
        str(invalid).encode("utf-8")
        assert found
        assert len(str(invalid)) <= 110 * CHARACTERS
    assert all(map(is_readable, found)), [problem for problem in found if not is_readable(problem)][:1]
    return found


@given(hostile)
@at_most(150)
def test_anything_for_a_document(document: Any) -> None:
    examine(document)
    assert problems_of(document) or document == {} or set(document) <= set(KINDS)


@given(st.fixed_dictionaries({}, optional={kind: hostile | st.lists(hostile, max_size=3) for kind in KINDS}))
@at_most(150)
def test_anything_for_objects(document: dict[str, Any]) -> None:
    problems_of(document)
    assert {problem.path.split("[")[0] for problem in problems_of(document)} <= set(KINDS)


def nodes(thing: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: the container and the key or position in it."""
    keys = list(thing) if isinstance(thing, dict) else range(len(thing)) if isinstance(thing, list) else ()
    return [(thing, key) for key in keys] + [place for key in keys for place in nodes(thing[key])]


@given(any_documents(), st.data())
@at_most(60)
def test_anything_anywhere_in_a_valid_document(document: dict[str, Any], data: st.DataObject) -> None:
    for _number in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(nodes(document)))
        container[key] = data.draw(hostile)
    problems_of(document)
    _configuration, found = examine(document)
    assert all(map(is_readable, found))
    assert found or not problems_of(document)


@given(any_documents(), hostile, st.data())
@at_most(40)
def test_a_field_that_is_not_there_is_named(document: dict[str, Any], value: Any, data: st.DataObject) -> None:
    things = [thing for kind in KINDS for thing in document[kind]]
    key = data.draw(st.text(max_size=70) | st.integers() | st.none() | st.floats() | st.binary(max_size=3))
    data.draw(st.sampled_from(things))[key] = value
    known = {path.rpartition(".")[2] for path in declared()} | {"members", "servers", "placement", "sorry_server"}
    if key not in known:
        assert any("is not a field of" in problem.message for problem in problems_of(document))


def nested(depth: int, wrap: Any) -> Any:
    thing: Any = wrap(None)
    for _level in range(depth):
        thing = wrap(thing)
    return thing


MEGABYTE = 2**20
HOSTILE_VALUES = {
    "1 MB of digits": "9" * MEGABYTE,
    "1 MB of zeros": "0" * MEGABYTE,
    "1 MB of dots": "." * MEGABYTE,
    "1 MB of colons": ":" * MEGABYTE,
    "1 MB of slashes": "/" * MEGABYTE,
    "1 MB of letters": "a" * MEGABYTE,
    "an address and 1 MB": "10.0.0." + "1" * MEGABYTE,
    "a prefix length of 1 MB": "10.0.0.1/" + "2" * MEGABYTE,
    "1 MB of surrogates": "\ud800" * MEGABYTE,
    "lone surrogate": "web\udcff",
    "controls": "\x00\x1b[2J\r\n\u2028\u202e",
    "1 MB of bytes": b"\xff" * MEGABYTE,
    "not a number": float("nan"),
    "infinite": float("-inf"),
    "a number of 5000 digits": 10**5000,
    "a negative number of 5000 digits": -(10**5000),
    "lists, 100000 deep": nested(100_000, lambda thing: [thing]),
    "mappings, 100000 deep": nested(100_000, lambda thing: {"servers": thing, "name": thing}),
    "5000 numbers": list(range(5_000)),
    "5000 keys": dict.fromkeys(map(str, range(5_000))),
}


@pytest.mark.parametrize("value", HOSTILE_VALUES.values(), ids=HOSTILE_VALUES)
def test_large_and_hostile_values_are_refused_soon_wherever_they_are(value: Any) -> None:
    with soon():
        assert problems_of(value)
        for kind in KINDS:
            assert problems_of({kind: value})
            assert problems_of({kind: [value]})
        assert problems_of(
            {"vips": [{"name": value, "address": value}], "farms": [{"name": "web", "servers": [value]}]}
        )
        for option in declared().values():
            try:
                option.type.parse(value)
            except BadValue as bad:
                assert f"{bad.message}{bad.allowed}".isprintable()
                assert len(bad.message) + len(bad.allowed) <= CHARACTERS
            else:
                # Many numbers may be ports, and many letters a cipher list up to its limit.
                assert isinstance(value, (list, str))


def test_many_wrong_references_do_not_each_name_all_there_is() -> None:
    document = pair_document()
    document["farms"] += [{"name": f"farm{number}"} for number in range(3000)]
    document["virtual_servers"] += [
        {"name": f"vs{number}", "vip": "public", "port": 1000 + number, "farm": f"gone{number}"}
        for number in range(3000)
    ]
    with soon():
        found = problems_of(document)
    assert len(found) == 3000 and all(problem.missing for problem in found)


def test_many_problems_make_a_short_text() -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        Configuration.from_document({"virtual_servers": [0] * 50_000})
    assert len(refused.value.problems) == 50_000
    assert str(refused.value).endswith("more")
