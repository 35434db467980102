# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""That the random configurations of the proofs are what they should be: valid, and all that the engines can express."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.lists import Nested, ObjectList
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import Option, options
from ansible_collections.evenkeel.lb.tests.contract.edits import (
    ORDERED,
    Document,
    edited,
    mended,
    problems_of,
    shuffled,
)
from ansible_collections.evenkeel.lb.tests.contract.strategies import (
    LINUX_ENGINES,
    RANDOMS,
    Terms,
    any_document,
    carried_documents,
    raw_document,
)
from ansible_collections.evenkeel.lb.tests.unit.model.around import declared

ENOUGH = 700
# What is not drawn by value, and why.
NOT_DRAWN = {
    "certificate_profiles.description": "is of no virtual server of these engines",
    "certificate_profiles.expiration": "is of no virtual server of these engines",
    "certificate_profiles.tenant": "is of no virtual server of these engines",
    "farms.quorum": "is drawn to fit the weights",
    "farms.hysteresis": "is drawn to fit the quorum",
    "virtual_servers.engine": "is whom it is drawn for",
    "virtual_servers.health_check": "is for people and inventories",
    "virtual_servers.source_nat_pool": "belongs to the kind of source NAT",
}


@functools.cache
def drawn(engine: str) -> tuple[Document, ...]:
    random = Random(4)
    return tuple(any_document(random, [engine]) for _number in range(ENOUGH))


def said(kind: type, thing: dict[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    """Each field that is said and its canonical value."""
    for name, option in options(kind).items():
        if name not in thing:
            continue
        where = f"{path}.{name}"
        if isinstance(option.type, ObjectList):
            for item in thing[name]:
                yield from said(option.type.kind, item, where)
        elif isinstance(option.type, Nested):
            yield from said(option.type.kind, thing[name], where)
        else:
            yield where, option.type.parse(thing[name])


def wanted() -> Iterator[tuple[str, str, Option]]:
    for engine in LINUX_ENGINES:
        for path, option in declared().items():
            if path not in NOT_DRAWN and Terms([engine], {"linux": (6, 1), "keepalived": (2, 2, 7)}).bear(path):
                yield engine, path, option


@pytest.mark.parametrize(("engine", "path", "option"), list(wanted()), ids=lambda part: str(part)[:40])
def test_what_an_engine_can_express_is_drawn(engine: str, path: str, option: Option) -> None:
    seen = seen_values(engine)[path]
    terms = Terms([engine], {"linux": (6, 1), "keepalived": (2, 2, 7)})
    values = {option.type.parse(value) for value in terms.values(path, option)}
    carried = [kind for kind in ("ha_groups", "vips", "health_checks") if path.startswith(f"{kind}.")]
    assert seen or (carried and engine == "ipvs"), "never"
    assert not seen or values - set(seen) == set()


@functools.cache
def seen_values(engine: str) -> dict[str, Counter[Any]]:
    found: dict[str, Counter[Any]] = {path: Counter() for path in declared()}
    for document in drawn(engine):
        for kind, things in document.items():
            for thing in things:
                for path, value in said(KINDS[kind], thing, kind):
                    found[path][value] += 1
    return found


@given(RANDOMS, st.sampled_from([["ipvs"], ["keepalived"], ["keepalived", "ipvs"]]))
def test_whatever_is_drawn_or_edited_is_valid(random: Random, names: list[str]) -> None:
    document = any_document(random, names)
    assert problems_of(document) == []
    assert problems_of(edited(document, any_document(random, names), random)) == []


def test_what_is_mended_away_is_little() -> None:
    random = Random(4)
    documents = [raw_document(random, LINUX_ENGINES) for _number in range(200)]
    services = [sum(len(one["virtual_servers"]) for one in of) for of in (documents, list(map(mended, documents)))]
    assert services[1] > services[0] * 0.7
    assert services[1] / len(documents) > 2


@given(carried_documents(), RANDOMS)
def test_a_shuffled_document_says_the_same(document: Document, random: Random) -> None:
    other = shuffled(document, random)
    assert Configuration.from_document(other) == Configuration.from_document(document)
    assert flattened(other) == flattened(document)


def flattened(thing: Any, name: str = "") -> Any:
    """A document in which order means nothing, but where it does."""
    if isinstance(thing, dict):
        return {key: flattened(value, key) for key, value in sorted(thing.items())}
    if isinstance(thing, list) and name not in ORDERED:
        return sorted(map(repr, map(flattened, thing)))
    return thing
