# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What configurations share because they have the same objects is what each of them alone comes to."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import Any

from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import refusals
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.engine import HaproxyEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.service_table import key_of
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.plugins.module_utils._model.slices import slices
from ansible_collections.evenkeel.lb.tests.contract.strategies import RANDOMS, any_document

CARRIERS = ["haproxy", "ipvs", "keepalived"]


def any_configuration(random: Random) -> Configuration:
    return Configuration.from_document(any_document(random, CARRIERS))


def mixed(random: Random, one: Configuration, other: Configuration) -> Configuration:
    """Objects of both, each the very same; of one kind or several, some change, come or go."""
    kinds: dict[str, Any] = {}
    for kind in random.sample(list(KINDS), random.choice([1, 1, 3])):
        both = {**one.of(kind), **{name: thing for name, thing in other.of(kind).items() if random.random() < 0.5}}
        kinds[kind] = {name: thing for name, thing in both.items() if random.random() < 0.8}
    return dataclasses.replace(one, **kinds)


def edited(random: Random, configuration: Configuration) -> Configuration:
    """With one server that has another weight, and all else the very same, as lb_server makes it."""
    farms = [farm for farm in configuration.farms.values() if farm.servers]
    if not farms:
        return configuration
    farm = random.choice(farms)
    server = random.choice(farm.servers)
    return configuration.with_server(farm.name, dataclasses.replace(server, weight=random.choice([0, 1, 7])))


def outcome(configuration: Configuration) -> list[Any]:
    """What each engine makes of a configuration, or all that it has against it."""
    found: list[Any] = []
    for engine in engines():
        found.append(refusals(configuration, engine.name, engine.describe()))
        try:
            found.append(engine.compile(configuration))
        except InvalidConfiguration as invalid:
            found.append(invalid.problems)
    return found


@given(RANDOMS)
def test_what_is_shared_is_what_is_worked_out_anew(random: Any) -> None:
    one, other = any_configuration(random), any_configuration(random)
    for configuration in (one, edited(random, one), mixed(random, one, other), mixed(random, one, other), one):
        anew = Configuration.from_document(configuration.document())
        assert outcome(configuration) == outcome(anew)


@given(RANDOMS)
def test_haproxy_claims_the_services_of_its_virtual_servers(random: Any) -> None:
    configuration = Configuration.from_document(any_document(random, ["haproxy"]))
    claims = {key_of(service) for service in services(configuration, "haproxy")}
    assert HaproxyEngine().compile(configuration).claims == claims


def test_only_what_an_edit_changes_is_worked_out_again() -> None:
    wish = {
        "farms": [{"name": name, "servers": [{"name": "s", "address": "192.0.2.9"}]} for name in ("a", "b")],
        "virtual_servers": [{"name": name, "vip": f"192.0.2.{ord(name)}", "port": 80, "farm": name} for name in "ab"],
    }
    before = Configuration.from_document(wish)
    server = dataclasses.replace(before.farms["a"].servers[0], weight=7)
    parts = [[part for _wish, part in slices(one)] for one in (before, before.with_server("a", server))]
    assert [one is other for one, other in zip(*parts, strict=True)] == [False, True]
