# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What our table of the kernel's nftables holds, as values, and what it has to hold for services of the model.

Pure. Private to evenkeel.lb.

All text is written one way, that of ``nft --numeric list``, so that equal rulesets are equal values. How packets
travel, and why each chain is where it is (net/netfilter/ipvs/ip_vs_core.c has the hooks):

- IPVS takes packets on their way into the host at priority 98 and 99. What is marked in the same hook just before is
  what IPVS balances: after any destination NAT, after fragments were put together, after the rules of others that set
  or restore marks, and of packets that only pass through the director none is looked at.
- The director's own packets IPVS takes on their way out at -98.
- A masqueraded packet leaves IPVS with its new destination and goes through postrouting like any other; the
  connection's original destination is still the VIP. There its source is rewritten, before the rules of others that
  masquerade all that leaves: whoever is first wins. Connection tracking has to see IPVS connections for that
  (``net.ipv4.vs.conntrack``). It may begin to look only now, and take a connection that is under way for a new one:
  so only the packet that opens a TCP connection gives it another source.
- ICMP errors need nothing of this: IPVS and connection tracking find the connection by the packet they quote.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Tuple

from ..._model.services import EVERY_TRANSPORT, Service, SourceNat

_EVERY_PORT = "0-65535"

# Each protocol has maps of its own. With the protocol in the key, nft 1.0.6 swaps the bytes of one byte when there are
# ranges, which newer kernels refuse; and it knows the original port only of a protocol it was told.
_MARKS = "type {address} . inet_service : mark; flags interval"
_SOURCES = "type {address} . inet_service : verdict"
_MARKED_SOURCES = "type mark : verdict"

_ADDRESS_TYPES = {4: "ipv4_addr", 6: "ipv6_addr"}
_WORDS = {4: "ip", 6: "ip6"}

_INPUT = "type filter hook input priority 90; policy accept;"
_OUTPUT = "type filter hook output priority -99; policy accept;"
_POSTROUTING = "type nat hook postrouting priority 90; policy accept;"


class Key(NamedTuple):
    """An element of a map: which map, and its key as nft writes it."""

    map: str
    key: str


class Value(NamedTuple):
    """What a map has for a key. ``owner`` is the name of the virtual server, and the element's comment."""

    value: str
    owner: str


@dataclass(frozen=True)
class Ruleset:
    """A table: its ``maps`` by name as they are declared, its ``chains`` by name with the lines in them, the
    ``elements`` of its maps. ``foreign`` is whatever else there is in it, which is never ours."""

    maps: Mapping[str, str] = field(default_factory=dict)
    chains: Mapping[str, Tuple[str, ...]] = field(default_factory=dict)
    elements: Mapping[Key, Value] = field(default_factory=dict)
    foreign: Tuple[str, ...] = ()

    def frame(self) -> List[str]:
        """Everything but the elements, in lines."""
        maps = [f"map {name}: {declared}" for name, declared in sorted(self.maps.items())]
        chains = [f"chain {name}: {line}" for name, lines in sorted(self.chains.items()) for line in ("", *lines)]
        return [*maps, *(line.rstrip(": ") for line in chains), *self.foreign]


EMPTY = Ruleset()


def ruleset_of(services: Iterable[Service]) -> Ruleset:
    """What these services need; EMPTY when none needs anything."""
    elements: Dict[Key, Value] = {}
    targets: Dict[str, str] = {}
    for service in services:
        for key, value in _marks(service):
            elements[key] = Value(value, service.name)
        if service.source_nat is not None:
            target, rule = _target(service.source_nat, service.family)
            targets[target] = rule
            for key in _source_keys(service):
                elements[key] = Value(f"goto {target}", service.name)
    used = {key.map for key in elements}
    maps = {name: declared for name, declared in _declared() if name in used}
    return Ruleset(maps, dict(_chains(used, targets)), elements)


def is_marking(key: Key) -> bool:
    """Whether an element marks packets; if not, it changes their source."""
    return "_marks" in key.map


def mark_text(mark: int) -> str:
    """A mark as nft writes it."""
    return f"0x{mark:08x}"


def _marks(service: Service) -> Iterator[Tuple[Key, str]]:
    marking = service.marking
    if marking is None:
        return
    for transport in marking.transports:
        for ports in marking.ports or (_EVERY_PORT,):
            key = Key(f"{transport}_marks{service.family}", f"{marking.address} . {ports}")
            yield key, mark_text(service.fwmark)


def _source_keys(service: Service) -> Iterator[Key]:
    """A service by address is told by what its clients connect to, whatever IPVS has made of that since; one by mark is
    told by the mark, which stays on a packet."""
    if not service.fwmark:
        yield Key(f"{service.protocol}_sources{service.family}", f"{service.address} . {service.port}")
        return
    transports = service.marking.transports if service.marking is not None else EVERY_TRANSPORT
    for transport in transports:
        yield Key(f"{transport}_marked_sources{service.family}", mark_text(service.fwmark))


def _target(source_nat: SourceNat, family: int) -> Tuple[str, str]:
    """The chain for a source, and the rule in it."""
    if source_nat.pool is None:
        return "source-auto", "masquerade"
    first, last = usable(source_nat.pool)
    name = "source-" + source_nat.pool.replace(":", "_").replace("/", "-")
    addresses = f"{first}-{last} persistent" if first != last else first
    return name, f"snat {_WORDS[family]} to {addresses}"


def usable(network: str) -> Tuple[str, str]:
    """The first and last address of a network that a host may have: without the network and broadcast address of an
    IPv4 network, and the routers' anycast address of an IPv6 network (RFC 4291, 2.6.1), unless it is too small."""
    whole = ipaddress.ip_network(network)
    if whole.num_addresses <= 2:
        return str(whole[0]), str(whole[-1])
    return str(whole[1]), str(whole[-2] if whole.version == 4 else whole[-1])


def _declared() -> Iterator[Tuple[str, str]]:
    for family, address in _ADDRESS_TYPES.items():
        for transport in EVERY_TRANSPORT:
            yield f"{transport}_marks{family}", _MARKS.format(address=address)
            yield f"{transport}_sources{family}", _SOURCES.format(address=address)
            yield f"{transport}_marked_sources{family}", _MARKED_SOURCES


def _chains(maps: Iterable[str], targets: Mapping[str, str]) -> Iterator[Tuple[str, Tuple[str, ...]]]:
    marking, rewriting = [], []
    for family, word in _WORDS.items():
        protocol = "ipv4" if family == 4 else "ipv6"
        for transport in EVERY_TRANSPORT:
            if f"{transport}_marks{family}" in maps:
                packet = f"{word} daddr . {transport} dport"
                marking.append(f"meta mark set {packet} map @{transport}_marks{family}")
            opening = "tcp flags syn" if transport == "tcp" else f"meta l4proto {transport}"
            if f"{transport}_sources{family}" in maps:
                asked = f"ct original {word} daddr . ct original proto-dst"
                rewriting.append(f"{opening} {asked} vmap @{transport}_sources{family}")
            if f"{transport}_marked_sources{family}" in maps:
                marked = f"meta nfproto {protocol} {opening} meta mark"
                rewriting.append(f"{marked} vmap @{transport}_marked_sources{family}")
    if marking:
        yield "input", (_INPUT, *marking)
        yield "output", (_OUTPUT, *marking)
    if rewriting:
        yield "postrouting", (_POSTROUTING, *rewriting)
    for name, rule in targets.items():
        yield name, (rule,)
