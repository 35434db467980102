# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's table as values: canonical form, and the way from one table to another."""

from __future__ import annotations

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    FLAG_HASHED,
    FLAG_PERSISTENT,
    IPV6,
    MASQUERADE,
    REMOVE,
    TCP,
    TUNNEL,
    TUNNEL_GUE,
    Destination,
    Operation,
    Service,
    ServiceKey,
    Table,
    canonical_address,
    difference,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.tables import (
    any_destination,
    any_service,
    kernel_tables,
    performed,
)

KEY = ServiceKey.of_address(TCP, "10.10.0.50", 80)


def server(number: int, weight: int = 1) -> Destination:
    return Destination(f"10.20.0.{number}", 80, MASQUERADE, weight)


def table(*servers: Destination) -> Table:
    return Table([(Service(KEY, "rr"), servers)])


@given(kernel_tables(), kernel_tables())
def test_the_difference_applied_to_one_table_gives_the_other(before: Table, after: Table) -> None:
    assert performed(before, difference(before, after)) == after


@given(kernel_tables())
def test_a_table_does_not_differ_from_itself(one: Table) -> None:
    assert difference(one, one) == []


def takes_connections(one: Table, key: ServiceKey) -> bool:
    return key in one and any(destination.weight for destination in one[key].destinations)


@given(kernel_tables(), kernel_tables())
def test_a_service_that_takes_connections_before_and_after_takes_them_all_the_way(before: Table, after: Table) -> None:
    lasting = [key for key in after if takes_connections(before, key) and takes_connections(after, key)]
    filled = [key for key in after if key in before and before[key].destinations and after[key].destinations]
    running = before
    for operation in difference(before, after):
        running = performed(running, [operation])
        assert all(takes_connections(running, key) for key in lasting), operation
        assert all(running[key].destinations for key in filled), operation


@given(kernel_tables(), kernel_tables())
def test_removals_come_last_and_nothing_is_removed_that_stays(before: Table, after: Table) -> None:
    operations = difference(before, after)
    removes = [operation.action == REMOVE for operation in operations]
    assert removes == sorted(removes)
    assert len({(operation.key, operation.on_destination, operation.subject[:2]) for operation in operations}) == len(
        operations
    )


def test_a_server_that_gets_weight_is_edited_before_one_that_loses_it() -> None:
    operations = difference(table(server(1, 1), server(2, 0)), table(server(1, 0), server(2, 1)))
    assert [operation.after for operation in operations] == [server(2, 1), server(1, 0)]


def test_a_changed_server_is_edited_in_place() -> None:
    assert difference(table(server(1, 1)), table(server(1, 9))) == [Operation("edit", KEY, server(1, 1), server(1, 9))]


def test_removing_a_service_needs_no_removal_of_its_servers() -> None:
    assert difference(table(server(1)), Table()) == [Operation("remove", KEY, Service(KEY, "rr").canonical(), None)]


def test_flags_of_the_kernel_and_values_without_effect_make_no_difference() -> None:
    plain = Table([(Service(KEY, "rr"), [server(1)])])
    odd_server = server(1)._replace(tunnel_type=TUNNEL_GUE, tunnel_port=6080)
    odd = Table([(Service(KEY, "rr", FLAG_HASHED, 360, "255.255.0.0"), [odd_server])])
    assert odd == plain
    assert difference(plain, odd) == []


def test_persistence_makes_timeout_and_netmask_count() -> None:
    short = Service(KEY, "rr", FLAG_PERSISTENT, 60, "255.255.255.0")
    assert Table([(short, [])]) != Table([(short._replace(timeout=61), [])])
    assert Table([(short, [])]) != Table([(short._replace(netmask=""), [])])


def test_the_order_servers_are_given_in_does_not_count() -> None:
    assert table(server(1), server(2)) == table(server(2), server(1))


def test_a_table_can_be_restricted_to_services() -> None:
    other = KEY._replace(port=81)
    both = Table([(Service(KEY, "rr"), []), (Service(other, "rr"), [])])
    assert list(both.only({other})) == [other]


@given(any_service())
def test_canonical_services_stay_what_they_are(service: Service) -> None:
    assert service.canonical().canonical() == service.canonical()


@given(any_destination())
def test_canonical_destinations_stay_what_they_are(destination: Destination) -> None:
    assert destination.canonical().canonical() == destination.canonical()


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("FD10:0:0::50", "fd10::50"),
        ("::ffff:a00:1", "::ffff:10.0.0.1"),
    ],
)
def test_addresses_have_one_spelling(written: str, canonical: str) -> None:
    assert canonical_address(written) == canonical


@pytest.mark.parametrize("written", ["", "10.0.0", "10.0.0.1/24", "fd10::/64", "web1", "[fd10::50]"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not an IP address"):
        canonical_address(written)


@pytest.mark.parametrize(
    ("operation", "sentence"),
    [
        (Operation("add", KEY, None, Service(KEY, "rr")), "add virtual server tcp 10.10.0.50:80"),
        (Operation("remove", KEY, server(1), None), "remove server 10.20.0.1:80 of virtual server tcp 10.10.0.50:80"),
        (
            Operation("edit", ServiceKey.of_fwmark(IPV6, 7), server(1), Destination("fd20::1", 0, TUNNEL, 1)),
            "edit server [fd20::1]:0 of virtual server firewall mark 7 (IPv6)",
        ),
        (
            Operation("add", KEY._replace(protocol=1), None, Service(KEY, "rr")),
            "add virtual server protocol 1 10.10.0.50:80",
        ),
    ],
)
def test_operations_read_as_sentences_that_name_their_object(operation: Operation, sentence: str) -> None:
    assert str(operation) == sentence
