# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planned failovers on pairs of directors with the keepalived of Debian 12 and of Debian 13: what lb_failover says
against who holds the VIPs, and what a neighbour that asks for them without end sees meanwhile."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract import test_vrrp_host as scene
from ansible_collections.evenkeel.lb.tests.contract.director import FOLDER
from ansible_collections.evenkeel.lb.tests.contract.test_vrrp_host import INSIDE, Host, Pair, waited

hosts = scene.hosts
pair = scene.pair

HOLD = "/etc/keepalived/evenkeel-main.away"
SECONDS_BETWEEN_PINGS = 0.02


@pytest.fixture(autouse=True)
def modules(hosts: dict[str, Host]) -> None:
    for host in hosts.values():
        if not host.shell(f"ls {FOLDER}/run_module.py 2> /dev/null || true"):
            host.bring_modules()


def failover(host: Host, state: str, **arguments: Any) -> dict[str, Any]:
    answer = host.module("lb_failover", ha_group="main", state=state, _ansible_diff=True, **arguments)
    print(host.name, state, answer.get("waited"), answer.get("msg", ""))
    return answer


def held(host: Host) -> bool:
    return bool(host.shell(f"ls {HOLD} 2> /dev/null || true"))


class Silence:
    """The longest time without an answer, in seconds, for IPv4 and IPv6."""

    def __init__(self) -> None:
        self.longest: dict[str, float] = {}


@contextmanager
def asked(host: Host) -> Iterator[Silence]:
    """While the block runs, another host on the network asks the VIPs for echoes."""
    found = Silence()
    for name, vip in (("four", "10.10.0.50"), ("six", "fd10::50")):
        ping = f"ping -n -D -i {SECONDS_BETWEEN_PINGS} {vip} > /run/{name}"
        host.shell(f"systemd-run -q --unit ping-{name} sh -c '{ping}'")
    time.sleep(1)
    try:
        yield found
        time.sleep(1)
    finally:
        host.shell("systemctl stop ping-four ping-six")
    for name in ("four", "six"):
        times = [float(one) for one in re.findall(r"^\[([0-9.]+)\].*bytes from", host.shell(f"cat /run/{name}"), re.M)]
        assert len(times) > 2 / SECONDS_BETWEEN_PINGS / 4
        found.longest[name] = max(later - sooner for sooner, later in itertools.pairwise(times))
    print("longest silence", found.longest)


def witness(hosts: dict[str, Host], pair: Pair) -> Host:
    return next(host for host in hosts.values() if host not in pair)


