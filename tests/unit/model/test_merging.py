# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The laws of merged, replaced, overridden and deleted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.merging import (
    deleted,
    keeping_states,
    merged,
    overridden,
    replaced,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.conftest import at_most
from ansible_collections.evenkeel.lb.tests.unit.configurations import any_documents, pair, pair_document

configurations = any_documents().map(Configuration.from_document)
NOTHING = Configuration()


def farm(**fields: Any) -> Configuration:
    return Configuration.from_document({"farms": [{"name": "web", **fields}]})


def service(**fields: Any) -> Configuration:
    return Configuration.from_document({"virtual_servers": [{"name": "web", **fields}]})


@given(configurations, configurations)
@at_most(25)
def test_merged(base: Configuration, wish: Configuration) -> None:
    once = merged(base, wish)
    assert merged(once, wish) == once
    assert merged(base, NOTHING) == base == merged(base, base)
    assert merged(NOTHING, wish) == wish
    for kind in KINDS:
        assert set(once.of(kind)) == {*base.of(kind), *wish.of(kind)}
        for name in set(base.of(kind)) - set(wish.of(kind)):
            assert once.of(kind)[name] == base.of(kind)[name]


@given(configurations)
@at_most(25)
def test_an_object_of_which_nothing_new_is_said_stays_the_same_one(base: Configuration) -> None:
    again = merged(base, Configuration.from_document(base.document()))
    assert all(again.of(kind)[name] is thing for kind in KINDS for name, thing in base.of(kind).items())


@given(configurations, configurations)
@at_most(25)
def test_merged_says_all_that_the_wish_says(base: Configuration, wish: Configuration) -> None:
    after = merged(base, wish).document()
    for kind, things in wish.document().items():
        held = {thing["name"]: thing for thing in after[kind]}
        assert all(is_said_in(thing, held[thing["name"]]) for thing in things)


def is_said_in(wish: dict[str, Any], held: dict[str, Any]) -> bool:
    """Whether all set fields of a wish are held, in the objects it holds too."""
    for name, value in wish.items():
        if isinstance(value, dict):
            if not is_said_in(value, held[name]):
                return False
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            members = {member["name"]: member for member in held[name]}
            if not all(is_said_in(member, members[member["name"]]) for member in value):
                return False
        elif held[name] != value:
            return False
    return True


@given(configurations, configurations)
@at_most(25)
def test_replaced(base: Configuration, wish: Configuration) -> None:
    once = replaced(base, wish)
    assert replaced(once, wish) == once == merged(once, wish)
    assert replaced(merged(base, wish), wish) == once
    assert replaced(base, NOTHING) == base
    for kind in KINDS:
        expected = {**base.of(kind), **wish.of(kind)}
        assert dict(once.of(kind)) == expected


@given(configurations, configurations)
@at_most(25)
def test_overridden(base: Configuration, wish: Configuration) -> None:
    assert overridden(base, wish) == wish
    assert overridden(merged(base, wish), wish) == wish == overridden(overridden(base, wish), wish)


@given(configurations, configurations)
@at_most(25)
def test_deleted(base: Configuration, wish: Configuration) -> None:
    try:
        rest = deleted(base, wish)
    except InvalidConfiguration as refused:
        kept = {kind: set(base.of(kind)) - set(wish.of(kind)) for kind in KINDS}
        used = {f"{reference.target}[{reference.name}]" for reference in base.references()}
        assert {problem.path for problem in refused.problems} <= used
        assert any(kept.values())
    else:
        assert deleted(rest, wish) == rest
        for kind in KINDS:
            expected = {name: thing for name, thing in base.of(kind).items() if name not in wish.of(kind)}
            assert dict(rest.of(kind)) == expected
        assert not [problem for problem in all_problems(rest) if problem.missing]
    assert deleted(base, base) == NOTHING
    assert deleted(base, NOTHING) == base


