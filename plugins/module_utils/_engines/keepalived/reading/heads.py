# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What clients reach a virtual_server of keepalived.conf by: its head, and the virtual_server_groups. Pure.

Private to evenkeel.lb. Source: keepalived.conf(5), "virtual_server" and "virtual_server_group".
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple, Union

from ...found_services import FoundKey
from ...reading import Findings
from .tree import Statement
from .values import address, port

_MOST_OF_A_RANGE = 1024
_MARKS = (1, 2**32 - 1)

_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


@dataclass
class Head:
    """What clients reach a service by: one key, or those of a group; ``name`` is that of the text, or empty."""

    name: str
    keys: List[FoundKey] = field(default_factory=list)

    @property
    def every_port(self) -> bool:
        """Whether one of the keys is an address as a whole."""
        return any("ports" in key.fields for key in self.keys)


def read_head(statement: Statement, groups: Mapping[str, Statement], name: str, findings: Findings) -> Optional[Head]:
    """The head of a virtual_server, which its marker calls ``name``; None where keepalived skips it."""
    words = statement.words[1:]
    if words[:1] == ("fwmark",):
        fields = _mark(statement, words[1] if len(words) > 1 else "", findings)
        return None if fields is None else Head(name, [FoundKey(name, fields)])
    if words[:1] == ("group",):
        return _group(statement, groups, findings)
    fields = _endpoint(statement, words, findings)
    return None if fields is None else Head(name, [FoundKey(name, fields)])


def _mark(statement: Statement, text: str, findings: Findings) -> Optional[Dict[str, Any]]:
    if re.fullmatch("[0-9]{1,10}", text) and _MARKS[0] <= int(text) <= _MARKS[1]:
        return {"fwmark": int(text)}
    findings.lose(statement.place, statement.shown, f"{text[:20]!r} is no firewall mark", "1 to 4294967295")
    return None


def _endpoint(statement: Statement, words: Tuple[str, ...], findings: Findings) -> Optional[Dict[str, Any]]:
    where = address(words[0] if words else "", statement, findings)
    own_port = port(words, 1, statement, findings)
    if where is None or own_port is None:
        return None
    return {"vip": where, "port": own_port} if own_port else {"vip": where, "ports": ["1-65535"]}


def _group(statement: Statement, groups: Mapping[str, Statement], findings: Findings) -> Optional[Head]:
    name = statement.words[2] if len(statement.words) > 2 else ""
    if name not in groups:
        findings.lose(statement.place, statement.shown, "there is no such virtual_server_group", ", ".join(groups))
        return None
    keys = [key for entry in groups[name].inside() for key in _entry(entry, findings)]
    return Head(name, keys) if keys else None


def _entry(entry: Statement, findings: Findings) -> Iterator[FoundKey]:
    """The keys of one line of a group: an address, a range of them, a network, or a firewall mark."""
    words = entry.words
    if words[0] == "fwmark":
        fields = _mark(entry, words[1] if len(words) > 1 else "", findings)
        if fields is not None:
            yield FoundKey("", fields)
        return
    ends = _range(words[0])
    if ends is None:
        findings.lose(entry.place, entry.shown, "is no address, range or network", "such as 192.0.2.10-19 80")
        return
    first, last = ends
    if int(last) - int(first) >= _MOST_OF_A_RANGE:
        findings.lose(
            entry.place,
            entry.shown,
            f"are {int(last) - int(first) + 1} virtual servers",
            f"at most {_MOST_OF_A_RANGE}, or a firewall mark",
        )
        return
    for number in range(int(first), int(last) + 1):
        text = str(type(first)(number))
        fields = _endpoint(entry, (text, *words[1:]), findings)
        if fields is not None:
            yield FoundKey("", fields)


def _range(text: str) -> Optional[Tuple[_Address, _Address]]:
    """``192.0.2.1``, ``192.0.2.1-9`` (of the last part), ``192.0.2.1-192.0.2.9`` or ``192.0.2.0/29``: both ends."""
    try:
        if "/" in text:
            network = ipaddress.ip_network(text)
            return network.network_address, network.broadcast_address
        first, dash, last = text.partition("-")
        begin = ipaddress.ip_address(first)
        if not dash:
            return begin, begin
        if not re.search("[.:]", last):
            head = first.rpartition(":" if begin.version == 6 else ".")
            last = f"{head[0]}{head[1]}{last}"
        end = ipaddress.ip_address(last)
    except ValueError:
        return None
    return (begin, end) if begin.version == end.version and int(begin) <= int(end) else None
