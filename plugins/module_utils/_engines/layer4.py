# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What engines that balance by the kernel's IPVS can express, whoever fills its table. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from .capabilities import EVERYTHING, Can, Capabilities, Needs, only
from .service_table import SCHEDULERS

_NEAREST_BALANCE = {
    "source_destination_hash": "source_hash",
    "power_of_two": "weighted_least_connections",
    "maglev": "source_hash",
    "maglev_port": "source_port_hash",
    "overflow": "weighted_least_connections",
    "url_hash": "source_hash",
    "domain_hash": "source_hash",
    "least_response_time": "weighted_least_connections",
    "least_bandwidth": "weighted_least_connections",
    "least_packets": "weighted_least_connections",
    "least_request": "weighted_least_connections",
    "custom_load": "weighted_least_connections",
}

# The first versions of Linux with these, from the history of net/netfilter/ipvs.
_LINUX_5_2 = Needs("linux", (5, 2))
_LINUX_5_3 = Needs("linux", (5, 3))
_NEW_SCHEDULERS = {
    "overflow": Needs("linux", (4, 3)),
    "maglev": Needs("linux", (4, 18)),
    "maglev_port": Needs("linux", (4, 18)),
    "power_of_two": Needs("linux", (5, 12)),
}

KERNEL: Capabilities = {
    "virtual_servers.name": EVERYTHING,
    "virtual_servers.vip": EVERYTHING,
    "virtual_servers.port": EVERYTHING,
    "virtual_servers.ports": EVERYTHING,
    "virtual_servers.fwmark": EVERYTHING,
    "virtual_servers.protocol": only(
        "tcp", "udp", "sctp", "http", "https", "http2", "grpc", "quic", "dns", "any", nearest={"icmp": "any"}
    ),
    "virtual_servers.type": only("layer2", "layer4", "dns", nearest={"layer7": "layer4"}),
    "virtual_servers.farm": EVERYTHING,
    "virtual_servers.enabled": EVERYTHING,
    "virtual_servers.engine": EVERYTHING,
    "virtual_servers.source_nat_type": EVERYTHING,
    "virtual_servers.source_nat_pool": EVERYTHING,
    "virtual_servers.ssl_offload": only(False),
    "farms.name": EVERYTHING,
    "farms.balance": only(*SCHEDULERS, nearest=_NEAREST_BALANCE, since=_NEW_SCHEDULERS),
    "farms.hash_fallback": EVERYTHING,
    "farms.mode": EVERYTHING,
    "farms.tunnel_type": Can(nearest={"gue": "ipip", "gre": "ipip"}, since={"gue": _LINUX_5_2, "gre": _LINUX_5_3}),
    "farms.tunnel_port": EVERYTHING,
    "farms.tunnel_checksum": Can(
        nearest={"full": "none", "remote": "none"}, since={"full": _LINUX_5_3, "remote": _LINUX_5_3}
    ),
    "farms.one_packet": EVERYTHING,
    "farms.persistence_timeout": EVERYTHING,
    "farms.persistence_netmask": EVERYTHING,
    "farms.persistence_engine": EVERYTHING,
    "farms.servers": EVERYTHING,
    "farms.servers.name": EVERYTHING,
    "farms.servers.address": EVERYTHING,
    "farms.servers.port": EVERYTHING,
    "farms.servers.weight": EVERYTHING,
    "farms.servers.state": EVERYTHING,
    "farms.servers.max_connections": EVERYTHING,
    "farms.servers.low_connections": EVERYTHING,
    "farms.servers.backup": only(False, nearest={True: "a weight of 0 until it is needed"}),
    "farms.servers.ssl_offload": only(False),
    "farms.on_failure": only("remove", nearest={"quiesce": "remove"}),
    "farms.initial_state": only("up", nearest={"down": "up"}),
    "farms.quorum": only(1),
    "farms.hysteresis": only(0),
    "farms.load_monitor": only("none"),
}
