# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters vip, prefix and vip_in_prefix: what they take, what they refuse and what they say then."""

from __future__ import annotations

import ipaddress
import runpy
import sys
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.filter.prefix import prefix
from ansible_collections.evenkeel.lb.plugins.filter.vip import vip
from ansible_collections.evenkeel.lb.plugins.filter.vip_in_prefix import vip_in_prefix
from ansible_collections.evenkeel.lb.plugins.module_utils._model.addresses import Address, HostAddress, Prefix
from ansible_collections.evenkeel.lb.plugins.plugin_utils import _netaddr
from ansible_collections.evenkeel.lb.tests.unit.model.values import hostile


def refusal(function: Any, *arguments: Any) -> str:
    with pytest.raises(AnsibleFilterError) as refused:
        function(*arguments)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.50", "192.0.2.50"),
        ("192.0.2.50/24", "192.0.2.50/24"),
        ("192.0.2.50/255.255.255.0", "192.0.2.50/24"),
        ("192.0.2.50/024", "192.0.2.50/24"),
        ("10.0.0.0", "10.0.0.0"),
        ("10.0.0.0/31", "10.0.0.0/31"),
        ("10.0.0.255/32", "10.0.0.255/32"),
        ("2001:DB8:0:0::50", "2001:db8::50"),
        ("FD10::0050/64", "fd10::50/64"),
        ("2001:db8::/127", "2001:db8::/127"),
        ("2001:db8::ffff:ffff:ffff:ffff/64", "2001:db8::ffff:ffff:ffff:ffff/64"),
    ],
)
def test_vips_in_canonical_form(text: str, canonical: str) -> None:
    assert vip(text) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0.0.0.0", "is the unspecified address"),
        ("0.1.2.3/8", "means a host of this network"),
        ("127.0.0.1/8", "is a loopback address"),
        ("169.254.1.1", "is a link-local address"),
        ("224.0.0.18", "is a multicast address"),
        ("239.255.255.255/24", "is a multicast address"),
        ("250.0.0.1", "is reserved"),
        ("255.255.255.255/32", "is the limited broadcast address"),
        ("192.0.2.0/24", "is the address of the network 192.0.2.0/24 itself"),
        ("192.0.2.255/24", "is the broadcast address of its network 192.0.2.0/24"),
        ("192.0.2.3/30", "is the broadcast address of its network 192.0.2.0/30"),
        ("::", "is the unspecified address"),
        ("::1/128", "is the loopback address"),
        ("::ffff:192.0.2.50", "(IPv4-mapped); allowed: 192.0.2.50, or a unicast address"),
        ("::192.0.2.50", "is an IPv4-compatible address"),
        ("fe80::1/64", "is a link-local address"),
        ("ff02::12", "is a multicast address"),
        ("2001:db8::/64", "is the Subnet-Router anycast address of 2001:db8::/64"),
        ("fe80::1%eth0", "carries a zone"),
        ("10.0.0.1/0", "makes the whole internet a neighbour"),
        ("10.0.0.1/33", "has no prefix length from 0 to 32"),
        ("10.0.0.1/", "has no prefix length from 0 to 32"),
        ("10.0.0.1/24/24", "has no prefix length from 0 to 32"),
        ("10.0.0.1/255.0.255.0", "has no prefix length from 0 to 32"),
        ("10.0.0.1/-1", "has no prefix length from 0 to 32"),
        ("fd10::50/129", "has no prefix length from 0 to 128"),
        ("fd10::50/255.255.255.0", "has no prefix length from 0 to 128"),
        ("10", "is not an IP address"),
        ("10.1", "is not an IP address"),
        ("010.0.0.1", "is not an IP address"),
        (" 10.0.0.1", "is not an IP address"),
        ("", "is not an IP address"),
        ("web", "is not an IP address"),
        (167772161, "is not text"),
        (None, "is not text"),
    ],
)
def test_what_is_no_vip_is_told_why(text: Any, message: str) -> None:
    refused = refusal(vip, text)
    assert message in refused
    assert "; allowed: " in refused


@given(hostile)
def test_only_the_own_error_is_raised(value: Any) -> None:
    for function, arguments in ((vip, ()), (prefix, ()), (vip_in_prefix, ("::/0",))):
        try:
            function(value, *arguments)
        except AnsibleFilterError as refused:
            assert len(str(refused)) < 1000


def test_a_gateway_may_be_link_local() -> None:
    assert vip("FE80::1/64", link_local="yes") == "fe80::1/64"
    assert vip("169.254.0.1/16", True) == "169.254.0.1/16"
    assert "Subnet-Router anycast" in refusal(vip, "fe80::/64", True)
    assert "multicast" in refusal(vip, "ff02::1", True)
    assert "true or false" in refusal(vip, "fe80::1", "perhaps")


def taken(function: Any, text: str) -> str | None:
    try:
        return function(text)
    except AnsibleFilterError:
        return None


hosts = st.builds(
    lambda address, length: (address, length % (address.max_prefixlen + 1)), st.ip_addresses(), st.integers(0)
)


