# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's counters over netlink: numbers of 64 bits, in their places, of the services that were asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_statistics import (
    Traffic,
    decode_destination_statistics,
    decode_service_statistics,
    read_statistics,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import ServiceKey
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_wire import encode_destination, encode_service
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import MalformedMessage
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.tables import kernel_tables
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

AMOUNTS = st.lists(st.integers(0, 2**64 - 1), min_size=10, max_size=10).map(tuple)


@given(st.data())
def test_what_the_kernel_counts_is_what_is_read(data: st.DataObject) -> None:
    host = FakeDirector()
    host.kernel.hold(data.draw(kernel_tables()))
    amounts = {}
    for key, entry in host.kernel.table.items():
        for place in (None, *(destination.key for destination in entry.destinations)):
            amounts[key, place] = data.draw(AMOUNTS)
    host.kernel.traffic.update(amounts)
    asked = set(list(host.kernel.table)[::2])
    found = read_statistics(host, asked)
    assert set(found) == asked
    for key, service in found.items():
        destinations = host.kernel.table[key].destinations
        assert (*service.counters, *service.rates) == amounts[key, None]
        assert set(service.destinations) == {destination.key for destination in destinations}
        for destination in destinations:
            told = service.destinations[destination.key]
            assert (*told.counters, *told.rates) == amounts[key, destination.key]
            assert told.weight == destination.weight


def test_a_host_without_ipvs_counts_nothing() -> None:
    host = FakeSystem()
    assert read_statistics(host, [ServiceKey.of_fwmark(2, 7)]) == {}
    assert host.ran == []


def test_without_counters_an_answer_is_not_understood() -> None:
    host = FakeDirector()
    host.keepalived.start()
    ((key, entry),) = host.kernel.table.items()
    with pytest.raises(MalformedMessage, match="did not tell the statistics"):
        decode_service_statistics(encode_service(entry.service))
    with pytest.raises(MalformedMessage):
        decode_destination_statistics(encode_destination(entry.destinations[0]), key.family)


def test_traffic_adds_up() -> None:
    assert Traffic(1, 2, 3, 4, 5).plus(Traffic(10, 20, 30, 40, 50)) == Traffic(11, 22, 33, 44, 55)
