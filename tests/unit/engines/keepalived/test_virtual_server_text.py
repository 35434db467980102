# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtual server as keepalived is told of it, line by line, and the kernel table that is expected of it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.state import Desired
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    FLAG_ONE_PACKET,
    FLAG_SCHEDULER_1,
    FLAG_SCHEDULER_2,
    IPV4,
    IPV6,
    MASQUERADE,
    SCTP,
    TUNNEL,
    TUNNEL_GRE,
    TUNNEL_GUE,
    Destination,
    Entry,
    ServiceKey,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration

SERVERS = [
    {"name": "web1", "address": "10.20.0.21", "weight": 3},
    {"name": "web2", "address": "10.20.0.22", "weight": 2},
]
DRAINED = [{**server, "state": "drained"} for server in SERVERS]
SORRY = {"address": "10.20.0.99", "port": 8080}


def compiled(farm: dict[str, Any], wish: dict[str, Any]) -> Desired:
    place = {} if "fwmark" in wish else {"vip": "10.10.0.50"} | ({} if "ports" in wish else {"port": 80})
    document = {
        "farms": [{"name": "web", "servers": SERVERS, **farm}],
        "virtual_servers": [{"name": "web", "farm": "web", **place, **wish}],
    }
    return KeepalivedEngine().compile(Configuration.from_document(document))


def lines(desired: Desired) -> list[str]:
    return [line.strip() for line in desired.blocks["virtual server web"].splitlines()]


def entry(desired: Desired) -> Entry:
    (found,) = desired.table.values()
    return found


@pytest.mark.parametrize(
    ("farm", "wish", "expected"),
    [
        ({"balance": "source_port_hash"}, {}, ["lvs_sched sh", "sh-port"]),
        ({"balance": "source_hash", "hash_fallback": True}, {}, ["lvs_sched sh", "sh-fallback"]),
        ({"balance": "maglev_port", "hash_fallback": True}, {}, ["lvs_sched mh", "mh-port", "mh-fallback"]),
        ({"balance": "power_of_two"}, {}, ["lvs_sched twos"]),
        ({"one_packet": True}, {"protocol": "udp"}, ["ops", "protocol UDP"]),
        ({}, {"protocol": "sctp"}, ["protocol SCTP"]),
        ({"mode": "tunnel"}, {}, ["lvs_method TUN"]),
        (
            {"mode": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080, "tunnel_checksum": "remote"},
            {},
            ["lvs_method TUN type gue port 6080 remcsum"],
        ),
        ({"mode": "tunnel", "tunnel_type": "gre", "tunnel_checksum": "full"}, {}, ["lvs_method TUN type gre csum"]),
        ({"mode": "tunnel", "tunnel_type": "gre"}, {}, ["lvs_method TUN type gre nocsum"]),
        (
            {"persistence_timeout": 60, "persistence_engine": "sip"},
            {"protocol": "udp"},
            ["persistence_timeout 60", "persistence_engine sip"],
        ),
        ({"on_failure": "quiesce"}, {}, ["inhibit_on_failure"]),
        ({"initial_state": "down"}, {}, ["alpha"]),
        ({"quorum": 3, "hysteresis": 1}, {}, ["quorum 3", "hysteresis 1"]),
        ({"sorry_server": SORRY}, {}, ["sorry_server 10.20.0.99 8080"]),
        ({"sorry_server": {"address": "10.20.0.99"}}, {}, ["sorry_server 10.20.0.99 80"]),
        ({}, {"fwmark": 7}, ["virtual_server fwmark 7 {", "real_server 10.20.0.21 0 {"]),
    ],
)
def test_what_a_field_becomes(farm: dict[str, Any], wish: dict[str, Any], expected: list[str]) -> None:
    found = lines(compiled(farm, wish))
    plain = lines(compiled({}, {}))
    assert [line for line in found if line in expected] == expected
    assert not set(expected) & set(plain) - {"protocol TCP"}


def test_flags_come_after_the_scheduler_they_belong_to() -> None:
    found = lines(compiled({"balance": "maglev_port", "hash_fallback": True, "one_packet": True}, {"protocol": "udp"}))
    assert [line for line in found if line.startswith(("lvs_", "mh-", "ops"))] == [
        "lvs_sched mh",
        "mh-port",
        "mh-fallback",
        "ops",
        "lvs_method NAT",
    ]


