# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When and how a farm's sorry server serves under keepalived. Pure. Private to evenkeel.lb.

keepalived answers a lost quorum by putting its sorry server in place of all servers. A farm whose servers all drain has
lost its quorum too, and its servers would go at once with the connections they were to keep; there, the sorry server is
written as one more server beside them instead.
"""

from __future__ import annotations

from typing import Optional, Tuple

from ..._host.ipvs_table import Destination
from ..._model.services import Backend, Service
from ..service_table import destination_of

_NAME = "sorry server"


def drains(service: Service) -> bool:
    """Whether no server of it takes new connections, because all drain."""
    return not any(backend.weight for backend in service.backends)


def backends_of(service: Service) -> Tuple[Backend, ...]:
    """The servers keepalived is told of: those of the farm, and the sorry server where they all drain. One that is a
    server of the farm too is told once, as keepalived would drop the second and with it the weight."""
    if service.farm.sorry_server is None or not drains(service):
        return service.backends
    sorry = _as_backend(service)
    others = (one for one in service.backends if (one.address, one.port) != (sorry.address, sorry.port))
    return (*others, sorry)


def sorry_port(service: Service) -> int:
    """The port of the sorry server; 0 keeps the packet's."""
    sorry = service.farm.sorry_server
    return (sorry.port if sorry is not None else None) or service.port


def replacement(service: Service) -> Optional[Destination]:
    """What the kernel holds in place of the servers while the quorum is lost; None without a sorry server."""
    if service.farm.sorry_server is None or drains(service):
        return None
    return destination_of(service, _as_backend(service))


def _as_backend(service: Service) -> Backend:
    sorry = service.farm.sorry_server
    address = sorry.address if sorry is not None else ""
    return Backend(_NAME, address, sorry_port(service), 1, 0, 0, None)
