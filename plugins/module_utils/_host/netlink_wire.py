# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of netlink: attributes, messages, and what an error message says. Pure. Private to evenkeel.lb.

Sources: Linux ``include/uapi/linux/netlink.h``, ``genetlink.h`` and ``Documentation/userspace-api/netlink/intro.rst``.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from .system import HostFault

NLM_F_REQUEST = 0x1
NLM_F_ACK = 0x4
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLM_F_CAPPED = 0x100
NLM_F_ACK_TLVS = 0x200

NLMSG_NOOP = 1
NLMSG_ERROR = 2
NLMSG_DONE = 3

MESSAGE_HEADER = struct.Struct("=IHHII")
GENERIC_HEADER = struct.Struct("=BBH")
ATTRIBUTE_HEADER = struct.Struct("=HH")
ATTRIBUTE_NESTED = 0x8000
ATTRIBUTE_TYPE = 0x3FFF
ERROR_NUMBER = struct.Struct("=i")
# Linux include/linux/err.h
MAX_ERRNO = 4095
_FROM_NETWORK_ORDER = {"!H": socket.ntohs, "!I": socket.ntohl}


class NetlinkError(HostFault):
    """Anything that went wrong in speaking to the kernel; the base of every error of this module."""


class MalformedMessage(NetlinkError):
    """Bytes that are not what the kernel's headers promise."""


class FamilyMissing(NetlinkError):
    """The kernel has no such generic netlink family, also not after it tried to load the module."""


class Refused(NetlinkError):
    """The kernel refused a request. ``errno`` is its positive number, ``explanation`` its own words (may be empty)."""

    def __init__(self, number: int, explanation: str) -> None:
        name = errno.errorcode.get(number, str(number))
        super().__init__(f"{os.strerror(number)} ({name}){explanation and ': '}{explanation}")
        self.errno = number
        self.explanation = explanation


class Field(NamedTuple):
    """How one attribute is named and converted: ``encode`` gives the whole attribute. Of its payload, ``form`` reads
    the beginning, in struct's words and the host's order, or all when it is empty, and ``finish`` makes the value."""

    number: int
    name: str
    encode: Callable[[Any], bytes]
    form: str = ""
    finish: Optional[Callable[[Any], Any]] = None


class Layout:
    """The attributes of one nest, as a table: encodes and decodes mappings of names to values."""

    def __init__(self, *fields: Field) -> None:
        self._fields = {field.number: field for field in fields}
        self._encoders = {field.name: field.encode for field in fields}
        self._shapes: Dict[int, _Shape] = {}

    def encode(self, values: Dict[str, Any]) -> bytes:
        """Attributes in the order of ``values``; ValueError when one does not fit its attribute."""
        encoders = self._encoders
        parts = []
        for name, value in values.items():
            try:
                parts.append(encoders[name](value))
            except (struct.error, UnicodeEncodeError) as error:
                raise ValueError(f"{value!r} does not fit the attribute {name}: {error}") from error
        return b"".join(parts)

    def decode(self, data: bytes, within: int = 0) -> Dict[str, Any]:
        """The known attributes of ``data``, or of the attribute ``within`` in it, empty when that is not there.
        Attributes that are not in the table (newer kernels) are passed over.

        The kernel tells all objects of a dump in much the same shape: then nothing needs a walk, only two looks.
        """
        shape = self._shapes.get(within)
        if shape is None or not shape.fits(data):
            shape = self._shapes[within] = _Shape(attributes_within(data, within), data, self._fields)
        return shape.values_in(data)


class _Shape:
    """Where the attributes are in some data, and how those in a table are read in one go."""

    def __init__(self, found: Iterable[Tuple[int, int, int]], data: bytes, fields: Mapping[int, Field]) -> None:
        self._names: List[str] = []
        self._finishing: List[Tuple[int, Callable[[Any], Any]]] = []
        headers, values = "=", "="
        position = 0
        for number, start, end in found:
            headers += f"{start - 4 - position}xI"
            values += f"{start - position}x"
            position = start
            if number in fields:
                values += self._known(fields[number], end - start)
                position = end
            headers += f"{position - start}x"
        self._headers = struct.Struct(f"{headers}{len(data) - position}x")
        self._values = struct.Struct(f"{values}{len(data) - position}x")
        self._expected = self._headers.unpack(data)

    def _known(self, field: Field, length: int) -> str:
        form = field.form or f"{length}s"
        rest = length - struct.calcsize(f"={form}")
        if rest < 0:
            raise MalformedMessage(f"attribute {field.name} cannot be read: it has {length} bytes")
        if field.finish is not None:
            self._finishing.append((len(self._names), field.finish))
        self._names.append(field.name)
        return f"{form}{rest}x"

    def fits(self, data: bytes) -> bool:
        """Whether other data has the same attributes in the same places."""
        return len(data) == self._headers.size and self._headers.unpack(data) == self._expected

    def values_in(self, data: bytes) -> Dict[str, Any]:
        """The values by name, of data that fits. Of an attribute that is there twice, the last."""
        values = list(self._values.unpack(data))
        for place, finish in self._finishing:
            try:
                values[place] = finish(values[place])
            except UnicodeDecodeError as error:
                raise MalformedMessage(f"attribute {self._names[place]} cannot be read: {error}") from error
        return dict(zip(self._names, values))


