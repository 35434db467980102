# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter vip_conflicts: what directors of different HA groups claim at once."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.filter.vip_conflicts import vip_conflicts
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair_document


def group(member: str, virtual_router_id: int = 51, members: tuple[str, ...] = ("lb1", "lb2")) -> dict[str, Any]:
    seats = [{"name": name, "priority": 150 - number} for number, name in enumerate(members)]
    return {
        "name": "main",
        "virtual_router_id": virtual_router_id,
        "interface": "eth1",
        "member": member,
        "members": seats,
    }


def holding(*addresses: str, ha_group: dict[str, Any] | None = None) -> dict[str, Any]:
    """A director with these VIPs, v0, v1 …, alone or in the HA group."""
    place = {"interface": "eth1"} if ha_group is None else {"ha_group": ha_group["name"]}
    return {
        "ha_groups": [] if ha_group is None else [ha_group],
        "vips": [{"name": f"v{number}", "address": address, **place} for number, address in enumerate(addresses)],
    }


def serving(*services: dict[str, Any], **others: Any) -> dict[str, Any]:
    """A director with these virtual servers, s0, s1 …, beside ``others``."""
    named = [{"name": f"s{number}", "farm": "web", **service} for number, service in enumerate(services)]
    return {"farms": [{"name": "web"}], "virtual_servers": named, **others}


def claim(director: str, path: str, ha_group: str | None = None) -> dict[str, str | None]:
    return {"director": director, "path": path, "ha_group": ha_group}


def whole(address: str, *claims: dict[str, Any]) -> dict[str, Any]:
    return {"address": address, "protocols": [], "port": None, "claims": list(claims)}


def test_a_pair_shares_its_vips_and_their_ports() -> None:
    first, second = pair_document(), pair_document()
    second["ha_groups"][0].update(member="lb2", name="front")
    for vip in second["vips"]:
        vip["ha_group"] = "front"
    assert vip_conflicts({"lb1": first, "lb2": second}) == []


def test_one_director_is_never_in_conflict_with_itself() -> None:
    document = {**holding("10.0.0.1/24"), **serving({"vip": "v0", "port": 80}, {"vip": "10.0.0.1", "port": 81})}
    assert vip_conflicts({"lb1": document}) == []
    assert vip_conflicts({}) == []


@pytest.mark.parametrize(
    "second",
    [
        None,
        group("lb1"),
        group("lb2", virtual_router_id=52),
        group("lb2", members=("lb1", "lb2", "lb3")),
    ],
    ids=["alone", "the same member", "another virtual router id", "other members"],
)
def test_directors_that_do_not_share_a_vip(second: dict[str, Any] | None) -> None:
    """The address counts, not the prefix length and not how it is written."""
    configurations = {
        "lb1": holding("fd10::50/64", "10.0.0.50/24", "10.0.0.9/24", ha_group=group("lb1")),
        "lb2": holding("10.0.0.50/32", "FD10:0::50/128", "10.0.0.10/24", ha_group=second),
    }
    name = None if second is None else "main"
    assert vip_conflicts(configurations) == [
        whole("10.0.0.50", claim("lb1", "vips[v1].address", "main"), claim("lb2", "vips[v0].address", name)),
        whole("fd10::50", claim("lb1", "vips[v0].address", "main"), claim("lb2", "vips[v1].address", name)),
    ]


def test_only_those_that_do_not_share_are_named() -> None:
    configurations = {
        "lb1": holding("10.0.0.50/24", ha_group=group("lb1")),
        "lb2": holding("10.0.0.50/24", ha_group=group("lb2")),
        "lb3": holding("10.0.0.50/24"),
        "lb4": holding("10.0.0.51/24"),
    }
    [conflict] = vip_conflicts(configurations)
    assert [party["director"] for party in conflict["claims"]] == ["lb1", "lb2", "lb3"]


def test_ports_of_a_disputed_address_are_not_told_again() -> None:
    first = {**holding("10.0.0.50/24"), **serving({"vip": "v0", "port": 80})}
    second = {**holding("10.0.0.50/24"), **serving({"vip": "10.0.0.50", "port": 80})}
    third = serving({"vip": "10.0.0.50", "port": 80})
    assert vip_conflicts({"lb1": first, "lb2": second}) == [
        whole("10.0.0.50", claim("lb1", "vips[v0].address"), claim("lb2", "vips[v0].address"))
    ]
    _whole, ports = vip_conflicts({"lb1": first, "lb2": second, "lb3": third})
    assert ports == {
        "address": "10.0.0.50",
        "protocols": ["tcp"],
        "port": "80",
        "claims": [claim(director, "virtual_servers[s0]") for director in ("lb1", "lb2", "lb3")],
    }


