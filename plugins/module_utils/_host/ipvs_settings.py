# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel's IPVS has besides its table: sync daemons, timeouts, version and counters. Private to evenkeel.lb.

All of it belongs to the network namespace we are in. Sources: Linux ``include/uapi/linux/ip_vs.h``,
``net/netfilter/ipvs/ip_vs_ctl.c`` and ``ip_vs_sync.c`` (what the daemons take and assume).
"""

from __future__ import annotations

import errno
import socket
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from .ipvs_family import (
    DEL_DAEMON,
    GET_CONFIG,
    GET_DAEMON,
    GET_INFO,
    NEW_DAEMON,
    SET_CONFIG,
    ZERO,
    because,
    connected,
    is_loaded,
)
from .ipvs_table import ServiceKey, family_of
from .ipvs_wire import encode_key, needed, unpack_address
from .netlink_wire import Layout, MalformedMessage, NetlinkError, Refused, bytes_field, nest, number_field, text_field
from .system import System

MASTER = "master"
BACKUP = "backup"
_STATES = {MASTER: 1, BACKUP: 2}

_DAEMON_NEST = 3
_DAEMON = Layout(
    number_field(1, "state", "=I"),
    # The kernel lets interfaces have names in any bytes.
    text_field(2, "interface", errors="backslashreplace"),
    number_field(3, "sync_id", "=I"),
    number_field(4, "max_length", "=H"),
    bytes_field(5, "group"),
    bytes_field(6, "group6"),
    number_field(7, "port", "=H"),
    number_field(8, "ttl", "=B"),
)
_NESTS = Layout(bytes_field(_DAEMON_NEST, "sync daemon"))
_TIMEOUTS = Layout(number_field(4, "tcp", "=I"), number_field(5, "tcp_fin", "=I"), number_field(6, "udp", "=I"))
_INFO = Layout(number_field(1, "version", "=I"), number_field(2, "connection_table_size", "=I"))


class Info(NamedTuple):
    """What the kernel tells about IPVS as a whole. ``version`` is IPVS's own, like (1, 2, 1)."""

    version: Tuple[int, int, int]
    connection_table_size: int


class Timeouts(NamedTuple):
    """Seconds after which a connection on which nothing moves is forgotten; 0 leaves the kernel's as it is."""

    tcp: int = 0
    tcp_fin: int = 0
    udp: int = 0


class Daemon(NamedTuple):
    """A connection synchronisation daemon of the kernel; each ``role``, MASTER or BACKUP, can run once.

    ``sync_id`` (0 to 255) tells groups of directors apart; a backup with 0 takes part in any. ``max_length`` is the
    most bytes of a datagram without its headers, 0 for what fits the interface. The defaults are the kernel's.
    """

    role: str
    interface: str
    sync_id: int
    max_length: int = 0
    group: str = "224.0.0.81"
    port: int = 8848
    ttl: int = 1

    def is_met_by(self, running: Daemon) -> bool:
        """Whether a daemon that runs is the one that is wanted here."""
        return running == (self if self.max_length else self._replace(max_length=running.max_length))

    def __str__(self) -> str:
        return f"sync daemon {self.role} on {self.interface}"


def read_info(system: System) -> Info:
    """The version and size of the kernel's IPVS; loads the module.

    Raises NetlinkError, and its kind FamilyMissing where the kernel has no IPVS.
    """
    return decode_info(_answer(system, GET_INFO, "its version of IPVS"))


def read_timeouts(system: System) -> Timeouts:
    """The timeouts that hold now; loads the module. Raises NetlinkError."""
    return decode_timeouts(_answer(system, GET_CONFIG, "its timeouts"))


def set_timeouts(system: System, timeouts: Timeouts) -> None:
    """Change the timeouts that are not 0; loads the module. They last as long as the module. Raises NetlinkError."""
    _do(
        system,
        SET_CONFIG,
        _TIMEOUTS.encode(timeouts._asdict()),
        f"set the timeouts {timeouts.tcp}, {timeouts.tcp_fin} and {timeouts.udp}",
        {errno.EINVAL: "they are more than the kernel takes"},
    )


