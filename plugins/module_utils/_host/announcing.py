# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell a network that this machine has an address now: gratuitous ARP, unsolicited neighbour advertisement. Private to
evenkeel.lb.

Neighbours that know the address by another machine's hardware address then send to ours at once.
Sources: RFC 5227 §3 (both forms of ARP, because neighbours differ in what they believe), RFC 4861 §4.4 and §7.2.6.
"""

from __future__ import annotations

import socket
import struct

from .addresses import Held
from .system import HostFault, System

# linux/if_ether.h, linux/icmpv6.h
_ETH_P_ARP = 0x0806
_BROADCAST = b"\xff" * 6
_ARP = struct.Struct("!HHBBH6s4s6s4s")
_REQUEST, _REPLY = 1, 2
_NEIGHBOUR_ADVERTISEMENT = 136
_OVERRIDE = 0x20000000
_TARGET_LINK_LAYER_ADDRESS = 2
_ALL_NODES = "ff02::1"
_HOPS = 255


def announce(system: System, held: Held) -> None:
    """Announce an address that an interface of this machine has; one without a hardware address has nobody to tell.

    Raises HostFault.
    """
    try:
        hardware = _hardware_address(system, held.interface)
        if len(hardware) != 6:
            return
        if ":" in held.ip:
            _advertise(system, held, hardware)
        else:
            _tell_by_arp(system, held, hardware)
    except OSError as error:
        raise HostFault(f"cannot announce {held}: {error.strerror or error}") from error


def _hardware_address(system: System, interface: str) -> bytes:
    with system.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((interface, 0))
        address: bytes = sock.getsockname()[4]
    return address


def _tell_by_arp(system: System, held: Held, hardware: bytes) -> None:
    with system.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((held.interface, 0))
        for operation in (_REQUEST, _REPLY):
            sock.send(arp_frame(held.ip, hardware, operation))


def _advertise(system: System, held: Held, hardware: bytes) -> None:
    index = socket.if_nametoindex(held.interface)
    with system.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _HOPS)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        sock.bind((held.ip, 0, 0, index))
        # the kernel fills in the checksum
        sock.sendto(advertisement(held.ip, hardware), (_ALL_NODES, 0, 0, index))


def arp_frame(address: str, hardware: bytes, operation: int) -> bytes:
    """An Ethernet frame in which ``address`` speaks about itself."""
    ip = socket.inet_aton(address)
    target = _BROADCAST if operation == _REPLY else bytes(6)
    body = _ARP.pack(1, 0x0800, 6, 4, operation, hardware, ip, target, ip)
    return _BROADCAST + hardware + struct.pack("!H", _ETH_P_ARP) + body


def advertisement(address: str, hardware: bytes) -> bytes:
    """An unsolicited neighbour advertisement that overrides what neighbours know."""
    head = struct.pack("!BBHI", _NEIGHBOUR_ADVERTISEMENT, 0, 0, _OVERRIDE) + socket.inet_pton(socket.AF_INET6, address)
    return head + struct.pack("!BB6s", _TARGET_LINK_LAYER_ADDRESS, 1, hardware)
