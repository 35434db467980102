# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configurations that the benchmarks ask for: virtual servers with a farm of ten servers each."""

from __future__ import annotations

from typing import Any

SERVERS = 10
BALANCE = "weighted_round_robin"
WEIGHT = 5
OTHER_WEIGHT = 6


def wish(virtual_servers: int, engine: str, weight_of_the_first: int = WEIGHT) -> dict[str, Any]:
    """All of one engine, over NAT, without health checks; the first server of all has a weight of its own."""
    numbers = range(virtual_servers)
    return {
        "farms": [
            {
                "name": f"farm{number}",
                "balance": "weighted_round_robin",
                "servers": servers(number, weight_of_the_first),
            }
            for number in numbers
        ],
        "virtual_servers": [
            {"name": f"service{number}", "vip": vip(number), "port": 80, "farm": f"farm{number}", "engine": engine}
            for number in numbers
        ],
    }


def servers(farm: int, weight_of_the_first: int) -> list[dict[str, Any]]:
    return [
        {
            "name": f"server{server}",
            "address": address(farm, server),
            "weight": weight_of_the_first if (farm, server) == (0, 0) else WEIGHT,
        }
        for server in range(SERVERS)
    ]


def vip(number: int) -> str:
    return f"10.250.{number // 250}.{number % 250 + 1}"


def address(farm: int, server: int) -> str:
    return f"10.{100 + farm // 2500}.{farm // 10 % 250}.{farm % 10 * SERVERS + server + 1}"


def rules_of(virtual_servers: int, weight_of_the_first: int = WEIGHT) -> bytes:
    """The rules of ipvsadm that make the same in the kernel."""
    from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.engine import IpvsEngine
    from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import render
    from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration

    configuration = Configuration.from_document(wish(virtual_servers, "ipvs", weight_of_the_first))
    return render(IpvsEngine().compile(configuration).table).encode()
