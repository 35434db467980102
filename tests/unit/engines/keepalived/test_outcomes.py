# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the last test of a server came to: by what keepalived's checkers say, never by half of it."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.outcomes import outcomes_told
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector

WEB1, WEB2 = ("web", "web1"), ("web", "web2")
# As 2.2.7 writes it.
DUMPED = """\
   RIP = 10.20.0.21, RPORT = 80, WEIGHT = 1 EFF WEIGHT = 1
   alive = 1
   RS set = 1
------< Health checkers >------
 [10.10.0.50]:tcp:80 -> [10.20.0.21]:tcp:80
   Enabled = yes
   Up = yes
   Has run = no
   Current weight = 0
   Alpha = no
   Delay loop = 5000000 us
   Warmup = 5000000 us
   Retries = 2
   Delay before retry = 5000000 us
   Retries iterations = 0
   Default delay before retry = 1000000 us
   Log all failures = no
   Connection
     Dest = [10.20.0.21]:80
     Timeout = 3.000000
   Keepalive method = TCP_CHECK
 FWM 7 -> [fd20::0021]:none:0
   Enabled = yes
   Up = yes
   Has run = yes
   Log all failures = no
"""


@pytest.fixture
def host() -> FakeDirector:
    director = FakeDirector()
    director.keepalived.start()
    wish = {"health_checks": [{"name": "http", "type": "http"}], "farms": [{"name": "web", "health_check": "http"}]}
    configured = pair().with_object("farms", Configuration.from_document(wish).farms["web"])
    assert reconcile(director, engines(), lambda _recorded: configured).transaction.state == "applied"
    director.recorded = configured  # type: ignore[attr-defined]
    return director


def outcomes(host: FakeDirector) -> dict[tuple[str, str], str]:
    return dict(KeepalivedEngine().outcomes(host.recorded, host))  # type: ignore[attr-defined]


def test_a_dump_is_read_as_it_is_written() -> None:
    assert outcomes_told(DUMPED) == {
        ("10.10.0.50 tcp 80", "10.20.0.21 80"): "untested",
        ("FWM 7", "fd20::21 0"): "up",
    }


def test_each_server_that_is_tested_has_an_outcome(host: FakeDirector) -> None:
    assert {outcomes(host)[server] for server in (WEB1, WEB2)} == {"up"}
    host.keepalived.untested.add("10.20.0.21")
    host.keepalived.sick.add("10.20.0.22")
    assert (outcomes(host)[WEB1], outcomes(host)[WEB2]) == ("untested", "down")
    host.keepalived.untested.clear()
    host.keepalived.failing.add("10.20.0.21")
    assert outcomes(host)[WEB1] == "untested"
    assert "/tmp/keepalived_check.data" not in host.files


def test_nothing_is_known_where_the_checkers_do_not_say(host: FakeDirector) -> None:
    del host.files["/run/checkers.pid"]
    assert set(outcomes(host).values()) == {"unknown"}


def test_half_a_dump_is_not_believed(host: FakeDirector) -> None:
    whole = host.keepalived.dump_of_checkers()
    for end in range(0, len(whole), 97):
        told = outcomes_told(whole[:end])
        assert set(told.values()) <= {"up"} and len(told) <= len(outcomes_told(whole))
        host.keepalived.dump_of_checkers = lambda end=end: whole[:end]  # type: ignore[method-assign]
        assert set(outcomes(host).values()) in ({"unknown"}, {"up"})


def test_without_a_health_check_nobody_is_asked(host: FakeDirector) -> None:
    host.ran.clear()
    assert KeepalivedEngine().outcomes(Configuration(), host) == {} and host.ran == []
