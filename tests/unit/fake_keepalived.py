# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A keepalived for tests that need thousands of directors: reads its files and does to a fake kernel what 2.2.7 does.

It is written from keepalived.conf(5) and from what the real one was seen to do, not from the engine that it tests: what
it makes of a file is a second opinion of what the file says. Where the real one has faults it has them too: it never
looks at the kernel, a reload forgets thresholds of servers that stay, and the memory of what it put there is its own.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import Daemon, Timeouts
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    DIRECT_ROUTE,
    FLAG_ONE_PACKET,
    FLAG_PERSISTENT,
    FLAG_SCHEDULER_1,
    FLAG_SCHEDULER_2,
    IPV4,
    IPV6,
    MASQUERADE,
    SCTP,
    TCP,
    TUNNEL,
    TUNNEL_GRE,
    TUNNEL_GUE,
    TUNNEL_IPIP,
    UDP,
    Destination,
    Service,
    ServiceKey,
    canonical_address,
)
from ansible_collections.evenkeel.lb.tests.unit.fake_kernel import FakeKernel

MAIN = "/etc/keepalived/keepalived.conf"
CHECKERS = {
    "TCP_CHECK", "HTTP_GET", "SSL_GET", "SMTP_CHECK", "DNS_CHECK", "MISC_CHECK", "UDP_CHECK", "PING_CHECK",
}  # fmt: skip
PROTOCOLS = {"TCP": TCP, "UDP": UDP, "SCTP": SCTP}
FLAG_WORDS = {
    "ops": FLAG_ONE_PACKET,
    "sh-fallback": FLAG_SCHEDULER_1,
    "sh-port": FLAG_SCHEDULER_2,
    "mh-fallback": FLAG_SCHEDULER_1,
    "mh-port": FLAG_SCHEDULER_2,
}
TUNNEL_TYPES = {"ipip": TUNNEL_IPIP, "gue": TUNNEL_GUE, "gre": TUNNEL_GRE}
TUNNEL_FLAGS = {"nocsum": 0, "csum": 1, "remcsum": 2}


class Unreadable(Exception):
    """A file that keepalived -t would complain of."""


class Block(NamedTuple):
    """A line, and the lines between its braces."""

    words: list[str]
    inner: list[Block]

    def all(self, word: str) -> list[Block]:
        return [block for block in self.inner if block.words[0] == word]

    def value(self, word: str, default: str = "") -> str:
        found = self.all(word)
        return found[-1].words[1] if found and len(found[-1].words) > 1 else default

    def has(self, *words: str) -> bool:
        return any(self.all(word) for word in words)


@dataclass(frozen=True)
class VirtualServer:
    """A virtual server as the daemon keeps it in mind. ``checked`` are the keys of servers that have a checker."""

    service: Service
    servers: tuple[Destination, ...]
    checked: frozenset[tuple[str, int]]
    quiesces: bool
    quorum: int
    sorry: Destination | None
    complaints: tuple[str, ...]


