# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a farm has its quorum, and how a sorry server that serves is relieved before a reload takes it away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.last_resort import (
    has_taken_effect,
    relief,
    within,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    MASQUERADE,
    TCP,
    Destination,
    Entry,
    Service,
    ServiceKey,
)

BEFORE = """\
virtual_server 10.10.0.50 80 {
    lvs_sched wlc
    lvs_method NAT
    protocol TCP
    quorum 4
    hysteresis 2
    sorry_server 10.20.0.99 8080

    real_server 10.20.0.21 80 {
        weight 3
    }
}
"""
WITHOUT = BEFORE.replace("    sorry_server 10.20.0.99 8080\n", "")
RELIEVED = """\
virtual_server 10.10.0.50 80 {
    lvs_sched wlc
    lvs_method NAT
    protocol TCP
    sorry_server 10.20.0.99 8080

    real_server 10.20.0.21 80 {
        weight 3
    }

    real_server 10.20.0.99 8080 {
        weight 2
    }
}
"""
SERVICE = Service(ServiceKey.of_address(TCP, "10.10.0.50", 80), "wlc")
SORRY = Destination("10.20.0.99", 8080, MASQUERADE, 1)
SERVES = Entry(SERVICE, (SORRY,))
IDLE = Entry(SERVICE, (Destination("10.20.0.21", 80, MASQUERADE, 3),))


@pytest.mark.parametrize("after", [WITHOUT, BEFORE.replace("10.20.0.99", "10.20.0.98"), BEFORE.replace("8080", "8081")])
def test_a_sorry_server_that_serves_is_relieved_before_it_goes_or_changes(after: str) -> None:
    found = relief(BEFORE, after, [SERVES])
    assert found is not None
    assert found.block == RELIEVED
    assert not has_taken_effect(found, [SERVES])
    assert has_taken_effect(found, [Entry(SERVICE, (SORRY._replace(weight=2),))])


def test_one_that_stays_and_has_nothing_to_stand_in_for_is_relieved_and_forgotten() -> None:
    after = BEFORE.replace("weight 3", "weight 4")
    found = relief(BEFORE, after, [SERVES], can_be_lost=False)
    assert found is not None
    assert (found.block, found.then) == (RELIEVED, WITHOUT.replace("weight 3", "weight 4"))
    quiet = after.replace("99 8080\n", "99 8080\n    sorry_server_inhibit\n")
    assert relief(BEFORE, quiet, [SERVES], can_be_lost=False) == found
    assert relief(BEFORE, after, [IDLE], can_be_lost=False) is None


@pytest.mark.parametrize(
    ("before", "after", "entries"),
    [
        (BEFORE, WITHOUT, [IDLE]),
        (BEFORE, WITHOUT, []),
        (BEFORE, BEFORE.replace("weight 3", "weight 4"), [SERVES]),
        (WITHOUT, BEFORE, [SERVES]),
        ("", BEFORE, [SERVES]),
    ],
)
def test_else_nothing_is_relieved(before: str, after: str, entries: list[Entry]) -> None:
    assert relief(before, after, entries) is None


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 29))
def test_a_quorum_can_be_had_and_is_lost_where_it_was_to_be(total: int, quorum: int, hysteresis: int) -> None:
    hysteresis = min(hysteresis, quorum - 1)
    found, margin = within(total, quorum, hysteresis)
    assert 0 <= margin < found
    assert found + margin == min(quorum + hysteresis, total)
    assert found - margin - min(quorum - hysteresis, total) in (0, 1)
    if quorum + hysteresis <= total:
        assert (found, margin) == (quorum, hysteresis)
