# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading and changing the kernel's table, against exchanges recorded with a real kernel (6.1, x86-64)."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_family import GET_DESTINATION, GET_SERVICE
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_netlink import (
    ONE_PART,
    ApplyFailed,
    apply,
    flush,
    read_table,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    DIRECT_ROUTE,
    FLAG_PERSISTENT,
    FLAG_SCHEDULER_2,
    IPV4,
    MASQUERADE,
    TCP,
    TUNNEL,
    TUNNEL_GUE,
    UDP,
    Destination,
    Operation,
    Service,
    ServiceKey,
    Table,
    difference,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_wire import encode_destination, encode_service
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import FamilyMissing, Message, NetlinkError
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import System
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.sockets import (
    CONTROLLER,
    NetlinkSystem,
    Recording,
    Scripted,
    done,
    error,
    item,
)

RECORDED = json.loads((Path(__file__).parent / "recorded.json").read_text())
WEB = ServiceKey.of_address(TCP, "10.10.0.50", 80)
DNS = ServiceKey.of_address(UDP, "fd10::50", 53)
TABLE = Table(
    [
        (
            Service(WEB, "wrr"),
            [
                Destination("10.20.0.21", 8080, MASQUERADE, 3),
                Destination("10.20.0.22", 80, MASQUERADE, 0, 200, 150),
            ],
        ),
        (
            Service(DNS, "mh", FLAG_PERSISTENT | FLAG_SCHEDULER_2, 300, "64"),
            [
                Destination("fd20::21", 53, DIRECT_ROUTE, 1),
                Destination("10.20.0.22", 53, TUNNEL, 1, tunnel_type=TUNNEL_GUE, tunnel_port=6080, tunnel_flags=1),
            ],
        ),
        (Service(ServiceKey.of_fwmark(IPV4, 7), "sh", FLAG_PERSISTENT, 60, "255.255.255.0"), []),
    ]
)


def recorded(name: str) -> NetlinkSystem:
    return NetlinkSystem(Recording(RECORDED[name]))


def assert_played_to_the_end(system: NetlinkSystem) -> None:
    assert isinstance(system.netlink, Recording)
    assert system.netlink.left == []
    assert system.netlink.answers == []
    assert system.netlink.closed


def test_a_table_is_written() -> None:
    system = recorded("fill")
    apply(system, difference(Table(), TABLE))
    assert_played_to_the_end(system)


def test_a_table_is_read() -> None:
    system = recorded("read")
    assert read_table(system) == TABLE
    assert_played_to_the_end(system)


@pytest.mark.parametrize(("count", "dumps"), [(ONE_PART, 1), (ONE_PART + 2, 2), (300, 2)])
def test_what_one_reading_of_a_long_list_passes_over_is_in_the_other(count: int, dumps: int) -> None:
    """A service leaves while the list is told: the kernel goes on one place too far."""
    services = [Service(WEB._replace(port=port), "rr") for port in range(1, count + 1)]
    servers = [Destination(f"10.20.0.{number}", 80, MASQUERADE, 1) for number in range(1, 251)]
    passed_over = [[services[7]], [services[0]]] if dumps == 2 else [[]]
    asked: list[int] = []

    def kernel(message: Message) -> list[Message]:
        asked.append(message.payload[0])
        if message.payload[0] == GET_SERVICE:
            lost = passed_over.pop(0)
            told = [encode_service(service) for service in services if service not in lost]
        else:
            told = [encode_destination(server) for server in (servers if len(asked) % 2 else servers[3:])]
        return [*(item(message, answer) for answer in told), done(message)]

    table = read_table(NetlinkSystem(Scripted(kernel)))
    assert list(table) == [service.key for service in services]
    assert all(sorted(entry.destinations) == sorted(servers) for entry in table.values())
    assert asked.count(GET_SERVICE) == dumps
    assert asked.count(GET_DESTINATION) == 2 * count


def test_refused_operations_are_told_apart_and_named() -> None:
    system = recorded("refused")
    edit = Operation(
        "edit", WEB, Destination("10.20.0.22", 80, MASQUERADE, 0), Destination("10.20.0.22", 80, MASQUERADE, 5)
    )
    add = Operation("add", WEB, None, Destination("10.20.0.21", 8080, MASQUERADE, 1))
    remove = Operation("remove", WEB, Destination("10.20.0.29", 80, MASQUERADE, 1), None)
    with pytest.raises(ApplyFailed) as caught:
        apply(system, [edit, add, remove])
    failure = caught.value
    assert failure.done == (edit,)
    assert [(refusal.operation, refusal.errno) for refusal in failure.refused] == [
        (add, errno.EEXIST),
        (remove, errno.ENOENT),
    ]
    assert failure.left == ()
    assert str(failure) == (
        "cannot add server 10.20.0.21:8080 of virtual server tcp 10.10.0.50:80: it is there already; "
        "cannot remove server 10.20.0.29:80 of virtual server tcp 10.10.0.50:80: there is no such server in it"
    )
    assert_played_to_the_end(system)


def test_what_was_not_tried_is_told() -> None:
    refusing = NetlinkSystem(Scripted(lambda message: [error(message, errno.ENOMEM)]))
    operations = [
        Operation("add", WEB, None, Destination("10.20.0.21", port, MASQUERADE, 1)) for port in range(1, 1001)
    ]
    with pytest.raises(ApplyFailed, match="Cannot allocate memory") as caught:
        apply(refusing, operations)
    failure = caught.value
    assert failure.done == ()
    assert [refusal.operation for refusal in failure.refused] + list(failure.left) == operations
    assert failure.left


def test_a_message_names_the_first_of_many_refusals() -> None:
    refusing = NetlinkSystem(Scripted(lambda message: [error(message, errno.EEXIST)]))
    operations = [Operation("add", WEB, None, Destination("10.20.0.21", port, MASQUERADE, 1)) for port in range(1, 51)]
    with pytest.raises(ApplyFailed, match=r"21:5 of virtual server .*; 45 more were refused$") as caught:
        apply(refusing, operations)
    assert len(caught.value.refused) == 50
    assert "21:6 of" not in str(caught.value)


SERVICE = Service(WEB, "maglev")
SERVER = Destination("10.20.0.21", 80, MASQUERADE, 1 << 31)
SERVER6 = Destination("fd20::21", 80, MASQUERADE, 1)


@pytest.mark.parametrize(
    ("subject", "number", "sentence"),
    [
        (SERVICE, errno.ENOENT, "cannot add virtual server tcp 10.10.0.50:80: the kernel has no scheduler maglev"),
        (SERVICE._replace(pe="sip"), errno.ENOENT, "has no scheduler maglev or no persistence engine sip"),
        (SERVICE, errno.EINVAL, "the kernel takes no such address, scheduler maglev or netmask "),
        (SERVICE, errno.EPERM, "this needs the capability CAP_NET_ADMIN"),
        (SERVER, errno.ESRCH, "there is no such virtual server"),
        (SERVER, errno.ERANGE, "takes no weight 2147483648 or no thresholds 0 and 0"),
        (SERVER, errno.EINVAL, "the kernel takes no such address or tunnel for it"),
        (SERVER6, errno.EINVAL, "only a tunnel leads to a server of another family"),
        (SERVER6._replace(forward=TUNNEL), errno.EINVAL, "no server of another family while a sync daemon runs"),
        (SERVER, errno.EBUSY, "Device or resource busy"),
    ],
)
def test_refusals_say_why(subject: Service | Destination, number: int, sentence: str) -> None:
    refusing = NetlinkSystem(Scripted(lambda message: [error(message, number)]))
    with pytest.raises(ApplyFailed) as caught:
        apply(refusing, [Operation("add", WEB, None, subject)])
    assert sentence in str(caught.value)


class Without(Scripted):
    """A kernel that has no IPVS and finds no module for it."""

    def send(self, datagram: bytes) -> int:
        self.answer(error(Message(CONTROLLER, 0, 1, b""), errno.ENOENT))
        return len(datagram)


def test_a_kernel_without_ipvs_is_said_so() -> None:
    with pytest.raises(FamilyMissing, match="the kernel has no ip_vs"):
        apply(NetlinkSystem(Without(lambda message: [])), difference(Table(), TABLE))


def test_reading_does_not_load_the_module() -> None:
    class Unloaded(System):
        def exists(self, path: str) -> bool:
            assert path == "/proc/net/ip_vs"
            return False

    assert read_table(Unloaded()) == Table()


def test_nothing_to_do_opens_no_socket() -> None:
    class Closed(System):
        def socket(self, family: int, kind: int, protocol: int = 0) -> None:  # type: ignore[override]
            raise AssertionError("a socket was opened")

    apply(Closed(), [])


def test_a_host_without_netlink_is_an_error() -> None:
    class Bare(System):
        def socket(self, family: int, kind: int, protocol: int = 0) -> None:  # type: ignore[override]
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    with pytest.raises(NetlinkError, match="no netlink socket can be had: Address family not supported"):
        flush(Bare())


def test_a_table_that_may_not_be_read_or_emptied_is_an_error() -> None:
    forbidding = NetlinkSystem(Scripted(lambda message: [error(message, errno.EPERM)]))
    with pytest.raises(NetlinkError, match="does not tell its IPVS table: Operation not permitted"):
        read_table(forbidding)
    with pytest.raises(NetlinkError, match="cannot empty the IPVS table: this needs the capability CAP_NET_ADMIN"):
        flush(forbidding)


def test_emptying_is_one_request() -> None:
    kernel = Scripted(lambda message: [error(message)])
    flush(NetlinkSystem(kernel))
    assert [[message.payload for message in send] for send in kernel.sends] == [[b"\x11\1\0\0"]]
