# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All objects of a director: what refers to what, and how one wish changes the whole. Private to evenkeel.lb."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional

from .addresses import is_address
from .certificate_profile import CertificateProfile
from .farm import Farm, Server
from .fields import Name, shown
from .healthcheck import HealthCheck
from .likely import likely_first
from .objects import described, merged, parse_list, serialise
from .problems import InvalidConfiguration, Problem, nearest_names, some
from .vip import HaGroup, Vip
from .virtual_server import VirtualServer

KINDS: Mapping[str, Any] = {
    "ha_groups": HaGroup,
    "vips": Vip,
    "certificate_profiles": CertificateProfile,
    "health_checks": HealthCheck,
    "farms": Farm,
    "virtual_servers": VirtualServer,
}


class Reference(NamedTuple):
    """One object names another: where it does, which kind it names, and by what name."""

    path: str
    target: str
    name: str


@dataclass(frozen=True)
class Configuration:
    """Everything asked for on one director: for each kind its objects by name. Never changed in place."""

    ha_groups: Mapping[str, HaGroup] = dataclasses.field(default_factory=dict)
    vips: Mapping[str, Vip] = dataclasses.field(default_factory=dict)
    certificate_profiles: Mapping[str, CertificateProfile] = dataclasses.field(default_factory=dict)
    health_checks: Mapping[str, HealthCheck] = dataclasses.field(default_factory=dict)
    farms: Mapping[str, Farm] = dataclasses.field(default_factory=dict)
    virtual_servers: Mapping[str, VirtualServer] = dataclasses.field(default_factory=dict)
    # What follows from the whole and several ask for, kept by those who work it out.
    derived: Dict[str, Any] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def from_document(cls, document: Any) -> Configuration:
        """The configuration a document describes; raises InvalidConfiguration with every field that is wrong."""
        problems: List[Problem] = []
        found = cls.parsed(document, problems)
        if problems:
            raise InvalidConfiguration(problems)
        return found

    @classmethod
    def parsed(cls, document: Any, problems: List[Problem]) -> Configuration:
        """What can be understood of a document; fields that are wrong are left unset and reported in ``problems``."""
        found: Dict[str, Dict[str, Any]] = {}
        if not isinstance(document, Mapping):
            problems.append(Problem("configuration", "is not a mapping", ", ".join(KINDS)))
            return cls()
        for key in document:
            if key not in KINDS:
                where = key if Name().accepts(key) else "configuration"
                problems.append(
                    Problem(where, f"{shown(key)} is not a kind of object", likely_first(key, tuple(KINDS)))
                )
        for kind, cls_of_kind in KINDS.items():
            items = document.get(kind)
            things = parse_list(cls_of_kind, () if items is None else items, kind, problems)
            found[kind] = {thing.name: thing for thing in things}
        return cls(**found)

    def document(self) -> Dict[str, List[Dict[str, Any]]]:
        """The set fields of all objects as JSON, sorted: equal configurations give equal documents."""
        return {kind: [serialise(thing) for _name, thing in sorted(self.of(kind).items())] for kind in KINDS}

    def of(self, kind: str) -> Mapping[str, Any]:
        """The objects of one kind by name."""
        found: Mapping[str, Any] = getattr(self, kind)
        return found

    def with_object(self, kind: str, thing: Any) -> Configuration:
        """This configuration with ``thing`` merged into the object of that name, or added."""
        objects = dict(self.of(kind))
        objects[thing.name] = merged(objects.get(thing.name), thing)
        return dataclasses.replace(self, **{kind: objects})

    def without_object(self, kind: str, name: str) -> Configuration:
        """This configuration without that object; an object that others name cannot go."""
        if name not in self.of(kind):
            return self
        users = [
            reference.path for reference in self.references() if (reference.target, reference.name) == (kind, name)
        ]
        if users:
            word = described(KINDS[kind])
            raise InvalidConfiguration(
                [
                    Problem(
                        f"{kind}[{name}]",
                        f"is in use by {some(users)}",
                        f"remove or change those before the {word}",
                    )
                ]
            )
        return dataclasses.replace(self, **{kind: {key: thing for key, thing in self.of(kind).items() if key != name}})

    def with_server(self, farm: str, server: Server) -> Configuration:
        """This configuration with ``server`` merged into that farm, or added to it."""
        if farm not in self.farms:
            instead = nearest_names(self.farms, farm, "farm", some(list(self.farms)))
            raise InvalidConfiguration([Problem("farm", f"there is no farm {farm!r}", instead)])
        servers = {item.name: item for item in self.farms[farm].servers or ()}
        servers[server.name] = merged(servers.get(server.name), server)
        return self._with_servers(farm, servers)

    def without_server(self, farm: str, name: str) -> Configuration:
        """This configuration without that server; a farm that is not there has none."""
        servers = {item.name: item for item in self.farms[farm].servers or ()} if farm in self.farms else {}
        if name not in servers:
            return self
        del servers[name]
        return self._with_servers(farm, servers)

    def _with_servers(self, farm: str, servers: Mapping[str, Server]) -> Configuration:
        members = tuple(servers[name] for name in sorted(servers))
        return dataclasses.replace(
            self, farms={**self.farms, farm: dataclasses.replace(self.farms[farm], servers=members)}
        )

    def references(self) -> Iterator[Reference]:
        """Every place in which one object names another."""
        for name, vip in self.vips.items():
            yield from _named(f"vips[{name}].ha_group", "ha_groups", vip.ha_group)
        for name, farm in self.farms.items():
            path = f"farms[{name}]"
            yield from _named(f"{path}.health_check", "health_checks", farm.health_check)
            for server in farm.servers or ():
                if server.health_check is None and not server.certificate_profiles:
                    continue
                where = f"{path}.servers[{server.name}]"
                yield from _named(f"{where}.health_check", "health_checks", server.health_check)
                yield from _named(
                    f"{where}.certificate_profiles", "certificate_profiles", *server.certificate_profiles or ()
                )
        for name, virtual_server in self.virtual_servers.items():
            path = f"virtual_servers[{name}]"
            yield from _named(f"{path}.farm", "farms", virtual_server.farm)
            yield from _named(f"{path}.health_check", "health_checks", virtual_server.health_check)
            yield from _named(
                f"{path}.certificate_profiles", "certificate_profiles", *virtual_server.certificate_profiles or ()
            )
            if virtual_server.vip is not None and not is_address(virtual_server.vip):
                yield Reference(f"{path}.vip", "vips", virtual_server.vip)


def _named(path: str, target: str, *names: Optional[str]) -> Iterator[Reference]:
    return (Reference(path, target, name) for name in names if name is not None)
