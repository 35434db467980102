# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's IPVS table as values, and the difference of two tables as ordered operations. Pure.

Private to evenkeel.lb. The values hold what the kernel can hold, also what nobody here would ask for: what others put
there must be readable. Sources: Linux ``include/uapi/linux/ip_vs.h`` and ``net/netfilter/ipvs/ip_vs_ctl.c``.
"""

from __future__ import annotations

import functools
import socket
from typing import Container, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Tuple, Union

IPV4 = int(socket.AF_INET)
IPV6 = int(socket.AF_INET6)

TCP = 6
UDP = 17
SCTP = 132
PROTOCOL_NAMES = {TCP: "tcp", UDP: "udp", SCTP: "sctp"}

FLAG_PERSISTENT = 0x1
FLAG_HASHED = 0x2
FLAG_ONE_PACKET = 0x4
FLAG_SCHEDULER_1 = 0x8
FLAG_SCHEDULER_2 = 0x10
FLAG_SCHEDULER_3 = 0x20

MASQUERADE = 0
LOCAL = 1
TUNNEL = 2
DIRECT_ROUTE = 3

TUNNEL_IPIP = 0
TUNNEL_GUE = 1
TUNNEL_GRE = 2

FULL_NETMASK = {IPV4: "255.255.255.255", IPV6: "128"}


@functools.lru_cache(maxsize=1 << 16)  # of what is wanted, recorded and read, most is the same
def canonical_address(text: str) -> str:
    """The one spelling of an IPv4 or IPv6 address used in tables; ValueError when it is neither."""
    family = family_of(text)
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except OSError as error:
        raise ValueError(f"{text!r} is not an IP address") from error


def family_of(address: str) -> int:
    """IPV4 or IPV6, by the look of the address."""
    return IPV6 if ":" in address else IPV4


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class ServiceKey(NamedTuple):
    """What tells services apart: a firewall mark when ``fwmark`` is not 0, else protocol, address and port."""

    family: int
    protocol: int = 0
    address: str = ""
    port: int = 0
    fwmark: int = 0

    @classmethod
    def of_address(cls, protocol: int, address: str, port: int) -> ServiceKey:
        """The key of a service that has an address, which is made canonical."""
        return cls(family_of(address), protocol, canonical_address(address), port)

    @classmethod
    def of_fwmark(cls, family: int, fwmark: int) -> ServiceKey:
        """The key of a service that has a firewall mark (1 to 4294967295)."""
        return cls(family, fwmark=fwmark)

    def __str__(self) -> str:
        if self.fwmark:
            return f"firewall mark {self.fwmark}{' (IPv6)' if self.family == IPV6 else ''}"
        protocol = PROTOCOL_NAMES.get(self.protocol, f"protocol {self.protocol}")
        return f"{protocol} {_endpoint(self.address, self.port)}"


class Service(NamedTuple):
    """A service. ``timeout`` (seconds) and ``netmask`` matter only with FLAG_PERSISTENT.

    ``netmask`` is as people write it: "255.255.255.0" for IPv4, the prefix length "64" for IPv6; empty = all bits.
    """

    key: ServiceKey
    scheduler: str
    flags: int = 0
    timeout: int = 0
    netmask: str = ""
    pe: str = ""

    def canonical(self) -> Service:
        """The same service with everything that has no effect at its neutral value: what tables hold and compare."""
        flags = self.flags & ~FLAG_HASHED
        full = FULL_NETMASK[self.key.family]
        if flags & FLAG_PERSISTENT:
            return self._replace(flags=flags, netmask=self.netmask or full)
        return self._replace(flags=flags, timeout=0, netmask=full)


class Destination(NamedTuple):
    """A server of a service. ``forward`` is one of MASQUERADE, LOCAL, TUNNEL, DIRECT_ROUTE.

    ``tunnel_*`` matter only with TUNNEL. ``u_threshold`` and ``l_threshold`` are connections, 0 = none. Weight 0
    takes no new connections.
    """

    address: str
    port: int
    forward: int
    weight: int
    u_threshold: int = 0
    l_threshold: int = 0
    tunnel_type: int = TUNNEL_IPIP
    tunnel_port: int = 0
    tunnel_flags: int = 0

    @property
    def key(self) -> Tuple[str, int]:
        """What the kernel tells the destinations of one service apart by."""
        return self.address, self.port

    def __str__(self) -> str:
        return _endpoint(self.address, self.port)

    def canonical(self) -> Destination:
        """The same destination with everything that has no effect at its neutral value."""
        if self.tunnel_type == TUNNEL_IPIP and not self.tunnel_port and not self.tunnel_flags:
            return self  # nearly all
        if self.forward != TUNNEL or self.tunnel_type == TUNNEL_IPIP:
            return self._replace(tunnel_type=TUNNEL_IPIP, tunnel_port=0, tunnel_flags=0)
        return self._replace(tunnel_port=0) if self.tunnel_type == TUNNEL_GRE else self


class Entry(NamedTuple):
    """A service with its destinations, which are sorted by their keys."""

    service: Service
    destinations: Tuple[Destination, ...]


class Table(Mapping[ServiceKey, Entry]):
    """Services with their destinations by key; all canonical and in the order of the keys. Never changes.

    Equal tables make the kernel do the same. Counters, connections and the kernel's own flags are no part of it.
    """

    def __init__(self, entries: Iterable[Tuple[Service, Iterable[Destination]]] = ()) -> None:
        """Of a service or destination that is there twice, the last counts."""
        found: Dict[ServiceKey, Entry] = {}
        for service, destinations in entries:
            by_key = {destination.key: destination.canonical() for destination in destinations}
            found[service.key] = Entry(service.canonical(), tuple(by_key[key] for key in sorted(by_key)))
        self._entries = {key: found[key] for key in sorted(found)}

    def __getitem__(self, key: ServiceKey) -> Entry:
        return self._entries[key]

    def __iter__(self) -> Iterator[ServiceKey]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"Table({list(self._entries.values())!r})"

    def only(self, keys: Container[ServiceKey]) -> Table:
        """The services whose keys are among ``keys``."""
        part = Table()
        part._entries = {key: entry for key, entry in self._entries.items() if key in keys}
        return part


ADD = "add"
EDIT = "edit"
REMOVE = "remove"


class Operation(NamedTuple):
    """One change of the table: ``action`` (add, edit, remove) on a service, or on a destination of the service ``key``.

    ``before`` is None for add, ``after`` is None for remove. Removing a service removes its destinations with it.
    """

    action: str
    key: ServiceKey
    before: Union[Service, Destination, None]
    after: Union[Service, Destination, None]

    @property
    def subject(self) -> Union[Service, Destination]:
        """What is added, edited (as it becomes) or removed."""
        subject = self.before if self.after is None else self.after
        if subject is None:
            raise ValueError("an operation has something before or after it")
        return subject

    @property
    def on_destination(self) -> bool:
        """Whether it concerns a destination rather than the service itself."""
        return isinstance(self.subject, Destination)

    def __str__(self) -> str:
        if not self.on_destination:
            return f"{self.action} virtual server {self.key}"
        return f"{self.action} server {self.subject} of virtual server {self.key}"


def difference(before: Table, after: Table) -> List[Operation]:
    """The operations that make ``before`` into ``after``, in an order in which nothing is without servers in between.

    What takes connections is added or edited first, what no longer takes them comes next, removals come last. So a
    service that has servers with weight before and after has one at every moment. What can be edited is not removed.
    """
    additions: List[Operation] = []
    quiescing: List[Operation] = []
    removed_destinations: List[Operation] = []
    removed_services: List[Operation] = []
    for key, (service, destinations) in after.items():
        old = before.get(key)
        if old is None:
            additions.append(Operation(ADD, key, None, service))
        elif old == (service, destinations):
            continue
        elif old.service != service:
            additions.append(Operation(EDIT, key, old.service, service))
        have = {destination.key: destination for destination in old.destinations} if old else {}
        for destination in destinations:
            running = have.pop(destination.key, None)
            if running == destination:
                continue
            operation = Operation(ADD if running is None else EDIT, key, running, destination)
            (additions if destination.weight else quiescing).append(operation)
        removed_destinations.extend(Operation(REMOVE, key, destination, None) for destination in have.values())
    for key, (service, _destinations) in before.items():
        if key not in after:
            removed_services.append(Operation(REMOVE, key, service, None))
    return additions + quiescing + removed_destinations + removed_services
