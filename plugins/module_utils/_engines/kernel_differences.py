# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the kernel's IPVS table is not as intended, in the words of a configuration: for every engine that balances
by IPVS. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import functools
from typing import Dict, Sequence, Tuple, Union

from .._host.ipvs_table import (
    FLAG_HASHED,
    FLAG_ONE_PACKET,
    FLAG_PERSISTENT,
    FLAG_SCHEDULER_1,
    FLAG_SCHEDULER_2,
    TUNNEL,
    Destination,
    Operation,
    ServiceKey,
    canonical_address,
)
from .._host.ipvs_table import Service as KernelService
from .._model.services import Service
from .differences import Difference
from .service_table import BALANCES, BALANCES_WITH_PORT, MODES, TUNNEL_CHECKSUMS, TUNNEL_TYPES, key_of

_TOLD_FLAGS = FLAG_PERSISTENT | FLAG_HASHED | FLAG_ONE_PACKET | FLAG_SCHEDULER_1 | FLAG_SCHEDULER_2


class Places:
    """Where the services and servers of the kernel stand in a configuration."""

    def __init__(self, known: Sequence[Service]) -> None:
        self._known = known

    @functools.cached_property
    def _services(self) -> Dict[ServiceKey, Service]:
        return {key_of(service): service for service in self._known}

    def differences(self, operation: Operation) -> Tuple[Difference, ...]:
        """What an operation that repairs one of these services puts right."""
        service = self._services[operation.key]
        before, after = operation.before, operation.after
        if isinstance(operation.subject, Destination):
            path = self._path_of_server(service, operation.subject)
            field, shown = "server", str(operation.subject)
        else:
            path = f"virtual_servers[{service.name}]"
            field, shown = "service", str(operation.key)
        if before is None:
            return (Difference(path, field, shown, ""),)
        if after is None:
            return (Difference(path, field, "", shown),)
        if not operation.on_destination:
            path = f"farms[{service.farm.name}]"
        intended, running = _words(after), _words(before)
        return tuple(
            Difference(path, name, wanted, running[name])
            for name, wanted in intended.items()
            if wanted != running[name]
        )

    @staticmethod
    def _path_of_server(service: Service, destination: Destination) -> str:
        """The server, the sorry server, or for one that nobody here named the virtual server that it is in."""
        farm = f"farms[{service.farm.name}]"
        for backend in service.backends:
            if (canonical_address(backend.address), backend.port) == destination.key:
                return f"{farm}.servers[{backend.name}]"
        for server in service.farm.servers or ():
            if server.state == "disabled" and canonical_address(server.address) == destination.address:
                return f"{farm}.servers[{server.name}]"
        sorry = service.farm.sorry_server
        if sorry is not None and sorry.address and canonical_address(sorry.address) == destination.address:
            return f"{farm}.sorry_server"
        return f"virtual_servers[{service.name}]"


def _words(thing: Union[KernelService, Destination]) -> Dict[str, str]:
    return _words_of_server(thing) if isinstance(thing, Destination) else _words_of_service(thing)


def _words_of_service(service: KernelService) -> Dict[str, str]:
    persistent = bool(service.flags & FLAG_PERSISTENT)
    with_port = bool(service.flags & FLAG_SCHEDULER_2) and service.scheduler in BALANCES_WITH_PORT
    # what no word of the model stands for
    rest = service.flags & ~(_TOLD_FLAGS if with_port else _TOLD_FLAGS & ~FLAG_SCHEDULER_2)
    balances = BALANCES_WITH_PORT if with_port else BALANCES
    return {
        "balance": balances.get(service.scheduler, service.scheduler),
        "hash_fallback": _yes(service.flags & FLAG_SCHEDULER_1),
        "one_packet": _yes(service.flags & FLAG_ONE_PACKET),
        "persistence_timeout": str(service.timeout) if persistent else "",
        "persistence_netmask": service.netmask if persistent else "",
        "persistence_engine": service.pe,
        "flags": f"0x{rest:x}" if rest else "",
    }


def _words_of_server(server: Destination) -> Dict[str, str]:
    tunnelled = server.forward == TUNNEL
    return {
        "weight": str(server.weight),
        "mode": MODES.get(server.forward, "local"),
        "max_connections": str(server.u_threshold or ""),
        "low_connections": str(server.l_threshold or ""),
        "tunnel_type": TUNNEL_TYPES.get(server.tunnel_type, str(server.tunnel_type)) if tunnelled else "",
        "tunnel_port": str(server.tunnel_port or ""),
        "tunnel_checksum": TUNNEL_CHECKSUMS.get(server.tunnel_flags, str(server.tunnel_flags)) if tunnelled else "",
    }


def _yes(value: int) -> str:
    return "yes" if value else "no"
