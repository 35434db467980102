# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How values are written in HAProxy's language, and where what we write is. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

FILE = "/etc/haproxy/evenkeel.cfg"
# Of the certificates and their lists; what is in there is ours alone.
FOLDER = "/etc/haproxy/evenkeel"
SOCKET = "/run/haproxy/evenkeel.sock"

# Of what is ours and belongs to no farm; names of the model have no colon.
OWN = "evenkeel:lb"
# What the running process was told last: in its environment since it loaded the file, or later in the table of OWN.
GENERATION = "EVENKEEL_LB"

# What begins a section (configuration.txt of 2.6 to 3.2).
SECTIONS = (
    *("global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist", "program"),
    *("ring", "http-errors", "cache", "log-forward", "log-profile", "fcgi-app", "crt-store", "traces", "acme"),
)


class Line(NamedTuple):
    """A line of a section and the field of the model that asked for it."""

    text: str
    path: str


def milliseconds(seconds: float) -> str:
    """A duration with its unit."""
    return f"{round(seconds * 1000)}ms"


def quoted(text: str) -> str:
    """Text in which nothing has a meaning (configuration.txt, 2.2 "Quoting and escaping")."""
    inner = text.replace("'", "'\\''")
    return f"'{inner}'"


def endpoint(address: str, port: int) -> str:
    """An address with its port; no port leaves that of the client."""
    family = "ipv6@" if ":" in address else ""
    return f"{family}{address}:{port or ''}"


def prefix_length(netmask: str) -> int:
    """The prefix length that an IPv4 netmask or an IPv6 prefix length says."""
    return ipaddress.ip_network(f"0.0.0.0/{netmask}").prefixlen if "." in netmask else int(netmask)
