# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pair as the inventory describes it, and how fast it has to be then."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

#: What a machine may add to a limit: noticing, programming the kernel, telling the neighbours; milliseconds.
GRACE = 300


@dataclass(frozen=True)
class Pair:
    """What the story needs to know. Directors are in the order in which they want the VIPs."""

    directors: tuple[str, ...]
    #: The addresses of each server, one in each farm.
    servers: dict[str, tuple[str, ...]]
    #: Address and port of each virtual server.
    services: tuple[tuple[str, int], ...]
    #: The addresses of all VIPs, inside ones too.
    vips: tuple[str, ...]
    #: Milliseconds until the standby must serve: three missed adverts, its skew time, and GRACE.
    failover_limit: int
    #: Milliseconds until a dead server must be out: the wait for the next check, the timeout of each, the waits
    #: between them, and GRACE.
    removal_limit: int

    @property
    def hosts(self) -> list[str]:
        """Every host of the inventory."""
        return [*self.directors, *self.servers]


def load(inventory: Path) -> Pair:
    """Read an inventory like demo/inventory."""
    hosts = yaml.safe_load((inventory / "hosts.yml").read_text())
    variables = yaml.safe_load((inventory / "group_vars" / "directors.yml").read_text())
    return parse(hosts, variables)


def parse(hosts: dict[str, Any], variables: dict[str, Any]) -> Pair:
    """The same from what was read."""
    group = variables["ha_pair_group"]
    members = sorted(group["members"], key=lambda member: -member["priority"])
    addresses = {vip["name"]: vip["address"].split("/")[0] for vip in variables["ha_pair_vips"]}
    return Pair(
        directors=tuple(member["name"] for member in members),
        servers={name: _addresses(name, variables["ha_pair_farms"]) for name in hosts["servers"]["hosts"]},
        services=tuple((addresses[item["vip"]], item["port"]) for item in variables["ha_pair_virtual_servers"]),
        vips=tuple(addresses.values()),
        failover_limit=_failover_limit(group["advert_interval"], members[-1]["priority"]),
        removal_limit=max(_removal_limit(check) for check in variables["ha_pair_health_checks"]),
    )


def _addresses(server: str, farms: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(item["address"] for farm in farms for item in farm["servers"] if item["name"] == server)


def _failover_limit(interval: float, priority: int) -> int:
    skew = interval * (256 - priority) / 256
    return round(1000 * (3 * interval + skew)) + GRACE


def _removal_limit(check: dict[str, Any]) -> int:
    seconds: float = check["retries"] * (check["interval"] + check["timeout"])
    return round(1000 * seconds) + GRACE