def test_a_service_by_mark_has_no_protocol() -> None:
    assert not [line for line in lines(compiled({}, {"fwmark": 7})) if line.startswith("protocol")]
    assert not [line for line in lines(compiled({}, {"ports": [80, 443]})) if line.startswith("protocol")]


def test_thresholds_are_of_servers() -> None:
    servers = [{**SERVERS[0], "max_connections": 100, "low_connections": 50}, SERVERS[1]]
    desired = compiled({"servers": servers}, {})
    assert lines(desired).count("uthreshold 100") == lines(desired).count("lthreshold 50") == 1
    first, second = entry(desired).destinations
    assert (first.u_threshold, first.l_threshold) == (100, 50)
    assert (second.u_threshold, second.l_threshold) == (0, 0)


@pytest.mark.parametrize(
    ("farm", "flags"),
    [
        ({"balance": "source_port_hash"}, FLAG_SCHEDULER_2),
        ({"balance": "maglev", "hash_fallback": True}, FLAG_SCHEDULER_1),
        ({"balance": "maglev_port", "hash_fallback": True}, FLAG_SCHEDULER_1 | FLAG_SCHEDULER_2),
        ({"one_packet": True}, FLAG_ONE_PACKET),
    ],
)
def test_flags_in_the_kernel(farm: dict[str, Any], flags: int) -> None:
    assert entry(compiled(farm, {"protocol": "udp"})).service.flags == flags


def test_tunnels_in_the_kernel() -> None:
    gue = {"mode": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080, "tunnel_checksum": "remote"}
    first = entry(compiled(gue, {})).destinations[0]
    assert first == Destination("10.20.0.21", 80, TUNNEL, 3, 0, 0, TUNNEL_GUE, 6080, 2)
    gre = {"mode": "tunnel", "tunnel_type": "gre", "tunnel_checksum": "full"}
    assert entry(compiled(gre, {})).destinations[0] == Destination("10.20.0.21", 80, TUNNEL, 3, 0, 0, TUNNEL_GRE, 0, 1)


def test_keys_in_the_kernel() -> None:
    assert entry(compiled({}, {"protocol": "sctp"})).service.key == ServiceKey(IPV4, SCTP, "10.10.0.50", 80)
    assert entry(compiled({}, {"fwmark": 7})).service.key == ServiceKey.of_fwmark(IPV4, 7)
    six = {"servers": [{"name": "web1", "address": "fd20::21"}]}
    assert entry(compiled(six, {"fwmark": 7})).service.key == ServiceKey.of_fwmark(IPV6, 7)


def test_servers_that_drain_lower_the_quorum_instead_of_losing_it() -> None:
    servers = [DRAINED[0], SERVERS[1]]
    found = lines(compiled({"servers": servers, "quorum": 3, "hysteresis": 2}, {}))
    assert "quorum 2" in found and "hysteresis 0" in found


def test_when_all_drain_the_sorry_server_stands_beside_them() -> None:
    desired = compiled({"servers": DRAINED, "quorum": 2, "sorry_server": SORRY}, {})
    found = lines(desired)
    assert not [line for line in found if line.startswith(("quorum", "hysteresis", "sorry_server"))]
    assert [line for line in found if line.startswith(("real_server", "weight"))] == [
        "real_server 10.20.0.21 80 {",
        "weight 0",
        "real_server 10.20.0.22 80 {",
        "weight 0",
        "real_server 10.20.0.99 8080 {",
        "weight 1",
    ]
    assert entry(desired).destinations[2] == Destination("10.20.0.99", 8080, MASQUERADE, 1)


def test_a_sorry_server_that_drains_as_a_server_is_there_once() -> None:
    sorry = {"address": DRAINED[0]["address"], "port": DRAINED[0].get("port", 80)}
    desired = compiled({"servers": DRAINED, "sorry_server": sorry}, {})
    heads = [line for line in lines(desired) if line.startswith("real_server")]
    assert len(heads) == len(set(heads)) == 2
    assert [destination.weight for destination in entry(desired).destinations] == [1, 0]
