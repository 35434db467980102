# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each cell of each engine's capabilities on the engine: what it can compiles, what it cannot is exactly that error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import Engine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import (
    INFORMATIONAL,
    NOTHING_NEAR,
    Can,
    refusals,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.engine import NftablesEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import carriers
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import Choice
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.tests.conftest import at_most
from ansible_collections.evenkeel.lb.tests.unit.configurations import any_documents, documents
from ansible_collections.evenkeel.lb.tests.unit.model.around import around, companions, declared, put, samples, where

FIELDS = declared()
ENGINES = {engine.name: engine for engine in carriers()}


def carried(engine: Engine) -> Iterator[str]:
    """The fields of the kinds of objects that this engine makes something of."""
    kinds = {path.partition(".")[0] for path in engine.describe()}
    return (path for path in FIELDS if path.partition(".")[0] in kinds)


def cells() -> Iterator[tuple[str, str, Any]]:
    for engine in carriers():
        for path in carried(engine):
            for value in samples(path, FIELDS[path]) if path != "virtual_servers.engine" else (engine.name,):
                yield engine.name, path, value


CELLS = list(cells())


def declared_at(engine: Engine, path: str) -> str:
    """The field itself, or the outermost of the objects it is in that the engine does not know."""
    parts = path.split(".")
    outer = (".".join(parts[:length]) for length in range(2, len(parts)))
    return next((part for part in outer if part not in engine.describe()), path)


def nearest(engine: Engine, path: str, value: Any, said: dict[str, Any] | None = None) -> str | None:
    """What the engine is declared to offer instead; None when it can express the value, beside what else is said."""
    can = engine.describe().get(path)
    if path in INFORMATIONAL or any(path.startswith(f"{field}.") for field in INFORMATIONAL):
        return None
    if can is None:
        return NOTHING_NEAR
    canonical = FIELDS[path].type.parse(value)
    if can.expresses(canonical) and can.beside is not None:
        neighbour = f"{path.rpartition('.')[0]}.{can.beside.field}"
        fits = (said or {}).get(neighbour, FIELDS[neighbour].default) in can.beside.values
        return None if fits else can.beside.instead
    return None if can.expresses(canonical) else can.hint(canonical)


def refused(engine: Engine, document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    try:
        engine.compile(Configuration.from_document(document))
    except InvalidConfiguration as invalid:
        assert len({problem.path for problem in invalid.problems}) == len(invalid.problems)
        return {problem.path: (problem.message, problem.allowed) for problem in invalid.problems}
    return {}


def words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, (list, dict)) else str(value)


@pytest.mark.parametrize(("name", "path", "value"), CELLS, ids=lambda part: str(part)[:40])
def test_a_value_is_compiled_or_refused_with_what_is_nearest(name, path, value):
    engine = ENGINES[name]
    document = around(path, value, name)
    said = {**companions(path, value, name), path: value}
    beyond = [
        field
        for field in carried(engine)
        if said.get(field) is not None and nearest(engine, declared_at(engine, field), said[field], said) is not None
    ]
    found = refused(engine, document)
    assert set(found) == {where(document, declared_at(engine, field)) for field in beyond}
    if path in beyond:
        field = declared_at(engine, path)
        message, allowed = found[where(document, field)]
        assert message.endswith(f" cannot be done by engine {name}")
        assert allowed == nearest(engine, field, value, said)
        if FIELDS[path].secret:
            assert words(value) not in message
        elif field == path:
            assert message.startswith(words(value))


@pytest.mark.parametrize("name", ENGINES)
def test_capabilities_are_of_declared_fields_and_name_expressible_neighbours(name):
    capabilities = ENGINES[name].describe()
    containers = {path.rpartition(".")[0] for path in FIELDS}
    assert set(capabilities) - set(FIELDS) - containers == set()
    assert INFORMATIONAL - set(FIELDS) - containers == set()
    for path, can in capabilities.items():
        choices = FIELDS[path].type.choices if path in FIELDS and isinstance(FIELDS[path].type, Choice) else ()
        assert set(can.values or ()) <= set(choices) or not choices
        for value, near in can.nearest.items():
            assert not can.expresses(value) or value in can.since or value in PLACEHOLDERS.get(path, ())
            assert near not in choices or can.expresses(near)
            assert not choices or value in choices


@pytest.mark.parametrize("name", ENGINES)
def test_a_default_that_is_said_is_no_more_than_one_that_is_not(name):
    engine = ENGINES[name]
    # Parameters of a health check belong to types that the engine may not have; and a field of an object that it does
    # not know, such as an agent, says that object, which is more than a default.
    defaults = {
        path: FIELDS[path].type.serialise(FIELDS[path].default)
        for path in carried(engine)
        if FIELDS[path].default is not None and not path.startswith("health_checks.")
        if declared_at(engine, path) == path
    }
    assert defaults
    assert {path for path, value in defaults.items() if nearest(engine, path, value)} == set()


