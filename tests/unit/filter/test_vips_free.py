# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter vips_free: against counting, where counting is possible."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.filter.vip import vip
from ansible_collections.evenkeel.lb.plugins.filter.vip_in_prefix import vip_in_prefix
from ansible_collections.evenkeel.lb.plugins.filter.vips_free import vips_free
from ansible_collections.evenkeel.lb.plugins.plugin_utils import _netaddr
from ansible_collections.evenkeel.lb.plugins.test.prefix import is_prefix
from ansible_collections.evenkeel.lb.plugins.test.vip import is_vip

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@st.composite
def small_networks(draw: st.DrawFn) -> Network:
    """Networks of at most 64 addresses, often at the edges of what can be a VIP."""
    places = [
        "0.255.255.192",
        "126.255.255.192",
        "192.0.2.0",
        "223.255.255.192",
        "::",
        "2001:db8::",
        "fec0::",
        "febf::",
    ]
    address = draw(st.ip_addresses() | st.sampled_from(places).map(ipaddress.ip_address))
    length = draw(st.integers(address.max_prefixlen - 6, address.max_prefixlen))
    return ipaddress.ip_network(f"{address}/{length}", strict=False)


def host(draw: st.DrawFn, network: Network) -> Any:
    return network[draw(st.integers(0, network.num_addresses - 1))]


@st.composite
def questions(draw: st.DrawFn) -> tuple[Network, list[str], list[str], set[Any]]:
    """A network, used addresses, reserved ranges, and all that these hold inside the network."""
    network = draw(small_networks())
    used, reserved, held = [], [], set()
    for _address in range(draw(st.integers(0, 5))):
        address = host(draw, network)
        used.append(draw(st.sampled_from([str(address), f"{address.exploded}/{network.prefixlen}"])))
        held.add(address)
    for _range in range(draw(st.integers(0, 3))):
        low, high = sorted([host(draw, network), host(draw, network)])
        reserved.append(f"{low}-{high}")
        held.update(inside for inside in network if low <= inside <= high)
    if draw(st.booleans()):
        part = next(network.subnets(new_prefix=min(network.prefixlen + 2, network.max_prefixlen)))
        reserved.append(str(part))
        held.update(part)
    return network, used, reserved, held


@given(questions(), st.integers(1, 70))
def test_exactly_the_free_vips_in_order(question: tuple[Network, list[str], list[str], set[Any]], limit: int) -> None:
    network, used, reserved, held = question
    if (
        network.is_multicast
        or network == ipaddress.ip_network("0.0.0.0/32")
        or network == ipaddress.ip_network("::/128")
    ):
        return
    if network.version == 6 and network.network_address.ipv4_mapped is not None:
        return
    candidates = [address for address in network if address not in held]
    expected = [text for text in (f"{address}/{network.prefixlen}" for address in candidates) if is_vip(text)]
    assert vips_free(str(network), used, reserved, limit) == expected[:limit]


@given(st.ip_addresses(), st.integers(1, 128), st.integers(1, 50))
def test_networks_of_every_size_answer_with_vips(address: Any, length: int, limit: int) -> None:
    network = ipaddress.ip_network(f"{address}/{min(length, address.max_prefixlen)}", strict=False)
    assume(is_prefix(str(network)))
    found = vips_free(str(network), limit=limit)
    assert len(found) <= limit
    assert found == sorted(set(found), key=ipaddress.ip_interface)
    assert all(vip(text) == text and vip_in_prefix(text, str(network)) for text in found)


def test_a_huge_range_is_leapt_over() -> None:
    used = ["2001:db8::8000:0:0:1/64", "192.0.2.1", "fe80::1"]
    reserved = ["2001:db8::-2001:db8::7fff:ffff:ffff:ffff", "10.0.0.0/8"]
    assert vips_free("2001:db8::/64", used, reserved, 2) == ["2001:db8:0:0:8000::/64", "2001:db8::8000:0:0:2/64"]
    assert vips_free("2001:db8::/64", reserved=["2001:db8::/32"]) == []


def test_ten_without_a_limit_and_at_most_as_many_as_there_are() -> None:
    assert vips_free("192.0.2.0/24") == [f"192.0.2.{number}/24" for number in range(1, 11)]
    assert vips_free("192.0.2.0/30", limit="65536") == ["192.0.2.1/30", "192.0.2.2/30"]
    assert vips_free("192.0.2.0/31") == ["192.0.2.0/31", "192.0.2.1/31"]
    assert vips_free("192.0.2.7") == ["192.0.2.7/32"]
    assert vips_free("192.0.2.7", used=["192.0.2.7/24"]) == []
    assert vips_free("127.0.0.0/8") == []


def test_any_iterable_will_do() -> None:
    used = (text for text in ["192.0.2.1"])
    assert vips_free("192.0.2.0/30", used) == ["192.0.2.2/30"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prefix": "192.0.2.1/24"}, "allowed: 192.0.2.0/24"),
        ({"prefix": "0.0.0.0/0"}, "allowed: a prefix length from 1"),
        ({"used": "192.0.2.1"}, "is not a list"),
        ({"used": {"192.0.2.1": 1}}, "is not a list"),
        ({"used": None}, "None is not a list"),
        ({"used": ["web"]}, "'web' is not an IP address"),
        ({"used": [None]}, "None is not text"),
        ({"reserved": "192.0.2.1-192.0.2.9"}, "is not a list"),
        ({"reserved": ["192.0.2.9-192.0.2.1"]}, "is not a range; allowed: two addresses of one family, the lower one"),
        ({"reserved": ["192.0.2.9-2001:db8::"]}, "is not a range"),
        ({"reserved": ["192.0.2.1-9"]}, "'9' is not an IP address"),
        ({"reserved": ["192.0.2.1/24"]}, "allowed: 192.0.2.0/24"),
        ({"reserved": [7]}, "7 is not text"),
        ({"limit": 0}, "a whole number from 1 to 65536 addresses"),
        ({"limit": 65537}, "a whole number from 1 to 65536 addresses"),
    ],
)
def test_a_wrong_question_is_told_why(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        vips_free(**{"prefix": "192.0.2.0/24", **arguments})
    assert message in str(refused.value)


def test_missing_netaddr_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_netaddr, "netaddr", None)
    with pytest.raises(AnsibleFilterError, match="Python package netaddr is missing"):
        vips_free("192.0.2.0/24")
