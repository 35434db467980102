# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ALOHA can express, at layer 4 (its LVS) and at layer 7 (its HAProxy). Pure. Private to evenkeel.lb.

Source: HAProxy Technologies, ALOHA documentation, Configuration API, API objects.
"""

from __future__ import annotations

from typing import Mapping

from ..capabilities import EVERYTHING, Can, Capabilities, only

NAME = "aloha"

_BY_HAND = "leave it out, and set it up once in the appliance's web interface"
_WEIGHTS = frozenset(range(257))
_AT_MOST_256 = Can(_WEIGHTS, {}, "0 to 256")

# Of health checks, what the appliance has its own way for, which is taken where nothing is said: by field the values
# that are that way, and what to write instead of others.
SAID_4: Mapping[str, Can] = {
    "retries": only(1, otherwise="1, or leave it out: the appliance takes a server out at the first failure"),
    "rise": only(1, otherwise="1, or leave it out: the appliance takes a server back at the first success"),
}
SAID_7: Mapping[str, Can] = {
    name: Can(frozenset(), {}, "leave it out: the appliance decides that itself at layer 7")
    for name in ("interval", "timeout", "retries", "rise")
}

BALANCE_4 = {
    "round_robin": "roundrobin",
    "weighted_round_robin": "roundrobin",
    "least_connections": "least-connections",
    "weighted_least_connections": "least-connections",
    "source_hash": "hash-source",
    "destination_hash": "hash-destination",
    "source_destination_hash": "hash-source-dest",
    "shortest_expected_delay": "shortest-expected-delay",
    "never_queue": "never-queue",
}
BALANCE_7 = {
    "round_robin": "roundrobin",
    "weighted_round_robin": "roundrobin",
    "least_connections": "least-connections",
    "weighted_least_connections": "least-connections",
    "source_hash": "hash-source",
    "url_hash": "hash-uri",
}
_NEAREST_BALANCE = {
    "source_port_hash": "source_hash",
    "maglev": "source_hash",
    "maglev_port": "source_hash",
    "domain_hash": "source_hash",
    "failover": "weighted_least_connections",
}
_NEAREST_4 = {**_NEAREST_BALANCE, "url_hash": "source_hash, or url_hash with a virtual server of type: layer7"}
_NEAREST_7 = {
    **_NEAREST_BALANCE,
    "destination_hash": "source_hash",
    "source_destination_hash": "source_hash",
    "shortest_expected_delay": "weighted_least_connections",
    "never_queue": "weighted_least_connections",
}

_COMMON: Capabilities = {
    "virtual_servers.name": EVERYTHING,
    "virtual_servers.vip": EVERYTHING,
    "virtual_servers.port": EVERYTHING,
    "virtual_servers.farm": EVERYTHING,
    "virtual_servers.enabled": EVERYTHING,
    "virtual_servers.engine": EVERYTHING,
    "farms.name": EVERYTHING,
    "farms.hash_fallback": only(False),
    "farms.one_packet": only(False),
    "farms.health_check": EVERYTHING,
    "farms.sorry_server": EVERYTHING,
    "farms.sorry_server.address": EVERYTHING,
    "farms.sorry_server.port": EVERYTHING,
    "farms.on_failure": only("remove", nearest={"quiesce": "remove"}),
    "farms.initial_state": only("up", nearest={"down": "up"}),
    "farms.quorum": only(1),
    "farms.hysteresis": only(0),
    "farms.load_monitor": only("none"),
    "farms.servers": EVERYTHING,
    "farms.servers.name": EVERYTHING,
    "farms.servers.address": EVERYTHING,
    "farms.servers.port": EVERYTHING,
    "farms.servers.weight": _AT_MOST_256,
    "farms.servers.state": EVERYTHING,
    "farms.servers.health_check": EVERYTHING,
    "health_checks.name": EVERYTHING,
    **{f"health_checks.{name}": EVERYTHING for name in ("interval", "timeout", "retries", "rise")},
}

LAYER4: Capabilities = {
    **_COMMON,
    "virtual_servers.ports": Can(
        frozenset({("1-65535",)}), {}, "one port, or 1-65535; for several ports a farm and a virtual server for each"
    ),
    "virtual_servers.protocol": only(
        "tcp",
        "udp",
        "http",
        "https",
        "http2",
        "grpc",
        "quic",
        nearest={"dns": "udp and tcp, each with a farm of its own", "any": "tcp or udp, with ports: [1-65535]"},
        otherwise="tcp or udp",
    ),
    "virtual_servers.type": only("layer2", "layer4", "dns"),
    "virtual_servers.ssl_offload": only(False, nearest={True: "type: layer7"}),
    "farms.balance": only(*BALANCE_4, nearest=_NEAREST_4, otherwise="weighted_least_connections"),
    "farms.mode": EVERYTHING,
    "farms.tunnel_type": only("ipip", nearest={"gue": "ipip", "gre": "ipip"}),
    "farms.tunnel_checksum": only("none", nearest={"full": "none", "remote": "none"}),
    "farms.persistence_timeout": EVERYTHING,
    "farms.persistence_netmask": EVERYTHING,
    "farms.servers.backup": only(False, nearest={True: "sorry_server of the farm"}),
    "farms.servers.ssl_offload": only(False, nearest={True: "a virtual server of type: layer7"}),
    "health_checks.type": only(
        "none",
        "icmp",
        "tcp",
        "http",
        nearest={"https": "tcp", "smtp": "tcp", "dns": "icmp", "udp": "icmp"},
        otherwise="tcp",
    ),
    "health_checks.port": EVERYTHING,
    "health_checks.source": EVERYTHING,
    "health_checks.uri": EVERYTHING,
    "health_checks.status_codes": EVERYTHING,
}

LAYER7: Capabilities = {
    **_COMMON,
    "virtual_servers.ports": EVERYTHING,
    "virtual_servers.protocol": only(
        "tcp", "http", "https", nearest={"http2": "https", "grpc": "tcp", "quic": "https"}, otherwise="tcp"
    ),
    "virtual_servers.type": only("layer7"),
    "virtual_servers.source_nat_type": only(
        "auto", otherwise="auto, or leave it out: servers see an address of the appliance"
    ),
    "certificate_profiles.name": EVERYTHING,
    "certificate_profiles.type": only("server"),
    "virtual_servers.attributes": EVERYTHING,
    "virtual_servers.ssl_offload": EVERYTHING,
    "virtual_servers.certificate_profiles": EVERYTHING,
    "farms.balance": only(*BALANCE_7, nearest=_NEAREST_7, otherwise="weighted_least_connections"),
    "farms.mode": only("nat", nearest={"gateway": "nat", "tunnel": "nat"}),
    "farms.persistence_timeout": only(0, otherwise="balance: source_hash"),
    "farms.servers.backup": EVERYTHING,
    "farms.servers.max_connections": EVERYTHING,
    "farms.servers.ssl_offload": EVERYTHING,
    "farms.attributes": EVERYTHING,
    "farms.servers.attributes": EVERYTHING,
    "health_checks.type": only("none", "tcp", otherwise="tcp"),
}

HA_GROUP = "VRRP is not part of the appliance's configuration API", _BY_HAND
VIP = (
    "addresses are not part of the appliance's configuration API",
    f"{_BY_HAND}; virtual servers name the address itself",
)


def _either(one: Can, other: Can) -> Can:
    """What one or the other layer can express."""
    if one.values is None or other.values is None:
        return EVERYTHING
    nearest = {value: hint for value, hint in one.nearest.items() if not other.expresses(value)}
    return Can(one.values | other.values, nearest, one.otherwise)


CAPABILITIES: Capabilities = {
    **{
        field: _either(LAYER4[field], LAYER7[field]) if field in LAYER4 and field in LAYER7 else can
        for field, can in {**LAYER4, **LAYER7}.items()
    },
    **{f"health_checks.{name}": can for name, can in SAID_4.items()},
}
