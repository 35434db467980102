# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.daemon import is_active
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize("states", [[], ["deactivating"] * 50, ["deactivating"] * 90 + ["activating"] * 20])
def test_a_daemon_that_stops_or_starts_is_waited_for(states: list[str], runs: bool) -> None:
    host = FakeDirector()
    if runs:
        host.keepalived.start()
    host.in_between = list(states)
    assert is_active(host) is runs
    assert host.in_between == []


@pytest.mark.parametrize(("state", "seconds"), [("activating", 3), ("deactivating", 10)])
def test_a_daemon_that_never_ends_to_stop_or_start_does_not_run(state: str, seconds: int) -> None:
    host = FakeDirector()
    host.keepalived.start()
    host.in_between = [state] * 1000
    assert is_active(host) is False
    assert host.now() == pytest.approx(seconds, abs=0.2)
