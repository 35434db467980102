# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine can express, and what a configuration asks of it beyond that. Pure. Private to evenkeel.lb.

An engine declares, for each field, the values it can express. A value it cannot is an error that names the nearest one
it can: never dropped in silence, never approximated in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, FrozenSet, Iterator, List, Mapping, Optional

from .._model.configuration import Configuration
from .._model.lists import Nested, ObjectList
from .._model.objects import options
from .._model.problems import Problem, in_order

NOTHING_NEAR = "leave it out; this engine has nothing near it"


@dataclass(frozen=True)
class Can:
    """What an engine makes of a field: ``values`` it can express (None = every value), what is ``nearest`` to those it
    cannot, and for all others, ``otherwise``."""

    values: Optional[FrozenSet[Any]] = None
    nearest: Mapping[Any, str] = field(default_factory=dict)
    otherwise: str = NOTHING_NEAR

    def expresses(self, value: Any) -> bool:
        return self.values is None or value in self.values


# By field, such as ``farms.balance`` or ``farms.servers.weight``. A field that is not there cannot be expressed at all.
Capabilities = Mapping[str, Can]

EVERYTHING = Can()

# Fields that only people and inventories read: every engine bears them.
INFORMATIONAL = frozenset(
    {
        "certificate_profiles.expiration",
        "certificate_profiles.tenant",
        "farms.servers.tenant",
        "farms.tenant",
        "health_checks.tenant",
        "virtual_servers.health_check",
        "virtual_servers.placement",
        "virtual_servers.tenant",
    }
)


def only(*values: Any, nearest: Optional[Mapping[Any, str]] = None, otherwise: str = NOTHING_NEAR) -> Can:
    """An engine that can express these values alone."""
    return Can(frozenset(values), nearest or {}, otherwise)


def refusals(configuration: Configuration, engine: str, capabilities: Capabilities) -> List[Problem]:
    """What the virtual servers carried by ``engine``, with their farms and health checks, ask of it that it cannot."""
    found: List[Problem] = []
    farms, checks = set(), set()
    for name, virtual_server in configuration.virtual_servers.items():
        if virtual_server.carrier == engine:
            found.extend(_refused(virtual_server, "virtual_servers", f"virtual_servers[{name}]", engine, capabilities))
            farms.add(virtual_server.farm)
    for name, farm in configuration.farms.items():
        if name in farms:
            found.extend(_refused(farm, "farms", f"farms[{name}]", engine, capabilities))
            checks.update({farm.health_check, *(server.health_check for server in farm.servers or ())})
    for name, check in configuration.health_checks.items():
        if name in checks:
            found.extend(_refused(check, "health_checks", f"health_checks[{name}]", engine, capabilities))
    return list(in_order(found))


def refusals_of(configuration: Configuration, kind: str, engine: str, capabilities: Capabilities) -> List[Problem]:
    """What all objects of one kind ask of an engine that it cannot."""
    return [
        problem
        for name, thing in configuration.of(kind).items()
        for problem in _refused(thing, kind, f"{kind}[{name}]", engine, capabilities)
    ]


def _refused(thing: Any, field_path: str, path: str, engine: str, capabilities: Capabilities) -> Iterator[Problem]:
    for name, option in options(type(thing)).items():
        value = getattr(thing, name)
        key = f"{field_path}.{name}"
        can = capabilities.get(key)
        if value is None and can is not None:
            value = option.default
        if value in (None, ()) or key in INFORMATIONAL:
            continue
        where = f"{path}.{name}"
        if can is not None and isinstance(option.type, ObjectList):
            for item in value:
                yield from _refused(item, key, f"{where}[{item.name}]", engine, capabilities)
        elif can is not None and isinstance(option.type, Nested):
            yield from _refused(value, key, where, engine, capabilities)
        elif can is None or not can.expresses(value):
            nearest = NOTHING_NEAR if can is None else can.nearest.get(value, can.otherwise)
            words = name if option.secret else _words(name, value)
            yield Problem(where, f"{words} cannot be done by engine {engine}", nearest)


def _words(name: str, value: Any) -> str:
    """The value as a person writes it; of a whole object only what it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value) if isinstance(value, (str, int, float)) else name
