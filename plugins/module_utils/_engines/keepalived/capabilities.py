# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived can express, from 2.2.7 on. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from ..capabilities import EVERYTHING, Capabilities, only
from ..layer4 import KERNEL

_MEMBER = ("name", "priority", "address")
_SCRIPT = ("name", "script", "arguments", "interval", "timeout", "rise", "fall")
_HA_GROUP = (
    "name",
    "virtual_router_id",
    "interface",
    "members",
    *(f"members.{name}" for name in _MEMBER),
    "member",
    "advert_interval",
    "preempt",
    "unicast",
    "password",
    "sync_group",
    "connection_sync",
    "tracked_interfaces",
    "tracked_services",
    "tracked_scripts",
    *(f"tracked_scripts.{name}" for name in _SCRIPT),
    "advertised_vip",
)
_CHECK = ("name", "interval", "timeout", "retries", "port", "uri", "host", "status_codes", "tenant")

CAPABILITIES: Capabilities = {
    **KERNEL,
    "farms.health_check": EVERYTHING,
    "farms.on_failure": EVERYTHING,
    "farms.initial_state": EVERYTHING,
    "farms.quorum": EVERYTHING,
    "farms.hysteresis": EVERYTHING,
    **{f"farms.sorry_server{name}": EVERYTHING for name in ("", ".address", ".port")},
    "farms.servers.health_check": EVERYTHING,
    **{f"health_checks.{name}": EVERYTHING for name in _CHECK},
    "health_checks.type": only(
        "none",
        "tcp",
        "http",
        nearest={"https": "tcp", "icmp": "tcp", "smtp": "tcp", "dns": "tcp", "udp": "tcp", "script": "http"},
    ),
    "health_checks.method": only("GET", nearest={"HEAD": "GET", "OPTIONS": "GET"}),
    "health_checks.rise": only(1),
    **{f"ha_groups.{name}": EVERYTHING for name in _HA_GROUP},
    **{f"vips.{name}": EVERYTHING for name in ("name", "address", "interface", "label", "ha_group")},
    "vips.announce": only(True),
}