# An engine may name one neighbour for all values of a field, the expressible ones among them.
PLACEHOLDERS = {"health_checks.type": ("none",)}

# What an engine is told in these documents and rightly makes nothing of, and why.
WITHOUT_EFFECT = {
    "ha_groups.advertised_vip": "the group has one VIP only",
    "ha_groups.members.address": "is used in unicast groups only",
    "ha_groups.sync_group": "there is no other group to move with",
    "ha_groups.tracked_scripts.timeout=1": "is the interval",
    "health_checks": "ipvs bears checks of type none, which check nothing",
    "farms.health_check": "ipvs bears checks of type none, which check nothing",
    "farms.servers.health_check": "names the check that the farm names",
    "farms.persistence_timeout=0": "0 is unset",
    "health_checks.regex=False": "is unset",
    "vips.interface=eth1": "is the interface of the group",
    "virtual_servers.engine": "chose the engine",
    "virtual_servers.placement": "is for people and inventories",
    "virtual_servers.protocol=http": "is TCP at layer 4",
    "virtual_servers.protocol=https": "is TCP at layer 4",
    "virtual_servers.protocol=http2": "is TCP at layer 4",
    "virtual_servers.protocol=grpc": "is TCP at layer 4",
    "virtual_servers.type": "the farm's mode and the protocol say the same",
}
ONLY_IPVS = {"health_checks", "farms.health_check"}
OF_A_PROXY = {
    "certificate_profiles.type=client": "is a certificate like that of a server; who shows it makes the difference",
    "virtual_servers.source_nat_type=auto": "is what a proxy does without being asked",
}


def is_without_effect(engine: str, path: str, value: Any) -> bool:
    without = {*WITHOUT_EFFECT, *(OF_A_PROXY if engine == "haproxy" else ())}
    names = {path.rpartition(".")[0], path, f"{path}={value}"} & without
    return bool(names - (set() if engine == "ipvs" else ONLY_IPVS))


def effect(engine: Engine, document: dict[str, Any]) -> Any:
    """What the engine would hold, text where it has any, else the kernel's table; and the packets that are marked."""
    configuration = Configuration.from_document(document)
    try:
        compiled = engine.compile(configuration)
    except InvalidConfiguration as invalid:
        return str(invalid)
    marked = [service.marking for service in services(configuration, engine.name)]
    return (
        compiled.blocks if hasattr(compiled, "blocks") else compiled.table,
        marked,
        NftablesEngine().compile(configuration).ruleset,
    )


def heard() -> Iterator[tuple[str, str, Any]]:
    """The cells with a value that differs from the default and that the engine says it can express."""
    for name, path, value in CELLS:
        engine, option = ENGINES[name], FIELDS[path]
        lacking = nearest(engine, declared_at(engine, path), value, companions(path, value, name))
        expressed = lacking is None and path not in INFORMATIONAL
        differs = not option.required and option.type.parse(value) != option.default
        if expressed and differs and not is_without_effect(name, path, value):
            yield name, path, value


@pytest.mark.parametrize(("name", "path", "value"), list(heard()), ids=lambda part: str(part)[:40])
def test_what_can_be_expressed_is_not_dropped_in_silence(name, path, value):
    unsaid = around(path, value, name)
    put(unsaid, path, None)
    assert effect(ENGINES[name], around(path, value, name)) != effect(ENGINES[name], unsaid)


@given(documents(), st.sampled_from(["ipvs", "keepalived"]))
@at_most(40)
def test_what_every_engine_of_layer_4_can_carry_compiles(document, name):
    for service in document["virtual_servers"]:
        service["engine"] = name
    for farm in document["farms"]:
        if name == "ipvs":
            farm.pop("health_check", None)
    assert refused(ENGINES[name], document) == {}


@given(any_documents())
@at_most(40)
def test_whatever_is_asked_for_is_compiled_or_refused(document):
    configuration = Configuration.from_document(document)
    for engine in carriers():
        try:
            assert engine.compile(configuration) is not None
        except InvalidConfiguration as invalid:
            assert all(problem.allowed for problem in invalid.problems)


class Counted(list[Any]):
    """Values that are all there, and remember what was looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []

    def __contains__(self, value: object) -> bool:
        self.asked.append(value)
        return True


def test_what_is_not_said_and_has_no_default_is_not_looked_for() -> None:
    """None among the numbers of a long range takes as long as all other work of a run."""
    values = Counted()
    capabilities = {**ENGINES["haproxy"].describe(), "farms.persistence_timeout": Can(values=values)}
    farms = [{"name": "a"}, {"name": "b", "persistence_timeout": 60}]
    services = [{"name": farm["name"], "vip": "192.0.2.1", "port": 80, "farm": farm["name"]} for farm in farms]
    for service in services:
        service["engine"] = "haproxy"
    configuration = Configuration.from_document({"farms": farms, "virtual_servers": services})
    assert [problem for problem in refusals(configuration, "haproxy", capabilities) if "timeout" in problem.path] == []
    assert values.asked == [60]
