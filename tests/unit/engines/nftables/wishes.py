# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Configurations that need packet marks and source NAT: one with everything in it, and random ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

FARMS = [
    {"name": "web", "servers": [{"name": "web1", "address": "10.20.0.21"}]},
    {"name": "web6", "servers": [{"name": "web1", "address": "fd20::21"}]},
]


def document(*virtual_servers: dict[str, Any]) -> dict[str, Any]:
    """A document of these virtual servers; each has a farm of its own family unless it names one."""
    return {"farms": FARMS, "virtual_servers": [{"farm": farm_for(wish), **wish} for wish in virtual_servers]}


def farm_for(wish: dict[str, Any]) -> str:
    return "web6" if ":" in wish.get("vip", "") else "web"


def everything() -> dict[str, Any]:
    """A document with each kind of mark and each kind of source NAT, for IPv4 and IPv6."""
    return document(
        {"name": "web", "vip": "10.10.0.50", "ports": [80, 443, "8000-8007"], "source_nat_type": "auto"},
        {"name": "all", "vip": "10.10.0.51", "protocol": "any", **pool("198.51.100.0/29")},
        {"name": "static", "vip": "10.10.0.52", "port": 80, **static("198.51.100.7")},
        {"name": "two", "vip": "10.10.0.53", "port": 80, **pool("198.51.100.8/31")},
        {"name": "dns", "vip": "10.10.0.53", "port": 53, "protocol": "dns", "source_nat_type": "auto"},
        {"name": "mine", "fwmark": 7, "source_nat_type": "auto"},
        {"name": "plain", "vip": "10.10.0.54", "port": 80},
        {"name": "all6", "vip": "fd10::51", "protocol": "any", **pool("fd99::/64")},
        {"name": "web6", "vip": "fd10::50", "ports": ["80", "443"]},
        {"name": "static6", "vip": "fd10::52", "port": 80, **static("fd99::7")},
        {"name": "two6", "vip": "fd10::53", "port": 80, **pool("fd99::8/127")},
        {"name": "sctp6", "vip": "fd10::53", "port": 99, "protocol": "sctp", "source_nat_type": "auto"},
        {"name": "mine6", "fwmark": 7, "farm": "web6", **static("fd99::9")},
    )


def pool(network: str) -> dict[str, str]:
    return {"source_nat_type": "pool", "source_nat_pool": network}


def static(address: str) -> dict[str, str]:
    return {"source_nat_type": "static", "source_nat_pool": address}


_POOLS = {
    4: ["198.51.100.0/29", "198.51.100.8/31", "198.51.100.7/32", "203.0.113.0/24"],
    6: ["fd99::/64", "fd99:1::8/127", "fd99:1::1/128", "fd99:2::/125"],
}
_PORTS = st.lists(
    st.integers(1, 65535) | st.tuples(st.integers(1, 32767), st.integers(32768, 65535)).map("{0[0]}-{0[1]}".format),
    min_size=1,
    max_size=4,
)


@st.composite
def _virtual_server(draw: st.DrawFn, number: int) -> dict[str, Any]:
    family = draw(st.sampled_from([4, 6]))
    wish: dict[str, Any] = {"name": f"v{number}", "engine": draw(st.sampled_from(["ipvs", "keepalived"]))}
    told = draw(st.sampled_from(["port", "ports", "any", "fwmark"]))
    if told == "fwmark":
        wish |= {"fwmark": 1000 + number, "farm": "web" if family == 4 else "web6"}
    else:
        wish["vip"] = f"10.10.{number // 250}.{number % 250 + 1}" if family == 4 else f"fd10::{number + 1:x}"
        wish["protocol"] = "any" if told == "any" else draw(st.sampled_from(["tcp", "udp", "sctp", "dns"]))
        wish |= {"port": draw(st.integers(1, 65535))} if told == "port" else {}
        wish |= {"ports": draw(_PORTS)} if told == "ports" else {}
    rewritten = draw(st.sampled_from([None, None, "auto", "pool", "static"]))
    if rewritten is not None:
        wish["source_nat_type"] = rewritten
    if rewritten in ("pool", "static"):
        pools = [network for network in _POOLS[family] if rewritten == "pool" or network.endswith(("/32", "/128"))]
        wish["source_nat_pool"] = draw(st.sampled_from(pools))
    return wish


@st.composite
def documents(draw: st.DrawFn, most: int = 8) -> dict[str, Any]:
    """Documents of valid configurations; the same name stands for the same address or mark in all of them."""
    numbers = draw(st.lists(st.integers(0, 40), unique=True, max_size=most))
    return document(*(draw(_virtual_server(number)) for number in numbers))
