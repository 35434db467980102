# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine can express, and what a configuration asks of it beyond that. Pure. Private to evenkeel.lb.

An engine declares, for each field, the values it can express. A value it cannot is an error that names the nearest one
it can: never dropped in silence, never approximated in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Collection, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from .._model.configuration import Configuration
from .._model.lists import Nested, ObjectList
from .._model.objects import Option, options
from .._model.problems import Problem, in_order
from .._model.slices import once_for_same

NOTHING_NEAR = "leave it out; this engine has nothing near it"


Version = Tuple[int, ...]


class Needs(NamedTuple):
    """The software, and the first of its versions, that can do something."""

    software: str
    version: Version

    def __str__(self) -> str:
        return f"{self.software} {'.'.join(map(str, self.version))}"


class Beside(NamedTuple):
    """Another field of the same object, and the values of it beside which alone something can be expressed; ``instead``
    is the nearest thing elsewhere."""

    field: str
    values: Tuple[Any, ...]
    instead: str = NOTHING_NEAR


@dataclass(frozen=True)
class Can:
    """What an engine makes of a field: ``values`` it can express (None = every value), what is ``nearest`` to those it
    cannot, and for all others, ``otherwise``. ``since`` has the values that not every version can express, ``beside``
    what another field has to be."""

    values: Optional[Collection[Any]] = None
    nearest: Mapping[Any, str] = field(default_factory=dict)
    otherwise: str = NOTHING_NEAR
    since: Mapping[Any, Needs] = field(default_factory=dict)
    beside: Optional[Beside] = None

    def expresses(self, value: Any) -> bool:
        return self.values is None or value in self.values

    def hint(self, value: Any) -> str:
        """The nearest thing to a value that cannot be expressed."""
        return self.nearest.get(value, self.otherwise)


class Unable(NamedTuple):
    """Why an engine cannot do what is no field of the model, and what to do ``instead``."""

    why: str
    instead: str


# By field, such as ``farms.balance`` or ``farms.servers.weight``. A field that is not there cannot be expressed at all.
Capabilities = Mapping[str, Can]

EVERYTHING = Can()

# Fields that only people and inventories read: every engine bears them.
INFORMATIONAL = frozenset(
    {
        "certificate_profiles.description",
        "certificate_profiles.expiration",
        "certificate_profiles.tenant",
        "farms.description",
        "farms.servers.description",
        "farms.servers.tenant",
        "farms.tenant",
        "ha_groups.description",
        "health_checks.description",
        "health_checks.tenant",
        "vips.description",
        "virtual_servers.description",
        "virtual_servers.health_check",
        "virtual_servers.placement",
        "virtual_servers.tenant",
    }
)


def only(
    *values: Any,
    nearest: Optional[Mapping[Any, str]] = None,
    otherwise: str = NOTHING_NEAR,
    since: Optional[Mapping[Any, Needs]] = None,
) -> Can:
    """An engine that can express these values alone."""
    return Can(frozenset(values), nearest or {}, otherwise, since or {})


def refusals(configuration: Configuration, engine: str, capabilities: Capabilities) -> List[Problem]:
    """What a configuration asks of ``engine`` that no version of it can."""
    found = []
    for asked in _asked(configuration, engine, capabilities):
        if asked.can is None or not asked.can.expresses(asked.value):
            found.append(Problem(asked.path, f"{asked.words} cannot be done by engine {engine}", asked.hint))
        elif asked.can.beside is not None and asked.neighbour not in asked.can.beside.values:
            words = f"{asked.words} with {asked.can.beside.field} {asked.neighbour}"
            found.append(Problem(asked.path, f"{words} cannot be done by engine {engine}", asked.can.beside.instead))
    return list(in_order(found))


def too_new(
    configuration: Configuration,
    engine: str,
    capabilities: Capabilities,
    version_of: Callable[[str], Optional[Version]],
) -> List[Problem]:
    """What a configuration asks of ``engine`` that needs newer software than is found. ``version_of`` is asked only
    for software that something needs; where it is not installed (None) nothing is said here."""
    found = []
    versions = {}
    for asked in _asked(configuration, engine, capabilities):
        needs = asked.can.since.get(asked.value) if asked.can is not None else None
        if needs is None:
            continue
        if needs.software not in versions:
            versions[needs.software] = version_of(needs.software)
        version = versions[needs.software]
        if version is not None and version < needs.version:
            message = f"{asked.words} needs {needs}, here is {Needs(needs.software, version)}"
            found.append(Problem(asked.path, message, asked.hint))
    return list(in_order(found))


class RuledOut(NamedTuple):
    """A value of a field that needs a newer version of some software than the one found."""

    path: str
    value: Any
    needs: Needs


def ruled_out(capabilities: Capabilities, software: str, version: Version) -> List[RuledOut]:
    """All that needs a newer version of ``software``, by path and value."""
    return [
        RuledOut(path, value, needs)
        for path, can in sorted(capabilities.items())
        for value, needs in sorted(can.since.items(), key=lambda pair: str(pair[0]))
        if needs.software == software and version < needs.version
    ]


def software_in(capabilities: Capabilities) -> List[str]:
    """The software whose version decides what can be expressed, by name."""
    return sorted({needs.software for can in capabilities.values() for needs in can.since.values()})