def read_daemons(system: System) -> List[Daemon]:
    """The sync daemons that run, the master first; none while the module is not loaded. Raises NetlinkError."""
    if not is_loaded(system):
        return []
    with connected(system) as family:
        try:
            answers = family.dump(GET_DAEMON)
        except Refused as refusal:
            raise NetlinkError(f"the kernel does not tell its sync daemons: {refusal}") from refusal
    return sorted(map(decode_daemon, answers), key=lambda daemon: _STATES[daemon.role])


def start_daemon(system: System, daemon: Daemon) -> None:
    """Start a daemon; loads the module. One of that role that runs has to be stopped first. Raises NetlinkError."""
    _do(
        system,
        NEW_DAEMON,
        encode_daemon(daemon),
        f"start the {daemon}",
        {
            errno.EEXIST: "one of that role runs already",
            errno.ENODEV: "there is no such interface",
            errno.EINVAL: f"{daemon.group} is no multicast group, or a server of another family than its virtual server"
            " is in the table, which daemons cannot tell of",
        },
    )


def stop_daemon(system: System, role: str) -> None:
    """Stop the daemon of a role. Raises NetlinkError, also when none runs."""
    content = nest(_DAEMON_NEST, _DAEMON.encode({"state": _STATES[role]}))
    _do(system, DEL_DAEMON, content, f"stop the sync daemon {role}", {errno.ESRCH: "none runs"})


def zero_counters(system: System, key: Optional[ServiceKey] = None) -> None:
    """Set the counters of one service and its destinations to zero, or all there are. Raises NetlinkError."""
    content = encode_key(key) if key is not None else b""
    wish = f"zero the counters{f' of virtual server {key}' if key is not None else ''}"
    _do(system, ZERO, content, wish, {errno.ESRCH: "there is no such virtual server"})


def encode_daemon(daemon: Daemon) -> bytes:
    """The attributes that start a daemon."""
    family = family_of(daemon.group)
    values = daemon._asdict()
    del values["role"]
    if not daemon.max_length:
        del values["max_length"]
    del values["group"]
    values["state"] = _STATES[daemon.role]
    values["group" if family == socket.AF_INET else "group6"] = socket.inet_pton(family, daemon.group)
    return nest(_DAEMON_NEST, _DAEMON.encode(values))


def decode_daemon(answer: bytes) -> Daemon:
    """The daemon an answer tells of; MalformedMessage when something is missing or impossible."""
    values = _DAEMON.decode(needed(_NESTS.decode(answer), "sync daemon"))
    state = needed(values, "state")
    roles = [role for role, number in _STATES.items() if number == state]
    if not roles:
        raise MalformedMessage(f"the kernel tells of a sync daemon in the state {state}")
    daemon = Daemon(roles[0], needed(values, "interface"), needed(values, "sync_id"))
    # Kernels before 4.3 know nothing but these three; what they do are the defaults.
    told: Dict[str, Any] = {name: values[name] for name in ("max_length", "port", "ttl") if name in values}
    if "group" in values:
        told["group"] = unpack_address(socket.AF_INET, values["group"])
    elif "group6" in values:
        told["group"] = unpack_address(socket.AF_INET6, values["group6"])
    return daemon._replace(**told)


def decode_info(answer: bytes) -> Info:
    """The version and size an answer tells of; else MalformedMessage."""
    values = _INFO.decode(answer)
    version = needed(values, "version")
    return Info((version >> 16, version >> 8 & 0xFF, version & 0xFF), needed(values, "connection_table_size"))


def decode_timeouts(answer: bytes) -> Timeouts:
    """The timeouts an answer tells of; 0 for protocols the kernel was built without."""
    return Timeouts(**_TIMEOUTS.decode(answer))


def _answer(system: System, command: int, what: str) -> bytes:
    with connected(system) as family:
        try:
            answers = family.request(command)
        except Refused as refusal:
            raise NetlinkError(f"the kernel does not tell {what}: {refusal}") from refusal
    if not answers:
        raise MalformedMessage(f"the kernel acknowledged the question for {what} and gave no answer")
    return answers[0]


def _do(system: System, command: int, content: bytes, wish: str, reasons: Dict[int, str]) -> None:
    with connected(system) as family:
        try:
            family.request(command, content)
        except Refused as refusal:
            raise NetlinkError(f"cannot {wish}: {because(refusal, reasons)}") from refusal
