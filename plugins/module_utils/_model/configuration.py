# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All objects of a director: what refers to what, and how one wish changes the whole. Private to evenkeel.lb."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from .farm import Farm, Server
from .healthcheck import HealthCheck
from .objects import described, incomplete, merged, parse, serialise
from .problems import InvalidConfiguration, Problem
from .vip import HaGroup, Vip
from .virtual_server import VirtualServer

KINDS: Mapping[str, Any] = {
    "ha_groups": HaGroup,
    "vips": Vip,
    "health_checks": HealthCheck,
    "farms": Farm,
    "virtual_servers": VirtualServer,
}

# (kind, field, kind it names)
REFERENCES: Tuple[Tuple[str, str, str], ...] = (
    ("vips", "ha_group", "ha_groups"),
    ("farms", "health_check", "health_checks"),
    ("virtual_servers", "farm", "farms"),
    ("virtual_servers", "vip", "vips"),
)


@dataclass(frozen=True)
class Configuration:
    """Everything asked for on one director: for each kind its objects by name. Never changed in place."""

    ha_groups: Mapping[str, HaGroup] = dataclasses.field(default_factory=dict)
    vips: Mapping[str, Vip] = dataclasses.field(default_factory=dict)
    health_checks: Mapping[str, HealthCheck] = dataclasses.field(default_factory=dict)
    farms: Mapping[str, Farm] = dataclasses.field(default_factory=dict)
    virtual_servers: Mapping[str, VirtualServer] = dataclasses.field(default_factory=dict)

    @classmethod
    def from_document(cls, document: Any) -> Configuration:
        """The configuration a document describes; raises InvalidConfiguration with every field that is wrong."""
        problems: List[Problem] = []
        found: Dict[str, Dict[str, Any]] = {}
        if not isinstance(document, Mapping):
            raise InvalidConfiguration([Problem("configuration", "is not a mapping", ", ".join(KINDS))])
        for key in sorted(set(document) - set(KINDS), key=str):
            problems.append(Problem(str(key), "is not a kind of object", ", ".join(KINDS)))
        for kind, cls_of_kind in KINDS.items():
            found[kind] = {}
            items = document.get(kind) or []
            if not isinstance(items, (list, tuple)):
                problems.append(Problem(kind, "is not a list", f"a list of {described(cls_of_kind)}s"))
                continue
            for position, item in enumerate(items):
                name = item.get("name") if isinstance(item, Mapping) else None
                thing = parse(cls_of_kind, item, f"{kind}[{name or position}]", problems)
                if thing.name in found[kind]:
                    problems.append(Problem(f"{kind}[{thing.name}]", "is there twice", "each name once"))
                found[kind][thing.name] = thing
        if problems:
            raise InvalidConfiguration(problems)
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
            f"{user_kind}[{user.name}].{field}"
            for user_kind, field, target in REFERENCES
            if target == kind
            for user in self.of(user_kind).values()
            if getattr(user, field) == name
        ]
        if users:
            word = described(KINDS[kind])
            raise InvalidConfiguration(
                [
                    Problem(
                        f"{kind}[{name}]",
                        f"is in use by {', '.join(sorted(users))}",
                        f"remove or change those before the {word}",
                    )
                ]
            )
        return dataclasses.replace(self, **{kind: {key: thing for key, thing in self.of(kind).items() if key != name}})

    def with_server(self, farm: str, server: Server) -> Configuration:
        """This configuration with ``server`` merged into that farm, or added to it."""
        if farm not in self.farms:
            have = ", ".join(sorted(self.farms)) or "no farm is recorded yet"
            raise InvalidConfiguration([Problem("farm", f"there is no farm {farm!r}", have)])
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

    def problems(self) -> List[Problem]:
        """Everything that is wrong with the objects one by one and with what they name; in a stable order."""
        found: List[Problem] = []
        for kind in KINDS:
            for name, thing in self.of(kind).items():
                path = f"{kind}[{name}]"
                found.extend(incomplete(thing, path))
                if hasattr(thing, "problems"):
                    found.extend(thing.problems(path))
        found.extend(self._missing_references())
        found.extend(self._ha_problems())
        return sorted(set(found))

    def _missing_references(self) -> Iterator[Problem]:
        for kind, field, target in REFERENCES:
            known = self.of(target)
            for name, thing in self.of(kind).items():
                wanted = getattr(thing, field)
                if wanted is None or wanted in known or (target == "vips" and _is_address(wanted)):
                    continue
                word = described(KINDS[target])
                have = ", ".join(sorted(known)) or f"no {word} is recorded yet"
                yield Problem(f"{kind}[{name}].{field}", f"there is no {word} {wanted!r}", have, missing=True)

    def _ha_problems(self) -> Iterator[Problem]:
        routers: Dict[Tuple[str, int], str] = {}
        for name, group in sorted(self.ha_groups.items()):
            twin = routers.setdefault((group.interface, group.virtual_router_id), name)
            if group.virtual_router_id is not None and twin != name:
                yield Problem(
                    f"ha_groups[{name}].virtual_router_id",
                    f"{group.virtual_router_id} is used on {group.interface} by HA group {twin!r} already",
                    "each virtual router id once on an interface",
                )
            vips = sorted(vip.name for vip in self.vips.values() if vip.ha_group == name)
            if group.advertised_vip is not None and vips and group.advertised_vip not in vips:
                yield Problem(
                    f"ha_groups[{name}].advertised_vip",
                    f"{group.advertised_vip!r} is not a VIP of this group",
                    ", ".join(vips),
                )
        holders: Dict[str, str] = {}
        for name, vip in sorted(self.vips.items()):
            twin = holders.setdefault(vip.ip, name) if vip.address is not None else name
            if twin != name:
                yield Problem(f"vips[{name}].address", f"{vip.ip} is VIP {twin!r} already", "each address once")


def _is_address(text: str) -> bool:
    return ":" in text or text.replace(".", "").isdigit()
