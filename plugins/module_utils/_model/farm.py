# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Farms and their servers. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Tuple

from .fields import Address, Choice, Integer, Name, Netmask, ObjectList, Reference
from .objects import option
from .problems import Problem

BALANCE = (
    "round_robin",
    "weighted_round_robin",
    "least_connections",
    "weighted_least_connections",
    "source_hash",
    "maglev",
)


@dataclass(frozen=True)
class Server:
    """One member of a farm. ``drained`` keeps its connections and gets no new ones; ``disabled`` is out at once."""

    WORD = "server"

    name: str = option(Name(), required=True)
    address: str = option(Address(), required=True)
    port: Optional[int] = option(Integer(1, 65535))
    weight: int = option(Integer(0, 65535), default=1)
    state: str = option(Choice("enabled", "drained", "disabled"), default="enabled")


@dataclass(frozen=True)
class Farm:
    """The servers that share one role, and how connections are spread over them."""

    WORD = "farm"

    name: str = option(Name(), required=True)
    balance: str = option(Choice(*BALANCE), default="weighted_least_connections")
    mode: str = option(Choice("nat", "gateway", "tunnel"), default="nat")
    # linux: ip_vs_ctl.c holds the timeout in seconds; keepalived takes at most 2678400 (31 days).
    persistence_timeout: Optional[int] = option(Integer(0, 2678400))
    persistence_netmask: Optional[str] = option(Netmask())
    health_check: Optional[str] = option(Reference())
    servers: Tuple[Server, ...] = option(ObjectList(Server))

    def problems(self, path: str) -> Iterator[Problem]:
        if self.persistence_netmask is not None and not self.persistence_timeout:
            yield Problem(
                f"{path}.persistence_netmask", "has no meaning without persistence", "a persistence_timeout above 0"
            )
        seen: Dict[Tuple[str, Optional[int]], str] = {}
        for server in self.servers or ():
            twin = seen.setdefault((server.address, server.port), server.name)
            if server.address is not None and twin != server.name:
                yield Problem(
                    f"{path}.servers[{server.name}].address",
                    f"{server.address} with this port is server {twin!r} already",
                    "each address and port once in a farm",
                )
