# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a wish changes, counted; wishes that remove too much; and secrets that come back masked."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Server
from ansible_collections.evenkeel.lb.plugins.module_utils._model.guards import changes, nothing_wished, refusals
from ansible_collections.evenkeel.lb.plugins.module_utils._model.lists import Nested, ObjectList
from ansible_collections.evenkeel.lb.plugins.module_utils._model.merging import merged
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import MASK, options, serialise
from ansible_collections.evenkeel.lb.plugins.module_utils._model.secrets import secrets_in, unmasked
from ansible_collections.evenkeel.lb.tests.conftest import at_most
from ansible_collections.evenkeel.lb.tests.unit.configurations import any_documents

configurations = any_documents().map(Configuration.from_document)


def shown(configuration: Configuration) -> dict[str, list[dict[str, Any]]]:
    """As people see it."""
    return {kind: [serialise(thing, hide_secrets=True) for thing in configuration.of(kind).values()] for kind in KINDS}


@given(configurations, configurations)
@at_most(25)
def test_counts_add_up(before: Configuration, after: Configuration) -> None:
    there, back = changes(before, after), changes(before=after, after=before)
    for kind, change in there.items():
        assert len(change.added) + change.before - len(change.removed) == back[kind].before
        assert (change.added, change.changed, change.removed) == (
            back[kind].removed, back[kind].changed, back[kind].added
        )  # fmt: skip
    assert any(change.added or change.changed or change.removed for change in there.values()) == (before != after)


@given(configurations, configurations)
@at_most(25)
def test_servers_are_counted_each(before: Configuration, after: Configuration) -> None:
    was, is_ = ({(farm, one.name): one for farm, one in servers(side)} for side in (before, after))
    change = changes(before, after)["servers"]
    assert change.before == len(was)
    assert change.added == tuple(sorted("/".join(name) for name in is_.keys() - was.keys()))
    assert change.removed == tuple(sorted("/".join(name) for name in was.keys() - is_.keys()))
    assert change.changed == tuple(sorted("/".join(one) for one in was.keys() & is_.keys() if was[one] != is_[one]))


def servers(configuration: Configuration) -> list[tuple[str, Server]]:
    return [(name, server) for name, farm in configuration.farms.items() for server in farm.servers or ()]


@given(configurations, configurations, st.integers(0, 100))
@at_most(25)
def test_only_what_goes_is_refused(before: Configuration, after: Configuration, limit: int) -> None:
    assert refusals(before, before, limit) == []
    added = merged(before, after)
    assert {problem.path for problem in refusals(before, added, 0)} <= {
        kind for kind, change in changes(before, added).items() if change.removed
    } | {f"farms[{name}].servers" for name in before.farms}
    lost = {
        kind for kind, change in changes(before, after).items() if len(change.removed) * 100 > limit * change.before
    }
    assert lost <= {problem.path for problem in refusals(before, after, limit)}
    assert [problem for problem in refusals(before, after, 100) if problem.path in changes(before, after)] == []


def test_who_loses_too_much_is_told_what() -> None:
    before = Configuration.from_document({"farms": [{"name": name} for name in ("a", "b", "c")]})
    after = Configuration.from_document({"farms": [{"name": "c"}]})
    assert refusals(before, after, purge_limit=67) == []
    (refusal,) = refusals(before, after, purge_limit=66)
    assert (refusal.path, refusal.message) == ("farms", "would lose 2 of 3 recorded: a, b")


def test_a_wish_for_nothing_is_told_what_it_would_remove() -> None:
    assert nothing_wished(Configuration()).message == "is empty; nothing is recorded that it would remove"
    document = {"farms": [{"name": "web", "servers": [{"name": "a"}, {"name": "b"}]}]}
    assert nothing_wished(Configuration.from_document(document)).message == (
        "is empty; would remove all that is recorded: 1 farm (web), 2 servers (web/a, web/b)"
    )


def test_a_farm_that_stays_is_not_emptied() -> None:
    document = {"farms": [{"name": "web", "servers": [{"name": "a"}, {"name": "b"}]}]}
    before = Configuration.from_document(document)
    after = Configuration.from_document({"farms": [{"name": "web"}]})
    (problem,) = refusals(before, after, 100)
    assert (problem.path, problem.message) == ("farms[web].servers", "would lose all 2 servers: a, b")


def test_no_secret_is_inside_another_object() -> None:
    """Or masks and secrets in there would be missed."""
    for kind in KINDS.values():
        for name, option in options(kind).items():
            if isinstance(option.type, (Nested, ObjectList)):
                assert not any(inner.secret for inner in options(option.type.kind).values()), name


@given(configurations)
@at_most(25)
def test_what_is_shown_means_what_it_was_shown_of(configuration: Configuration) -> None:
    given_back = Configuration.from_document(shown(configuration))
    assert unmasked(configuration, given_back) == (configuration, [])
    hidden = [name for name, group in configuration.ha_groups.items() if group.password is not None]
    _same, problems = unmasked(Configuration(), given_back)
    assert sorted(problem.path for problem in problems) == [f"ha_groups[{name}].password" for name in sorted(hidden)]


def test_a_masked_secret_is_the_one_that_is_recorded_or_a_problem() -> None:
    group = {
        "name": "front",
        "virtual_router_id": 51,
        "members": [{"name": "lb1"}],
        "password": "s3cret",
    }
    recorded = Configuration.from_document({"ha_groups": [group, {**group, "name": "plain", "password": None}]})
    given_back = Configuration.from_document(shown(recorded))
    assert given_back != recorded
    assert unmasked(recorded, given_back) == (recorded, [])
    nowhere = Configuration.from_document({"ha_groups": [{**group, "password": None}]})
    for base in (Configuration(), nowhere):
        _same, [problem] = unmasked(base, given_back)
        assert problem.path == "ha_groups[front].password"


@given(configurations)
@at_most(25)
def test_every_secret_of_a_document_is_found_and_no_mask_of_one(configuration: Configuration) -> None:
    passwords = {group.password for group in configuration.ha_groups.values() if group.password is not None}
    assert set(secrets_in(configuration.document())) == passwords
    assert set(secrets_in([{"anything": (configuration.document(),)}, 3])) == passwords
    assert set(secrets_in(shown(configuration))) == set()


def test_a_secret_is_found_in_a_document_that_is_wrong() -> None:
    document = {"ha_groups": {"main": {"password": 12345}}, "farms": [{"password": ["x"]}, {"password": MASK}]}
    assert set(secrets_in(document)) == {"12345", "['x']"}
