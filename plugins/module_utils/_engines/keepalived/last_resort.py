# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When and how a farm's sorry server serves under keepalived. Pure. Private to evenkeel.lb.

keepalived answers a lost quorum by putting its sorry server in place of all servers. A farm whose servers all drain has
lost its quorum too, and its servers would go at once with the connections they were to keep; there, the sorry server is
written as one more server beside them instead.

The checkers of keepalived 2.3.3 die when a reload takes away or changes a sorry server that serves (mended in 2.3.4),
and come back taking every server for healthy. So it is relieved first: told as one more server, which makes a quorum.
"""

from __future__ import annotations

import re
from typing import Iterable, List, NamedTuple, Optional, Tuple

from ..._host.ipvs_table import Destination, Entry
from ..._model.services import Backend, Service
from ..service_table import destination_of

_NAME = "sorry server"
# Not 1, which is a sorry server's own: so the kernel shows which of the two it is.
_WEIGHT_IN_RELIEF = 2
_SORRY = re.compile(r"^    sorry_server (?P<address>\S+) (?P<port>\d+)\n", re.MULTILINE)
_ABOUT_SORRY = re.compile(r"^    sorry_server(?: .*|_inhibit)\n", re.MULTILINE)
_QUORUM = re.compile(r"^    (?:quorum|hysteresis) \d+\n", re.MULTILINE)


def drains(service: Service) -> bool:
    """Whether no server of it takes new connections, because all drain."""
    return not any(backend.weight for backend in service.backends)


def within(total: int, quorum: int, hysteresis: int) -> Tuple[int, int]:
    """A quorum and a hysteresis that servers of so much weight can have: lost where it was to be lost, and gained at
    the latest when they are all healthy. keepalived lowers a quorum by itself, but never has one that ``hysteresis``
    puts out of reach (seen with 2.2.7; set_quorum_states and update_quorum_state in ipwrapper.c of 2.3.3)."""
    highest = min(quorum + hysteresis, total)
    lowest = min(quorum - hysteresis, highest)
    fitting = (lowest + highest + 1) // 2
    return fitting, highest - fitting


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
    """What the kernel holds in place of the servers while the quorum is lost; None without a sorry server, and where
    the quorum cannot be lost.

    By itself keepalived leaves a sorry server that serves among the servers when a reload makes them such that nothing
    tests: it takes the quorum for gained and does nothing about it (seen with 2.2.7 and 2.3.3).
    """
    if service.farm.sorry_server is None or drains(service) or _always_has_quorum(service):
        return None
    return destination_of(service, _as_backend(service))


def _always_has_quorum(service: Service) -> bool:
    """Whether the servers that nothing tests make the quorum by themselves."""
    total = sum(backend.weight for backend in service.backends)
    quorum, hysteresis = within(total, service.farm.quorum, service.farm.hysteresis)
    return sum(backend.weight for backend in service.backends if backend.health_check is None) >= quorum + hysteresis


def _as_backend(service: Service) -> Backend:
    sorry = service.farm.sorry_server
    address = sorry.address if sorry is not None else ""
    return Backend(_NAME, address, sorry_port(service), 1, 0, 0, None)


class Relief(NamedTuple):
    """A block in which the sorry server is a server like others, and how the kernel shows that it took effect.
    ``then`` is what to tell next, where keepalived is to forget that the sorry server ever served: one that it knows
    all the way would stay out at the next loss of quorum."""

    block: str
    destination: Tuple[str, int, int]
    then: str = ""


def relief(before: str, after: str, entries: Iterable[Entry], can_be_lost: bool = True) -> Optional[Relief]:
    """What to tell keepalived before ``after`` takes the place of ``before``; None where no sorry server that serves is
    taken away, or has nothing to stand in for any more as the quorum cannot be lost. ``entries`` are the virtual
    server's in the kernel."""
    told, wanted = _SORRY.search(before), _SORRY.search(after)
    stays = told is not None and wanted is not None and wanted[0] == told[0]
    if told is None or (stays and can_be_lost):
        return None
    address, port = told["address"], int(told["port"])
    if not any((address, port) == destination.key for entry in entries for destination in entry.destinations):
        return None
    server = f"\n    real_server {address} {port} {{\n        weight {_WEIGHT_IN_RELIEF}\n    }}\n"
    block = _QUORUM.sub("", before)
    then = _ABOUT_SORRY.sub("", after) if stays else ""
    return Relief(f"{block[: block.rindex('}')]}{server}}}\n", (address, port, _WEIGHT_IN_RELIEF), then)


def has_taken_effect(found: Relief, entries: Iterable[Entry]) -> bool:
    """Whether the sorry server serves as one of the servers."""
    held: List[Tuple[str, int, int]] = [
        (*destination.key, destination.weight) for entry in entries for destination in entry.destinations
    ]
    return found.destination in held
