#!/usr/bin/env python3
# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell what arrives at a host, as the wire carries it: the witness of how a director forwards.

usage: wire.py PORT [--gue UDP_PORT] [--ready FILE]

Listens on one port of a lab's bridge (such as web1.2, the third link of web1; run it in the lab's own network) until
SIGTERM or SIGINT, then prints {what: packets} as JSON. What is the destination and the protocol, with what a tunnel
wraps after the tunnel:

    10.20.0.21 tcp                          translated addresses
    10.10.0.50 tcp                          direct routing: the VIP, unchanged
    10.20.0.21 ipip 10.10.0.50 tcp          any of IPv4 and IPv6 in IPv4 and IPv6
    10.20.0.21 gue 10.10.0.50 udp           on --gue; gue+checksum and gue+remote tell of checksums
    10.20.0.21 gre+checksum 10.10.0.50 tcp  without one: gre

Only packets towards the host count, and of IP only.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import signal
import socket
import struct
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

_SECONDS_FOR_WHAT_WAITS = 0.1

_ALL = 0x0003
_OUTGOING = 4
_IPV4, _IPV6 = 0x0800, 0x86DD
_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp"}
_EXTENSIONS = (0, 43, 60)


def describe(frame: bytes, gue: int | None = None) -> str | None:
    """What an Ethernet frame carries, None when that is not IP. `gue` is the UDP port of tunnels."""
    (kind,) = struct.unpack_from("!H", frame, 12)
    return _packet(frame[14:], gue) if kind in (_IPV4, _IPV6) else None


def _packet(data: bytes, gue: int | None) -> str:
    if data[0] >> 4 == 4:
        destination: Any = ipaddress.IPv4Address(data[16:20])
        protocol, rest = data[9], data[4 * (data[0] & 15) :]
    else:
        destination = ipaddress.IPv6Address(data[24:40])
        protocol, rest = data[6], data[40:]
        while protocol in _EXTENSIONS:
            protocol, rest = rest[0], rest[8 + 8 * rest[1] :]
    return f"{destination} {_payload(protocol, rest, gue)}"


def _payload(protocol: int, data: bytes, gue: int | None) -> str:
    if protocol in (4, 41):
        return f"ipip {_packet(data, gue)}"
    if protocol == 47:
        return _gre(data, gue)
    if protocol == 17 and struct.unpack_from("!H", data, 2)[0] == gue:
        return _gue(data, gue)
    return _NAMES.get(protocol, str(protocol))


def _gre(data: bytes, gue: int | None) -> str:
    """RFC 2784: the first bit says that there are four more bytes with a checksum."""
    flags, _kind = struct.unpack_from("!HH", data)
    checksum = bool(flags & 0x8000)
    return f"gre{'+checksum' * checksum} {_packet(data[8 if checksum else 4 :], gue)}"


def _gue(data: bytes, gue: int | None) -> str:
    """UDP, then generic UDP encapsulation: four bytes and up to 31 words of options, the private ones of which Linux
    says in their first word; its highest bit is that of the remote checksum."""
    _source, _port, _length, checksum = struct.unpack_from("!HHHH", data)
    first, protocol, flags = struct.unpack_from("!BBH", data, 8)
    private = struct.unpack_from("!I", data, 12)[0] if flags & 1 else 0
    kind = "+remote" if private & 0x80000000 else "+checksum" if checksum else ""
    rest = data[12 + 4 * (first & 31) :]
    return f"gue{kind} {_packet(rest, gue) if protocol in (4, 41) else protocol}"


def listen(port: str, gue: int | None, ready: Path | None) -> Counter[str]:
    """Count until a signal says stop, and what is waiting by then."""
    end = float("inf")

    def stop(*_signal: Any) -> None:
        nonlocal end
        end = time.monotonic() + _SECONDS_FOR_WHAT_WAITS

    seen: Counter[str] = Counter()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)) as sock:
        sock.bind((port, _ALL))
        sock.settimeout(_SECONDS_FOR_WHAT_WAITS)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        if ready is not None:
            ready.touch()
        while time.monotonic() < end:
            try:
                frame, about = sock.recvfrom(2048)
            except TimeoutError:
                continue
            if about[2] == _OUTGOING and (what := describe(frame, gue)) is not None:
                seen[what] += 1
    return seen


def main() -> int:
    """Listen and print."""
    parser = argparse.ArgumentParser(description="Tell what arrives at a host, as the wire carries it.")
    parser.add_argument("port", help="of the lab's bridge, such as web1.2")
    parser.add_argument("--gue", type=int, help="the UDP port that carries tunnels")
    parser.add_argument("--ready", type=Path, help="file to make once it listens")
    chosen = parser.parse_args()
    print(json.dumps(listen(chosen.port, chosen.gue, chosen.ready)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
