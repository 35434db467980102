# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model's addresses, prefixes and netmasks against netaddr, which comes to its answers by itself."""

from __future__ import annotations

import ipaddress

import netaddr
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model import addresses, fields

# The same address as people write it: short, long, in capitals.
spellings = st.ip_addresses().flatmap(
    lambda address: st.sampled_from([address.compressed, address.exploded, address.exploded.upper()])
)


def parsed(field: fields.FieldType, text: str) -> str | None:
    """What the model makes of a text; None when it refuses."""
    try:
        return field.parse(text)
    except fields.BadValue:
        return None


@given(spellings)
def test_an_address_stays_the_same_address(text: str) -> None:
    canonical = parsed(addresses.Address(), text)
    assert canonical is None or netaddr.IPAddress(canonical) == netaddr.IPAddress(text)


@given(spellings)
def test_unicast_addresses_are_taken_and_others_refused(text: str) -> None:
    address = netaddr.IPAddress(text)
    refused = address.is_multicast() or int(address) == 0 or text == "255.255.255.255" or address.is_ipv4_mapped()
    assert (parsed(addresses.Address(), text) is None) == refused


octets = (
    st.integers(0, 260).map(str)
    | st.integers(0, 99).map(lambda octet: f"0{octet}")
    | st.text("0123456789.\n", max_size=4)
)


@given(st.lists(octets, min_size=3, max_size=5).map(".".join))
def test_what_looks_like_an_ipv4_address_is_one_or_refused(text: str) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        assert parsed(addresses.Address(), text) is None
    else:
        assert parsed(addresses.Address(), text) in (str(address), None)


@given(st.ip_addresses(), st.data())
def test_a_vip_is_a_host_of_its_network(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, data: st.DataObject
) -> None:
    length = data.draw(st.integers(1, address.max_prefixlen))
    text = f"{address}/{length}"
    canonical = parsed(addresses.HostAddress(), text)
    network = netaddr.IPNetwork(text)
    if address.version == 4 and network.size > 2 and network.ip in (network.network, network.broadcast):
        assert canonical is None
    elif canonical is not None:
        assert netaddr.IPNetwork(canonical) == network
        assert netaddr.IPNetwork(canonical).ip == network.ip


@given(st.integers(1, 2**32 - 1) | st.integers(0, 31).map(lambda hosts: 2**32 - 2**hosts))
def test_netmasks_are_those_with_leading_ones(number: int) -> None:
    mask = str(netaddr.IPAddress(number, 4))
    assert (parsed(addresses.Netmask(), mask) == mask) == netaddr.IPAddress(number, 4).is_netmask()
