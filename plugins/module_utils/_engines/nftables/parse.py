# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table as nft lists it in JSON (libnftables-json(5)), in the terms of ruleset.py. Pure. Private to evenkeel.lb.

Versions of nft say the same thing in several ways: numbers or names of protocols, a flag or a list of flags, a range or
the prefix that is as long. What is not known here is not lost: it is kept as the JSON it was, equal to nothing of ours.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any, Callable, Dict, Iterator, List, Mapping, Tuple

from .ruleset import Key, Ruleset, Value, mark_text

_PROTOCOLS = {6: "tcp", 17: "udp", 132: "sctp"}
_FAMILIES = {2: "ipv4", 10: "ipv6"}
_SYN = 2

# What nft says of an object beside what it is: its place, and the number the kernel gave it.
_PLACE = frozenset({"family", "table", "name", "handle"})


class NotNft(Exception):
    """A text that no nft has written."""


class _Unknown(ValueError):
    """Something that none of our rules has in it."""


def parse(text: str) -> Ruleset:
    """The ruleset of what ``nft --json list table`` printed. Raises NotNft for anything else."""
    try:
        objects = json.loads(text)["nftables"]
        return _ruleset([(kind, values) for entry in objects for kind, values in entry.items()])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotNft(f"{type(error).__name__}: {error}") from error


def _ruleset(objects: List[Tuple[str, Any]]) -> Ruleset:
    maps: Dict[str, str] = {}
    chains: Dict[str, List[str]] = {}
    elements: Dict[Key, Value] = {}
    foreign: List[str] = []
    for kind, values in objects:
        if kind == "map":
            maps[_plain(values["name"])] = _map(values)
            for key, value in _elements(values):
                if key in elements:
                    foreign.append(f"element {key.map} {key.key} : {value.value}")
                elements[key] = value
        elif kind == "chain":
            chains.setdefault(_plain(values["name"]), []).extend(_chain(values))
        elif kind == "rule":
            chains.setdefault(_plain(values["chain"]), []).append(_rule(values))
        elif kind == "table":
            foreign.extend(f"table {_json(value)}" for key, value in values.items() if key not in _PLACE)
        elif kind != "metainfo":
            foreign.append(f"{kind} {_json(values)}")
    return Ruleset(maps, {name: tuple(lines) for name, lines in chains.items()}, elements, tuple(sorted(foreign)))


def _map(values: Mapping[str, Any]) -> str:
    keys = " . ".join(map(_plain, _listed(values["type"])))
    parts = [f"type {keys} : {_plain(values['map'])}"]
    for name, value in sorted(values.items()):
        if name == "flags":
            parts.append(f"flags {','.join(_plain(flag) for flag in _listed(value))}")
        elif name not in (*_PLACE, "type", "map", "elem"):
            parts.append(f"{name} {_json(value)}")
    return "; ".join(parts)


def _elements(values: Mapping[str, Any]) -> Iterator[Tuple[Key, Value]]:
    for entry in values.get("elem", ()):
        try:
            key, value = entry
            comment = ""
            if isinstance(key, dict) and isinstance(key.get("elem"), dict):
                extra = set(key["elem"]) - {"val", "comment"}
                if extra:
                    raise _Unknown
                comment, key = _plain(key["elem"].get("comment", "")), key["elem"]["val"]
            found = Value(_mark_or_verdict(value), comment), _key(key, _listed(values["type"]))
        except (ValueError, KeyError, TypeError):
            found = Value("", ""), _json(entry)
        yield Key(_plain(values["name"]), found[1]), found[0]


def _key(key: Any, types: List[str]) -> str:
    parts = key["concat"] if isinstance(key, dict) else [key]
    if len(parts) != len(types):
        raise _Unknown
    return " . ".join(_key_part(part, kind) for part, kind in zip(parts, types))


def _key_part(part: Any, kind: str) -> str:
    if kind in ("ipv4_addr", "ipv6_addr"):
        return str(ipaddress.ip_address(_plain(part)))
    if kind == "inet_proto":
        return _protocol(part)
    if kind == "inet_service":
        first, last = _bounds(part, _number)
        return str(first) if first == last else f"{first}-{last}"
    if kind == "mark":
        return mark_text(_number(part))
    return _unknown()


def _protocol(value: Any) -> str:
    """nft has names for protocols where the host has /etc/protocols."""
    return _PROTOCOLS.get(value, str(value)) if isinstance(value, int) else _plain(value)


