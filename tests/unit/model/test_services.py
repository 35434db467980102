# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a virtual server is in the kernel: by address, protocol and port, or by a mark of ours or of the user's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import (
    Marking,
    Service,
    SourceNat,
    services,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.unit.configurations import any_documents

FARM = {"name": "web", "health_check": "alive", "servers": [{"name": "web1", "address": "10.20.0.21"}]}
CHECK = {"name": "alive", "type": "tcp"}


def of(farm: dict[str, Any] | None = None, check: dict[str, Any] | None = None, **wish: Any) -> tuple[Service, ...]:
    document = {
        "farms": [FARM | (farm or {})],
        "health_checks": [CHECK | (check or {})],
        "virtual_servers": [{"name": "web", "farm": "web", **wish}],
    }
    return services(Configuration.from_document(document), "keepalived")


def the_one(found: tuple[Service, ...]) -> Service:
    (service,) = found
    return service


@pytest.mark.parametrize("key", [{"port": 80}, {"ports": ["80"]}, {"ports": [80, "80-80"]}])
def test_one_port_is_a_service_by_address(key: dict[str, Any]) -> None:
    service = the_one(of(vip="10.10.0.50", **key))
    assert (service.address, service.protocol, service.port, service.fwmark) == ("10.10.0.50", "tcp", 80, 0)
    assert service.marking is None
    assert service.backends[0].port == 80
    assert service.backends[0].health_check.port is None


def test_dns_on_one_port_is_two_services_and_on_several_one_mark() -> None:
    assert [service.protocol for service in of(vip="10.10.0.50", protocol="dns", port=53)] == ["udp", "tcp"]
    service = the_one(of(vip="10.10.0.50", protocol="dns", ports=["53", "5353"]))
    assert service.marking == Marking("10.10.0.50", ("udp", "tcp"), ("53", "5353"))


@pytest.mark.parametrize(
    ("wish", "marking"),
    [
        (
            {"vip": "10.10.0.50", "ports": ["8000-8100", 80]},
            Marking("10.10.0.50", ("tcp",), ("80", "8000-8100")),
        ),
        ({"vip": "fd10::50", "protocol": "any"}, Marking("fd10::50", ("tcp", "udp", "sctp"), ())),
        ({"vip": "10.10.0.50", "protocol": "any", "port": 80}, Marking("10.10.0.50", ("tcp", "udp", "sctp"), ("80",))),
    ],
)
def test_several_ports_or_any_protocol_are_one_service_by_a_mark_of_ours(
    wish: dict[str, Any], marking: Marking
) -> None:
    service = the_one(of(**wish))
    assert service.marking == marking
    assert 0x40000000 <= service.fwmark < 0x80000000
    assert (service.address, service.protocol, service.port) == ("", "", 0)
    assert service.family == (6 if ":" in marking.address else 4)
    assert service.backends[0].port == 0


@given(st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), unique=True, min_size=1), st.randoms())
def test_marks_follow_from_names_alone(names: list[str], random: Any) -> None:
    def marks(order: list[str]) -> dict[str, int]:
        wishes = [{"name": name, "vip": "10.10.0.50", "protocol": "any", "farm": "web"} for name in order]
        document = {"farms": [FARM], "health_checks": [CHECK], "virtual_servers": wishes}
        found = services(Configuration.from_document(document), "keepalived")
        return {service.name: service.fwmark for service in found}

    alone = {name: marks([name])[name] for name in names}
    random.shuffle(names)
    assert marks(names) == alone


def test_the_mark_of_a_name_stays_over_releases() -> None:
    assert the_one(of(vip="10.10.0.50", protocol="any")).fwmark == 0x4B5E57F6  # sha256 of the name: 4b5e57f6…


