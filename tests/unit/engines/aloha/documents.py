# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any configuration that an appliance can hold."""

from __future__ import annotations

from random import Random
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.capabilities import BALANCE_4, BALANCE_7

Document = dict[str, list[dict[str, Any]]]

_ADDRESSES = [f"192.0.2.{number}" for number in range(101, 107)]
_VIPS = ["192.0.2.80", "192.0.2.81", "192.0.2.82"]
_ALIKE = ("round_robin", "least_connections")


def any_document(random: Random) -> Document:
    """Farms at both layers and at none, from small pools of names and addresses: going from one document to another
    edits, moves, renames and removes."""
    checks = [_check(random, name) for name in random.sample(["one", "two"], random.randrange(3))]
    farms, virtual_servers = [], []
    free = [(vip, port) for vip in _VIPS for port in (80, 443, 8080)]
    random.shuffle(free)
    for name in random.sample(["web", "api", "mail"], random.randrange(4)):
        layer = random.choice([4, 4, 7, 7, 0])
        farms.append(_farm(random, name, layer, checks))
        for letter in ("a", "b")[: {0: 0, 4: 1, 7: random.randrange(3)}[layer]]:
            vip, port = free.pop()
            wish: dict[str, Any] = {"name": f"{name}-{letter}", "vip": vip, "port": port, "farm": name}
            if layer == 7:
                wish |= {
                    "type": "layer7",
                    "protocol": random.choice(["http", "http", "tcp"]) if letter == "a" else "http",
                }
                wish["protocol"] = "http" if letter == "b" or random.randrange(2) else wish["protocol"]
            elif random.randrange(2):
                wish["protocol"] = random.choice(["tcp", "udp", "http", "quic"])
            if random.randrange(4) == 0:
                wish["enabled"] = random.choice([True, False])
            virtual_servers.append(wish)
    for wish in virtual_servers:  # one farm speaks one protocol
        if wish.get("type") == "layer7" and any(other["name"] == f"{wish['farm']}-b" for other in virtual_servers):
            wish["protocol"] = "http"
    return {"health_checks": checks, "farms": farms, "virtual_servers": virtual_servers}


def _check(random: Random, name: str) -> dict[str, Any]:
    """One that both layers take, or one for layer 4 alone."""
    if name == "one":
        return {"name": name, "type": random.choice(["tcp", "none"])}
    check: dict[str, Any] = {"name": name, "type": random.choice(["tcp", "icmp", "http"])}
    check |= {"interval": random.choice([5, 10, 30]), "timeout": random.choice([1, 2]), "retries": 1}
    if check["type"] == "http":
        check |= {"uri": random.choice(["/", "/health"]), "status_codes": [random.choice(["200", "204"])]}
    elif check["type"] == "tcp" and random.randrange(2):
        check["port"] = 8081
    return check


def _farm(random: Random, name: str, layer: int, checks: list[dict[str, Any]]) -> dict[str, Any]:
    farm: dict[str, Any] = {"name": name, "balance": random.choice(sorted(BALANCE_7 if layer == 7 else BALANCE_4))}
    fitting = [check["name"] for check in checks if layer != 7 or check["name"] == "one"]
    if fitting and random.randrange(3):
        farm["health_check"] = random.choice(fitting)
    if layer != 7:
        farm["mode"] = random.choice(["nat", "gateway", "tunnel"])
        if random.randrange(3) == 0:
            farm |= {"persistence_timeout": random.choice([60, 300]), "persistence_netmask": "255.255.255.0"}
    alike = random.choice([1, 2, 256])
    hosts = random.sample(_ADDRESSES, random.randrange(4))
    farm["servers"] = [
        _server(random, f"s{number}", address, farm, layer, alike) for number, address in enumerate(hosts, 1)
    ]
    if random.randrange(4) == 0:
        farm["sorry_server"] = {"address": "192.0.2.120"}
    return farm


def _server(random: Random, name: str, address: str, farm: dict[str, Any], layer: int, alike: int) -> dict[str, Any]:
    server: dict[str, Any] = {"name": name, "address": address}
    server["weight"] = alike if farm["balance"] in _ALIKE else random.choice([0, 1, 2, 100, 256])
    if random.randrange(3) == 0:
        server["state"] = random.choice(["enabled", "drained", "disabled"])
    if farm.get("mode", "nat") == "nat" and random.randrange(2):
        server["port"] = random.choice([80, 8080])
    if layer == 7 and random.randrange(2):
        server |= random.choice([{"max_connections": 100}, {"backup": True}, {"ssl_offload": True}])
    return server
