# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the kernel tells of processes: what is sent, and what each answer means."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._host import process_events
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import (
    MalformedMessage,
    Message,
    encode_message,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

# PROC_EVENT_NONE with error 0, as Linux answers to PROC_CN_MCAST_LISTEN
ACKNOWLEDGED = encode_message(Message(3, 0, 0, struct.pack("=IIIIHH", 1, 1, 0, 1, 40, 0) + bytes(40)))


class Listener:
    """A netlink socket with one answer, bytes or an error."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.sent: list[bytes] = []
        self.bound: Any = None
        self.closed = False

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *_error: object) -> None:
        self.closed = True

    def bind(self, address: tuple[int, int]) -> None:
        self.bound = address

    def settimeout(self, seconds: float) -> None:
        assert 0 < seconds <= 5

    def send(self, datagram: bytes) -> int:
        self.sent.append(datagram)
        return len(datagram)

    def recv(self, size: int) -> bytes:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer[:size]


class Host(FakeSystem):
    def __init__(self, listener: Listener | OSError) -> None:
        super().__init__()
        self.listener = listener

    def socket(self, family: int, kind: int, protocol: int = 0) -> Any:
        assert (family, kind, protocol) == (socket.AF_NETLINK, socket.SOCK_DGRAM, 11)
        if isinstance(self.listener, OSError):
            raise self.listener
        return self.listener


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ACKNOWLEDGED, True),
        (encode_message(Message(3, 0, 0, struct.pack("=IIIIHH", 4, 1, 0, 1, 0, 0))), False),
        (b"", False),
        (TimeoutError("timed out"), False),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), False),
    ],
)
def test_an_answer_means_yes_and_silence_no(answer: bytes | Exception, told: bool) -> None:
    listener = Listener(answer)
    assert process_events.are_told(Host(listener)) is told
    assert (listener.bound, listener.closed) == ((0, 1), True)
    operations = [struct.unpack_from("=I", datagram, 36)[0] for datagram in listener.sent]
    assert operations == [1, 2]  # it stops listening whatever came
    assert all(len(datagram) == 40 for datagram in listener.sent)


def test_a_kernel_without_connectors_does_not_tell() -> None:
    assert process_events.are_told(Host(OSError(errno.EPROTONOSUPPORT, "Protocol not supported"))) is False


@pytest.mark.parametrize("failure", [PermissionError(errno.EPERM, "Operation not permitted")])
def test_what_keeps_us_from_asking_is_a_fault(failure: OSError) -> None:
    with pytest.raises(HostFault, match="Operation not permitted"):
        process_events.are_told(Host(failure))
    with pytest.raises(HostFault, match="Operation not permitted"):
        process_events.are_told(Host(Listener(failure)))


def test_a_short_event_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        process_events.are_told(Host(Listener(encode_message(Message(3, 0, 0, bytes(8))))))
