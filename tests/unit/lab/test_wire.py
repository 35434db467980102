# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the witness of the wire says to packets put together by hand."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from wire import describe

VIP = "10.10.0.50"
SERVER = "10.20.0.21"
TCP, UDP, SCTP, IPV4, IPV6, GRE = 6, 17, 132, 4, 41, 47


def packet(destination: str, protocol: int, payload: bytes = bytes(20), options: bytes = b"") -> bytes:
    """An IP packet from nowhere."""
    address = ipaddress.ip_address(destination)
    if address.version == 4:
        head = struct.pack("!BBHIBBH", 0x45 + len(options) // 4, 0, 0, 0, 64, protocol, 0)
        return head + bytes(4) + address.packed + options + payload
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + bytes(16) + address.packed + payload


def udp(port: int, checksum: int, payload: bytes) -> bytes:
    return struct.pack("!HHHH", 50000, port, 8 + len(payload), checksum) + payload


def frame(data: bytes) -> bytes:
    kind = 0x0800 if data[0] >> 4 == 4 else 0x86DD
    return bytes(12) + struct.pack("!H", kind) + data


INNER = packet(VIP, TCP)
INNER6 = packet("fd10::50", UDP)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (packet(SERVER, TCP), "10.20.0.21 tcp"),
        (packet(SERVER, UDP, udp(53, 1, b"who?")), "10.20.0.21 udp"),
        (packet("fd20::21", SCTP), "fd20::21 sctp"),
        (packet(SERVER, 89), "10.20.0.21 89"),
        (packet(SERVER, TCP, options=bytes(8)), "10.20.0.21 tcp"),
        (packet("fd20::21", 60, bytes([TCP, 0, *bytes(6), *bytes(20)])), "fd20::21 tcp"),
        (packet(SERVER, IPV4, INNER), "10.20.0.21 ipip 10.10.0.50 tcp"),
        (packet("fd20::21", IPV6, INNER6), "fd20::21 ipip fd10::50 udp"),
        (packet(SERVER, IPV6, INNER6), "10.20.0.21 ipip fd10::50 udp"),
        (packet("fd20::21", 60, bytes([IPV4, 0, *bytes(6)]) + INNER), "fd20::21 ipip 10.10.0.50 tcp"),
        (packet(SERVER, GRE, struct.pack("!HH", 0, 0x800) + INNER), "10.20.0.21 gre 10.10.0.50 tcp"),
        (
            packet(SERVER, GRE, struct.pack("!HHI", 0x8000, 0x800, 0x12340000) + INNER),
            "10.20.0.21 gre+checksum 10.10.0.50 tcp",
        ),
        (
            packet(SERVER, UDP, udp(6080, 0, struct.pack("!BBH", 0, IPV4, 0) + INNER)),
            "10.20.0.21 gue 10.10.0.50 tcp",
        ),
        (
            packet("fd20::21", UDP, udp(6080, 7, struct.pack("!BBH", 0, IPV6, 0) + INNER6)),
            "fd20::21 gue+checksum fd10::50 udp",
        ),
        (
            packet(SERVER, UDP, udp(6080, 7, struct.pack("!BBHIHH", 2, IPV4, 1, 1 << 31, 20, 36) + INNER)),
            "10.20.0.21 gue+remote 10.10.0.50 tcp",
        ),
        # The port of a tunnel that is not ours.
        (packet(SERVER, UDP, udp(6081, 0, struct.pack("!BBH", 0, IPV4, 0) + INNER)), "10.20.0.21 udp"),
    ],
)
def test_what_a_packet_is(data: bytes, said: str) -> None:
    assert describe(frame(data), gue=6080) == said


def test_what_is_not_ip_does_not_count() -> None:
    assert describe(bytes(12) + struct.pack("!H", 0x0806) + bytes(28)) is None
