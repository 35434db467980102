# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of lb_info as an audit of a pair gathers them, of any size, for tests of its report."""

from __future__ import annotations

from typing import Any

GENERATED = "2026-11-28T10:00:00Z"

TRAFFIC = dict.fromkeys(("connections", "packets_in", "packets_out", "bytes_in", "bytes_out"), 0)


def server(name: str, address: str, port: int = 80, state: str = "enabled", health: str = "up") -> dict[str, Any]:
    """A server of a virtual server."""
    connections = dict.fromkeys(("active", "inactive", "flows", "persistent"), 0)
    return {
        "name": name,
        "address": address,
        "port": port,
        "state": state,
        "health": health,
        "weight": 0 if state == "drained" else 1,
        **connections,
        "counters": TRAFFIC,
        "rates": TRAFFIC,
    }


def virtual_server(
    name: str, address: str, farm: str, servers: list[dict[str, Any]], state: str = "up", port: int = 80
) -> dict[str, Any]:
    """A virtual server."""
    return {
        "name": name,
        "engine": "keepalived",
        "farm": farm,
        "enabled": state != "disabled",
        "services": [{"address": address, "port": port, "protocol": "tcp", "fwmark": 0, "family": "ipv4"}],
        "state": state,
        "sorry_server": False,
        "counters": TRAFFIC,
        "rates": TRAFFIC,
        "servers": servers,
    }


def difference(path: str, field: str, intended: str, running: str, **others: str) -> dict[str, Any]:
    """An entry of drift."""
    told = {"engine": "keepalived", "action": "repair", "subject": path, "path": path, "impact": "new_connections"}
    return {**told, "field": field, "intended": intended, "running": running, **others}


def certificate(name: str, not_after: str | None, virtual_servers: tuple[str, ...] = ("www",)) -> dict[str, Any]:
    """The certificate of a profile as HAProxy shows it; without an end, of one that it does not show."""
    return {
        "name": name,
        "virtual_servers": list(virtual_servers),
        "farms": [],
        "state": "present" if not_after else "untold",
        "subject": f"/CN={name}.example" if not_after else "",
        "issuer": "/CN=authority" if not_after else "",
        "names": [],
        "fingerprint": "",
        "not_before": None,
        "not_after": not_after,
        "days_left": 0 if not_after else None,
        "ends": [end("certificate", f"/CN={name}.example", not_after)] if not_after else [],
    }


def end(part: str, subject: str, not_after: str | None) -> dict[str, Any]:
    """One of the certificates that a profile rests on."""
    return {"part": part, "subject": subject, "not_after": not_after, "days_left": 0 if not_after else None}


def ha_group(director: str, state: str, members: tuple[str, ...] = ("lb1", "lb2")) -> tuple[dict[str, Any], Any]:
    """The HA group front of a director, as recorded and as it runs."""
    recorded = {
        "name": "front",
        "virtual_router_id": 51,
        "interface": "eth1",
        "members": [{"name": name, "priority": 150 - place} for place, name in enumerate(members)],
        "member": director,
    }
    running = {
        "name": "front",
        "state": state,
        "since": "2026-11-27T22:14:05Z" if state in ("master", "backup") else None,
        "virtual_router_id": 51,
        "interface": "eth1",
        "priority": 150 - members.index(director) if state in ("master", "backup") else None,
        "vips": ["10.10.0.50/24"],
    }
    return recorded, running


def info(
    director: str = "lb1",
    state: str = "master",
    services: list[dict[str, Any]] | None = None,
    drift: list[dict[str, Any]] | None = None,
    members: tuple[str, ...] = ("lb1", "lb2"),
    certificates: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """A result of lb_info."""
    recorded, running = ha_group(director, state, members)
    vips = [{"name": "www", "address": "10.10.0.50/24", "ha_group": "front"}]
    return {
        "changed": False,
        "failed": False,
        "config": {"ha_groups": [recorded], "vips": vips, "farms": [], "health_checks": [], "virtual_servers": []},
        "drift": drift or [],
        "virtual_servers": services or [],
        "ha_groups": [running],
        "certificates": certificates or [],
        "versions": [],
    }


def pair(**both: Any) -> dict[str, Any]:
    """Two directors alike, the first one active."""
    return {"lb1": info("lb1", "master", **both), "lb2": info("lb2", "backup", **both)}


def estate(virtual_servers: int) -> dict[str, Any]:
    """A pair with so many virtual servers, of 10 servers each when they are many, and with one of each trouble."""
    size = 3 if virtual_servers <= 10 else 10

    def services(director: str) -> list[dict[str, Any]]:
        told = []
        for number in range(virtual_servers):
            servers = [
                server(f"web{number}-{place}", f"10.20.{number % 250}.{place + 20}", 8080) for place in range(size)
            ]
            if number % 100 == 1:
                servers[1]["health"] = "down"
                servers[2]["state"] = "drained"
                servers[0]["health"] = "down" if director == "lb2" else "up"
            state = "degraded" if number % 100 == 1 else "up"
            address = f"10.10.{number // 250}.{50 + number // 4 % 200}"
            told.append(virtual_server(f"service{number}", address, f"farm{number}", servers, state, 80 + number % 4))
        return told

    lines = "virtual_server 10.10.0.50 80 {\n    lvs_sched rr\n    persistence_timeout 300\n}\n"
    drift = [
        difference("farms[farm0].servers[web0-1]", "weight", "1", "5"),
        difference("vips[www]", "address", "10.10.0.50/24", "", action="add", impact="none"),
        difference("virtual_servers[service1]", "lb.conf", lines, lines.replace("rr", "wlc"), action="change"),
        difference("net.ipv4.ip_forward", "value", "1", "0", action="refuse", impact="none"),
    ]
    return {
        "lb1": info("lb1", "master", services("lb1"), drift),
        "lb2": info("lb2", "master", services("lb2"), certificates=[certificate("www", "2026-12-01T00:00:00Z")]),
        "lb3": {"unreachable": "Failed to connect to the host via ssh: connect to host lb3 port 22: No route to host"},
        "lb4": {"failed": True, "msg": "/etc/evenkeel/lb.json is not readable: line 7, column 3: unexpected end"},
    }
