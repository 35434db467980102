# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Field types for addresses and networks, IPv4 and IPv6 alike. Private to evenkeel.lb."""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import Any

from .fields import BadValue, FieldType, shown

_UNICAST = "an IPv4 or IPv6 unicast address without prefix, such as 192.0.2.10 or 2001:db8::10"
_LIMITED_BROADCAST = ipaddress.IPv4Address("255.255.255.255")


# IPv4 addresses of unicast in the only form they have.
_PLAIN = re.compile(
    r"(?:[1-9]|[1-9][0-9]|1[0-9][0-9]|2[01][0-9]|22[0-3])"
    r"(?:\.(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])){3}"
).fullmatch


def is_address(text: str) -> bool:
    """Whether text that may be a name or an address is meant as an address."""
    return ":" in text or text.replace(".", "").replace("/", "").isdigit()


def version_of(address: str) -> int:
    """The IP version of what is an address: 4 or 6."""
    return 6 if ":" in address else 4


class Address(FieldType):
    """An IPv4 or IPv6 unicast address without prefix, in its shortest form."""

    def parse(self, value: Any) -> str:
        if not isinstance(value, str):
            raise BadValue(f"{shown(value)} is not an IP address", _UNICAST)
        # most are, and every server comes through here
        return value if _PLAIN(value) else _unicast(value)


@functools.lru_cache(maxsize=1 << 17)  # what is wished for is mostly what is recorded, and each is parsed
def _unicast(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise BadValue(f"{shown(text)} is not an IP address", _UNICAST) from None
    if address.is_multicast or address.is_unspecified or address == _LIMITED_BROADCAST:
        raise BadValue(f"{shown(text)} is not a unicast address", _UNICAST)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise BadValue(f"{shown(text)} is an IPv4 address in IPv6 clothes", f"{address.ipv4_mapped}, or {_UNICAST}")
    if getattr(address, "scope_id", None):
        raise BadValue(f"{shown(text)} carries a zone", _UNICAST)
    return str(address)


class HostAddress(FieldType):
    """An address with the prefix length of its network, such as ``192.0.2.10/24``."""

    def parse(self, value: Any) -> str:
        allowed = "an address with its prefix length, such as 192.0.2.10/24 or 2001:db8::10/64"
        host, slash, length = (value if isinstance(value, str) else "").partition("/")
        if not slash:
            raise BadValue(f"{shown(value)} has no prefix length", allowed)
        try:
            address = Address().parse(host)
            interface = ipaddress.ip_interface(
                f"{address}/{int(length) if re.fullmatch('[0-9]{1,3}', length) else 'x'}"
            )
        except (BadValue, ValueError):
            raise BadValue(f"{shown(value)} is not an address with a prefix length", allowed) from None
        network = interface.network
        if network.num_addresses > 2 and interface.ip == network.network_address and network.version == 4:
            raise BadValue(f"{shown(value)} is the network itself", allowed)
        if network.num_addresses > 2 and interface.ip == network.broadcast_address and network.version == 4:
            raise BadValue(f"{shown(value)} is the broadcast address of its network", allowed)
        return str(interface)


class Prefix(FieldType):
    """A network with its prefix length, such as ``198.51.100.0/29``; a single address counts as its own network."""

    def parse(self, value: Any) -> str:
        allowed = "a network such as 198.51.100.0/29 or 2001:db8::/64, or one address"
        try:
            network = ipaddress.ip_network(value if isinstance(value, str) else "")
        except ValueError:
            raise BadValue(f"{shown(value)} is not a network", allowed) from None
        if network.is_multicast or network.is_unspecified or getattr(network.network_address, "scope_id", None):
            raise BadValue(f"{shown(value)} is not a network of unicast addresses", allowed)
        return str(network)


class Netmask(FieldType):
    """Which clients count as one for persistence: an IPv4 netmask, or an IPv6 prefix length from 1 to 128."""

    def parse(self, value: Any) -> str:
        text = value if isinstance(value, str) else str(value) if isinstance(value, int) and 0 < value <= 128 else ""
        if re.fullmatch("[0-9]{1,3}", text) and 1 <= int(text) <= 128:
            return str(int(text))
        try:
            network = ipaddress.IPv4Network(f"0.0.0.0/{text}")
            if "." in text and network.prefixlen > 0 and str(network.netmask) == text:
                return text
        except ValueError:
            pass
        raise BadValue(
            f"{shown(value)} is not valid here",
            "an IPv4 netmask such as 255.255.255.0, or an IPv6 prefix length from 1 to 128",
        )