def test_away_and_back_without_a_gap(hosts: dict[str, Host], pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    planned = failover(pair.first, "away", _ansible_check_mode=True)
    assert planned["waited"]["state"] == "planned" and not held(pair.first)
    with asked(witness(hosts, pair)) as away:
        answer = failover(pair.first, "away")
        pair.settles("standby", "active")
    assert answer["changed"] and answer["waited"]["state"] == "moved", answer
    assert (answer["ha_group"], answer["diff"]) == (planned["ha_group"], planned["diff"])
    assert pair.first.dump()["main"]["effective_priority"] == 1
    assert failover(pair.first, "away")["changed"] is False
    # what the run told is true at once, and other runs see no drift in it
    assert [host.converge(pair.document(name), check=True)["steps"] for host, name in
            zip(pair, ("first", "second"), strict=True)] == [[], []]  # fmt: skip
    with asked(witness(hosts, pair)) as back:
        answer = failover(pair.first, "back")
        pair.settles("active", "standby")
    assert answer["changed"] and answer["waited"]["state"] == "returned", answer
    assert not held(pair.first) and failover(pair.first, "back")["changed"] is False
    # as much as a few answers that went to the one while the other one announced itself
    assert max(*away.longest.values(), *back.longest.values()) < 0.5


def test_without_preemption_it_lets_go_and_is_a_standby_again(hosts: dict[str, Host], pair: Pair) -> None:
    pair.told(preempt=False)
    pair.settles("active", "standby")
    with asked(witness(hosts, pair)) as away:
        answer = failover(pair.first, "away")
        pair.settles("standby", "active")
    assert answer["waited"]["state"] == "moved", answer
    assert max(away.longest.values()) < 1
    answer = failover(pair.first, "back")
    assert answer["changed"] and answer["waited"]["state"] == "unneeded"
    time.sleep(2)
    pair.settles("standby", "active")
    assert failover(pair.second, "away")["waited"]["state"] == "moved"
    pair.settles("active", "standby")


@pytest.mark.parametrize("preempt", [True, False])
def test_a_hold_stays_over_reloads_and_restarts_and_ends_with_its_file(pair: Pair, preempt: bool) -> None:
    pair.told(preempt=preempt)
    pair.settles("active", "standby")
    assert failover(pair.first, "away")["waited"]["state"] == "moved"
    for deed in ("reload", "restart"):
        pair.first.shell(f"systemctl {deed} keepalived")
        time.sleep(2)
        pair.settles("standby", "active")
    document = pair.document("first", preempt=preempt)
    document["vips"].append({"name": "z", "address": "10.10.0.77/24", "ha_group": "main"})
    pair.first.applied(document)
    pair.settles("standby", "active")
    assert held(pair.first)
    pair.second.shell("systemctl stop keepalived")
    waited(lambda: pair.first.state() == "active", "better this one than none")
    pair.second.shell("systemctl start keepalived")
    pair.settles(*(("standby", "active") if preempt else ("active", "standby")))
    pair.first.applied(pair.document("first", preempt=preempt))
    pair.first.shell(f"rm {HOLD}")
    pair.settles("active", "standby")


def test_where_nobody_takes_over_nothing_has_happened(hosts: dict[str, Host], pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    pair.second.shell("systemctl stop keepalived")
    with asked(witness(hosts, pair)) as asking:
        answer = failover(pair.first, "away", wait={"timeout": 4})
    assert answer["failed"] and not answer["changed"] and answer["waited"]["state"] == "timeout"
    assert "no other member served the VIPs" in answer["msg"]
    assert not held(pair.first) and pair.first.holds("10.10.0.50/24")
    assert max(asking.longest.values()) < 0.5


def test_where_nobody_takes_what_was_let_go_it_comes_back(pair: Pair) -> None:
    pair.told(preempt=False)
    pair.settles("active", "standby")
    pair.second.shell("systemctl stop keepalived")
    answer = failover(pair.first, "away")
    assert answer["failed"] and answer["ha_group"]["state"] == "master", answer
    assert answer["waited"]["seconds"] < 4
    assert not held(pair.first) and pair.first.holds("10.10.0.50/24") and pair.first.holds("fd10::50/64")


def test_a_sync_group_moves_as_one(pair: Pair) -> None:
    pair.told(INSIDE, sync_group="nat")
    for group in ("main", INSIDE["name"]):
        pair.settles("active", "standby", group=group)
    answer = failover(pair.first, "away")
    assert answer["waited"]["state"] == "moved" and answer["ha_group"]["state"] == "fault", answer
    for group in ("main", INSIDE["name"]):
        pair.settles("faulty", "active", group=group)
    assert failover(pair.first, "back")["waited"]["state"] == "returned"
    pair.settles("active", "standby", group=INSIDE["name"])


def test_a_standby_that_is_held_moves_nothing_and_a_group_that_goes_takes_its_hold_along(pair: Pair) -> None:
    pair.told()
    pair.settles("active", "standby")
    assert failover(pair.second, "away")["waited"]["state"] == "unneeded"
    pair.settles("active", "standby")
    # who is held is nobody to move to
    assert failover(pair.first, "away", wait={"timeout": 3})["failed"]
    pair.settles("active", "standby")
    pair.second.applied({})
    assert not held(pair.second)


def test_to_follow_a_hold_is_a_reload_that_moves_nothing(pair: Pair) -> None:
    """As it comes to directors whose file an older release wrote."""
    pair.told()
    pair.settles("active", "standby")
    older = r"""
sed -i -e '/^track_file/,/^$/d' -e '/^    track_file/,/^    }/d' /etc/keepalived/evenkeel.conf
systemctl reload keepalived
"""
    for host in pair:
        host.shell(older)
    pair.settles("active", "standby")
    assert "does not follow the hold" in failover(pair.first, "away")["msg"]
    since = pair.first.shell("date '+%F %T'").strip()
    time.sleep(1)
    for host, name in zip(pair, ("first", "second"), strict=True):
        answer = host.applied(pair.document(name))
        assert (answer["steps"], answer["reload"]) == ([["change", "HA group main", "none"]], ["keepalived reload"])
    pair.settles("active", "standby")
    for host in pair:
        assert "Entering" not in host.shell(f"journalctl -u keepalived --no-pager --since '{since}'")
    assert failover(pair.first, "away")["waited"]["state"] == "moved"
