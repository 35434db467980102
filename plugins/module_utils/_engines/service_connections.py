# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server has to do now, asked of the kernel's IPVS: for every engine that balances by IPVS.

Private to evenkeel.lb.
"""

from __future__ import annotations

import dataclasses
from typing import List, Optional, Tuple

from .._host.ipvs_connections import Counts, persistence_outlives_drain, read_counts
from .._host.system import System
from .._model.configuration import Configuration
from .._model.services import Backend, Service, services
from .base import ByVirtualServer
from .connections import Connections
from .service_table import destination_of, key_of


def carried(configuration: Configuration, engine: str, farm: str, server: str) -> List[Tuple[Service, Backend]]:
    """The services of an engine that use the farm, each with the server as it reaches it."""
    users = {name: wish for name, wish in configuration.virtual_servers.items() if wish.farm == farm}
    return [
        (service, backend)
        for service in services(dataclasses.replace(configuration, virtual_servers=users), engine)
        for backend in service.backends
        if backend.name == server
    ]


def connections_by_ipvs(
    configuration: Configuration, engine: str, farm: str, server: str, system: System
) -> ByVirtualServer:
    """What the kernel counts for a server in each virtual server that an engine carries. Raises NetlinkError."""
    found: ByVirtualServer = {}
    members = carried(configuration, engine, farm, server)
    counts = read_counts(system, [key_of(service) for service, _backend in members]) if members else {}
    outlives = bool(members) and persistence_outlives_drain(system)
    for service, backend in members:
        here = counts[key_of(service)].get(destination_of(service, backend).key)
        # DNS over UDP and TCP is two services of one virtual server.
        counted = connections_of(service, here, outlives) if here is not None else None
        found[service.name] = _both(found.get(service.name), counted)
    return found


def connections_of(service: Service, counts: Counts, outlives: bool = False) -> Connections:
    """What the kernel's counts of one server say; ``outlives`` tells whether persistence outlives a drain."""
    flows = counts.inactive if service.protocol == "udp" else 0
    sticky = outlives and bool(service.farm.persistence_timeout)
    return Connections(counts.active, counts.inactive - flows, flows, counts.persistent, sticky)


def _both(one: Optional[Connections], other: Optional[Connections]) -> Optional[Connections]:
    return one + other if one is not None and other is not None else one or other
