# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Documents made from documents: without what is wrong with them, changed a little, and in another order."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import Version, too_new
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines, without_engine
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration, Problem
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems

Document = dict[str, list[dict[str, Any]]]

# What every director is at least: Debian 12.
OLDEST: Mapping[str, Version] = MappingProxyType({"haproxy": (2, 6, 12), "keepalived": (2, 2, 7), "linux": (6, 1)})

# Whose order means something.
ORDERED = {"certificate_profiles", "arguments", "extra_config"}

# Kinds that others name.
NAMED = {"ha_groups", "health_checks", "farms"}

ROUNDS = 30


def problems_of(document: Document, versions: Mapping[str, Version] = OLDEST) -> list[Problem]:
    """Everything that is wrong with a document, for the model and for the engines of a director."""
    configuration = Configuration.from_document(document)
    problems = [*all_problems(configuration), *without_engine(configuration)]
    for engine in () if problems else engines():
        problems += too_new(configuration, engine.name, engine.describe(), versions.get)
        try:
            engine.compile(configuration)
        except InvalidConfiguration as invalid:
            problems += invalid.problems
    return problems


def mended(document: Document, versions: Mapping[str, Version] = OLDEST) -> Document:
    """The document without the fields and objects that its problems name."""
    document = copy.deepcopy(document)
    for _round in range(ROUNDS):
        problems = problems_of(document, versions)
        if not problems:
            return document
        for problem in problems:
            _take_out(document, problem.path)
    raise AssertionError(f"does not become valid: {'; '.join(map(str, problems))}: {document}")


def _take_out(document: Document, path: str) -> None:
    """Remove what is at the path; where nothing is, what is around it."""
    trail: list[tuple[Any, Any]] = []
    here: Any = document
    for name in re.findall(r"[^.\[\]]+", path):
        if isinstance(here, list):
            found = next((place for place, thing in enumerate(here) if thing.get("name") == name), None)
        else:
            found = name if isinstance(here, dict) and name in here else None
        if found is None:
            break
        trail.append((here, found))
        here = here[found]
    container, key = trail[-1]
    # a kind of objects stays, also when it is empty
    if container is not document:
        del container[key]


def edited(document: Document, other: Document, random: Random, versions: Mapping[str, Version] = OLDEST) -> Document:
    """The document with some things of another, some things gone, some renamed, and some carried by another engine."""
    mixed: Document = {
        # what goes takes what names it along
        kind: _mixed(document.get(kind, []), other.get(kind, []), random, 0.95 if kind in NAMED else 0.7)
        for kind in KINDS
    }
    for _time in range(random.choice([0, 0, 1, 2])):
        random.choice([_rename, _move, _swap_states, _swap_addresses])(mixed, random)
    return mended(mixed, versions)


def _mixed(
    these: Sequence[dict[str, Any]], those: Sequence[dict[str, Any]], random: Random, staying: float = 0.8
) -> list[dict[str, Any]]:
    """Objects by name: those of both sides in either form or in parts of both, those of one side mostly as they are."""
    left = {thing["name"]: thing for thing in these}
    right = {thing["name"]: thing for thing in those}
    found = []
    for name in sorted({*left, *right}):
        one, another = left.get(name), right.get(name)
        if one and another:
            chosen = random.choice([one, one, another, _half(one, another, random)])
        else:
            chosen = (one or another or {}) if random.random() < staying else {}
        if chosen:
            found.append(copy.deepcopy(chosen))
    return found


def _half(one: dict[str, Any], another: dict[str, Any], random: Random) -> dict[str, Any]:
    found = {}
    for field in sorted({*one, *another}):
        value = random.choice([one, another]).get(field)
        if field in ("servers", "members") and field in one and field in another:
            value = _mixed(one[field], another[field], random)
        if value is not None:
            found[field] = value
    return found


def _rename(document: Document, random: Random) -> None:
    """Give an object another name, and everything that names it the new one."""
    kind = random.choice(["virtual_servers", "farms", "health_checks", "vips", "servers"])
    if kind == "servers":
        things = [server for farm in document["farms"] for server in farm.get("servers", [])]
    else:
        things = document[kind]
    if not things:
        return
    thing = random.choice(things)
    old, new = thing["name"], f"{thing['name']}-x" if not thing["name"].endswith("-x") else thing["name"][:-2]
    if any(other["name"] == new for other in things):
        return
    thing["name"] = new
    references = {"farms": "farm", "health_checks": "health_check", "vips": "vip"}
    if kind in references:
        users = [*document["virtual_servers"], *document["farms"]]
        users += [server for farm in document["farms"] for server in farm.get("servers", [])]
        for user in users:
            if user.get(references[kind]) == old:
                user[references[kind]] = new
        for group in document["ha_groups"]:
            if kind == "vips" and group.get("advertised_vip") == old:
                group["advertised_vip"] = new


def _move(document: Document, random: Random) -> None:
    """Let another engine carry a virtual server, or another farm serve it."""
    if document["virtual_servers"]:
        service = random.choice(document["virtual_servers"])
        if random.random() < 0.7 or not document["farms"]:
            service["engine"] = "keepalived" if service.get("engine") == "ipvs" else "ipvs"
        else:
            service["farm"] = random.choice(document["farms"])["name"]


def _swap_states(document: Document, random: Random) -> None:
    """Drain, disable or enable servers."""
    for server in (server for farm in document["farms"] for server in farm.get("servers", [])):
        if random.random() < 0.4:
            server["state"] = random.choice(["enabled", "drained", "disabled"])


def _swap_addresses(document: Document, random: Random) -> None:
    """Let two servers of a farm change places: the same names, the same addresses, each the other's."""
    farms = [farm for farm in document["farms"] if len(farm.get("servers", [])) > 1]
    if farms:
        one, another = random.sample(random.choice(farms)["servers"], 2)
        one["address"], another["address"] = another["address"], one["address"]


def shuffled(document: Document, random: Random) -> Document:
    """The same document with everything whose order means nothing in another order."""
    mixed: Document = _shuffled(document, random)
    return {kind: mixed[kind] for kind in random.sample(sorted(mixed), len(mixed))}


def _shuffled(thing: Any, random: Random) -> Any:
    if isinstance(thing, dict):
        return {name: value if name in ORDERED else _shuffled(value, random) for name, value in thing.items()}
    if isinstance(thing, list):
        return [_shuffled(item, random) for item in random.sample(thing, len(thing))]
    return thing
