# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's numbers are what the clients saw, and a story that is not true is not told."""

from __future__ import annotations

import pytest
from evenkeel_demo import measures
from evenkeel_demo.base import NotAsTold


def asked(failed: int = 0, **by_server: int) -> measures.Seen:
    errors = {"refused": failed} if failed else {}
    return {"sent": failed + sum(by_server.values()), "failed": failed, "by_server": by_server, "errors": errors}


def seen(*outages: tuple[int, int | None], **last_at: int) -> measures.Seen:
    return {
        "last_at": last_at,
        "outages": [{"at_ms": at, "length_ms": length, "failed": 3} for at, length in outages],
    }


def test_rounds_are_added_up():
    together = measures.total([asked(web2=5, web1=5), asked(failed=1, web1=4, web3=2), asked(failed=2)])
    assert together == {
        "sent": 19,
        "failed": 3,
        "by_server": {"web1": 9, "web2": 5, "web3": 2},
        "errors": {"refused": 3},
    }
    assert measures.shares(together) == "web1 9, web2 5, web3 2"


@pytest.mark.parametrize("counts", [{"web1": 10, "web2": 10}, {"web1": 10, "web2": 9}])
def test_equal_shares(counts):
    measures.spread(asked(**counts), ["web1", "web2"])


@pytest.mark.parametrize("counts", [{"web1": 11, "web2": 9}, {"web2": 20}, {"web1": 7, "web2": 7, "web3": 7}])
def test_shares_that_are_not_equal(counts):
    with pytest.raises(NotAsTold, match="not spread equally over web1, web2: web"):
        measures.spread(asked(**counts), ["web1", "web2"])


def test_a_failed_request_is_told_with_its_reason():
    with pytest.raises(NotAsTold, match=r"1 of 21 requests failed: refused \(1\)"):
        measures.spread(asked(failed=1, web1=10, web2=10), ["web1", "web2"])


def test_the_gap_is_the_longest_outage_of_all_services():
    assert measures.gap([seen((100, 40), (900, 3100)), seen((950, 3250))]) == 3250
    assert measures.gap([seen(), seen()]) == 0


def test_an_outage_without_an_end_has_no_length():
    with pytest.raises(NotAsTold, match="nothing ended that"):
        measures.gap([seen((900, None))])


def test_removal_counts_from_the_last_answer_of_the_server_to_the_end_of_the_last_outage():
    one = seen((1000, 40), (1040, 40), (3000, 60), web1=990, web2=5000)
    other = seen((1000, 2500), web1=995, web2=5000)
    assert measures.removed_after([one, other], "web1") == 2505
    assert measures.removed_after([one], "web1") == 2070


def test_a_server_that_was_not_in_rotation_cannot_leave_it():
    with pytest.raises(NotAsTold, match="web1 answered nothing"):
        measures.removed_after([seen((1000, 40), web2=5000)], "web1")


def test_a_death_that_nobody_noticed_is_none():
    with pytest.raises(NotAsTold, match="no request failed"):
        measures.removed_after([seen(web1=5000, web2=5000)], "web1")


def test_limits():
    measures.within("it", 3909, 3909)
    with pytest.raises(NotAsTold, match="it took 3910 ms; it may take 3909 ms"):
        measures.within("it", 3910, 3909)


TABLE = """\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A0A0032:0050 rr
  -> 0A140016:0050      Masq    1      0          50
TCP  [fd10:0000:0000:0000:0000:0000:0000:0050]:0050 rr
  -> [fd20:0000:0000:0000:0000:0000:0000:0021]:0050      Masq    1      0          50
"""


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("10.20.0.22", True),
        ("10.20.0.21", False),
        ("fd20::21", True),
        ("fd20::22", False),
        # A virtual server's own address is no server.
        ("10.10.0.50", False),
        ("fd10::50", False),
    ],
)
def test_servers_in_the_kernels_table(address, there):
    assert measures.listed(TABLE, address) is there