@dataclass
class FakeKeepalived:
    """The daemon, whether it runs or not. ``files`` is the host's disk; ``sick`` are addresses that fail checks,
    ``untested`` those of which no check has ended, ``failing`` those whose failure has tries left."""

    kernel: FakeKernel
    files: Mapping[str, str]
    sick: set[str] = field(default_factory=set)
    untested: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    running: bool = False
    starts: int = 0
    _in_mind: dict[ServiceKey, VirtualServer] = field(default_factory=dict)
    _placed: dict[ServiceKey, dict[tuple[str, int], Destination]] = field(default_factory=dict)
    addresses: dict[tuple[str, str], None] = field(default_factory=dict)
    _instances: list[Block] = field(default_factory=list)

    # --- what the programs of a host ask of it ---

    def test(self, path: str) -> list[str]:
        """What ``keepalived -t`` complains of; nothing when all is well."""
        try:
            services = _virtual_servers(self._parsed(path))
        except Unreadable as problem:
            return [str(problem)]
        return [complaint for service in services for complaint in service.complaints]

    def start(self) -> bool:
        self.running, self._in_mind, self._placed = True, {}, {}
        self.starts += 1
        self.reload()
        for block in self._parsed(MAIN):
            for daemon in block.all("lvs_sync_daemon") if block.words[0] == "global_defs" else ():
                _word, interface, _inst, _name, _id, number = daemon.words
                self.kernel.start_daemon(Daemon("master", interface, int(number)))
            for said in block.all("lvs_timeouts") if block.words[0] == "global_defs" else ():
                values = dict(zip(said.words[1::2], said.words[2::2], strict=True))
                found = {name.replace("tcpfin", "tcp_fin"): int(value) for name, value in values.items()}
                self.kernel.set_timeouts(Timeouts(**found))
        return True

    def stop(self) -> None:
        for key in self._in_mind:
            self.kernel.remove_service(key)
        self.running, self._in_mind, self._placed = False, {}, {}
        self._hold([])
        self.kernel.daemons.clear()

    def reload(self) -> None:
        """Sync daemons and timeouts that come or go with a reload do not."""
        blocks = self._parsed(MAIN)
        before, self._in_mind = self._in_mind, {}
        for wanted in _virtual_servers(blocks):
            if wanted.servers and wanted.service.key not in self._in_mind:
                self._in_mind[wanted.service.key] = wanted
        self._hold([block for block in blocks if block.words[0] in ("vrrp_instance", "static_ipaddress")])
        for key in before:
            if key not in self._in_mind:
                self.kernel.remove_service(key)
                self._placed.pop(key, None)
        for key, wanted in self._in_mind.items():
            if key not in before:
                self.kernel.add_service(wanted.service)
                self._placed[key] = {}
            elif before[key].service != wanted.service:
                self.kernel.edit_service(wanted.service)
        self.look()

    def look(self) -> None:
        """Let every checker look at its server, and do to the kernel what follows."""
        for key, wanted in self._in_mind.items():
            placed = self._placed[key]
            due = self._due(wanted)
            for name, server in due.items():
                old = placed.get(name)
                if old is None:
                    self.kernel.put_server(key, server, new=True)
                elif _without_thresholds(old) != _without_thresholds(server):
                    kept = server._replace(u_threshold=old.u_threshold, l_threshold=old.l_threshold)
                    self.kernel.put_server(key, kept, new=False)
                    due[name] = kept
                else:
                    due[name] = old
            for name in set(placed) - set(due):
                self.kernel.remove_server(key, name)
            self._placed[key] = due

    def dump(self) -> str:
        """What it writes when it gets the signal for JSON."""
        return json.dumps([_told(one) for one in self._instances if one.words[0] == "vrrp_instance"])

    def dump_of_checkers(self) -> str:
        """What its checkers write when they get the signal for data."""
        lines = []
        for key, wanted in self._in_mind.items():
            lines += [" ------< Virtual server >------", *_told_of(key)]
            lines += ["   VS alive = 1"]
            for server in wanted.servers:
                sick = server.key in wanted.checked and server.address in self.sick
                placed = server.key in self._placed[key]
                lines.append("   ------< Real server >------")
                lines.append(
                    f"   RIP = {server.address}, RPORT = {server.port}, WEIGHT = {server.weight} EFF WEIGHT = 1"
                )
                lines.append(f"   alive = {int(not sick)}")
                lines.append(f"   RS set = {int(placed)}")
        for key, wanted in self._in_mind.items():
            for server in wanted.servers if key in self._placed else ():
                lines += self._told_of_checker(key, server) if server.key in wanted.checked else []
        return "".join(f"{line}\n" for line in lines)

    def _told_of_checker(self, key: ServiceKey, server: Destination) -> list[str]:
        names = {number: name.lower() for name, number in PROTOCOLS.items()}
        head = f"FWM {key.fwmark}" if key.fwmark else f"[{key.address}]:{names[key.protocol]}:{key.port}"
        failed = [f"   Retries iterations = {int(server.address in self.failing)}"]
        return [
            f" {head} -> [{server.address}]:{names.get(key.protocol, 'none')}:{server.port}",
            "   Enabled = yes",
            f"   Up = {'no' if server.address in self.sick else 'yes'}",
            f"   Has run = {'no' if server.address in self.untested else 'yes'}",
            "   Retries = 2",
            *failed,
            "   Log all failures = no",
            "   Connection",
        ]

    # --- inside ---

    def _hold(self, instances: list[Block]) -> None:
        """Be active in all instances, alone in the world; what it held before and shall not now it lets go."""
        held = [held for instance in instances for held in _held(instance)]
        for former in [held for instance in self._instances for held in _held(instance)]:
            if former not in held:
                self.addresses.pop(former, None)
        self.addresses.update(dict.fromkeys(held))
        self._instances = instances

    def _due(self, wanted: VirtualServer) -> dict[tuple[str, int], Destination]:
        due = {}
        alive = 0
        for server in wanted.servers:
            sick = server.key in wanted.checked and server.address in self.sick
            alive += 0 if sick else server.weight
            if not sick:
                due[server.key] = server
            elif wanted.quiesces:
                due[server.key] = server._replace(weight=0)
        if wanted.sorry is not None and alive < wanted.quorum:
            return {wanted.sorry.key: wanted.sorry}
        return due

    def _parsed(self, path: str) -> list[Block]:
        return _blocks(list(self._lines(path)))

    def _lines(self, path: str) -> Iterator[list[str]]:
        for line in self.files.get(path, "").splitlines():
            words = _words(line)
            if words and words[0] == "include":
                for name in sorted(self.files):
                    if fnmatch.fnmatchcase(name, words[1]):
                        yield from self._lines(name)
            elif words:
                yield words


