# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What services need of a kernel that has not got it: schedulers, persistence engines, forwarding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.kernel_support import lacking
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import Problem
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import Service, services
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

FORWARD = {4: "/proc/sys/net/ipv4/ip_forward", 6: "/proc/sys/net/ipv6/conf/all/forwarding"}


def carried(*farms: dict[str, Any], **wish: Any) -> tuple[Service, ...]:
    wishes = [
        {"name": farm["name"], "farm": farm["name"], "port": 80 + number, "vip": "10.10.0.50", **wish}
        for number, farm in enumerate(farms)
    ]
    return services(Configuration.from_document({"farms": farms, "virtual_servers": wishes}), "keepalived")


def host(*modules: str) -> FakeSystem:
    """A host with these modules installed and ip_vs loaded."""

    def modprobe(argv: Sequence[str]) -> Completed:
        return Completed(0 if argv[-1] in modules else 1, "", "")

    system = FakeSystem()
    system.programs["modprobe"] = modprobe
    system.files["/proc/net/ip_vs"] = ""
    return system


def test_only_what_is_used_is_looked_for() -> None:
    system = host("ip_vs_mh", "ip_vs_wlc")
    assert lacking(carried({"name": "a", "balance": "maglev"}, {"name": "b"}), system) == []
    assert sorted(argv[-1] for argv in system.ran) == ["ip_vs_mh", "ip_vs_wlc"]


def test_a_missing_scheduler_names_those_that_are_there() -> None:
    system = host("ip_vs_rr", "ip_vs_mh")
    assert lacking(carried({"name": "a", "balance": "power_of_two"}), system) == [
        Problem(
            "farms[a].balance",
            "'power_of_two' needs the scheduler twos, which this kernel has not",
            "round_robin, maglev, maglev_port",
        )
    ]


def test_a_missing_persistence_engine_is_a_problem() -> None:
    farm = {"name": "a", "persistence_timeout": 60, "persistence_engine": "sip"}
    assert lacking(carried(farm, protocol="udp"), host("ip_vs_wlc", "ip_vs_pe_sip")) == []
    (problem,) = lacking(carried(farm, protocol="udp"), host("ip_vs_wlc"))
    assert problem.path == "farms[a].persistence_engine"


@pytest.mark.parametrize(
    ("family", "vip", "parameter"),
    [(4, "10.10.0.50", "net.ipv4.ip_forward"), (6, "fd10::50", "net.ipv6.conf.all.forwarding")],
)
def test_nat_needs_a_kernel_that_forwards(family: int, vip: str, parameter: str) -> None:
    wish = carried({"name": "a"}, vip=vip)
    system = host("ip_vs_wlc")
    assert lacking(wish, system) == []
    system.files[FORWARD[family]] = "1\n"
    assert lacking(wish, system) == []
    system.files[FORWARD[family]] = "0\n"
    system.files[FORWARD[10 - family]] = "1\n"
    (problem,) = lacking(wish, system)
    assert problem.path == "farms[a].mode"
    assert problem.message == f"nat needs the kernel parameter {parameter}, which is 0 here"
    system.files[FORWARD[10 - family]] = "0\n"
    assert len(lacking(wish, system)) == 1


def test_other_modes_and_source_nat_need_no_forwarding() -> None:
    system = host("ip_vs_wlc")
    system.files |= dict.fromkeys(FORWARD.values(), "0\n")
    assert lacking(carried({"name": "a", "mode": "gateway"}, {"name": "b", "mode": "tunnel"}), system) == []
    assert lacking(carried({"name": "a"}, source_nat_type="auto"), system) == []


def test_without_services_nothing_is_asked() -> None:
    system = host()
    assert lacking((), system) == []
    assert system.ran == []
