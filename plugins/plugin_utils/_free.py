# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which addresses of a prefix are free. Private to evenkeel.lb.

Works on ranges, never on single addresses: an IPv6 prefix has more of them than a machine can count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, shown

from . import _addresses, _netaddr

USED = f"a list of addresses, {_netaddr.EXAMPLES}, with or without a prefix length"
RESERVED = "a list of addresses, prefixes and ranges such as 192.0.2.1-192.0.2.9"

# IP version, first and last address.
Range = tuple[int, int, int]


def free(network: Any, taken: Iterable[Range]) -> Iterator[str]:
    """The VIPs of a netaddr.IPNetwork that lie in no taken range, lowest first, with its prefix length."""
    version = network.version
    barred = [(first, last) for family, first, last in taken if family == version]
    barred += [(first, last) for first, last, _reason in _addresses.unusable(version) + _addresses.ends(network)]
    package = _netaddr.required()
    low = network.first
    # The last range ends with the last address there is, so nothing is left behind it.
    for first, last in sorted(barred):
        for number in range(low, min(first, network.last + 1)):
            yield f"{package.IPAddress(number, version)}/{network.prefixlen}"
        low = max(low, last + 1)


def used(value: Any) -> list[Range]:
    """The addresses in use as ranges of one; prefix lengths are taken off. Raises BadValue."""
    found = (_netaddr.with_length(item, USED)[0] for item in _items(value, USED))
    return [(address.version, int(address), int(address)) for address in found]


def reserved(value: Any) -> list[Range]:
    """The reserved addresses, prefixes and ranges as ranges. Raises BadValue."""
    return [_reserved(item) for item in _items(value, RESERVED)]


def _reserved(item: Any) -> Range:
    if not isinstance(item, str) or "-" not in item:
        network = _addresses.network(item)
        return network.version, network.first, network.last
    first, _dash, last = item.partition("-")
    low, high = _netaddr.address(first.strip(), RESERVED), _netaddr.address(last.strip(), RESERVED)
    if low.version != high.version or low > high:
        raise BadValue(f"{shown(item)} is not a range", "two addresses of one family, the lower one first")
    return low.version, int(low), int(high)


def _items(value: Any, allowed: str) -> Iterable[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise BadValue(f"{shown(value)} is not a list", allowed)
    return value
