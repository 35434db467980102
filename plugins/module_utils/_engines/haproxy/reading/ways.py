# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the names of backends of ours say of how they use their farms. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, Optional

from .sections import Section

_WAY = re.compile(
    r"[^:]+:(?P<mode>tcp|http|grpc)(?::(?P<port>[0-9]+)(?P<up>up)?)?(?::ipv[46])?(?::from-(?P<source>[^:]+))?"
)


class Way(NamedTuple):
    """What the name of a backend of ours says: the port that servers without one have there, and that is tested of
    them; whether it is for gRPC, and the network of addresses that it speaks from."""

    port: int = 0
    tested: int = 0
    grpc: bool = False
    source: Optional[str] = None


def way_of(section: Section) -> Way:
    """The way in which a backend of ours uses its farm; that of others is in their lines."""
    match = _WAY.fullmatch(section.name) if section.from_ours else None
    if match is None:
        return Way()
    port = int(match["port"] or 0)
    source = _network(match["source"]) if match["source"] else None
    return Way(0 if match["up"] else port, port, match["mode"] == "grpc", source)


def _network(text: str) -> Optional[str]:
    address, _dash, length = text.rpartition("-")
    for host in (address, address.replace(".", ":")):
        try:
            return str(ipaddress.ip_network(f"{host}/{length}"))
        except ValueError:
            continue
    return None