def _mark_or_verdict(value: Any) -> str:
    if isinstance(value, dict):
        return _statement(value)
    return mark_text(_number(value))


def _chain(values: Mapping[str, Any]) -> Iterator[str]:
    known = {"type", "hook", "prio", "policy"}
    if "hook" in values:
        hook, priority = _plain(values["hook"]), _plain(values["prio"])
        yield f"type {_plain(values['type'])} hook {hook} priority {priority}; policy {_plain(values['policy'])};"
    yield from (f"{name} {_json(values[name])}" for name in sorted(set(values) - known - _PLACE))


def _rule(values: Mapping[str, Any]) -> str:
    comment = f' comment "{values["comment"]}"' if "comment" in values else ""
    try:
        return " ".join(_statement(statement) for statement in values["expr"]) + comment
    except (ValueError, KeyError, TypeError, AttributeError):
        return _json(values["expr"]) + comment


def _statement(statement: Mapping[str, Any]) -> str:
    (kind, values), *more = statement.items()
    if more:
        raise _Unknown
    if kind in ("accept", "drop", "return", "continue", "masquerade") and not values:
        return kind
    if kind in ("goto", "jump"):
        return f"{kind} {_plain(values['target'])}"
    if kind == "vmap":
        return f"{_expression(values['key'])} vmap {_plain(values['data'])}"
    if kind == "mangle":
        return f"{_expression(values['key'])} set {_expression(values['value'])}"
    if kind == "match":
        left, right = _expression(values["left"]), _matched(values["left"], values["right"])
        usual = "in" if left == "tcp flags" else "=="
        operator = "" if values["op"] == usual else f"{_plain(values['op'])} "
        return f"{left} {operator}{right}"
    if kind == "snat":
        return _snat(values)
    return _unknown()


def _matched(left: Any, right: Any) -> str:
    """What a packet is compared with, in words where nft may print numbers."""
    if left == {"meta": {"key": "nfproto"}} and isinstance(right, int):
        return _FAMILIES.get(right, str(right))
    if left == {"meta": {"key": "l4proto"}}:
        return _protocol(right)
    if left == {"payload": {"protocol": "tcp", "field": "flags"}} and right == _SYN:
        return "syn"
    return _expression(right)


def _snat(values: Mapping[str, Any]) -> str:
    if not set(values) <= {"addr", "family", "flags"}:
        raise _Unknown
    first, last = _bounds(values["addr"], ipaddress.ip_address)
    family = "ip6" if ipaddress.ip_address(first).version == 6 else "ip"
    if values.get("family", family) != family:
        raise _Unknown
    addresses = str(first) if first == last else f"{first}-{last}"
    return " ".join([f"snat {family} to {addresses}", *map(_plain, _listed(values.get("flags", [])))])


def _expression(expression: Any) -> str:
    if isinstance(expression, (str, int)):
        return _plain(expression)
    (kind, values), *more = expression.items()
    if more:
        raise _Unknown
    if kind == "concat":
        return " . ".join(map(_expression, values))
    if kind == "payload":
        return f"{_plain(values['protocol'])} {_plain(values['field'])}"
    if kind == "meta":
        return f"meta {_plain(values['key'])}"
    if kind == "ct":
        direction = f"{_plain(values['dir'])} " if "dir" in values else ""
        return f"ct {direction}{_plain(values['key'])}"
    if kind == "map":
        return f"{_expression(values['key'])} map {_plain(values['data'])}"
    return _unknown()


def _bounds(part: Any, parsed: Callable[[Any], Any]) -> Tuple[Any, Any]:
    """The first and last of a value, a range, or a prefix, which is a range too."""
    if isinstance(part, dict) and "range" in part:
        first, last = part["range"]
        return parsed(first), parsed(last)
    if isinstance(part, dict) and "prefix" in part:
        address, length = part["prefix"]["addr"], part["prefix"]["len"]
        if isinstance(address, int) and 0 <= length <= 16:
            return address, address + (1 << (16 - length)) - 1
        network = ipaddress.ip_network(f"{address}/{length}")
        return network[0], network[-1]
    if isinstance(part, dict):
        raise _Unknown
    return parsed(part), parsed(part)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise _Unknown
    return int(value, 0) if isinstance(value, str) else value


def _plain(value: Any) -> str:
    """A word or a number of nft's, as it writes them in text."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _Unknown
    return str(value)


def _listed(value: Any) -> List[Any]:
    return value if isinstance(value, list) else [value]


def _unknown() -> str:
    raise _Unknown


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
