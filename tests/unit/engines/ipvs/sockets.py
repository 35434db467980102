# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sockets for tests of the netlink exchanges: one that replays a recording, one whose answers a test writes itself."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Iterable
from types import TracebackType

from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import (
    ERROR_NUMBER,
    GENERIC_HEADER,
    MESSAGE_HEADER,
    NLMSG_DONE,
    NLMSG_ERROR,
    Message,
    attribute,
    decode_messages,
    encode_message,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import System

FAMILY = 28
CONTROLLER = 16

Received = tuple[bytes, list[object], int, tuple[int, int]]


class NetlinkSocket:
    """What both have in common: options are taken, and a receive without an answer times out."""

    def __init__(self) -> None:
        self.answers: list[Received] = []
        self.closed = False

    def __enter__(self) -> NetlinkSocket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def setsockopt(self, level: int, option: int, value: int) -> None:
        assert value > 0

    def recvmsg(self, size: int) -> Received:
        if not self.answers:
            raise TimeoutError("timed out")
        return self.answers.pop(0)


class Recording(NetlinkSocket):
    """Replays what a real kernel said; every send must be byte for byte what was recorded."""

    def __init__(self, exchanges: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        self.left = [(direction, bytes.fromhex(text)) for direction, text in exchanges]

    def send(self, datagram: bytes) -> int:
        direction, expected = self.left.pop(0)
        assert direction == "send"
        assert datagram.hex() == expected.hex()
        while self.left and self.left[0][0] == "receive":
            self.answers.append((self.left.pop(0)[1], [], 0, (0, 0)))
        return len(datagram)


Handler = Callable[[Message], Iterable[Message]]


class Scripted(NetlinkSocket):
    """Knows the family IPVS; a test's handler answers everything else. ``sends`` holds the messages of each send."""

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self._handler = handler
        self.sends: list[list[Message]] = []
        self.sizes: list[int] = []

    def send(self, datagram: bytes) -> int:
        messages = list(decode_messages(datagram))
        if messages[0].kind == CONTROLLER:
            self.answer(*family_answer(messages[0]))
            return len(datagram)
        self.sends.append(messages)
        self.sizes.append(len(datagram))
        for message in messages:
            self.answer(*self._handler(message))
        return len(datagram)

    def answer(self, *messages: Message, port: int = 0, flags: int = 0) -> None:
        """Queue messages as one datagram, from the kernel unless ``port`` says otherwise."""
        if messages:
            self.answers.append((b"".join(map(encode_message, messages)), [], flags, (port, 0)))


class NetlinkSystem(System):
    """A host that has nothing but one netlink socket, and IPVS in its kernel."""

    def __init__(self, netlink: NetlinkSocket) -> None:
        self.netlink = netlink

    def exists(self, path: str) -> bool:
        return path == "/proc/net/ip_vs"

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        assert (family, kind, protocol) == (socket.AF_NETLINK, socket.SOCK_RAW, 16)
        return self.netlink  # type: ignore[return-value]


def family_answer(message: Message) -> list[Message]:
    """The controller's answer to the look-up of a family."""
    body = GENERIC_HEADER.pack(1, 2, 0) + attribute(2, b"IPVS\0") + attribute(1, FAMILY.to_bytes(2, "little"))
    return [Message(CONTROLLER, 0, message.sequence, body), error(message)]


def error(message: Message, number: int = 0, trailer: bytes = b"", flags: int = 0x100) -> Message:
    """The acknowledgement of a message, or its refusal with an error number; capped as the kernel is asked to."""
    header = MESSAGE_HEADER.pack(16 + len(message.payload), message.kind, message.flags, message.sequence, 0)
    return Message(NLMSG_ERROR, flags, message.sequence, ERROR_NUMBER.pack(-number) + header + trailer)


def done(message: Message, number: int = 0, flags: int = 0) -> Message:
    """The end of a dump."""
    return Message(NLMSG_DONE, flags, message.sequence, ERROR_NUMBER.pack(-number))


def item(message: Message, content: bytes, flags: int = 0) -> Message:
    """One object of a dump."""
    return Message(FAMILY, flags, message.sequence, GENERIC_HEADER.pack(1, 1, 0) + content)


def no_buffer() -> OSError:
    """What a receive raises after answers were dropped."""
    return OSError(errno.ENOBUFS, "No buffer space available")
