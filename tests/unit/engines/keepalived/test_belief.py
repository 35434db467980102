# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which servers keepalived believes to be in the kernel: asked only when some are missing, never on a stale word."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import parse
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived import belief
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.daemon import FILE
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_netlink import read_table
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import ServiceKey
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector

WEB = ServiceKey.of_address(6, "10.10.0.50", 80)
WEB6 = ServiceKey.of_address(6, "fd10::50", 80)
WEB1 = ("10.20.0.21", 80)
DUMP = "/tmp/keepalived_check.data"


@pytest.fixture
def host() -> FakeDirector:
    director = FakeDirector()
    director.keepalived.start()
    reconcile(director, engines(), lambda _recorded: pair())
    director.ran.clear()
    return director


def lost(host: FakeDirector) -> belief.Servers:
    return belief.lost(host, parse(host.files[FILE])[1], belief.servers_in(host.kernel.table))


def questions(host: FakeDirector) -> int:
    return len([argv for argv in host.ran if argv[0] == "kill"])


def test_it_is_not_asked_while_nothing_is_missing(host: FakeDirector) -> None:
    assert (lost(host), questions(host)) == ({}, 0)


def test_a_server_that_failed_is_not_lost(host: FakeDirector) -> None:
    host.keepalived.sick.add("10.20.0.21")
    host.keepalived.look()
    assert (lost(host), questions(host)) == ({}, 1)
    assert DUMP not in host.files


def test_a_server_that_somebody_took_is_lost(host: FakeDirector) -> None:
    host.kernel.remove_server(WEB, WEB1)
    assert (lost(host), questions(host)) == ({WEB: frozenset({WEB1})}, 2)
    assert DUMP not in host.files


def test_one_that_came_back_since_the_kernel_was_read_is_not(host: FakeDirector) -> None:
    whole = host.kernel.table
    host.kernel.remove_server(WEB, WEB1)
    blocks = parse(host.files[FILE])[1]
    with host.still():
        missed = belief.servers_in(read_table(host))
        host.kernel.hold(whole)
        assert belief.lost(host, blocks, missed) == {}


def test_a_service_that_is_gone_is_another_matter(host: FakeDirector) -> None:
    host.kernel.remove_service(WEB)
    assert (lost(host), questions(host)) == ({}, 0)


@pytest.mark.parametrize("pid", [None, "", "78\n", "no number"])
def test_nobody_else_gets_the_signal(host: FakeDirector, pid: str | None) -> None:
    host.kernel.remove_server(WEB, WEB1)
    if pid is None:
        del host.files["/run/checkers.pid"]
    else:
        host.files["/run/checkers.pid"] = pid
        host.files["/proc/78/status"] = "Name:\tkeepalived\nPPid:\t1\n"
    assert (lost(host), questions(host)) == ({}, 0)


def test_a_dump_is_believed_when_all_of_it_is_there(host: FakeDirector) -> None:
    host.kernel.remove_server(WEB, WEB1)
    whole = host.keepalived.dump_of_checkers()
    for length in range(0, len(whole), 7):
        host.keepalived.dump_of_checkers = lambda length=length: whole[:length]  # type: ignore[method-assign]
        assert lost(host) in ({}, {WEB: frozenset({WEB1})})
        known, placed = belief.servers_dumped(whole[:length])
        assert all(names <= known[key] for key, names in placed.items())
    assert DUMP not in host.files


def test_what_is_told_is_what_our_file_says(host: FakeDirector) -> None:
    assert belief.servers_told(parse(host.files[FILE])[1]) == {
        WEB: {WEB1, ("10.20.0.22", 8080)},
        WEB6: {("fd20::21", 80)},
    }


def test_marks_are_told_by_their_family() -> None:
    four = "virtual_server fwmark 7 {\n    lvs_sched rr\n    real_server 10.20.0.21 0 {\n    }\n}\n"
    six = "virtual_server fwmark 7 {\n    ip_family inet6\n    real_server 10.20.0.21 0 {\n    }\n}\n"
    told = belief.servers_told({"virtual server a": four, "virtual server b": six})
    assert set(told) == {ServiceKey.of_fwmark(2, 7), ServiceKey.of_fwmark(10, 7)}
