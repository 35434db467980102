# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sync daemons, timeouts, version and counters of IPVS, against captures made by hand and by a real kernel."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import (
    BACKUP,
    MASTER,
    Daemon,
    Timeouts,
    decode_daemon,
    decode_timeouts,
    encode_daemon,
    read_daemons,
    read_info,
    read_timeouts,
    set_timeouts,
    start_daemon,
    stop_daemon,
    zero_counters,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import IPV4, IPV6, TCP, ServiceKey
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import (
    MalformedMessage,
    Message,
    NetlinkError,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import System
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.sockets import (
    NetlinkSystem,
    Scripted,
    done,
    error,
    item,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.tables import any_address
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.test_netlink import assert_played_to_the_end, recorded
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.test_wire import by_hand

MASTER_BYTES = """
    3800 0380                                               nest 3
    0900 0200 65746831 00000000                             interface eth1 and a zero byte
    0800 0300 33000000                                      sync id 51
    0600 0700 9022 0000                                     port 8848, host order
    0500 0800 01000000                                      ttl
    0800 0100 01000000                                      master
    0800 0500 e0000051                                      group 224.0.0.81, network order
"""
BACKUP_BYTES = """
    4c00 0380                                               nest 3
    0900 0200 65746831 00000000                             interface eth1
    0800 0300 00000000                                      sync id 0
    0600 0400 dc05 0000                                     at most 1500 bytes
    0600 0700 2823 0000                                     port 9000
    0500 0800 05000000                                      ttl
    0800 0100 02000000                                      backup
    1400 0600 ff020000 00000000 00000000 00000081           group ff02::81
"""
MASTER_DAEMON = Daemon(MASTER, "eth1", 51)
BACKUP_DAEMON = Daemon(BACKUP, "eth1", 0, 1500, "ff02::81", 9000, 5)


@st.composite
def any_daemon(draw: st.DrawFn) -> Daemon:
    """Every daemon the attributes can carry."""
    group = draw(any_address(IPV4) | any_address(IPV6))
    ports, bytes_ = st.integers(0, 65535), st.integers(0, 255)
    interface = draw(st.text("abcdefghijklmnopqrstuvwxyz0123456789.@-", min_size=1, max_size=15))
    return Daemon(
        draw(st.sampled_from([MASTER, BACKUP])), interface, draw(bytes_), draw(ports), group, draw(ports), draw(bytes_)
    )


@pytest.mark.parametrize(("daemon", "capture"), [(MASTER_DAEMON, MASTER_BYTES), (BACKUP_DAEMON, BACKUP_BYTES)])
def test_daemons_on_the_wire(daemon: Daemon, capture: str) -> None:
    assert encode_daemon(daemon).hex(" ", 4) == by_hand(capture).hex(" ", 4)
    assert decode_daemon(by_hand(capture)) == daemon


@given(any_daemon())
def test_daemons_come_back_as_they_went(daemon: Daemon) -> None:
    assert decode_daemon(encode_daemon(daemon)) == daemon


def test_an_old_kernel_tells_less_of_a_daemon() -> None:
    old = "2000 0380  \n 0800 0100 01000000  \n 0900 0200 65746831 00000000  \n 0800 0300 33000000"
    assert decode_daemon(by_hand(old)) == MASTER_DAEMON


def test_an_interface_may_have_any_name() -> None:
    assert decode_daemon(by_hand(MASTER_BYTES.replace("65746831", "c3b67431"))).interface == r"\xc3\xb6t1"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        by_hand(MASTER_BYTES.replace("0100 01000000", "0100 03000000")),
        by_hand(MASTER_BYTES.replace("0800 0500 e0000051", "0600 0500 e0000000")),
        by_hand(MASTER_BYTES.replace("0300 33000000", "0900 33000000")),
    ],
)
def test_daemons_that_make_no_sense_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_daemon(data)


def test_timeouts_on_the_wire() -> None:
    told = by_hand("0800 0400 84030000  900 s \n 0800 0500 78000000  120 s \n 0800 0600 2c010000  300 s")
    assert decode_timeouts(told) == Timeouts(900, 120, 300)
    assert decode_timeouts(told[:16]) == Timeouts(900, 120, 0)


@pytest.mark.parametrize(
    ("wanted", "running", "met"),
    [
        (MASTER_DAEMON, MASTER_DAEMON._replace(max_length=1472), True),
        (BACKUP_DAEMON, BACKUP_DAEMON, True),
        (BACKUP_DAEMON, BACKUP_DAEMON._replace(max_length=1472), False),
        (MASTER_DAEMON, MASTER_DAEMON._replace(sync_id=52), False),
        (MASTER_DAEMON, MASTER_DAEMON._replace(role=BACKUP), False),
    ],
)
def test_a_length_left_to_the_kernel_is_met_by_any(wanted: Daemon, running: Daemon, met: bool) -> None:
    assert wanted.is_met_by(running) is met