def number_field(number: int, name: str, layout: str) -> Field:
    """A field holding one number in the given :mod:`struct` layout (host order ``=I``, network order ``!H`` …)."""
    form = struct.Struct(layout)
    head, filling = ATTRIBUTE_HEADER.pack(4 + form.size, number), bytes((4 - form.size % 4) % 4)
    finish = _FROM_NETWORK_ORDER[layout] if layout.startswith("!") else None
    return Field(number, name, lambda value: head + form.pack(value) + filling, layout[1:], finish)


def text_field(number: int, name: str, errors: str = "strict") -> Field:
    """A field holding ASCII text that ends with a zero byte on the wire; ``errors`` is how to read what is not."""
    return Field(
        number,
        name,
        lambda text: attribute(number, text.encode("ascii") + b"\0"),
        finish=lambda payload: payload.split(b"\0", 1)[0].decode("ascii", errors),
    )


def bytes_field(number: int, name: str) -> Field:
    """A field handed through as it is."""
    return Field(number, name, lambda payload: attribute(number, payload))


def attribute(number: int, payload: bytes) -> bytes:
    """One attribute, padded to four bytes."""
    length = len(payload)
    return ATTRIBUTE_HEADER.pack(4 + length, number) + payload + bytes(-length % 4)


def nest(number: int, content: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(number | ATTRIBUTE_NESTED, content)


def attributes(data: bytes) -> Iterator[Tuple[int, int, int]]:
    """Number, begin and end of the payload of each attribute in ``data``."""
    offset, end = 0, len(data)
    while offset < end:
        if end - offset < 4:
            raise MalformedMessage(f"{end - offset} stray bytes after the attributes")
        length, number = ATTRIBUTE_HEADER.unpack_from(data, offset)
        if length < 4 or length > end - offset:
            raise MalformedMessage(f"an attribute of {length} bytes where {end - offset} are left")
        yield number & ATTRIBUTE_TYPE, offset + 4, offset + length
        offset += (length + 3) & ~3


def attributes_within(data: bytes, around: int) -> Iterator[Tuple[int, int, int]]:
    """The same of what is in the attributes ``around`` (0: of all), each of which comes first, by the number -1."""
    for number, start, end in attributes(data):
        if not around:
            yield number, start, end
            continue
        yield -1, start, end
        if number == around:
            for inner, begin, stop in attributes(data[start:end]):
                yield inner, start + begin, start + stop


EXTENDED_ACK = Layout(text_field(1, "text", errors="backslashreplace"))


class Message(NamedTuple):
    """One netlink message without its header's length."""

    kind: int
    flags: int
    sequence: int
    payload: bytes


def encode_message(message: Message) -> bytes:
    """The message with its header. The payload's length must be a multiple of four, as everything here makes it."""
    kind, flags, sequence, payload = message
    return MESSAGE_HEADER.pack(16 + len(payload), kind, flags, sequence, 0) + payload


def decode_messages(datagram: bytes) -> Iterator[Message]:
    """The messages of one datagram."""
    offset, end = 0, len(datagram)
    while offset < end:
        if end - offset < 16:
            raise MalformedMessage(f"{end - offset} stray bytes after the messages")
        length, kind, flags, sequence, _port = MESSAGE_HEADER.unpack_from(datagram, offset)
        if length < 16 or length > end - offset:
            raise MalformedMessage(f"a message of {length} bytes where {end - offset} are left")
        yield Message(kind, flags, sequence, datagram[offset + 16 : offset + length])
        offset += (length + 3) & ~3


def decode_error(message: Message) -> Optional[Refused]:
    """What an NLMSG_ERROR or NLMSG_DONE says: the refusal, or None for success."""
    payload = message.payload
    if len(payload) < 4:
        if message.kind == NLMSG_DONE:
            return None
        raise MalformedMessage(f"an error message of {len(payload)} bytes")
    number = -ERROR_NUMBER.unpack_from(payload)[0]
    if number == 0:
        return None
    if not 0 < number <= MAX_ERRNO:
        raise MalformedMessage(f"an error message with the number {number}")
    explanation = ""
    if message.flags & NLM_F_ACK_TLVS:
        start = 4
        if message.kind == NLMSG_ERROR:
            if len(payload) < 20:
                raise MalformedMessage(f"an error message of {len(payload)} bytes")
            # The refused request follows the number: its header alone, or all of it.
            start += 16 if message.flags & NLM_F_CAPPED else (MESSAGE_HEADER.unpack_from(payload, 4)[0] + 3) & ~3
        explanation = EXTENDED_ACK.decode(payload[start:]).get("text", "")
    return Refused(number, explanation)