class _Asked(NamedTuple):
    """One field that is said to an engine, at ``within``, and the value of the ``neighbour`` it has to be beside."""

    within: str
    name: str
    option: Option
    value: Any
    can: Optional[Can]
    neighbour: Any

    @property
    def path(self) -> str:
        return f"{self.within}.{self.name}"

    @property
    def words(self) -> str:
        return _words(self.name, self.option, self.value)

    @property
    def hint(self) -> str:
        return NOTHING_NEAR if self.can is None else self.can.hint(self.value)


def _asked(configuration: Configuration, engine: str, capabilities: Capabilities) -> Sequence[_Asked]:
    """Every field that may be too much for an engine, of the objects it carries: its virtual servers, their farms and
    health checks, and of the kinds of objects beside them, such as VIPs, all when the engine knows that kind."""
    kept = f"asked of {engine}"
    if kept not in configuration.derived or configuration.derived[kept][0] is not capabilities:
        configuration.derived[kept] = capabilities, tuple(_walked(configuration, engine, capabilities))
    found: Sequence[_Asked] = configuration.derived[kept][1]
    return found


def _walked(configuration: Configuration, engine: str, capabilities: Capabilities) -> Iterator[_Asked]:
    walk = _walk(capabilities)
    farms, checks = set(), set()
    for name, virtual_server in configuration.virtual_servers.items():
        if virtual_server.carrier == engine:
            yield from walk.object("virtual_servers", name, virtual_server)
            farms.add(virtual_server.farm)
    for name, farm in configuration.farms.items():
        if name in farms:
            yield from walk.object("farms", name, farm)
            checks.add(farm.health_check)
            checks.update(server.health_check for server in farm.servers or ())
    for name, check in configuration.health_checks.items():
        if name in checks:
            yield from walk.object("health_checks", name, check)
    for kind in ("ha_groups", "vips"):
        if f"{kind}.name" in capabilities:
            for name, thing in configuration.of(kind).items():
                yield from walk.object(kind, name, thing)


class _Doubtful(NamedTuple):
    """A field of which an engine cannot express everything, or whose objects may have such fields. ``unset`` is the
    value to take for one that is not set, None where that is never too much."""

    name: str
    key: str
    option: Option
    can: Optional[Can]
    unset: Any


class _Walk:
    """Goes through the fields of objects, and of the objects in them, past those that any version can express."""

    def __init__(self, capabilities: Capabilities) -> None:
        self._capabilities = capabilities
        self._doubtful: Dict[str, Sequence[_Doubtful]] = {}

    def object(self, kind: str, name: str, thing: Any) -> Iterator[_Asked]:
        """What is asked for in an object of a configuration."""
        for asked in _fields_of(thing, self, kind):
            yield asked._replace(within=f"{kind}[{name}]{asked.within}")

    def fields(self, thing: Any, field_path: str) -> Iterator[_Asked]:
        """The same, with paths that begin in the object: most objects ask for nothing and need none."""
        if field_path not in self._doubtful:
            self._doubtful[field_path] = list(self._doubtful_of(type(thing), field_path))
        for name, key, option, can, unset in self._doubtful[field_path]:
            value = getattr(thing, name)
            if value is None:
                value = unset
            if value in (None, ()):
                continue
            if can is not None and isinstance(option.type, ObjectList):
                for item in value:
                    for asked in self.fields(item, key):
                        yield asked._replace(within=f".{name}[{item.name}]{asked.within}")
            elif can is not None and isinstance(option.type, Nested):
                for asked in self.fields(value, key):
                    yield asked._replace(within=f".{name}{asked.within}")
            elif _may_be_too_much(value, can):
                yield _Asked("", name, option, value, can, _neighbour(thing, can))

    def _doubtful_of(self, kind: type, field_path: str) -> Iterator[_Doubtful]:
        for name, option in options(kind).items():
            key = f"{field_path}.{name}"
            can = self._capabilities.get(key)
            holds_objects = isinstance(option.type, (ObjectList, Nested))
            limited = can is None or can.since or can.beside or can.values is not None
            if key not in INFORMATIONAL and (limited or holds_objects):
                # None is not looked for: a range would compare it with each of its numbers
                unset = option.default if can is not None else None
                doubtful = unset is not None and _may_be_too_much(unset, can)
                yield _Doubtful(name, key, option, can, unset if doubtful else None)


@once_for_same
def _walk(capabilities: Capabilities) -> _Walk:
    return _Walk(capabilities)


@once_for_same
def _fields_of(thing: Any, walk: _Walk, kind: str) -> Sequence[_Asked]:
    return tuple(walk.fields(thing, kind))


def _may_be_too_much(value: Any, can: Optional[Can]) -> bool:
    return can is None or not can.expresses(value) or value in can.since or can.beside is not None


def _neighbour(thing: Any, can: Optional[Can]) -> Any:
    if can is None or can.beside is None:
        return None
    said = getattr(thing, can.beside.field)
    return options(type(thing))[can.beside.field].default if said is None else said


def _words(name: str, option: Option, value: Any) -> str:
    """The value as a person writes it; of a whole object or a secret only what it is."""
    if option.secret:
        return name
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(part[0] if isinstance(part, tuple) else str(part) for part in value)
    return str(value) if isinstance(value, (str, int, float)) else name
