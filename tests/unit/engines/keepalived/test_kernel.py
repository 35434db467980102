# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the kernel's table is a difference, and what is keepalived's answer to failed health checks."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.kernel import Unwell, differences
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    MASQUERADE,
    TCP,
    Destination,
    Service,
    ServiceKey,
    Table,
)

KEY = ServiceKey.of_address(TCP, "10.10.0.50", 80)
SERVICE = Service(KEY, "wlc")
ONE = Destination("10.20.0.21", 80, MASQUERADE, 3)
TWO = Destination("10.20.0.22", 80, MASQUERADE, 2)
SORRY = Destination("10.20.0.99", 8080, MASQUERADE, 1)
STRANGER = Destination("10.20.0.66", 80, MASQUERADE, 1)
UNWELL = {KEY: Unwell(SORRY, quiesces=True)}


def table(*destinations: Destination, service: Service = SERVICE) -> Table:
    return Table([(service, destinations)])


def found(kernel: Table, unwell: dict[ServiceKey, Unwell]) -> list[str]:
    return [
        f"{operation} {getattr(operation.after, 'weight', '')}".strip()
        for operation in differences(kernel, table(ONE, TWO), unwell)
    ]


@pytest.mark.parametrize("unwell", [{}, UNWELL])
@pytest.mark.parametrize("held", [(ONE, TWO), (ONE,), ()])
def test_a_server_that_is_missing_is_no_difference(held: Iterable[Destination], unwell: dict) -> None:
    assert found(table(*held), unwell) == []


def test_the_sorry_server_in_place_of_all_is_no_difference_where_there_is_one() -> None:
    assert found(table(SORRY), UNWELL) == []
    removal = "remove server 10.20.0.99:8080 of virtual server tcp 10.10.0.50:80"
    assert found(table(SORRY), {}) == [removal]
    changed = SORRY._replace(weight=9)
    assert found(table(changed), UNWELL) == [removal]


def test_weight_0_is_no_difference_where_failed_servers_stay() -> None:
    quiet = ONE._replace(weight=0)
    assert found(table(quiet, TWO), UNWELL) == []
    edit = "edit server 10.20.0.21:80 of virtual server tcp 10.10.0.50:80"
    assert found(table(quiet, TWO), {}) == [f"{edit} 3"]
    assert found(table(ONE._replace(weight=1), TWO), UNWELL) == [f"{edit} 3"]


def test_the_weight_of_a_server_that_serves_as_the_sorry_server_is_no_difference() -> None:
    """As a drained server does when nobody else is left, of which it is the last resort too."""
    sorry = ONE._replace(weight=1)
    assert found(table(sorry, TWO), {KEY: Unwell(sorry)}) == []
    edit = "edit server 10.20.0.21:80 of virtual server tcp 10.10.0.50:80"
    assert found(table(ONE._replace(weight=0), TWO), {KEY: Unwell(sorry)}) == [f"{edit} 3"]
    assert found(table(sorry._replace(u_threshold=7), TWO), {KEY: Unwell(sorry)}) == [f"{edit} 1"]


def test_a_limited_server_that_alone_serves_as_the_sorry_server_is_without_limits_and_no_difference() -> None:
    """keepalived puts it in as any sorry server; beside servers that serve it is itself, and has its limits."""
    sorry, limited = ONE._replace(weight=1), ONE._replace(u_threshold=101)
    unwell = {KEY: Unwell(sorry, quiesces=True)}
    wanted = table(limited, TWO)
    for quiet in ((), (TWO._replace(weight=0),)):
        assert differences(table(sorry, *quiet), wanted, unwell) == []
    [mended] = differences(table(sorry, TWO), wanted, unwell)
    assert mended.after == limited._replace(weight=1)


def test_what_else_differs_of_a_quiet_server_is_mended_and_it_stays_quiet() -> None:
    quiet = ONE._replace(weight=0, u_threshold=7)
    edit = "edit server 10.20.0.21:80 of virtual server tcp 10.10.0.50:80"
    assert found(table(quiet, TWO), UNWELL) == [f"{edit} 0"]


@pytest.mark.parametrize("unwell", [{}, UNWELL])
def test_what_nobody_wants_a_changed_scheduler_and_a_lost_service_are_differences(unwell: dict) -> None:
    service = "virtual server tcp 10.10.0.50:80"
    assert found(table(ONE, TWO, STRANGER), unwell) == [f"remove server 10.20.0.66:80 of {service}"]
    assert found(table(ONE, TWO, service=SERVICE._replace(scheduler="rr")), unwell) == [f"edit {service}"]
    assert found(Table(), unwell) == [f"add {service}"]


def test_a_server_that_nothing_tests_is_missed() -> None:
    unchecked = frozenset({TWO.key})
    addition = "add server 10.20.0.22:80 of virtual server tcp 10.10.0.50:80 2"
    assert found(table(), {KEY: Unwell(unchecked=unchecked)}) == [addition]
    assert found(table(ONE), {KEY: Unwell(SORRY, unchecked=unchecked)}) == [addition]
    # a lost quorum takes all of them out
    assert found(table(SORRY), {KEY: Unwell(SORRY, unchecked=unchecked)}) == []
    # a service that is lost comes back with its servers
    assert found(Table(), {KEY: Unwell(unchecked=unchecked)}) == ["add virtual server tcp 10.10.0.50:80"]
