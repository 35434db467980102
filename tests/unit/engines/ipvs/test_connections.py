# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many connections the kernel tells of, against bytes made by hand; tests/contract asks a real kernel."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_connections import (
    Counts,
    decode_counts,
    persistence_outlives_drain,
    read_counts,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import IPV4, IPV6, TCP, ServiceKey
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_wire import encode_key
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import (
    MalformedMessage,
    Message,
    NetlinkError,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.sockets import (
    NetlinkSystem,
    Scripted,
    done,
    error,
    item,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.test_wire import by_hand
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

WEB = ServiceKey.of_address(TCP, "10.10.0.50", 80)
SSH = ServiceKey.of_address(TCP, "10.10.0.50", 22)
# A destination as the kernel tells of it, here with the fields of its statistics left out.
WEB1_BYTES = """
    5800 0280                                               nest 2
    1400 0100 0a140015 00000000 00000000 00000000           address 10.20.0.21, 16 bytes for either family
    0600 0200 1f90 0000                                     port 8080, network order
    0800 0300 00000000                                      masquerade
    0800 0400 07000000                                      weight
    0800 0700 03000000                                      3 active
    0800 0800 e8030000                                      1000 inactive
    0800 0900 02000000                                      2 persistent
    0600 0b00 0200 0000                                     family 2
    0500 0d00 00000000                                      tunnel type
"""
WEB1 = ("10.20.0.21", 8080), Counts(3, 1000, 2)
WEB2_BYTES = """
    4000 0280                                               nest 2
    1400 0100 fd200000 00000000 00000000 00000022           address
    0600 0200 0050 0000                                     port 80
    0800 0700 00000000                                      active
    0800 0800 ffffffff                                      inactive
    0800 0900 00000000                                      persistent
    0600 0b00 0a00 0000                                     family 10
"""
WEB2 = ("fd20::22", 80), Counts(0, 0xFFFFFFFF, 0)


def without(told: str, attribute: str) -> str:
    """The destination web1 without an attribute, which takes eight bytes."""
    lines = told.replace("5800 0280", "5000 0280").splitlines(keepends=True)
    return "".join(line for line in lines if not line.strip().startswith(attribute))


@pytest.mark.parametrize(("told", "expected"), [(WEB1_BYTES, WEB1), (WEB2_BYTES, WEB2)])
def test_counts_on_the_wire(told: str, expected: object) -> None:
    assert decode_counts(by_hand(told), IPV4) == expected


def test_an_old_kernel_does_not_tell_the_family() -> None:
    old = by_hand(without(WEB1_BYTES, "0600 0b00"))
    assert decode_counts(old, IPV4) == WEB1
    assert decode_counts(old, IPV6)[0] == ("a14:15::", 8080)


@pytest.mark.parametrize("lacking", ["0800 0700", "0800 0800", "0800 0900"])
def test_an_answer_without_a_count_is_malformed(lacking: str) -> None:
    with pytest.raises(MalformedMessage, match="did not tell the"):
        decode_counts(by_hand(without(WEB1_BYTES, lacking)), IPV4)


@given(st.binary(max_size=120), st.sampled_from([IPV4, IPV6]))
def test_any_bytes_are_counts_or_malformed(data: bytes, family: int) -> None:
    try:
        (address, port), counts = decode_counts(data, family)
    except MalformedMessage:
        return
    assert isinstance(address, str) and 0 <= port <= 65535 and all(count >= 0 for count in counts)


def kernel(services: dict[ServiceKey, list[str]], refusal: int = 0) -> Scripted:
    """A kernel that tells the destinations of services; of a service it does not have it tells none."""
    by_content = {encode_key(key): told for key, told in services.items()}

    def answer(message: Message) -> list[Message]:
        assert message.payload[0] == 8
        if refusal:
            return [error(message, refusal)]
        told = by_content.get(message.payload[4:], [])
        return [*(item(message, by_hand(text), flags=2) for text in told), done(message, flags=2)]

    return Scripted(answer)


def test_each_service_is_asked_for_over_one_socket() -> None:
    netlink = kernel({WEB: [WEB1_BYTES, WEB2_BYTES]})
    assert read_counts(NetlinkSystem(netlink), [WEB, SSH]) == {WEB: dict([WEB1, WEB2]), SSH: {}}
    assert len(netlink.sends) == 2 and netlink.closed


def test_without_the_module_there_are_none_and_it_is_not_loaded() -> None:
    system = FakeSystem()  # would refuse to open a socket with an error of its own
    assert read_counts(system, [WEB]) == {WEB: {}}


def test_a_refusal_says_what_was_asked() -> None:
    with pytest.raises(NetlinkError, match="does not tell its IPVS connections"):
        read_counts(NetlinkSystem(kernel({}, errno.EPERM)), [WEB])


@pytest.mark.parametrize(("text", "outlives"), [("0\n", True), ("1\n", False), (None, False)])
def test_whether_persistence_outlives_a_drain_is_the_kernels_setting(text: str | None, outlives: bool) -> None:
    system = FakeSystem()
    if text is not None:
        system.files["/proc/sys/net/ipv4/vs/expire_quiescent_template"] = text
    assert persistence_outlives_drain(system) is outlives
