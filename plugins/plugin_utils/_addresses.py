# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be a VIP and what is a prefix. Private to evenkeel.lb.

Stricter than the model, which takes whatever a director can hold: here an address has to be one that clients can reach.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, shown

from . import _netaddr

VIP = f"a unicast address that clients can reach, {_netaddr.EXAMPLES}, with or without a prefix length"
PREFIX = "a network such as 192.0.2.0/24 or 2001:db8::/64, or one address"
LINK_LOCAL = "is a link-local address, which nobody beyond the link can reach"


class Unusable(NamedTuple):
    """A range of addresses that cannot be VIPs, both ends included, and why."""

    first: int
    last: int
    reason: str


# The first range that holds an address says what it is, so the narrower ones come first.
_UNUSABLE = {
    4: (
        ("0.0.0.0/32", "is the unspecified address"),
        ("0.0.0.0/8", "means a host of this network, never a destination (RFC 1122, 3.2.1.3)"),
        ("127.0.0.0/8", "is a loopback address"),
        ("169.254.0.0/16", LINK_LOCAL),
        ("224.0.0.0/4", "is a multicast address, not a unicast one"),
        ("255.255.255.255/32", "is the limited broadcast address"),
        ("240.0.0.0/4", "is reserved (RFC 1112, section 4)"),
    ),
    6: (
        ("::/128", "is the unspecified address"),
        ("::1/128", "is the loopback address"),
        ("::ffff:0:0/96", "is an IPv4 address in IPv6 clothes (IPv4-mapped)"),
        ("::/96", "is an IPv4-compatible address, which nothing routes (RFC 4291, 2.5.5.1)"),
        ("fe80::/10", LINK_LOCAL),
        ("ff00::/8", "is a multicast address, not a unicast one"),
    ),
}


@functools.cache
def unusable(version: int) -> tuple[Unusable, ...]:
    """The ranges of an IP version (4 or 6) that hold no VIP in any network."""
    package = _netaddr.required()
    ranges = ((package.IPNetwork(text), reason) for text, reason in _UNUSABLE[version])
    return tuple(Unusable(whole.first, whole.last, reason) for whole, reason in ranges)


def ends(within: Any) -> tuple[Unusable, ...]:
    """The addresses of a netaddr.IPNetwork that are not for one host, and what they are."""
    if within.size <= 2:
        return ()
    first, last = within.first, within.last
    if within.version == 4:
        return (
            Unusable(first, first, f"is the address of the network {within.cidr} itself"),
            Unusable(last, last, f"is the broadcast address of its network {within.cidr}"),
        )
    # Every router answers to it (RFC 4291, 2.6.1), and a director is one.
    return (Unusable(first, first, f"is the Subnet-Router anycast address of {within.cidr}"),)


def vip(value: Any, link_local: bool = False) -> tuple[Any, int | None]:
    """Address (netaddr.IPAddress) and prefix length of a VIP; raises BadValue.

    ``link_local`` also takes link-local addresses, which serve as the gateway of servers on the same link.
    """
    address, length = _netaddr.with_length(value, VIP)
    if length == 0:
        raise BadValue(f"{shown(value)} makes the whole internet a neighbour", "a prefix length from 1")
    ranges = unusable(address.version) + (() if length is None else ends(_netaddr.network(address, length)))
    for first, last, reason in ranges:
        if first <= int(address) <= last and not (link_local and reason == LINK_LOCAL):
            plain = f"{address.ipv4()}, or {VIP}" if address.is_ipv4_mapped() else VIP
            raise BadValue(f"{shown(value)} {reason}", plain)
    return address, length


def written(address: Any, length: int | None) -> str:
    """A VIP in canonical form, the one the model keeps."""
    return str(address) if length is None else f"{address}/{length}"


def network(value: Any) -> Any:
    """The netaddr.IPNetwork of any network; one address counts as its own. Raises BadValue."""
    address, length = _netaddr.with_length(value, PREFIX)
    found = _netaddr.network(address, (32 if address.version == 4 else 128) if length is None else length)
    if int(address) != found.first:
        raise BadValue(f"{shown(value)} is an address inside a network", f"{found.cidr}, the network it is in")
    return found


def prefix(value: Any) -> Any:
    """The netaddr.IPNetwork of a network of unicast addresses. Raises BadValue."""
    found = network(value)
    if found.ip.is_multicast() or found.ip.is_ipv4_mapped() or found.last == 0:
        raise BadValue(f"{shown(value)} is not a network of unicast addresses", PREFIX)
    return found