def test_unset_keeps_and_empty_clears() -> None:
    base = pair()
    assert merged(base, farm()).farms["web"].servers == base.farms["web"].servers
    assert merged(base, farm(servers=[])).farms["web"].servers == ()
    assert replaced(base, farm()).farms["web"].servers is None
    assert replaced(base, farm(servers=[])).farms["web"].servers == ()
    assert farm() != farm(servers=[])


def test_merged_adds_members_and_changes_those_that_are_there() -> None:
    after = merged(pair(), farm(servers=[{"name": "web2", "weight": 5}, {"name": "web0", "address": "10.20.0.20"}]))
    assert [(server.name, server.port, server.weight) for server in after.farms["web"].servers] == [
        ("web0", None, None),
        ("web1", None, None),
        ("web2", 8080, 5),
    ]
    assert after.farms["web"].balance == pair().farms["web"].balance


@pytest.mark.parametrize(
    ("before", "wish", "after"),
    [
        ({"vip": "public", "port": 80}, {"ports": [80, 443]}, {"vip": "public", "ports": ["80", "443"]}),
        ({"vip": "public", "ports": [80, 443]}, {"port": 80}, {"vip": "public", "port": 80}),
        ({"vip": "public", "port": 80}, {"fwmark": 7}, {"fwmark": 7}),
        ({"fwmark": 7}, {"vip": "public", "port": 80}, {"vip": "public", "port": 80}),
        ({"fwmark": 7}, {"vip": "public"}, {"vip": "public"}),
        ({"placement": {"device": "a"}}, {"placement": {"cloud_service": "b"}}, {"placement": {"cloud_service": "b"}}),
        ({"placement": {"device": "a"}}, {"placement": {"device": "b"}}, {"placement": {"device": "b"}}),
    ],
)
def test_what_excludes_another_field_takes_its_place(before: Any, wish: Any, after: Any) -> None:
    assert merged(service(**before), service(**wish)) == service(**after)


def test_what_stays_keeps_what_it_names() -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        deleted(pair(), farm())
    assert [problem.path for problem in refused.value.problems] == ["farms[web]"]
    assert "virtual_servers[web].farm" in refused.value.problems[0].message
    both = Configuration.from_document({"farms": [{"name": "web"}], "virtual_servers": [{"name": "web"}]})
    rest = deleted(pair(), both)
    assert (sorted(rest.farms), sorted(rest.virtual_servers)) == (["web6"], ["web6"])
    assert deleted(pair(), Configuration.from_document({"farms": [{"name": "gone"}]})) == pair()


def test_a_wish_and_a_base_are_never_changed_in_place() -> None:
    base, wish = pair(), farm(balance="maglev")
    for change in (merged, replaced, overridden):
        change(base, wish)
    assert (base, wish) == (Configuration.from_document(pair_document()), farm(balance="maglev"))


def test_a_server_stays_drained_until_a_wish_says_its_state() -> None:
    before = farm(
        servers=[
            {"name": "a", "state": "drained"},
            {"name": "b", "state": "disabled"},
            {"name": "c", "state": "drained"},
        ]
    )
    wish = farm(servers=[{"name": "a", "weight": 3}, {"name": "b", "state": "enabled"}, {"name": "new"}])
    for state in (replaced, overridden):
        after = keeping_states(before, state(before, wish))
        assert [(server.name, server.state, server.weight) for server in after.farms["web"].servers or ()] == [
            ("a", "drained", 3),
            ("b", "enabled", None),
            ("new", None, None),
        ]
    assert keeping_states(before, farm()) == farm()
    assert keeping_states(before, NOTHING) == NOTHING


@given(configurations, configurations)
@at_most(25)
def test_states_are_kept_and_nothing_else(before: Configuration, wish: Configuration) -> None:
    after = keeping_states(before, wish)
    assert keeping_states(before, after) == after
    assert merged(after, wish) == after
    assert keeping_states(NOTHING, wish) == wish == keeping_states(wish, wish)
