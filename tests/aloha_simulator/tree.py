# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of a simulated ALOHA: objects, what it refuses, and what it keeps over a reboot."""

from __future__ import annotations

import copy
import ipaddress
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .switches import Switches

KINDS: dict[str, dict[str, Any]] = {
    kind: documented["attributes"]
    for kind, documented in yaml.safe_load(Path(__file__).with_name("objects.yaml").read_text())["objects"].items()
    if kind != "l7_rule"
}
CHILDREN = {
    "l4_farm": ("server", "l4_server"),
    "l7_farm": ("server", "l7_server"),
    "l7_service": ("listener", "l7_listener"),
}
ROOTS = {("l4", "farm"): "l4_farm", ("l7", "farm"): "l7_farm", ("l7", "service"): "l7_service"}
NAME = re.compile(r"[A-Za-z0-9._-]+")

Values = dict[str, "str | None"]


class Refusal(Exception):
    """A low-layer error, by its number."""

    def __init__(self, errno: int, text: str = "") -> None:
        super().__init__(text)
        self.errno = errno


@dataclass
class Thing:
    """One object: the keys that are set, and what it holds."""

    kind: str
    values: Values = field(default_factory=dict)
    children: dict[str, Thing] = field(default_factory=dict)


class Tree:
    """All objects of one scope."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.roots: dict[str, dict[str, Thing]] = {kind: {} for kind in ROOTS.values()}

    def attributes(self, kind: str) -> dict[str, dict[str, Any]]:
        """What this version knows of a kind."""
        known = {name: spec for name, spec in KINDS[kind].items() if name not in self.switches.unknown.get(kind, [])}
        return {**known, **{name: {"type": "string"} for name in self.switches.more.get(kind, [])}}

    def shown(self, thing: Thing) -> dict[str, Any]:
        """All keys of an object, unset ones as null."""
        document: dict[str, Any] = {name: thing.values.get(name) for name in self.attributes(thing.kind)}
        if self.switches.normalise:
            document = {name: normalised(self.attributes(thing.kind)[name], value) for name, value in document.items()}
        for name in self.switches.untold.get(thing.kind, []):
            document[name] = True
        return document

    def accepted(
        self, kind: str, document: dict[str, Any], siblings: dict[str, Thing], name: str, base: Values
    ) -> Values:
        """The keys of an object after a write; raises Refusal."""
        values = dict(base)
        known = self.attributes(kind)
        for key, value in document.items():
            if key not in known:
                raise Refusal(1, f"unknown attribute {key}")
            if value is None:
                values.pop(key, None)
            elif isinstance(value, str):
                if self.switches.normalise:  # what it gives it also takes
                    value = plain(known[key], value)
                self._check(kind, key, value)
                values[key] = value
            # numbers, true and all else are ignored without a word
        for key, spec in known.items():
            if spec.get("mandatory") and values.get(key) is None:
                raise Refusal(24, f"{key} is mandatory")
        if kind == "l7_listener" and values.get("ssl") and not values.get("ssl_certificate"):
            raise Refusal(24, "ssl-certificate is mandatory with ssl")
        if kind == "l4_server" and values.get("sorry"):
            if values.get("check"):
                raise Refusal(25, "a sorry server cannot be checked")
            if any(other.values.get("sorry") for one, other in siblings.items() if one != name):
                raise Refusal(25, "one sorry server per farm")
        return values

    def _check(self, kind: str, key: str, value: str) -> None:
        spec = self.attributes(kind)[key]
        if spec["type"] == "enum" and spec.get("values_complete", True) and value not in spec["values"]:
            raise Refusal(25, f"{key}: {value} is not one of {', '.join(spec['values'])}")
        if spec["type"] in ("integer", "port"):
            if not re.fullmatch("[0-9]+", value):
                raise Refusal(25, f"{key}: {value} is no number")
            most = 65535 if spec["type"] == "port" else spec.get("max")
            if most is not None and int(value) > most:
                raise Refusal(25, f"{key}: {value} is more than {most}")
            if kind == "l4_server" and key == "weight" and value == "0" and not self.switches.l4_weight_zero:
                raise Refusal(25, "weight: 0 is too little")
        if spec["type"] == "ip":
            try:
                ipaddress.ip_address(value)
            except ValueError:
                raise Refusal(25, f"{key}: {value} is no address") from None

    def conflicts(self) -> str:
        """Two layer 4 farms with one address, port and protocol; empty where there are none."""
        seen: dict[tuple[Any, ...], str] = {}
        for name, thing in self.roots["l4_farm"].items():
            address = thing.values.get("service_address")
            place = (address, thing.values.get("service_port"), thing.values.get("service_protocol") or "tcp")
            if address and seen.setdefault(place, name) != name:
                return f"{name} and {seen[place]} have the same address"
        for name, service in self.roots["l7_service"].items():
            for listener in service.children.values():
                place = (listener.values.get("address"), listener.values.get("port"), "tcp")
                if seen.setdefault(place, name) != name:
                    return f"{name} and {seen[place]} have the same address"
        return ""

    def dangling(self) -> str:
        """A service whose farm is not there, which HAProxy would refuse; empty where there is none."""
        for name, service in self.roots["l7_service"].items():
            farm = service.values.get("default_farm")
            if farm and farm not in self.roots["l7_farm"]:
                return f"service {name}: no farm {farm}"
        return ""

    def document(self) -> dict[str, Any]:
        """Everything that is set, for comparing."""
        return {
            kind: {
                name: {"values": dict(thing.values), "children": {n: dict(c.values) for n, c in thing.children.items()}}
                for name, thing in things.items()
            }
            for kind, things in self.roots.items()
        }

    def copy(self) -> Tree:
        other = Tree(self.switches)
        other.roots = copy.deepcopy(self.roots)
        return other


def normalised(spec: dict[str, Any], value: str | None) -> str | None:
    """Another way to say the same."""
    if value is None:
        return None
    if spec["type"] == "integer":
        return value.rjust(3, "0")
    if spec["type"] == "ip" and ":" not in value and "netmask" not in value and not value.startswith("255."):
        return f"{value}/32"
    return value.upper() if spec["type"] == "enum" and len(spec["values"]) > 1 else value


def plain(spec: dict[str, Any], value: str) -> str:
    """A value as it is kept, however it was said."""
    if spec["type"] == "integer" and value.isdigit():
        return str(int(value))
    if spec["type"] == "ip":
        return value.removesuffix("/32")
    return value.lower() if spec["type"] == "enum" else value


def listed(names: list[str], braces: bool) -> str:
    text = ", ".join(json.dumps(name) for name in names)
    return f"{{ {text} }}" if braces else f"[{text}]"