def kernel(*answers: bytes, number: int = 0) -> tuple[NetlinkSystem, Scripted]:
    """A host whose kernel gives these answers to a question and an error number to everything, and its socket."""

    def handler(message: Message) -> list[Message]:
        told = [item(message, answer) for answer in answers]
        return [*told, done(message, number) if message.flags & 0x300 else error(message, number)]

    netlink = Scripted(handler)
    return NetlinkSystem(netlink), netlink


def asked(netlink: Scripted) -> list[str]:
    """Command number and attributes of every request."""
    return [f"{message.payload[0]} {message.payload[4:].hex()}".strip() for send in netlink.sends for message in send]


def test_daemons_are_read_the_master_first() -> None:
    system, netlink = kernel(by_hand(BACKUP_BYTES), by_hand(MASTER_BYTES))
    assert read_daemons(system) == [MASTER_DAEMON, BACKUP_DAEMON]
    assert asked(netlink) == ["11"]
    assert netlink.closed


def test_daemons_are_started_and_stopped() -> None:
    system, netlink = kernel()
    start_daemon(system, BACKUP_DAEMON)
    stop_daemon(system, BACKUP)
    assert asked(netlink) == [f"9 {by_hand(BACKUP_BYTES).hex()}", "10 0c0003800800010002000000"]


def test_timeouts_are_read_and_set() -> None:
    bytes_ = "0800040058020000" + "080005000a000000" + "0800060000000000"
    system, netlink = kernel(bytes.fromhex(bytes_))
    assert read_timeouts(system) == Timeouts(600, 10, 0)
    set_timeouts(system, Timeouts(600, 10))
    assert asked(netlink) == ["13", f"12 {bytes_}"]


def test_counters_are_zeroed_of_all_or_of_one() -> None:
    system, netlink = kernel()
    zero_counters(system)
    zero_counters(system, ServiceKey.of_fwmark(IPV4, 7))
    assert asked(netlink) == ["16", "16 1400018006000100020000000800050007000000"]


def test_the_version_is_read() -> None:
    system = recorded("info")
    assert read_info(system) == ((1, 2, 1), 4096)
    assert_played_to_the_end(system)


def test_reading_daemons_does_not_load_the_module() -> None:
    class Unloaded(System):
        def exists(self, path: str) -> bool:
            assert path == "/proc/net/ip_vs"
            return False

    assert read_daemons(Unloaded()) == []


KEY = ServiceKey.of_address(TCP, "10.10.0.50", 80)


@pytest.mark.parametrize(
    ("do", "number", "sentence"),
    [
        (read_info, errno.EPERM, "the kernel does not tell its version of IPVS: Operation not permitted"),
        (read_timeouts, errno.EPERM, "the kernel does not tell its timeouts: Operation not permitted"),
        (read_daemons, errno.EPERM, "the kernel does not tell its sync daemons: Operation not permitted"),
        (lambda system: start_daemon(system, MASTER_DAEMON), errno.EEXIST, "cannot start the sync daemon master on"),
        (lambda system: start_daemon(system, MASTER_DAEMON), errno.EEXIST, "one of that role runs already"),
        (lambda system: start_daemon(system, MASTER_DAEMON), errno.ENODEV, "eth1: there is no such interface"),
        (lambda system: start_daemon(system, MASTER_DAEMON), errno.EINVAL, "224.0.0.81 is no multicast group, or"),
        (lambda system: stop_daemon(system, MASTER), errno.ESRCH, "cannot stop the sync daemon master: none runs"),
        (lambda system: stop_daemon(system, MASTER), errno.EPERM, "this needs the capability CAP_NET_ADMIN"),
        (lambda system: set_timeouts(system, Timeouts(1 << 31)), errno.EINVAL, "cannot set the timeouts 2147483648, 0"),
        (zero_counters, errno.EBUSY, "cannot zero the counters: Device or resource busy"),
        (lambda system: zero_counters(system, KEY), errno.ESRCH, "80: there is no such virtual server"),
    ],
)
def test_refusals_say_what_could_not_be_done_and_why(
    do: Callable[[System], object], number: int, sentence: str
) -> None:
    system, _netlink = kernel(number=number)
    with pytest.raises(NetlinkError) as caught:
        do(system)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("ask", [read_info, read_timeouts])
def test_an_acknowledgement_without_an_answer_is_an_error(ask: Callable[[System], object]) -> None:
    system, _netlink = kernel()
    with pytest.raises(NetlinkError, match="gave no answer"):
        ask(system)
