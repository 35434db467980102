# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchanges with one family of the kernel's generic netlink. Private to evenkeel.lb.

It knows the transport only; what the attributes of a family mean is the business of its users.
Sources: Linux ``net/netlink/af_netlink.c``, ``net/netlink/genetlink.c``, ``include/uapi/linux/genetlink.h``.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from .netlink_wire import (
    GENERIC_HEADER,
    MESSAGE_HEADER,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSG_NOOP,
    FamilyMissing,
    Layout,
    MalformedMessage,
    Message,
    NetlinkError,
    Refused,
    decode_error,
    decode_messages,
    encode_message,
    number_field,
    text_field,
)

# Not in Python's socket module.
NETLINK_GENERIC = 16
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
SOL_NETLINK = 270
NETLINK_CAP_ACK = 10
NETLINK_EXT_ACK = 11

GENL_ID_CTRL = 16
CTRL_CMD_GETFAMILY = 3

# That of netlink and that of generic netlink.
HEADERS = struct.Struct(MESSAGE_HEADER.format + GENERIC_HEADER.format[1:])

# One send carries at most this much. The kernel answers while it works through a send, before we read anything, so the
# answers of a send whose every request is refused (about 1 kB of buffer each) must fit the receive buffer at once.
BATCH_BYTES = 30000
BATCH_REQUESTS = 256
# The kernel takes a send as a whole or not at all; it doubles what it is asked for.
SEND_BUFFER = 1 << 17
RECEIVE_BUFFER = 1 << 20
# The kernel builds dump messages up to 32 KiB when it has seen that the reader offers that much.
RECEIVE_BYTES = 1 << 16
DUMP_ATTEMPTS = 10
# The kernel does the work inside send; waiting this long (seconds) for the answer means that it was lost.
ANSWER_TIMEOUT = 30.0


Request = Tuple[int, bytes]
"""Command number and encoded attributes."""


class BatchResult(NamedTuple):
    """The kernel saw the first ``sent`` requests; refused those at the positions in ``refused``, did the others."""

    sent: int
    refused: Dict[int, Refused]


