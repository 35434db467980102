# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What engines that balance by the kernel's IPVS can express, whoever fills its table. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from .capabilities import EVERYTHING, Capabilities, only
from .service_table import SCHEDULERS

_NEAREST_BALANCE = {
    "source_port_hash": "source_hash",
    "source_destination_hash": "source_hash",
    "power_of_two": "weighted_least_connections",
    "url_hash": "source_hash",
    "domain_hash": "source_hash",
    "least_response_time": "weighted_least_connections",
    "least_bandwidth": "weighted_least_connections",
    "least_packets": "weighted_least_connections",
    "least_request": "weighted_least_connections",
    "custom_load": "weighted_least_connections",
}

KERNEL: Capabilities = {
    "virtual_servers.name": EVERYTHING,
    "virtual_servers.vip": EVERYTHING,
    "virtual_servers.port": EVERYTHING,
    "virtual_servers.ports": only(otherwise="a virtual server for each port"),
    "virtual_servers.fwmark": only(otherwise="vip, port and protocol"),
    "virtual_servers.protocol": only(
        "tcp",
        "udp",
        "http",
        "https",
        "http2",
        "grpc",
        "quic",
        "dns",
        nearest={"sctp": "tcp", "any": "a virtual server for each port and protocol"},
    ),
    "virtual_servers.type": only("layer2", "layer4", "dns", nearest={"layer7": "layer4"}),
    "virtual_servers.farm": EVERYTHING,
    "virtual_servers.enabled": EVERYTHING,
    "virtual_servers.engine": EVERYTHING,
    "virtual_servers.ssl_offload": only(False),
    "farms.name": EVERYTHING,
    "farms.balance": only(*SCHEDULERS, nearest=_NEAREST_BALANCE),
    "farms.mode": EVERYTHING,
    "farms.tunnel_type": only("ipip", nearest={"gue": "ipip", "gre": "ipip"}),
    "farms.one_packet": only(False),
    "farms.persistence_timeout": EVERYTHING,
    "farms.persistence_netmask": EVERYTHING,
    "farms.servers": EVERYTHING,
    "farms.servers.name": EVERYTHING,
    "farms.servers.address": EVERYTHING,
    "farms.servers.port": EVERYTHING,
    "farms.servers.weight": EVERYTHING,
    "farms.servers.state": EVERYTHING,
    "farms.servers.backup": only(False, nearest={True: "a weight of 0 until it is needed"}),
    "farms.servers.ssl_offload": only(False),
    "farms.on_failure": only("remove", nearest={"quiesce": "remove"}),
    "farms.quorum": only(1),
    "farms.hysteresis": only(0),
    "farms.load_monitor": only("none"),
}