def _words(line: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = "#!"
    try:
        return list(lexer)
    except ValueError as problem:
        raise Unreadable(f"{line!r}: {problem}") from problem


def _blocks(lines: list[list[str]]) -> list[Block]:
    open_: list[list[Block]] = [[]]
    for words in lines:
        if words == ["}"]:
            if len(open_) == 1:
                raise Unreadable("a } too many")
            open_.pop()
        elif words[-1] == "{":
            block = Block(words[:-1], [])
            open_[-1].append(block)
            open_.append(block.inner)
        else:
            open_[-1].append(Block(words, []))
    if len(open_) > 1:
        raise Unreadable("a } is missing")
    return open_[0]


def _virtual_servers(blocks: list[Block]) -> list[VirtualServer]:
    return [_virtual_server(block) for block in blocks if block.words[0] == "virtual_server"]


def _virtual_server(block: Block) -> VirtualServer:
    forward, tunnel = _method(block)
    port = 0 if block.words[1] == "fwmark" else int(block.words[2])
    servers, checked, complaints = [], set(), []
    for real in block.all("real_server"):
        thresholds = [int(real.value(word, "0")) for word in ("uthreshold", "lthreshold")]
        own_port = int(real.words[2]) if len(real.words) > 2 else 0
        server = Destination(
            canonical_address(real.words[1]), own_port, forward, int(real.value("weight", "1")), *thresholds, *tunnel
        )
        if forward != MASQUERADE and own_port != port:
            complaints.append(f"{server}: port is not that of the virtual server")
        if any(server.key == other.key for other in servers):
            complaints.append(f"{server} is there twice, the second is dropped")
            continue
        servers.append(server.canonical())
        if real.has(*CHECKERS):
            checked.add(server.key)
    sorry = None
    if block.has("sorry_server"):
        _word, address, *rest = block.all("sorry_server")[-1].words
        sorry = Destination(canonical_address(address), int(rest[0]) if rest else port, forward, 1, 0, 0, *tunnel)
    service = _service(block, servers)
    quorum = int(block.value("quorum", "1"))
    quiesces = block.has("inhibit_on_failure")
    if not servers:
        complaints.append(f"{service.key} has no servers")
    return VirtualServer(
        service,
        tuple(servers),
        frozenset(checked),
        quiesces,
        quorum,
        sorry.canonical() if sorry else None,
        tuple(complaints),
    )


def _service(block: Block, servers: list[Destination]) -> Service:
    mask = block.value("persistence_granularity")
    if block.words[1] == "fwmark":
        family = _family_of_mark(block, mask, servers)
        key = ServiceKey.of_fwmark(family, int(block.words[2]))
    else:
        key = ServiceKey.of_address(PROTOCOLS[block.value("protocol", "UDP")], block.words[1], int(block.words[2]))
    flags = sum(flag for word, flag in FLAG_WORDS.items() if block.has(word))
    timeout = int(block.value("persistence_timeout", "0") or "360")
    if timeout or mask:
        flags |= FLAG_PERSISTENT
    scheduler = block.value("lvs_sched", "wlc")
    return Service(key, scheduler, flags, timeout, mask, block.value("persistence_engine")).canonical()


def _family_of_mark(block: Block, mask: str, servers: list[Destination]) -> int:
    """What is said, else what the mask is of, else what the servers are, if they all are (check_parser.c)."""
    if block.has("ip_family"):
        return IPV6 if block.value("ip_family") == "inet6" else IPV4
    if mask:
        return IPV4 if "." in mask else IPV6
    return IPV6 if servers and all(":" in server.address for server in servers) else IPV4


def _method(block: Block) -> tuple[int, tuple[int, int, int]]:
    words = block.all("lvs_method")[-1].words[1:] if block.has("lvs_method") else ["NAT"]
    forward = {"NAT": MASQUERADE, "DR": DIRECT_ROUTE, "TUN": TUNNEL}[words[0]]
    values = dict(itertools.pairwise(words))
    kind = TUNNEL_TYPES[values.get("type", "ipip")]
    flags = [TUNNEL_FLAGS[word] for word in words if word in TUNNEL_FLAGS]
    return forward, (kind, int(values.get("port", "0")), flags[0] if flags else 0)


def _without_thresholds(server: Destination) -> Destination:
    return server._replace(u_threshold=0, l_threshold=0)


def _lines_of(instance: Block, *words: str) -> list[list[str]]:
    return [line.words for word in words for inner in instance.all(word) for line in inner.inner]


def _held(instance: Block) -> list[tuple[str, str]]:
    """(interface, address) of each VIP of an instance, or of a list of static ones."""
    lines = _lines_of(instance, "virtual_ipaddress", "virtual_ipaddress_excluded")
    lines += [line.words for line in instance.inner if instance.words[0] == "static_ipaddress"]
    return [(line[line.index("dev") + 1], line[0]) for line in lines]


def _told_of(key: ServiceKey) -> list[str]:
    family = f"   Address family = inet{'6' if key.family == IPV6 else ''}"
    if key.fwmark:
        return [f" VS FWMARK = {key.fwmark}", family, "   protocol = none"]
    names = {number: name for name, number in PROTOCOLS.items()}
    return [f" VS VIP = {key.address}, VPORT = {key.port}", family, f"   protocol = {names[key.protocol]}"]


def _told(instance: Block) -> dict[str, Any]:
    """What a dump has of an active instance."""
    data = {
        "iname": instance.words[1],
        "state": 2,
        "last_transition": 1.0,
        "effective_priority": int(instance.value("priority", "100")),
        "vips": [" ".join(line) for line in _lines_of(instance, "virtual_ipaddress")],
        "evips": [" ".join(line) for line in _lines_of(instance, "virtual_ipaddress_excluded")],
        "track_ifp": [line[0] for line in _lines_of(instance, "track_interface")] + [instance.value("interface")],
        "track_script": [line[0] for line in _lines_of(instance, "track_script")],
    }
    return {"data": data, "stats": {}}
