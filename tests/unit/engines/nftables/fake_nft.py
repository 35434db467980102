# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with an nft program that understands as much of its language as we write.

What the real nft makes of our text, and the kernel of it, is shown in tests/contract; recorded.json has what three
versions printed there.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

TABLE = "inet evenkeel"
NUMBERS = {"tcp": 6, "udp": 17, "sctp": 132, "ipv4": 2, "ipv6": 10}

Table = dict[str, dict[str, list[str]]]


class FakeNft:
    """The program, and the kernel's ``tables``, name to what is in them. ``spoiled`` decides which calls fail."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {"ip filter": {"chain input": {"": ["accept"]}}}
        self.spoiled: Callable[[Sequence[str]], bool] = lambda argv: False

    def run(self, argv: Sequence[str], given: str) -> Completed:
        if self.spoiled(argv):
            return Completed(1, "", "Error: Could not process rule: Device or resource busy\n")
        arguments = list(argv[1:])
        if "list" in arguments:
            name = " ".join(arguments[arguments.index("table") + 1 :])
            if name not in self.tables:
                return Completed(1, "", "Error: No such file or directory\nlist table inet evenkeel\n")
            said = listing(self.tables[name]) if "--json" in arguments else text(self.tables[name])
            return Completed(0, said, "")
        assert arguments[-2:] == ["--file", "-"]
        taken = {name: {**table} for name, table in self.tables.items()}
        load(given, taken)
        if "--check" not in arguments:
            self.tables = taken
        return Completed(0, "", "")


class Host(FakeSystem):
    """A host with nft, and with systemd that says whether our unit is enabled."""

    def __init__(self, conntrack: str | None = "1", is_enabled: bool = True) -> None:
        super().__init__()
        self.nft = FakeNft()
        self.programs = {
            "nft": lambda argv: self.nft.run(argv, self.given),
            "systemctl": lambda argv: Completed(0 if is_enabled else 1, "", ""),
        }
        if conntrack is not None:
            self.files["/proc/sys/net/ipv4/vs/conntrack"] = f"{conntrack}\n"


def load(content: str, tables: dict[str, Table]) -> None:
    """What nft does with a file as we write it."""
    lines = [line.strip() for line in content.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    place: list[list[str]] = []
    name, thing = "", ""
    for line in lines:
        if not place and line.startswith("delete table "):
            del tables[line.removeprefix("delete table ")]
        elif not place and not line.endswith("{"):
            tables.setdefault(line.removeprefix("table "), {})
        elif line.endswith("{") and not place:
            name = line.removeprefix("table ").removesuffix(" {")
            tables.setdefault(name, {})
            place.append([])
        elif line.endswith("{"):
            if len(place) == 1:
                thing = line.removesuffix(" {")
                tables[name].setdefault(thing, {"": [], "elements": []})
            place.append(tables[name][thing]["" if len(place) == 1 else "elements"])
        elif line == "}":
            place.pop()
        else:
            place[-1].append(line.removesuffix(",") if len(place) == 3 else line)
    assert not place


def text(table: Table) -> str:
    """The table as nft lists it."""
    lines = [f"table {TABLE} {{"]
    for thing, content in table.items():
        lines += [f"\t{thing} {{", *(f"\t\t{line}" for line in content.get("", []))]
        if content.get("elements"):
            lines += ["\t\telements = {", ",\n".join(f"\t\t\t{line}" for line in content["elements"]), "\t\t}"]
        lines.append("\t}")
    return "\n".join([*lines, "}", ""])


def listing(table: Table, words: bool = False) -> str:
    """The table as nft lists it in JSON; with ``words`` as a version that has names for numbers would."""
    objects: list[dict[str, Any]] = [{"metainfo": {"version": "0"}}, {"table": _object(name="evenkeel")}]
    for thing, content in table.items():
        kind, name = thing.split(" ")
        if kind == "map":
            keys, value = content[""][0].removeprefix("type ").split(" : ")
            types = keys.split(" . ")
            values = _object(name=name, type=types if len(types) > 1 else types[0], map=value)
            if len(content[""]) > 1:
                values["flags"] = [content[""][1].removeprefix("flags ")]
            values["elem"] = [_element(line, keys.split(" . "), words) for line in content["elements"]]
            objects.append({"map": values})
            continue
        hook = [line for line in content[""] if line.startswith("type ")]
        values = _object(name=name)
        if hook:
            match = re.fullmatch(r"type (\w+) hook (\w+) priority (-?\d+); policy (\w+);", hook[0])
            assert match is not None
            values |= {"type": match[1], "hook": match[2], "prio": int(match[3]), "policy": match[4]}
        objects.append({"chain": values})
        for number, line in enumerate(line for line in content[""] if line not in hook):
            rule = {**_object(), "chain": name, "handle": number, "expr": _rule(line, words)}
            del rule["name"]
            objects.append({"rule": rule})
    return json.dumps({"nftables": objects})


def _object(name: str = "", **values: Any) -> dict[str, Any]:
    return {"family": "inet", "table": "evenkeel", "name": name, "handle": 1, **values}


def _element(line: str, types: list[str], words: bool) -> Any:
    key, _colon, value = line.partition(" : ")
    key, _word, comment = key.partition(" comment ")
    parts = [_part(part, kind, words) for part, kind in zip(key.split(" . "), types, strict=True)]
    told: Any = {"concat": parts} if len(parts) > 1 else parts[0]
    if comment:
        told = {"elem": {"val": told, "comment": comment.strip('"')}}
    return [told, _verdict(value) if " " in value else int(value, 16)]


def _verdict(line: str) -> dict[str, Any]:
    word, target = line.split(" ")
    return {word: {"target": target}}


def _part(part: str, kind: str, words: bool) -> Any:
    if kind == "inet_proto":
        return part if words else NUMBERS[part]
    if kind == "inet_service":
        numbers = [int(number) for number in part.split("-")]
        return {"range": numbers} if len(numbers) > 1 else numbers[0]
    return int(part, 16) if kind == "mark" else part


def _rule(line: str, words: bool) -> list[dict[str, Any]]:
    """The statements of a rule."""
    if line == "masquerade":
        return [{"masquerade": None}]
    if line.startswith("snat "):
        _snat, family, _to, addresses, *flags = line.split(" ")
        bounds = addresses.split("-")
        address: Any = {"range": bounds} if len(bounds) > 1 else bounds[0]
        if len(bounds) > 1:
            first, last = (int(ipaddress.ip_address(bound)) for bound in bounds)
            size = last - first + 1
            if size & (size - 1) == 0 and first % size == 0:
                length = ipaddress.ip_address(bounds[0]).max_prefixlen - size.bit_length() + 1
                address = {"prefix": {"addr": bounds[0], "len": length}}
        return [{"snat": {"family": family, "addr": address, **({"flags": flags[0]} if flags else {})}}]
    if line.startswith("tcp flags syn "):
        compared = {"op": "in", "left": _expression("tcp flags"), "right": "syn" if words else 2}
        return [{"match": compared}, *_rule(line.removeprefix("tcp flags syn "), words)]
    match = re.match(r"meta (nfproto|l4proto) (\w+) (.*)", line)
    if match is not None:
        right: Any = match[2] if words else NUMBERS[match[2]]
        compared = {"op": "==", "left": {"meta": {"key": match[1]}}, "right": right}
        return [{"match": compared}, *_rule(match[3], words)]
    if line.startswith("meta mark set "):
        key, _map, name = line.removeprefix("meta mark set ").partition(" map ")
        value = {"map": {"key": _concat(key), "data": name}}
        return [{"mangle": {"key": {"meta": {"key": "mark"}}, "value": value}}]
    if " vmap " in line:
        key, _vmap, name = line.partition(" vmap ")
        return [{"vmap": {"key": _concat(key), "data": name}}]
    return [{line: None}]


def _concat(line: str) -> dict[str, Any]:
    parts = [_expression(part) for part in line.split(" . ")]
    return {"concat": parts} if len(parts) > 1 else parts[0]


def _expression(part: str) -> dict[str, Any]:
    first, _space, rest = part.partition(" ")
    if first == "meta":
        return {"meta": {"key": rest}}
    if first == "ct":
        direction, _space, key = rest.partition(" ")
        return {"ct": {"key": key, "dir": direction}}
    return {"payload": {"protocol": first, "field": rest}}