class Family:
    """Exchanges with one generic netlink family over a socket that the caller opened and closes."""

    def __init__(self, sock: Any, name: str, version: int) -> None:
        """Look up ``name``, which makes the kernel load its module when it can.

        ``sock`` is a bound or unbound AF_NETLINK/NETLINK_GENERIC socket. Raises FamilyMissing.
        """
        self._socket = sock
        self._version = version
        self._sequence = 0
        self._prepare()
        self._number = self._look_up(name)

    def request(self, command: int, content: bytes = b"") -> List[bytes]:
        """Do one request and give the attributes of each answer; Refused when the kernel refuses."""
        sequence = self._next()
        self._send(self._encode(command, content, NLM_F_REQUEST | NLM_F_ACK, sequence))
        return self._collect(sequence)[0]

    def dump(self, command: int, content: bytes = b"") -> List[bytes]:
        """The attributes of every object the kernel lists. A list torn by a change is read again, at most 10 times."""
        for _attempt in range(DUMP_ATTEMPTS):
            sequence = self._next()
            self._send(self._encode(command, content, NLM_F_REQUEST | NLM_F_DUMP, sequence))
            answers, torn = self._collect(sequence)
            if not torn:
                return answers
        raise NetlinkError(f"the kernel's table changed during each of {DUMP_ATTEMPTS} attempts to read it")

    def batch(self, requests: Sequence[Request]) -> BatchResult:
        """Do many requests in few sends, in order.

        The kernel goes on after a refused request, to the end of the send it came with. After a send with refusals
        there is no further one.
        """
        position = 0
        while position < len(requests):
            first = self._sequence + 1
            count = size = 0
            parts: List[bytes] = []
            for command, content in requests[position : position + BATCH_REQUESTS]:
                size += HEADERS.size + len(content)
                if count and size > BATCH_BYTES:
                    break
                parts += self._heads(command, content, NLM_F_REQUEST, first + count), content
                count += 1
            # Only the last request asks to be acknowledged: once that has come, all refusals before it have come too.
            self._sequence += count
            command, content = requests[position + count - 1]
            parts[-2] = self._heads(command, content, NLM_F_REQUEST | NLM_F_ACK, self._sequence)
            self._send(b"".join(parts))
            refused = self._outcome(first, self._sequence)
            if refused:
                return BatchResult(position + count, {position + nth: refusal for nth, refusal in refused.items()})
            position += count
        return BatchResult(position, {})

    def _prepare(self) -> None:
        try:
            self._socket.settimeout(ANSWER_TIMEOUT)
            self._socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
            self._socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
            for forced, usual, size in (
                (SO_SNDBUFFORCE, socket.SO_SNDBUF, SEND_BUFFER),
                (SO_RCVBUFFORCE, socket.SO_RCVBUF, RECEIVE_BUFFER),
            ):
                try:
                    self._socket.setsockopt(socket.SOL_SOCKET, forced, size)
                except PermissionError:
                    # Without CAP_NET_ADMIN up to net.core.wmem_max and rmem_max, whose defaults hold a batch too.
                    self._socket.setsockopt(socket.SOL_SOCKET, usual, size)
        except OSError as error:
            raise NetlinkError(f"the netlink socket cannot be set up: {error.strerror}") from error

    def _look_up(self, name: str) -> int:
        family = Layout(number_field(1, "number", "=H"), text_field(2, "name"))
        sequence = self._next()
        body = GENERIC_HEADER.pack(CTRL_CMD_GETFAMILY, 1, 0) + family.encode({"name": name})
        self._send(encode_message(Message(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK, sequence, body)))
        self._number = GENL_ID_CTRL
        try:
            answers = self._collect(sequence)[0]
        except Refused as refusal:
            if refusal.errno == errno.ENOENT:
                raise FamilyMissing(f"the kernel has no generic netlink family {name}") from refusal
            raise
        for answer in answers:
            found = family.decode(answer)
            if found.get("name") == name and "number" in found:
                number: int = found["number"]
                return number
        raise MalformedMessage(f"the kernel's answer does not tell the number of the family {name}")

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _encode(self, command: int, content: bytes, flags: int, sequence: int) -> bytes:
        return self._heads(command, content, flags, sequence) + content

    def _heads(self, command: int, content: bytes, flags: int, sequence: int) -> bytes:
        size = HEADERS.size + len(content)
        return HEADERS.pack(size, self._number, flags, sequence, 0, command, self._version, 0)

    def _send(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except OSError as error:
            raise NetlinkError(f"the kernel did not take the request: {error.strerror or error}") from error

    def _receive(self) -> Iterator[Message]:
        """Messages of the kernel without end; answers to exchanges given up earlier are among them."""
        while True:
            try:
                datagram, _ancillary, flags, sender = self._socket.recvmsg(RECEIVE_BYTES)
            except OSError as error:
                if error.errno == errno.ENOBUFS:
                    raise NetlinkError("answers of the kernel were lost: its receive buffer overflowed") from error
                raise NetlinkError(f"no answer of the kernel: {error.strerror or error}") from error
            if flags & socket.MSG_TRUNC:
                raise MalformedMessage(f"an answer of the kernel is longer than {RECEIVE_BYTES} bytes")
            # Another process may send to our socket; only port 0 is the kernel.
            if sender[0] == 0:
                yield from decode_messages(datagram)

    def _collect(self, sequence: int) -> Tuple[List[bytes], bool]:
        """The attributes of all answers to one request up to its end, and whether a change tore the list."""
        answers = []
        torn = False
        refusal = None
        for message in self._receive():
            if message.sequence != sequence:
                continue
            torn = torn or bool(message.flags & NLM_F_DUMP_INTR)
            if message.kind in (NLMSG_ERROR, NLMSG_DONE):
                refusal = decode_error(message)
                break
            if message.kind == self._number:
                if len(message.payload) < 4:
                    raise MalformedMessage("an answer without its generic netlink header")
                answers.append(message.payload[4:])
            elif message.kind != NLMSG_NOOP:
                raise MalformedMessage(f"an answer of the unexpected kind {message.kind}")
        if refusal is not None:
            raise refusal
        return answers, torn

    def _outcome(self, first: int, last: int) -> Dict[int, Refused]:
        """The refusals among requests ``first`` to ``last``, by their distance from ``first``."""
        refused = {}
        for message in self._receive():
            if message.kind != NLMSG_ERROR or not first <= message.sequence <= last:
                continue
            refusal = decode_error(message)
            if refusal is not None:
                refused[message.sequence - first] = refusal
            if message.sequence == last:
                break
        return refused
