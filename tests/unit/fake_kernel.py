# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The IPVS of a kernel, table and sync daemons, behind a netlink socket, for tests that need thousands of hosts.

It knows the requests that the collection sends and refuses as Linux does (``net/netfilter/ipvs/ip_vs_ctl.c``); what it
gets and tells goes over the collection's own encoder and decoder, which have tests of their own against a real kernel.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import (
    Daemon,
    Timeouts,
    decode_daemon,
    encode_daemon,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    LOCAL,
    TUNNEL,
    TUNNEL_GUE,
    Destination,
    Service,
    ServiceKey,
    Table,
    canonical_address,
    family_of,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_wire import (
    DESTINATION,
    DESTINATION_NEST,
    NESTS,
    SERVICE,
    SERVICE_NEST,
    decode_destination,
    decode_service,
    encode_destination,
    encode_service,
    unpack_address,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import (
    Layout,
    Message,
    attribute,
    bytes_field,
    nest,
    number_field,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.sockets import Scripted, done, error, item

NLM_F_DUMP = 0x300
NO_TRAFFIC = (0,) * 10
SCHEDULERS = {"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "dh", "mh", "sed", "nq", "fo", "ovf", "twos", "none"}

CONFIG = Layout(number_field(4, "tcp", "=I"), number_field(5, "tcp_fin", "=I"), number_field(6, "udp", "=I"))

Servers = dict[tuple[str, int], Destination]


class FakeKernel:
    """What ip_vs holds: services with their destinations, both in the forms in which they were given.

    ``counts`` are the active, inactive and persistent connections of destinations, where that is not none. ``traffic``
    are the counters and then the rates of services and, with their keys, of destinations: connections, packets in and
    out, bytes in and out.
    """

    def __init__(self) -> None:
        self.daemons: dict[str, Daemon] = {}
        self.timeouts = Timeouts(900, 120, 300)
        self.services: dict[ServiceKey, tuple[Service, Servers]] = {}
        self.counts: dict[tuple[ServiceKey, tuple[str, int]], tuple[int, int, int]] = {}
        self.traffic: dict[tuple[ServiceKey, tuple[str, int] | None], tuple[int, ...]] = {}

    @property
    def table(self) -> Table:
        return Table((service, servers.values()) for service, servers in self.services.values())

    def hold(self, table: Table) -> None:
        """Hold this table and nothing else."""
        self.services = {
            key: (entry.service, {server.key: server for server in entry.destinations}) for key, entry in table.items()
        }

    def connect(self) -> Scripted:
        """A netlink socket of this kernel."""
        return Scripted(lambda message: list(self._answers(message)))

    # --- what programs beside us do, and what our requests come down to; the error number, 0 for success ---

    def add_service(self, service: Service) -> int:
        if service.scheduler not in SCHEDULERS:
            return errno.ENOENT
        if service.key in self.services:
            return errno.EEXIST
        self.services[service.key] = (service, {})
        return 0

    def edit_service(self, service: Service) -> int:
        if service.key not in self.services:
            return errno.ESRCH
        if service.scheduler not in SCHEDULERS:
            return errno.ENOENT
        self.services[service.key] = (service, self.services[service.key][1])
        return 0

    def remove_service(self, key: ServiceKey) -> int:
        return 0 if self.services.pop(key, None) else errno.ESRCH

    def put_server(self, key: ServiceKey, server: Destination, new: bool) -> int:
        if key not in self.services:
            return errno.ESRCH
        servers = self.services[key][1]
        if (server.key in servers) == new:
            return errno.EEXIST if new else errno.ENOENT
        if server.weight < 0 or server.l_threshold > server.u_threshold:
            return errno.ERANGE
        if family_of(server.address) != key.family and (self.daemons or server.forward != TUNNEL):
            return errno.EINVAL
        if server.forward == TUNNEL and server.tunnel_type == TUNNEL_GUE and not server.tunnel_port:
            return errno.EINVAL
        if server.forward == LOCAL or server.u_threshold > 0x7FFFFFFF:
            return errno.EINVAL
        servers[server.key] = server
        return 0

    def remove_server(self, key: ServiceKey, server: tuple[str, int]) -> int:
        if key not in self.services:
            return errno.ESRCH
        return 0 if self.services[key][1].pop(server, None) else errno.ENOENT

    def start_daemon(self, daemon: Daemon) -> int:
        if daemon.role in self.daemons:
            return errno.EEXIST
        for key, (_service, servers) in self.services.items():
            if any(family_of(address) != key.family for address, _port in servers):
                return errno.EINVAL
        self.daemons[daemon.role] = daemon._replace(max_length=daemon.max_length or 1472)
        return 0

    def stop_daemon(self, role: str) -> int:
        return 0 if self.daemons.pop(role, None) else errno.ESRCH

    def set_timeouts(self, timeouts: Timeouts) -> int:
        self.timeouts = Timeouts(*(new or old for new, old in zip(timeouts, self.timeouts, strict=True)))
        return 0

    # --- netlink ---

    def _answers(self, message: Message) -> Iterator[Message]:
        command, content = message.payload[0], message.payload[4:]
        if message.flags & NLM_F_DUMP == NLM_F_DUMP:
            yield from (item(message, answer, flags=2) for answer in self._dump(command, content))
            yield done(message, flags=2)
            return
        if command == 13:
            yield item(message, CONFIG.encode(self.timeouts._asdict()))
            yield error(message, 0)
            return
        number = self._requests()[command](content)
        if number or message.flags & 0x4:
            yield error(message, number)

    def _requests(self) -> dict[int, Callable[[bytes], int]]:
        return {
            1: lambda content: self.add_service(decode_service(content)),
            2: lambda content: self.edit_service(decode_service(content)),
            3: lambda content: self.remove_service(_key(content)),
            5: lambda content: self.put_server(_key(content), _server(content), new=True),
            6: lambda content: self.put_server(_key(content), _server(content), new=False),
            7: lambda content: self.remove_server(_key(content), _server_key(content)),
            9: lambda content: self.start_daemon(decode_daemon(content)),
            10: lambda content: self.stop_daemon(_role(content)),
            12: lambda content: self.set_timeouts(Timeouts()._replace(**CONFIG.decode(content))),
            17: lambda _content: self.services.clear() or 0,
        }

    def _dump(self, command: int, content: bytes) -> Iterator[bytes]:
        if command == 4:
            return (
                _with_traffic(SERVICE_NEST, encode_service(service), self.traffic.get((key, None), NO_TRAFFIC))
                for key, (service, _servers) in list(self.services.items())
            )
        if command == 8:
            key = _key(content)
            _service, servers = self.services.get(key, (None, {}))
            return (
                _with_traffic(
                    DESTINATION_NEST,
                    _with_counts(encode_destination(server), self.counts.get((key, server.key), (0, 0, 0))),
                    self.traffic.get((key, server.key), NO_TRAFFIC),
                )
                for server in list(servers.values())
            )
        assert command == 11, f"no dump of command {command}"
        return map(encode_daemon, self.daemons.values())


def _with_traffic(number: int, answer: bytes, amounts: tuple[int, ...]) -> bytes:
    """The statistics of 64 bits, whose last attribute is padding to the kernel."""
    told = b"".join(attribute(place, amount.to_bytes(8, "little")) for place, amount in enumerate(amounts, start=1))
    return nest(number, answer[4:] + nest(12, attribute(11, b"") + told))


def _with_counts(answer: bytes, counts: tuple[int, int, int]) -> bytes:
    told = b"".join(attribute(number, count.to_bytes(4, "little")) for number, count in enumerate(counts, start=7))
    return nest(DESTINATION_NEST, answer[4:] + told)


def _key(content: bytes) -> ServiceKey:
    values = SERVICE.decode(NESTS.decode(content)["service"])
    if "fwmark" in values:
        return ServiceKey.of_fwmark(values["family"], values["fwmark"])
    address = canonical_address(unpack_address(values["family"], values["address"]))
    return ServiceKey(values["family"], values["protocol"], address, values["port"])


def _server(content: bytes) -> Destination:
    return decode_destination(content, _key(content).family)


def _server_key(content: bytes) -> tuple[str, int]:
    values = DESTINATION.decode(NESTS.decode(content)["destination"])
    return canonical_address(unpack_address(values["family"], values["address"])), values["port"]


def _role(content: bytes) -> str:
    """The role of the daemon that shall stop, of which nothing else is told."""
    inner = Layout(bytes_field(3, "daemon")).decode(content)["daemon"]
    return {1: "master", 2: "backup"}[Layout(number_field(1, "state", "=I")).decode(inner)["state"]]
