# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations for tests: one that is easy to read, and Hypothesis strategies for valid ones.

``documents`` stay within what the engines of a Linux director carry; ``any_documents`` say whatever the model can.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.unit.model.any_documents import any_documents

__all__ = ["any_documents", "documents", "pair", "pair_document"]


def pair_document() -> dict[str, Any]:
    """A small pair: two VIPs, an HTTP service for IPv4 and IPv6."""
    members = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
    group = {"name": "main", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": members}
    servers = [{"name": "web1", "address": "10.20.0.21"}, {"name": "web2", "address": "10.20.0.22", "port": 8080}]
    servers6 = [{"name": "web1", "address": "fd20::21"}]
    return {
        "ha_groups": [group],
        "vips": [
            {"name": "public", "address": "10.10.0.50/24", "ha_group": "main"},
            {"name": "public6", "address": "fd10::50/64", "ha_group": "main"},
        ],
        "health_checks": [{"name": "http", "type": "http", "interval": 2, "retries": 3}],
        "farms": [
            {"name": "web", "balance": "round_robin", "health_check": "http", "servers": servers},
            {"name": "web6", "servers": servers6},
        ],
        "virtual_servers": [
            {"name": "web", "vip": "public", "port": 80, "farm": "web"},
            {"name": "web6", "vip": "public6", "port": 80, "farm": "web6"},
        ],
    }


def pair() -> Configuration:
    return Configuration.from_document(pair_document())


_names = st.from_regex(r"[a-z][a-z0-9._-]{0,7}", fullmatch=True)
_BALANCE = ["round_robin", "weighted_round_robin", "least_connections", "source_hash", "maglev"]
_PROTOCOLS = ["tcp", "udp", "http", "https", "http2", "grpc", "quic", "dns"]
_TENANT = {"tenant": st.just("Zoë & sons")}


@st.composite
def _server(draw: st.DrawFn, number: int, family: int, port: int | None) -> dict[str, Any]:
    address = f"10.20.{number // 250}.{number % 250 + 1}" if family == 4 else f"fd20::{number + 1:x}"
    server: dict[str, Any] = {"name": f"s{number}", "address": address}
    if port is not None:
        server["port"] = port
    states = st.sampled_from(["enabled", "drained", "disabled"])
    optional = {"weight": st.integers(0, 65535), "state": states, "backup": st.just(False), **_TENANT}
    return server | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def _farm(draw: st.DrawFn, name: str, family: int, checks: list[str]) -> dict[str, Any]:
    mode = draw(st.sampled_from(["nat", "gateway", "tunnel"]))
    port = draw(st.none() | st.integers(1, 65535)) if mode == "nat" else None
    numbers = draw(st.lists(st.integers(0, 999), unique=True, max_size=5))
    servers = [draw(_server(number, family, port)) for number in numbers]
    farm: dict[str, Any] = {"name": name, "mode": mode, "servers": servers}
    if checks and draw(st.booleans()):
        farm["health_check"] = draw(st.sampled_from(checks))
    if draw(st.booleans()):
        farm["persistence_timeout"] = draw(st.integers(1, 2678400))
        if draw(st.booleans()):
            masks = ["255.255.255.0", "255.255.0.0"] if family == 4 else ["64", "128"]
            farm["persistence_netmask"] = draw(st.sampled_from(masks))
    said = {"balance": st.sampled_from(_BALANCE), "on_failure": st.just("remove"), **_TENANT}
    return farm | draw(st.fixed_dictionaries({}, optional=said))


_CHECKS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("tcp")},
        optional={"interval": st.integers(1, 600), "retries": st.integers(1, 9), "port": st.integers(1, 65535)},
    ),
    st.fixed_dictionaries(
        {"type": st.just("http")},
        optional={
            "uri": st.from_regex(r"/[a-z0-9/?=]{0,20}", fullmatch=True),
            "host": st.just("www.example.com"),
            "status_codes": st.just(["200-299", "301"]),
            "timeout": st.decimals(1, 60, places=2).map(float),
            "http_version": st.sampled_from(["1.0", "1.1"]),
            "expect": st.sampled_from(["ok", '"$x" {a}', r"\\ \r\n\x00#!", "Zoë"]),
        },
    ),
    st.fixed_dictionaries({"type": st.just("https")}, optional={"host": st.just("www.example.com")}),
    st.fixed_dictionaries({"type": st.just("icmp"), "retries": st.integers(1, 9)}),
    st.fixed_dictionaries(
        {"type": st.just("dns")},
        optional={"query": st.sampled_from([".", "www.example.com"]), "record_type": st.sampled_from(["SOA", "AAAA"])},
    ),
    st.fixed_dictionaries(
        {"type": st.just("udp"), "timeout": st.integers(4, 9)},
        optional={"send": st.sampled_from(["ping", r"\x00\xfe"]), "expect": st.just("pong")},
    ),
    st.fixed_dictionaries({"type": st.just("smtp")}, optional={"host": st.just("lb1.example.com")}),
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Documents of valid configurations that the engines of a Linux director can carry."""
    checks = {name: {"name": name, **draw(_CHECKS)} for name in draw(st.sets(_names, max_size=3))}
    families = draw(st.dictionaries(_names, st.sampled_from([4, 4, 6]), max_size=4))
    farms = {name: draw(_farm(name, family, sorted(checks))) for name, family in families.items()}
    hosts = draw(st.lists(st.integers(1, 254), unique=True, max_size=4))
    vips = {(host, draw(st.sampled_from([4, 4, 6]))): f"vip{host}" for host in hosts}
    services = []
    if farms:
        keys = st.tuples(st.sampled_from(hosts or [200]), st.integers(1, 65535))
        for number, (host, port) in enumerate(draw(st.lists(keys, unique=True, max_size=5))):
            farm = draw(st.sampled_from(sorted(farms)))
            address = f"10.10.0.{host}" if families[farm] == 4 else f"fd10::{host:x}"
            named = vips.get((host, families[farm]), address)
            service = {"name": f"v{number}", "vip": draw(st.sampled_from([address, named])), "port": port, "farm": farm}
            service["protocol"] = draw(st.sampled_from(_PROTOCOLS))
            service["enabled"] = draw(st.booleans())
            if service["protocol"] in ("udp", "dns"):
                service["type"] = draw(st.sampled_from(["layer4", "dns"]))
            services.append(service | draw(st.fixed_dictionaries({}, optional=_TENANT)))
    group = {
        "name": "main",
        "virtual_router_id": draw(st.integers(1, 255)),
        "interface": "eth1",
        "member": "lb1",
        "members": [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": draw(st.integers(1, 149))}],
        "preempt": draw(st.booleans()),
    }
    addresses = {
        name: f"10.10.0.{host}/32" if family == 4 else f"fd10::{host:x}/64" for (host, family), name in vips.items()
    }
    return {
        "ha_groups": [group] if vips else [],
        "vips": [{"name": name, "address": address, "ha_group": "main"} for name, address in addresses.items()],
        "health_checks": list(checks.values()),
        "farms": list(farms.values()),
        "virtual_servers": services,
    }
