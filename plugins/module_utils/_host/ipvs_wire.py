# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPVS services and destinations as netlink attributes, both ways. Pure. Private to evenkeel.lb.

Sources: Linux ``include/uapi/linux/ip_vs.h`` (numbers and types of the attributes) and
``net/netfilter/ipvs/ip_vs_ctl.c`` (which of them are needed).
"""

from __future__ import annotations

import socket
import struct
from typing import Any, Dict

from .ipvs_table import IPV4, IPV6, TUNNEL_IPIP, Destination, Service, ServiceKey, family_of
from .netlink_wire import Field, Layout, MalformedMessage, attribute, bytes_field, nest, number_field, text_field

SERVICE_NEST = 1
DESTINATION_NEST = 2

# The flags, and a mask of those that count.
FLAGS = struct.Struct("=II")
ALL_FLAGS = 0xFFFFFFFF
PREFIX_LENGTH = struct.Struct("=I")
FLAGS_FIELD = Field(
    7,
    "flags",
    lambda flags: attribute(7, FLAGS.pack(flags, ALL_FLAGS)),
    "I4x",
)

SERVICE = Layout(
    number_field(1, "family", "=H"),
    number_field(2, "protocol", "=H"),
    bytes_field(3, "address"),
    number_field(4, "port", "!H"),
    number_field(5, "fwmark", "=I"),
    text_field(6, "scheduler"),
    FLAGS_FIELD,
    number_field(8, "timeout", "=I"),
    bytes_field(9, "netmask"),
    text_field(11, "pe"),
)
DESTINATION = Layout(
    bytes_field(1, "address"),
    number_field(2, "port", "!H"),
    number_field(3, "forward", "=I"),
    number_field(4, "weight", "=I"),
    number_field(5, "u_threshold", "=I"),
    number_field(6, "l_threshold", "=I"),
    number_field(11, "family", "=H"),
    number_field(13, "tunnel_type", "=B"),
    number_field(14, "tunnel_port", "!H"),
    number_field(15, "tunnel_flags", "=H"),
)
NESTS = Layout(bytes_field(SERVICE_NEST, "service"), bytes_field(DESTINATION_NEST, "destination"))

ADDRESS_LENGTH = {IPV4: 4, IPV6: 16}
FORWARD_MASK = 0x7
_UNTOLD = "the kernel did not tell the {} of an object"


def encode_key(key: ServiceKey) -> bytes:
    """The attributes that name a service."""
    return nest(SERVICE_NEST, SERVICE.encode(_key_values(key)))


def encode_service(service: Service) -> bytes:
    """The attributes that add or edit a service; all that are needed for either, so that nothing keeps an old value."""
    service = service.canonical()
    values = _key_values(service.key)
    values["scheduler"] = service.scheduler
    values["flags"] = service.flags
    values["timeout"] = service.timeout
    values["netmask"] = _pack_netmask(service.key.family, service.netmask)
    if service.pe:
        values["pe"] = service.pe
    return nest(SERVICE_NEST, SERVICE.encode(values))


def encode_destination_key(destination: Destination) -> bytes:
    """The attributes that name a destination of a service."""
    return nest(DESTINATION_NEST, DESTINATION.encode(_destination_key_values(destination)))


def encode_destination(destination: Destination) -> bytes:
    """The attributes that add or edit a destination of a service."""
    destination = destination.canonical()
    values = _destination_key_values(destination)
    values["forward"] = destination.forward
    values["weight"] = destination.weight
    values["u_threshold"] = destination.u_threshold
    values["l_threshold"] = destination.l_threshold
    # Kernels before 5.2 do not know these and have ipip only.
    if destination.tunnel_type != TUNNEL_IPIP:
        values["tunnel_type"] = destination.tunnel_type
        values["tunnel_port"] = destination.tunnel_port
        values["tunnel_flags"] = destination.tunnel_flags
    return nest(DESTINATION_NEST, DESTINATION.encode(values))


def decode_service(answer: bytes) -> Service:
    """The service an answer tells of, canonical; MalformedMessage when something is missing or impossible."""
    values = SERVICE.decode(answer, within=SERVICE_NEST)
    key = key_in(values)
    return Service(
        key,
        needed(values, "scheduler"),
        needed(values, "flags"),
        needed(values, "timeout"),
        _unpack_netmask(key.family, needed(values, "netmask")),
        values.get("pe", ""),
    ).canonical()


def key_in(values: Dict[str, Any]) -> ServiceKey:
    """The key among the values that an answer tells of a service; else MalformedMessage."""
    family = _family_of(values)
    if values.get("fwmark"):
        return ServiceKey.of_fwmark(family, values["fwmark"])
    address = unpack_address(family, needed(values, "address"))
    return ServiceKey(family, needed(values, "protocol"), address, needed(values, "port"))


def decode_destination(answer: bytes, service_family: int) -> Destination:
    """The destination an answer tells of, canonical, of a service of ``service_family``; else MalformedMessage."""
    values = DESTINATION.decode(answer, within=DESTINATION_NEST)
    # Kernels before 3.18 do not tell a destination's family: it is its service's.
    family = _family_of(values) if values.get("family") else service_family
    try:  # once for all that is needed: there may be ten thousands of destinations
        return Destination(
            unpack_address(family, values["address"]),
            values["port"],
            values["forward"] & FORWARD_MASK,
            values["weight"],
            values["u_threshold"],
            values["l_threshold"],
            values.get("tunnel_type", TUNNEL_IPIP),
            values.get("tunnel_port", 0),
            values.get("tunnel_flags", 0),
        ).canonical()
    except KeyError as missing:
        raise MalformedMessage(_UNTOLD.format(missing.args[0])) from None


def needed(values: Dict[str, Any], name: str) -> Any:
    """What an answer tells under a name; MalformedMessage when it does not."""
    try:
        return values[name]
    except KeyError:
        raise MalformedMessage(_UNTOLD.format(name)) from None


def _key_values(key: ServiceKey) -> Dict[str, Any]:
    if key.fwmark:
        return {"family": key.family, "fwmark": key.fwmark}
    return {
        "family": key.family,
        "protocol": key.protocol,
        "address": _pack_address(key.address),
        "port": key.port,
    }


def _destination_key_values(destination: Destination) -> Dict[str, Any]:
    return {
        "address": _pack_address(destination.address),
        "port": destination.port,
        "family": family_of(destination.address),
    }


def _family_of(values: Dict[str, Any]) -> int:
    family: int = needed(values, "family")
    if family not in ADDRESS_LENGTH:
        raise MalformedMessage(f"the kernel tells of an object of the address family {family}")
    return family


def _pack_address(address: str) -> bytes:
    # The kernel's union of both families has 16 bytes; an IPv4 address fills the first four.
    return socket.inet_pton(family_of(address), address).ljust(16, b"\0")


def unpack_address(family: int, data: bytes) -> str:
    """An address in the form tables have it; MalformedMessage when the bytes are too few."""
    length = ADDRESS_LENGTH[family]
    if len(data) < length:
        raise MalformedMessage(f"an address of {len(data)} bytes")
    return socket.inet_ntop(family, data[:length])


def _pack_netmask(family: int, netmask: str) -> bytes:
    # One attribute, two forms: IPv4 has the mask in network order, IPv6 the prefix length in the host's order.
    if family == IPV4:
        return socket.inet_pton(family, netmask)
    return PREFIX_LENGTH.pack(int(netmask))


def _unpack_netmask(family: int, data: bytes) -> str:
    if len(data) < 4:
        raise MalformedMessage(f"a netmask of {len(data)} bytes")
    if family == IPV4:
        return socket.inet_ntop(family, data[:4])
    return str(PREFIX_LENGTH.unpack_from(data)[0])
