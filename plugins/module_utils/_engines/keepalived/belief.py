# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers the running keepalived believes to have put into the kernel. Private to evenkeel.lb.

A server that has a health check and is missing in the kernel was taken out by keepalived, or by somebody else, and only
keepalived knows which. Its checkers write what they know as text when they get a signal: of each server whether it is
well (``alive``) and whether it was put into the kernel (``set``), both in one thread with the putting itself.
Source: ``dump_vs`` and ``dump_rs`` in ``keepalived/check/check_data.c``, alike in 2.2.7 to 2.4.3.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, Mapping, Optional, Pattern, Set, Tuple

from ..._host.ipvs_netlink import read_table_anew
from ..._host.ipvs_table import IPV4, IPV6, ServiceKey, Table, canonical_address, family_of
from ..._host.system import System
from ..blocks import Blocks
from ..service_table import PROTOCOLS
from .checkers_dump import asked

Servers = Mapping[ServiceKey, FrozenSet[Tuple[str, int]]]

_TOLD = re.compile(
    r"^(?:virtual_server (?:fwmark (?P<mark>\d+)|(?P<vip>\S+) (?P<vport>\d+)) \{"
    r"| +ip_family (?P<family>\w+)| +protocol (?P<protocol>\w+)| +real_server (?P<rip>\S+) (?P<rport>\d+) \{)$",
    re.MULTILINE,
)
_DUMPED = re.compile(
    r"^ (?:VS (?:FWMARK = (?P<mark>\d+)|VIP = (?P<vip>\S+), VPORT = (?P<vport>\d+))"
    r"|  Address family = (?P<family>\w+)|  protocol = (?P<protocol>\w+)"
    r"|  RIP = (?P<rip>\S+), RPORT = (?P<rport>\d+),.*|  alive = (?P<alive>\d)|  RS set = (?P<set>\d))$",
    re.MULTILINE,
)


def servers_in(table: Table) -> Servers:
    """The servers that the kernel has of each service."""
    return {key: frozenset(one.key for one in entry.destinations) for key, entry in table.items()}


def lost(system: System, blocks: Blocks, there: Servers) -> Servers:
    """The servers of our file that are well, that keepalived put into the kernel, and that are not ``there``.

    Asked only when some are missing there, and asked again when there seem to be some: what is so before and after a
    look at the kernel was so during it.
    """
    told = servers_told(blocks)
    found = _missing(told, there)
    for _time in range(2):
        if not found:
            break
        placed = _placed(system, told)
        found = _missing(_both(found, placed), servers_in(read_table_anew(system)))
    return found


def servers_told(blocks: Blocks) -> Servers:
    """The servers of each service that our file asks for."""
    return {key: frozenset(servers) for key, servers in _read(_TOLD, "\n".join(blocks.values())).items()}


def servers_dumped(dump: str) -> Tuple[Servers, Servers]:
    """The servers of each service of which a dump says all, and those of them that are well and in the kernel."""
    found = _read(_DUMPED, dump)
    known = {key: {name for name, said in servers.items() if "set" in said} for key, servers in found.items()}
    placed = {
        key: {name for name in names if found[key][name] == {"alive": "1", "set": "1"}} for key, names in known.items()
    }
    return _frozen(known), _frozen(placed)


def _frozen(servers: Mapping[ServiceKey, Set[Tuple[str, int]]]) -> Servers:
    return {key: frozenset(names) for key, names in servers.items()}


def _read(pattern: Pattern[str], text: str) -> Dict[ServiceKey, Dict[Tuple[str, int], Dict[str, str]]]:
    """What a text says of each server of each service."""
    found: Dict[ServiceKey, Dict[Tuple[str, int], Dict[str, str]]] = {}
    head: Dict[str, str] = {}
    server: Optional[Dict[str, str]] = None
    for match in pattern.finditer(text):
        said = {name: value for name, value in match.groupdict().items() if value is not None}
        if "vip" in said or "mark" in said:
            head, server = said, None
        elif "rip" in said:
            name = canonical_address(said["rip"]), int(said["rport"])
            server = found.setdefault(_key(head, said["rip"]), {}).setdefault(name, {})
        elif server is not None:
            server.update(said)
        else:
            head.update(said)
    return found


def _key(head: Mapping[str, str], server: str) -> ServiceKey:
    if "mark" not in head:
        return ServiceKey.of_address(PROTOCOLS[head["protocol"].lower()], head["vip"], int(head["vport"]))
    family = head.get("family")
    if family is None:
        return ServiceKey.of_fwmark(family_of(server), int(head["mark"]))
    return ServiceKey.of_fwmark(IPV6 if family == "inet6" else IPV4, int(head["mark"]))


def _missing(servers: Servers, there: Servers) -> Servers:
    """Those that a service has not; a service that is gone is another matter."""
    found = {key: names - there[key] for key, names in servers.items() if key in there}
    return {key: names for key, names in found.items() if names}


def _both(one: Servers, other: Servers) -> Servers:
    return {key: names & other[key] for key, names in one.items() if key in other}


def _placed(system: System, told: Servers) -> Servers:
    """The servers that the checkers say are well and in the kernel, none where they do not say."""

    def whole(dump: str) -> Optional[Servers]:
        known, placed = servers_dumped(dump)
        return placed if known and _holds(known, told) else None

    return asked(system, whole) or {}


def _holds(known: Servers, told: Servers) -> bool:
    """Whether a dump is there up to the end of all that our file has."""
    return all(names <= known.get(key, frozenset()) for key, names in told.items())