@given(hosts)
def test_a_vip_is_what_the_model_takes_in_the_same_form(host: tuple[Any, int]) -> None:
    address, length = host
    alone, whole = taken(vip, address.exploded.upper()), taken(vip, f"{address.exploded}/{length}")
    assert alone is None or Address().parse(alone) == alone == address.compressed
    assert whole is None or HostAddress().parse(whole) == whole == f"{address.compressed}/{length}"


@given(hosts)
def test_every_other_address_is_a_vip(host: tuple[Any, int]) -> None:
    """Against ipaddress, which has tables of its own."""
    address, length = host
    network = ipaddress.ip_network(f"{address}/{length}", strict=False)
    bad = address.is_unspecified or address.is_loopback or address.is_link_local or address.is_multicast or length == 0
    if address.version == 4:
        bad = bad or address.is_reserved or address in ipaddress.ip_network("0.0.0.0/8")
        bad = bad or (length < 31 and address == network.broadcast_address)
    else:
        bad = bad or int(address) < 2**32 or address.ipv4_mapped is not None
    bad = bad or (network.num_addresses > 2 and address == network.network_address)
    assert (taken(vip, f"{address}/{length}") is None) == bad


@given(hosts)
def test_vip_and_prefix_are_fixed_points(host: tuple[Any, int]) -> None:
    text = f"{host[0]}/{host[1]}"
    for function in (vip, prefix):
        canonical = taken(function, text)
        assert canonical is None or function(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("2001:DB8::/064", "2001:db8::/64"),
        ("2001:db8::1", "2001:db8::1/128"),
    ],
)
def test_prefixes_in_canonical_form(text: str, canonical: str) -> None:
    assert prefix(text) == canonical


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("192.0.2.50/24", "is an address inside a network; allowed: 192.0.2.0/24, the network it is in"),
        ("2001:db8::1/64", "allowed: 2001:db8::/64, the network it is in"),
        ("224.0.0.0/4", "is not a network of unicast addresses"),
        ("ff00::/8", "is not a network of unicast addresses"),
        ("::ffff:0:0/96", "is not a network of unicast addresses"),
        ("::/128", "is not a network of unicast addresses"),
        ("10.0.0.0/0.0.0.255", "has no prefix length"),
        ("10/8", "is not an IP address"),
        (24, "is not text"),
    ],
)
def test_what_is_no_prefix_is_told_why(text: Any, message: str) -> None:
    assert message in refusal(prefix, text)


@given(hosts)
def test_a_prefix_is_what_the_model_takes_in_the_same_form(host: tuple[Any, int]) -> None:
    network = ipaddress.ip_network(f"{host[0]}/{host[1]}", strict=False)
    canonical = taken(prefix, network.exploded.upper())
    assert canonical is None or Prefix().parse(canonical) == canonical == str(network)


@given(hosts, st.integers(0, 128))
def test_vip_in_prefix_agrees_with_ipaddress(host: tuple[Any, int], length: int) -> None:
    address = host[0]
    network = ipaddress.ip_network(f"{address}/{length % (address.max_prefixlen + 1)}", strict=False)
    if taken(prefix, str(network)) and taken(vip, str(address)):
        assert vip_in_prefix(str(address), str(network)) is True
        outside = ipaddress.ip_network("198.51.100.0/24" if address.version == 4 else "2001:db8:ffff::/48")
        assert vip_in_prefix(str(address), str(outside)) is (address in outside)


@pytest.mark.parametrize(
    ("text", "network", "inside"),
    [
        ("192.0.2.50/24", "192.0.2.0/26", True),
        ("192.0.2.64/24", "192.0.2.0/26", False),
        ("2001:db8::50", "192.0.2.0/24", False),
        ("192.0.2.50", "::/0", False),
        ("2001:DB8::50", "2001:db8::/64", True),
    ],
)
def test_vip_in_prefix(text: str, network: str, inside: bool) -> None:
    assert vip_in_prefix(text, network) is inside


def test_vip_in_prefix_wants_a_vip_and_a_prefix() -> None:
    assert "loopback" in refusal(vip_in_prefix, "127.0.0.1", "127.0.0.0/8")
    assert "inside a network" in refusal(vip_in_prefix, "10.0.0.1", "10.0.0.1/8")
    assert vip_in_prefix("fe80::1", "fe80::/10", link_local=True) is True


def test_missing_netaddr_is_named_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before: Ansible loads all filters of a file at once, and passes over a file that cannot be loaded."""
    monkeypatch.setitem(sys.modules, "netaddr", None)
    loaded = runpy.run_path(_netaddr.__file__)
    assert "Python package netaddr is missing" in refusal(loaded["required"])


def test_missing_netaddr_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_netaddr, "netaddr", None)
    for function, arguments in ((vip, ()), (prefix, ()), (vip_in_prefix, ("::/0",))):
        for value in ("192.0.2.50", None):
            assert "Python package netaddr is missing" in refusal(function, value, *arguments)
