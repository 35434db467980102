# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What HAProxy can express, from 2.6 on. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from ..capabilities import EVERYTHING, Beside, Can, Capabilities, Needs, only

NAME = "haproxy"

# HAProxy takes 0 to 256 (2.6 to 3.0, configuration.txt, "weight"); more is an error there.
MOST_WEIGHT = 256
# Its timers are 31 bits of milliseconds.
MOST_SECONDS = 2147483

_VIRTUAL_SERVER = (
    "name",
    "vip",
    "port",
    "ports",
    "farm",
    "enabled",
    "source_nat_type",
    "source_nat_pool",
    "ssl_offload",
    "certificate_profiles",
    "max_connections",
    "extra_config",
    "engine",
)
_FARM = (
    "name",
    "persistence_netmask",
    "persistence_cookie",
    "health_check",
    "servers",
    "on_failure",
    "slow_start",
    "sorry_server",
    "sorry_server.address",
    "sorry_server.port",
    "queue_limit",
    "queue_timeout",
    "agent",
    *(f"agent.{name}" for name in ("port", "interval", "address", "send")),
    "extra_config",
)
_SERVER = (
    "name",
    "address",
    "port",
    "state",
    "backup",
    "max_connections",
    "health_check",
    "ssl_offload",
    "certificate_profiles",
)
_CHECK = (
    *("name", "interval", "timeout", "retries", "rise", "port"),
    *("uri", "method", "http_version", "host", "user", "script"),
)
_PROFILE = ("name", "type", "certificate_file", "chain_file", "key_file", "ciphers", "minimum_tls")

_NEAREST_BALANCE = {
    "locality_least_connections": "least_connections",
    "locality_least_connections_replicated": "least_connections",
    "maglev": "source_hash",
    "maglev_port": "source_port_hash",
    "shortest_expected_delay": "weighted_least_connections",
    "never_queue": "weighted_least_connections",
    "overflow": "failover",
    "least_response_time": "weighted_least_connections",
    "least_bandwidth": "weighted_least_connections",
    "least_packets": "weighted_least_connections",
    "least_request": "weighted_least_connections",
    "custom_load": "weighted_least_connections",
}
_BALANCE = (
    "round_robin",
    "weighted_round_robin",
    "least_connections",
    "weighted_least_connections",
    "source_hash",
    "source_port_hash",
    "destination_hash",
    "source_destination_hash",
    "failover",
    "power_of_two",
    "url_hash",
    "domain_hash",
)

CAPABILITIES: Capabilities = {
    **{f"virtual_servers.{name}": EVERYTHING for name in _VIRTUAL_SERVER},
    "virtual_servers.protocol": only(
        "tcp",
        "http",
        "https",
        "http2",
        "grpc",
        "quic",
        nearest={"udp": "engine: keepalived", "sctp": "engine: keepalived", "dns": "engine: keepalived"},
        otherwise="tcp, or engine: keepalived",
        since={"quic": Needs("haproxy", (2, 6))},
    ),
    "virtual_servers.type": only("layer4", "layer7", nearest={"layer2": "layer4", "dns": "layer4"}),
    **{f"farms.{name}": EVERYTHING for name in _FARM},
    "farms.balance": only(*_BALANCE, nearest=_NEAREST_BALANCE),
    "farms.persistence_timeout": Can(values=range(MOST_SECONDS + 1), otherwise=f"at most {MOST_SECONDS} seconds"),
    "farms.hash_fallback": only(False, otherwise="leave it out; a proxy always takes another server"),
    "farms.mode": only("nat", nearest={"gateway": "nat", "tunnel": "nat"}),
    "farms.tunnel_type": only("ipip"),
    "farms.tunnel_checksum": only("none"),
    "farms.one_packet": only(False),
    "farms.initial_state": Can(nearest={"down": "up"}, since={"down": Needs("haproxy", (3, 1))}),
    "farms.quorum": only(1),
    "farms.hysteresis": only(0),
    "farms.load_monitor": only("none"),
    **{f"farms.servers.{name}": EVERYTHING for name in _SERVER},
    "farms.servers.weight": Can(values=range(MOST_WEIGHT + 1), otherwise=f"a weight of at most {MOST_WEIGHT}"),
    **{f"health_checks.{name}": EVERYTHING for name in _CHECK},
    "health_checks.type": only(
        "none",
        "tcp",
        "http",
        "https",
        "smtp",
        "mysql",
        "postgresql",
        "redis",
        "ldap",
        "script",
        nearest={"icmp": "tcp", "udp": "tcp", "dns": "tcp"},
    ),
    "health_checks.source": Can(
        beside=Beside(
            "type",
            ("tcp", "http", "https", "smtp", "mysql", "postgresql", "redis", "ldap"),
            "leave it out; the routes decide",
        )
    ),
    "health_checks.status_codes": EVERYTHING,
    "health_checks.send": Can(beside=Beside("type", ("tcp",))),
    "health_checks.expect": Can(beside=Beside("type", ("tcp", "http", "https"))),
    "health_checks.regex": Can(beside=Beside("type", ("tcp", "http", "https"))),
    **{f"certificate_profiles.{name}": EVERYTHING for name in _PROFILE},
}
