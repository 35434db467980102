# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived can express, from 2.2.7 on. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from ..capabilities import EVERYTHING, Beside, Can, Capabilities, Needs, only
from ..layer4 import KERNEL

NAME = "keepalived"

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
    "missed_adverts",
    "preempt",
    "unicast",
    "password",
    "sync_group",
    "connection_sync",
    "connection_timeouts",
    *(f"connection_timeouts.{name}" for name in ("tcp", "tcp_fin", "udp")),
    "tracked_interfaces",
    "tracked_services",
    "tracked_scripts",
    *(f"tracked_scripts.{name}" for name in _SCRIPT),
    "advertised_vip",
)
_CHECK = (
    "name",
    "interval",
    "timeout",
    "retries",
    "port",
    "uri",
    "http_version",
    "host",
    "status_codes",
    "query",
    "record_type",
    "script",
    "tenant",
)
_CHECK_TYPES = ("icmp", "tcp", "http", "https", "dns", "udp", "smtp", "script")
_FROM_AN_ADDRESS = ("tcp", "http", "https", "dns", "udp", "smtp")
_BY_SCRIPT = "leave it out, or type: script with a program that does it"
_SINCE_2_1 = Needs("keepalived", (2, 1))

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
    "health_checks.type": Can(
        frozenset(("none", *_CHECK_TYPES)),
        {"icmp": "tcp", "udp": "tcp"},
        "tcp, or type: script with a program that does it",
        {"icmp": _SINCE_2_1, "udp": _SINCE_2_1},
    ),
    "health_checks.source": Can(beside=Beside("type", _FROM_AN_ADDRESS, "leave it out; the routes decide")),
    "health_checks.send": Can(beside=Beside("type", ("udp",), _BY_SCRIPT)),
    "health_checks.expect": Can(beside=Beside("type", ("http", "https", "udp"), _BY_SCRIPT)),
    "health_checks.regex": Can(beside=Beside("type", ("http", "https"), _BY_SCRIPT)),
    "health_checks.method": only("GET", nearest={"HEAD": "GET", "OPTIONS": "GET"}),
    "health_checks.rise": only(1, otherwise="1"),
    **{f"ha_groups.{name}": EVERYTHING for name in _HA_GROUP},
    **{f"vips.{name}": EVERYTHING for name in ("name", "address", "interface", "label", "ha_group")},
    "vips.announce": only(True),
}