def told(first: dict[str, Any], second: dict[str, Any]) -> list[tuple[list[str], str | None]]:
    """Protocols and ports in conflict between two virtual servers on one address that nobody shares."""
    found = vip_conflicts(
        {
            "lb1": serving({"vip": "2001:db8::50", **first}),
            "lb2": serving({"vip": "2001:DB8:0::50", **second}),
        }
    )
    assert all(conflict["address"] == "2001:db8::50" for conflict in found)
    return [(conflict["protocols"], conflict["port"]) for conflict in found]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"port": 80}, {"port": 80}, [(["tcp"], "80")]),
        ({"port": 80}, {"port": 81}, []),
        ({"port": 80}, {"port": 80, "protocol": "udp"}, []),
        ({"port": 443, "protocol": "https"}, {"port": 443, "protocol": "http2"}, [(["tcp"], "443")]),
        ({"port": 53, "protocol": "dns"}, {"port": 53, "protocol": "dns"}, [(["tcp", "udp"], "53")]),
        ({"port": 53, "protocol": "dns"}, {"port": 53, "protocol": "udp"}, [(["udp"], "53")]),
        ({"ports": ["8000-8100", 80]}, {"ports": ["8050-8200", 81]}, [(["tcp"], "8050-8100")]),
        ({"ports": ["8000-8010"]}, {"ports": [8000, 8001, 8005]}, [(["tcp"], "8000-8001"), (["tcp"], "8005")]),
        ({"protocol": "icmp"}, {"protocol": "icmp"}, [(["icmp"], None)]),
        ({"protocol": "any"}, {"protocol": "icmp"}, [(["icmp"], None)]),
        ({"protocol": "any"}, {"port": 80}, [(["tcp"], "80")]),
        ({"protocol": "any", "port": 80}, {"port": 81}, [(["tcp"], "81")]),
        ({"protocol": "any"}, {"ports": ["1-65535"], "protocol": "udp"}, [(["udp"], "1-65535")]),
        ({"protocol": "any"}, {"protocol": "any"}, [(["icmp", "sctp", "tcp", "udp"], None)]),
        ({"port": 80, "enabled": False}, {"port": 80}, []),
    ],
)
def test_protocols_and_ports(first: dict[str, Any], second: dict[str, Any], expected: list[Any]) -> None:
    for directors in ((first, second), (second, first)):
        assert told(*directors) == expected


def test_an_address_of_a_shared_vip_is_shared() -> None:
    configurations = {
        name: {**holding("10.0.0.50/24", ha_group=group(name)), **serving({"vip": "10.0.0.50", "port": 80})}
        for name in ("lb1", "lb2")
    }
    assert vip_conflicts(configurations) == []


def test_firewall_marks_are_of_one_director() -> None:
    assert vip_conflicts({name: serving({"fwmark": 7}) for name in ("lb1", "lb2")}) == []


ranges = st.lists(
    st.tuples(st.integers(1, 30), st.integers(0, 5)).map(lambda pair: f"{pair[0]}-{sum(pair)}"), min_size=1, max_size=3
)


@given(st.lists(ranges, min_size=1, max_size=4))
def test_every_port_that_two_directors_serve_and_no_other(all_ports: list[list[str]]) -> None:
    """Against the sets of ports, written out."""
    configurations = {
        f"lb{number}": serving({"vip": "10.0.0.50", "ports": ports}) for number, ports in enumerate(all_ports)
    }
    served = {
        name: {port for text in document["virtual_servers"][0]["ports"] for port in spread(text)}
        for name, document in configurations.items()
    }
    expected = {}
    for port in range(1, 36):
        directors = [name for name, ports in served.items() if port in ports]
        if len(directors) > 1:
            expected[port] = directors
    found = [
        (port, [party["director"] for party in conflict["claims"]])
        for conflict in vip_conflicts(configurations)
        for port in spread(conflict["port"])
    ]
    assert found == sorted(expected.items())


def spread(text: str) -> range:
    first, _dash, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def test_the_order_of_directors_does_not_matter() -> None:
    documents = {
        "lb1": {**holding("10.0.0.50/24"), **serving({"vip": "10.0.0.60", "port": 80})},
        "lb2": {**holding("10.0.0.50/24"), **serving({"vip": "10.0.0.60", "ports": ["70-90"]})},
        "lb3": {**holding("10.0.0.9/24"), **serving({"vip": "10.0.0.60", "protocol": "any"})},
    }
    answers = [vip_conflicts(dict(order)) for order in itertools.permutations(documents.items())]
    assert [conflict["port"] for conflict in answers[0]] == [None, "70-79", "80", "81-90"]
    assert all(answer == answers[0] for answer in answers)


def test_problems_of_all_configurations_are_said() -> None:
    with pytest.raises(AnsibleFilterError) as refused:
        vip_conflicts({"lb1": holding("10.0.0.0/24"), "lb2": serving({"port": 80}), "lb3": 7})
    lines = str(refused.value).splitlines()
    assert lines[0] == "the configuration has 3 problems:"
    assert [line.split(": ")[:2] for line in lines[1:]] == [
        ["lb1", "vips[v0].address"],
        ["lb2", "virtual_servers[s0].vip"],
        ["lb3", "configuration"],
    ]


@pytest.mark.parametrize("value", [None, [], "lb1", 7])
def test_what_is_no_mapping_is_refused(value: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="allowed: the configurations by the names of their directors"):
        vip_conflicts(value)


@pytest.mark.parametrize("name", ["", "lb 1", 7, None])
def test_a_director_has_a_name(name: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="is not valid here"):
        vip_conflicts({name: {}})
