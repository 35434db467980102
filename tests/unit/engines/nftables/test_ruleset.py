# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the nftables engine compiles: which packets get which mark, and which source the servers see."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.engine import (
    CARRIERS,
    Desired,
    NftablesEngine,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.ruleset import (
    EMPTY,
    Key,
    ruleset_of,
    usable,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents as carriable
from ansible_collections.evenkeel.lb.tests.unit.engines.nftables.wishes import (
    document,
    documents,
    everything,
    pool,
    static,
)


def compiled(wish: dict[str, Any]) -> Desired:
    return NftablesEngine().compile(Configuration.from_document(wish))


def elements(*virtual_servers: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Map and key to value; the mark of the one virtual server is written M."""
    held = compiled(document(*virtual_servers)).ruleset.elements
    marks = {value.value for value in held.values() if value.value.startswith("0x")}
    assert len(marks) <= 1
    mark = next(iter(marks), "no mark")
    return {(key.map, key.key.replace(mark, "M")): value.value.replace(mark, "M") for key, value in held.items()}


@given(documents())
def test_the_random_wishes_of_these_tests_are_valid(wish: dict[str, Any]) -> None:
    assert all_problems(Configuration.from_document(wish)) == ()
    assert all_problems(Configuration.from_document(everything())) == ()


def test_what_ipvs_tells_by_address_and_port_needs_nothing() -> None:
    plain = document(
        {"name": "web", "vip": "10.10.0.50", "port": 80},
        {"name": "dns", "vip": "fd10::50", "port": 53, "protocol": "dns", "engine": "ipvs"},
        {"name": "mine", "fwmark": 5},
        {"name": "off", "vip": "10.10.0.51", "protocol": "any", "enabled": False},
        {"name": "seven", "vip": "10.10.0.52", "ports": [80, 81], "type": "layer7"},
    )
    desired = compiled(plain)
    assert (desired.ruleset, desired.text) == (EMPTY, None)


def test_several_ports_are_marked_and_ranges_stay_ranges() -> None:
    assert elements({"name": "web", "vip": "10.10.0.50", "ports": [443, 80, "8000-8100"]}) == {
        ("tcp_marks4", "10.10.0.50 . 80"): "M",
        ("tcp_marks4", "10.10.0.50 . 443"): "M",
        ("tcp_marks4", "10.10.0.50 . 8000-8100"): "M",
    }


def test_any_protocol_is_what_ipvs_can_balance_on_every_port() -> None:
    assert elements({"name": "all", "vip": "fd10::50", "protocol": "any", "engine": "ipvs"}) == {
        ("tcp_marks6", "fd10::50 . 0-65535"): "M",
        ("udp_marks6", "fd10::50 . 0-65535"): "M",
        ("sctp_marks6", "fd10::50 . 0-65535"): "M",
    }


def test_any_protocol_on_some_ports() -> None:
    assert set(elements({"name": "sip", "vip": "10.10.0.50", "protocol": "any", "ports": [5060]})) == {
        ("tcp_marks4", "10.10.0.50 . 5060"),
        ("udp_marks4", "10.10.0.50 . 5060"),
        ("sctp_marks4", "10.10.0.50 . 5060"),
    }


def test_the_source_of_one_port_is_told_by_what_the_client_asked_for() -> None:
    assert elements({"name": "dns", "vip": "10.10.0.50", "port": 53, "protocol": "dns", "source_nat_type": "auto"}) == {
        ("tcp_sources4", "10.10.0.50 . 53"): "goto source-auto",
        ("udp_sources4", "10.10.0.50 . 53"): "goto source-auto",
    }


def test_the_source_of_several_ports_is_told_by_their_mark() -> None:
    held = elements({"name": "web", "vip": "fd10::50", "ports": [80, 443], **static("fd99::1")})
    assert {key: value for key, value in held.items() if "_marks" not in key[0]} == {
        ("tcp_marked_sources6", "M"): "goto source-fd99__1-128"
    }


def test_a_mark_of_the_users_own_is_not_given_but_its_source_may_change() -> None:
    held = compiled(document({"name": "mine", "fwmark": 5, "source_nat_type": "auto"})).ruleset.elements
    assert set(held) == {Key(f"{transport}_marked_sources4", "0x00000005") for transport in ("tcp", "udp", "sctp")}


def test_the_same_source_is_one_chain_however_many_use_it() -> None:
    many = [
        {"name": f"v{number}", "vip": f"10.10.1.{number}", "port": 80, **pool("198.51.100.0/29")}
        for number in range(1, 100)
    ]
    ruleset = compiled(document(*many)).ruleset
    assert len(ruleset.elements) == 99
    assert sum(map(len, ruleset.chains.values())) == 3
    assert ruleset.chains["source-198.51.100.0-29"] == ("snat ip to 198.51.100.1-198.51.100.6 persistent",)


def test_rules_do_not_grow_with_services() -> None:
    many = [
        {"name": f"v{number}", "vip": f"10.10.{number // 250}.{number % 250 + 1}", "ports": [80, 443]}
        for number in range(500)
    ]
    ruleset = compiled(document(*many)).ruleset
    assert len(ruleset.elements) == 1000
    assert {name: len(lines) for name, lines in ruleset.chains.items()} == {"input": 2, "output": 2}


@pytest.mark.parametrize(
    ("network", "first", "last"),
    [
        ("198.51.100.0/29", "198.51.100.1", "198.51.100.6"),
        ("198.51.100.4/30", "198.51.100.5", "198.51.100.6"),
        ("198.51.100.8/31", "198.51.100.8", "198.51.100.9"),
        ("198.51.100.7/32", "198.51.100.7", "198.51.100.7"),
        ("fd99::/64", "fd99::1", "fd99::ffff:ffff:ffff:ffff"),
        ("fd99::/126", "fd99::1", "fd99::3"),
        ("fd99::8/127", "fd99::8", "fd99::9"),
        ("fd99::7/128", "fd99::7", "fd99::7"),
    ],
)
def test_addresses_no_host_may_have_are_left_out_of_a_pool(network: str, first: str, last: str) -> None:
    assert usable(network) == (first, last)


def test_a_pool_of_the_other_family_is_an_error_where_only_a_mark_tells_the_service() -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        compiled(document({"name": "mine", "fwmark": 5, **pool("fd99::/64")}))
    (problem,) = caught.value.problems
    assert problem.path == "virtual_servers[mine].source_nat_pool"
    assert "fd99::/64 is not IPv4" in problem.message and problem.allowed == "an IPv4 network"


@given(carriable(), documents())
def test_services_that_are_not_resolved_need_nothing(plain: dict[str, Any], wish: dict[str, Any]) -> None:
    for document_ in (plain, wish):
        configuration = Configuration.from_document(document_)
        every = [service for carrier in CARRIERS for service in services(configuration, carrier)]
        desired = NftablesEngine().compile(configuration)
        assert desired.ruleset == ruleset_of(every)
        assert desired.carried >= {service.name for service in every}


@given(documents(), st.randoms(use_true_random=False))
def test_the_order_of_virtual_servers_makes_no_difference(wish: dict[str, Any], chance: random.Random) -> None:
    first = compiled(wish)
    chance.shuffle(wish["virtual_servers"])
    assert compiled(wish).text == first.text
