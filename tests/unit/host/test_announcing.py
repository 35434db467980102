# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a network is told when an address is new on this machine, byte for byte."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._host.addresses import Held
from ansible_collections.evenkeel.lb.plugins.module_utils._host.announcing import announce
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

HARDWARE = bytes.fromhex("52540a0b0c0d")


class Wire:
    """A raw socket that remembers what it was told."""

    def __init__(self, hardware: bytes, failure: OSError | None) -> None:
        self.hardware = hardware
        self.failure = failure
        self.log: list[Any] = []

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_error: object) -> None:
        self.log.append("closed")

    def bind(self, address: Any) -> None:
        if self.failure:
            raise self.failure
        self.log.append(("bind", address))

    def getsockname(self) -> tuple[str, int, int, int, bytes]:
        return ("eth1", 0, 0, 1, self.hardware)

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.log.append(("option", option, value))

    def send(self, frame: bytes) -> int:
        self.log.append(("send", frame.hex()))
        return len(frame)

    def sendto(self, packet: bytes, address: Any) -> int:
        self.log.append(("send", packet.hex(), address))
        return len(packet)


class Host(FakeSystem):
    def __init__(self, hardware: bytes = HARDWARE, failure: OSError | None = None) -> None:
        super().__init__()
        self.hardware, self.failure = hardware, failure
        self.sockets: list[tuple[tuple[int, int, int], Wire]] = []

    def socket(self, family: int, kind: int, protocol: int = 0) -> Any:
        self.sockets.append(((family, kind, protocol), Wire(self.hardware, self.failure)))
        return self.sockets[-1][1]

    def sent(self) -> list[Any]:
        return [entry[1:] for _kind, wire in self.sockets for entry in wire.log if entry[0] == "send"]


def test_ipv4_is_told_by_both_forms_of_arp() -> None:
    host = Host()
    announce(host, Held("eth1", "192.0.2.50/24"))
    head = "ffffffffffff" + HARDWARE.hex() + "0806" + "0001080006040"
    mine = HARDWARE.hex() + "c0000232"
    assert host.sent() == [
        (f"{head}001{mine}000000000000c0000232",),
        (f"{head}002{mine}ffffffffffffc0000232",),
    ]
    assert all(wire.log[-1] == "closed" for _kind, wire in host.sockets)
    assert {kind for kind, _wire in host.sockets} == {(socket.AF_PACKET, socket.SOCK_RAW, 0)}


def test_ipv6_is_advertised_to_all_nodes_from_the_address_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nametoindex", lambda name: {"eth1": 3}[name])
    host = Host()
    announce(host, Held("eth1", "2001:db8::50/64"))
    ((packet, destination),) = host.sent()
    assert packet == "8800000020000000" + "20010db8000000000000000000000050" + "0201" + HARDWARE.hex()
    assert destination == ("ff02::1", 0, 0, 3)
    (kind, wire) = host.sockets[-1]
    assert kind == (socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    assert ("option", socket.IPV6_MULTICAST_HOPS, 255) in wire.log
    assert ("bind", ("2001:db8::50", 0, 0, 3)) in wire.log


def test_an_interface_without_hardware_address_has_nobody_to_tell() -> None:
    host = Host(hardware=b"")
    announce(host, Held("tun0", "192.0.2.50/24"))
    assert host.sent() == []


def test_a_failure_names_the_address() -> None:
    host = Host(failure=OSError(errno.ENODEV, "No such device"))
    with pytest.raises(HostFault, match=r"cannot announce 192.0.2.50/24 dev eth9: No such device"):
        announce(host, Held("eth9", "192.0.2.50/24"))
