# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of services and destinations, against captures made by hand and by a real kernel."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import (
    decode_daemon,
    decode_info,
    decode_timeouts,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    DIRECT_ROUTE,
    FLAG_PERSISTENT,
    IPV4,
    IPV6,
    MASQUERADE,
    TCP,
    TUNNEL,
    TUNNEL_GUE,
    UDP,
    Destination,
    Service,
    ServiceKey,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_wire import (
    DESTINATION,
    DESTINATION_NEST,
    NESTS,
    SERVICE,
    SERVICE_NEST,
    decode_destination,
    decode_service,
    encode_destination,
    encode_destination_key,
    encode_key,
    encode_service,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import (
    NLMSG_DONE,
    NLMSG_ERROR,
    Layout,
    MalformedMessage,
    Message,
    Refused,
    attribute,
    attributes,
    decode_error,
    decode_messages,
    encode_message,
    number_field,
    text_field,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.tables import any_destination, any_service

KEY = ServiceKey.of_address(TCP, "10.10.0.50", 80)
# Each line: length and number of an attribute, both little endian, then its value filled up to four bytes.
KEY_BYTES = """
    0600 0100 0200 0000                                     family 2
    0600 0200 0600 0000                                     protocol 6
    1400 0300 0a0a0032 00000000 00000000 00000000           address, 16 bytes for either family
    0600 0400 0050 0000                                     port 80, network order
"""
SERVICE_BYTES = f"""
    5400 0180                                               nest 1
    {KEY_BYTES}
    0800 0600 77727200                                      scheduler wrr and a zero byte
    0c00 0700 00000000 ffffffff                             flags, all of them meant
    0800 0800 00000000                                      timeout
    0800 0900 ffffffff                                      netmask
"""
SERVICE6_BYTES = """
    5c00 0180                                               nest 1
    0600 0100 0a00 0000                                     family 10
    0600 0200 1100 0000                                     protocol 17
    1400 0300 fd100000 00000000 00000000 00000050           address
    0600 0400 0035 0000                                     port 53
    0700 0600 6d680000                                      scheduler mh
    0c00 0700 11000000 ffffffff                             persistent and the second flag of the scheduler
    0800 0800 2c010000                                      timeout 300
    0800 0900 40000000                                      prefix length 64, host order
    0800 0b00 73697000                                      persistence engine sip
"""
MARK_BYTES = """
    3800 0180                                               nest 1
    0600 0100 0200 0000                                     family 2
    0800 0500 07000000                                      firewall mark 7
    0700 0600 73680000                                      scheduler sh: 3 bytes and 1 to fill up
    0c00 0700 01000000 ffffffff                             persistent
    0800 0800 3c000000                                      timeout 60
    0800 0900 ffffff00                                      netmask 255.255.255.0, network order
"""
DESTINATION_BYTES = """
    4800 0280                                               nest 2
    1400 0100 0a140015 00000000 00000000 00000000           address
    0600 0200 1f90 0000                                     port 8080
    0600 0b00 0200 0000                                     family 2
    0800 0300 00000000                                      masquerade
    0800 0400 03000000                                      weight
    0800 0500 c8000000                                      upper threshold 200
    0800 0600 96000000                                      lower threshold 150
"""
TUNNEL_BYTES = """
    6000 0280                                               nest 2
    1400 0100 0a140016 00000000 00000000 00000000           address
    0600 0200 0035 0000                                     port 53
    0600 0b00 0200 0000                                     family 2
    0800 0300 02000000                                      tunnel
    0800 0400 01000000                                      weight
    0800 0500 00000000
    0800 0600 00000000
    0500 0d00 01000000                                      gue
    0600 0e00 17c0 0000                                     port 6080, network order
    0600 0f00 0100 0000                                     with checksums
"""
SERVICE6 = Service(
    ServiceKey.of_address(UDP, "fd10::50", 53), "mh", FLAG_PERSISTENT | 0x10, 300, "64", "sip"
).canonical()
MARK = Service(ServiceKey.of_fwmark(IPV4, 7), "sh", FLAG_PERSISTENT, 60, "255.255.255.0")
PLAIN_SERVER = Destination("10.20.0.21", 8080, MASQUERADE, 3, 200, 150)
TUNNEL_SERVER = Destination("10.20.0.22", 53, TUNNEL, 1, tunnel_type=TUNNEL_GUE, tunnel_port=6080, tunnel_flags=1)


def by_hand(text: str) -> bytes:
    """The bytes of a capture: what stands on each line before two blanks."""
    return b"".join(bytes.fromhex(line.strip().split("  ")[0]) for line in text.splitlines())


@pytest.mark.parametrize(
    ("service", "capture"),
    [(Service(KEY, "wrr"), SERVICE_BYTES), (SERVICE6, SERVICE6_BYTES), (MARK, MARK_BYTES)],
)
def test_services_on_the_wire(service: Service, capture: str) -> None:
    assert encode_service(service).hex(" ", 4) == by_hand(capture).hex(" ", 4)
    assert decode_service(by_hand(capture)) == service.canonical()


@pytest.mark.parametrize(("destination", "capture"), [(PLAIN_SERVER, DESTINATION_BYTES), (TUNNEL_SERVER, TUNNEL_BYTES)])
def test_destinations_on_the_wire(destination: Destination, capture: str) -> None:
    assert encode_destination(destination).hex(" ", 4) == by_hand(capture).hex(" ", 4)
    assert decode_destination(by_hand(capture), IPV6) == destination


def test_keys_on_the_wire() -> None:
    assert encode_key(KEY) == by_hand("3000 0180" + KEY_BYTES)
    assert encode_key(MARK.key) == by_hand("1400 0180  \n 0600 0100 0200 0000  \n 0800 0500 07000000")
    named = """
        2800 0280
        1400 0100 0a140015 00000000 00000000 00000000
        0600 0200 1f90 0000
        0600 0b00 0200 0000
    """
    assert encode_destination_key(PLAIN_SERVER) == by_hand(named)


def test_what_the_kernel_adds_to_its_answers_is_passed_over() -> None:
    # as SERVICE_BYTES, with the flag "hashed", statistics and an attribute of the future
    answer = by_hand(SERVICE_BYTES.replace("5400 0180", "6c00 0100").replace("0700 00000000", "0700 02000000"))
    answer += by_hand("0c00 0a00 0800 0100 2a000000  statistics \n 0c00 6300 00000000 00000000  unknown")
    assert decode_service(answer) == Service(KEY, "wrr").canonical()


@given(any_destination(), st.binary(max_size=9).map(lambda payload: attribute(7, payload)))
def test_what_is_within_an_attribute_is_read_as_if_it_was_alone(destination: Destination, other: bytes) -> None:
    answer = other + encode_destination(destination) + other
    alone = DESTINATION.decode(NESTS.decode(answer)["destination"])
    assert DESTINATION.decode(answer, within=DESTINATION_NEST) == alone
    assert SERVICE.decode(answer, within=SERVICE_NEST) == {}


def test_a_destination_without_a_family_has_its_services() -> None:
    lines = DESTINATION_BYTES.replace("4800", "4000").splitlines()
    old = by_hand("\n".join(line for line in lines if "family" not in line))
    assert decode_destination(old, IPV4) == PLAIN_SERVER


@given(any_service())
def test_services_come_back_as_they_went(service: Service) -> None:
    assert decode_service(encode_service(service)) == service.canonical()


@given(any_destination(), st.sampled_from([IPV4, IPV6]))
def test_destinations_come_back_as_they_went(destination: Destination, service_family: int) -> None:
    assert decode_destination(encode_destination(destination), service_family) == destination.canonical()


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF), st.binary(max_size=64))
def test_messages_come_back_as_they_went(kind: int, flags: int, sequence: int, payload: bytes) -> None:
    message = Message(kind, flags, sequence, payload + bytes(-len(payload) % 4))
    assert list(decode_messages(encode_message(message) * 2)) == [message, message]


