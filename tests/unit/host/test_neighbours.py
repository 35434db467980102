# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answers for an address: what the program ip is told, and what of its answers counts."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._host import neighbours
from ansible_collections.evenkeel.lb.plugins.module_utils._host.addresses import Held
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, HostFault
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

FOUR, SIX, INSIDE = Held("eth1", "192.0.2.50/24"), Held("eth1", "2001:db8::50/64"), Held("eth2", "192.0.2.50/24")
# as iproute2 6.1 prints them
ENTRIES = """[{"dst":"192.0.2.50","dev":"eth1","lladdr":"ae:65:06:74:72:27","state":["REACHABLE"]},
{"dst":"192.0.2.50","dev":"eth2","state":["INCOMPLETE"]},{"dst":"192.0.2.1","dev":"eth1","state":["STALE"]},
{"dst":"2001:db8::50","dev":"eth1","lladdr":"ae:65:06:74:72:27","state":["STALE"]},{}]"""


class Host(FakeSystem):
    def __init__(self, entries: str = ENTRIES, rc: int = 0) -> None:
        super().__init__()
        self.told: list[str] = []
        self._entries, self._rc = entries, rc
        self.programs = {"ip": self._ip}

    def _ip(self, argv: Sequence[str]) -> Completed:
        if "-json" in argv:
            return Completed(self._rc, self._entries, "no")
        assert list(argv) == ["ip", "-batch", "-"]
        self.told += self.given.splitlines()
        return Completed(self._rc, "", "no")


def test_only_an_answer_to_our_own_question_counts() -> None:
    assert neighbours.answered(Host(), {FOUR, SIX, INSIDE}) == {FOUR}
    assert neighbours.answered(Host("[]"), {FOUR}) == frozenset()


def test_where_nobody_can_be_asked_nobody_is_waited_for() -> None:
    entries = json.dumps([{"dst": "192.0.2.50", "dev": "eth2", "state": ["NOARP"]}])
    assert neighbours.answered(Host(entries), {FOUR, INSIDE}) == {INSIDE}


def test_asking_needs_no_route_and_no_hardware_address() -> None:
    host = Host()
    neighbours.ask(host, {SIX, FOUR})
    assert host.told == [
        "neighbour replace 192.0.2.50 dev eth1 nud failed",
        "neighbour replace 192.0.2.50 dev eth1 use",
        "neighbour replace 2001:db8::50 dev eth1 nud failed",
        "neighbour replace 2001:db8::50 dev eth1 use",
    ]


def test_nothing_to_do_runs_nothing() -> None:
    host = Host()
    neighbours.ask(host, set())
    assert host.ran == []


@pytest.mark.parametrize("host", [Host(rc=1), Host("{")])
def test_what_ip_cannot_do_or_say_is_a_fault(host: Host) -> None:
    with pytest.raises(HostFault, match="ip "):
        neighbours.answered(host, {FOUR})
    if host._rc:
        with pytest.raises(HostFault, match="ip neighbour failed: no"):
            neighbours.ask(host, {FOUR})