def test_a_mark_of_the_user_is_marked_by_others_and_has_the_family_of_its_servers() -> None:
    service = the_one(of(fwmark=7, check={"port": 80}))
    assert (service.fwmark, service.marking, service.family) == (7, None, 4)
    six = {"servers": [{"name": "web1", "address": "fd20::21"}]}
    assert the_one(of(six, {"port": 80}, fwmark=7)).family == 6
    nobody = {"servers": [], "sorry_server": {"address": "fd20::99"}}
    assert the_one(of(nobody, fwmark=7)).family == 6
    assert the_one(of({"servers": []}, fwmark=7)).family == 4
    masked = {"servers": [], "persistence_timeout": 60, "persistence_netmask": "64"}
    assert the_one(of(masked, fwmark=7)).family == 6


@pytest.mark.parametrize(
    ("farm", "check", "wish", "port", "tested"),
    [
        ({}, {}, {"ports": ["8000-8100", 80]}, 0, 80),
        ({}, {"port": 9}, {"ports": ["8000-8100", 80]}, 0, 9),
        ({"servers": [{"name": "web1", "address": "10.20.0.21", "port": 8080}]}, {}, {"ports": [80, 81]}, 8080, None),
        ({"servers": [{"name": "web1", "address": "10.20.0.21", "port": 8080}]}, {}, {"port": 80}, 8080, None),
    ],
)
def test_a_check_knocks_where_the_server_serves(
    farm: Any, check: Any, wish: Any, port: int, tested: int | None
) -> None:
    backend = the_one(of(farm, check, vip="10.10.0.50", **wish)).backends[0]
    assert (backend.port, backend.health_check.port) == (port, tested)


def test_source_nat_is_said_with_its_pool() -> None:
    assert the_one(of(vip="10.10.0.50", port=80)).source_nat is None
    wish = {"vip": "10.10.0.50", "port": 80, "source_nat_type": "pool", "source_nat_pool": "198.51.100.0/29"}
    assert the_one(of(**wish)).source_nat == SourceNat("pool", "198.51.100.0/29")


@given(any_documents())
def test_a_service_is_by_address_or_by_mark(document: dict[str, Any]) -> None:
    configuration = Configuration.from_document(document)
    for engine in ("ipvs", "keepalived", "haproxy", "aloha"):
        for service in services(configuration, engine):
            by_address = bool(service.address and service.port and service.protocol)
            assert by_address != bool(service.fwmark)
            assert not (service.marking and by_address)
            assert all(backend.port or service.fwmark for backend in service.backends)


def test_without_its_vip_a_virtual_server_is_no_service() -> None:
    assert of(vip="not-there", port=80) == of(vip="not-there", ports=[80, 81]) == ()


def test_a_mark_of_ours_that_the_user_has_taken_is_a_problem_of_the_name() -> None:
    marked = {"name": "x", "farm": "web", "vip": "10.10.0.50", "ports": [80, 81]}
    document = {"farms": [FARM], "health_checks": [CHECK | {"port": 80}], "virtual_servers": [marked]}
    mark = services(Configuration.from_document(document), "keepalived")[0].fwmark
    document["virtual_servers"] = [marked, {"name": "a", "farm": "web", "fwmark": mark}]
    (problem,) = all_problems(Configuration.from_document(document))
    assert problem.path == "virtual_servers[x].name"


def test_groups_of_one_director_have_one_set_of_timeouts() -> None:
    members = [{"name": "lb1", "priority": 2}]
    first = {"name": "a", "virtual_router_id": 1, "interface": "eth1", "member": "lb1", "members": members}
    second = {**first, "name": "b", "virtual_router_id": 2, "connection_timeouts": {"udp": 31}}
    first = {**first, "connection_timeouts": {"udp": 30}}
    (problem,) = all_problems(Configuration.from_document({"ha_groups": [first, second]}))
    assert problem.path == "ha_groups[b].connection_timeouts"
    second["connection_timeouts"] = {"udp": 30}
    assert all_problems(Configuration.from_document({"ha_groups": [first, second]})) == ()