DECODERS: list[Callable[[bytes], object]] = [
    decode_service,
    lambda data: decode_destination(data, IPV6),
    decode_info,
    decode_daemon,
    decode_timeouts,
    lambda data: list(attributes(data)),
    lambda data: list(decode_messages(data)),
    lambda data: decode_error(Message(NLMSG_ERROR, 0x200, 1, data)),
    lambda data: decode_error(Message(NLMSG_DONE, 0x200, 1, data)),
]
CAPTURES = [by_hand(text) for text in (SERVICE_BYTES, SERVICE6_BYTES, MARK_BYTES, DESTINATION_BYTES, TUNNEL_BYTES)]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A valid answer with some bytes changed and maybe its end cut off."""
    data = bytearray(draw(st.sampled_from(CAPTURES)))
    for _change in range(draw(st.integers(1, 4))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@given(st.binary(max_size=300) | damaged())
def test_any_bytes_give_a_value_or_an_error_of_its_own(data: bytes) -> None:
    told = []
    for decode in DECODERS:
        try:
            told.append(decode(data))
        except MalformedMessage as malformed:
            told.append(str(malformed))
    assert all(isinstance(one, (str, tuple, list, Refused, type(None))) for one in told)


@pytest.mark.parametrize(
    "data",
    [
        by_hand("0300 0100  an attribute shorter than its own header"),
        by_hand("0900 0100 00000000  longer than what is there"),
        by_hand("0800"),
        by_hand(DESTINATION_BYTES),
        by_hand(SERVICE_BYTES.replace("0600 0100 0200 0000", "0600 0100 0300 0000")),
        # neither an address nor a firewall mark
        by_hand(MARK_BYTES.replace("0500 07000000", "0500 00000000")),
        by_hand(SERVICE_BYTES.replace("0800 0600 77727200", "0800 0600 77ff7200")),
        by_hand(SERVICE_BYTES.replace("0600 0400 0050 0000", "0500 0400 0050 0000")),
    ],
)
def test_answers_that_make_no_sense_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_service(data)


@pytest.mark.parametrize("values", [{"number": 65536}, {"number": -1}, {"number": "80"}, {"text": "größe"}])
def test_values_that_do_not_fit_are_refused_by_name(values: dict[str, object]) -> None:
    layout = Layout(number_field(1, "number", "=H"), text_field(2, "text"))
    with pytest.raises(ValueError, match=f"does not fit the attribute {next(iter(values))}"):
        layout.encode(values)


def test_a_direct_route_carries_no_tunnel() -> None:
    odd = TUNNEL_SERVER._replace(forward=DIRECT_ROUTE)
    assert encode_destination(odd) == encode_destination(Destination("10.20.0.22", 53, DIRECT_ROUTE, 1))
