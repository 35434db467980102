# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's IPVS table over generic netlink: read it as a Table, change it by Operations. Private to evenkeel.lb.

Sources: Linux ``include/uapi/linux/ip_vs.h`` (numbers of the commands) and ``net/netfilter/ipvs/ip_vs_ctl.c`` (what
each error number means).
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from typing import Dict, Iterator, List, NamedTuple, Sequence

from .generic_netlink import NETLINK_GENERIC, Family, Request
from .ipvs_table import ADD, EDIT, REMOVE, Destination, Operation, Service, ServiceKey, Table
from .ipvs_wire import (
    Info,
    decode_destination,
    decode_info,
    decode_service,
    encode_destination,
    encode_destination_key,
    encode_key,
    encode_service,
)
from .netlink_wire import FamilyMissing, MalformedMessage, NetlinkError, Refused
from .system import System

PROC_TABLE = "/proc/net/ip_vs"
FAMILY_NAME = "IPVS"
FAMILY_VERSION = 1

GET_SERVICE = 4
GET_DESTINATION = 8
GET_INFO = 15
COMMANDS = {
    # (action, on a destination)
    (ADD, False): 1,
    (EDIT, False): 2,
    (REMOVE, False): 3,
    (ADD, True): 5,
    (EDIT, True): 6,
    (REMOVE, True): 7,
}


class Refusal(NamedTuple):
    """An operation the kernel refused, its error number, and a sentence that names the object."""

    operation: Operation
    errno: int
    sentence: str


class ApplyFailed(NetlinkError):
    """Not all operations were done: ``done`` were, ``refused`` were not, ``left`` were not tried; each in its order."""

    def __init__(self, done: Sequence[Operation], refused: Sequence[Refusal], left: Sequence[Operation]) -> None:
        super().__init__("; ".join(refusal.sentence for refusal in refused))
        self.done = tuple(done)
        self.refused = tuple(refused)
        self.left = tuple(left)


def is_loaded(system: System) -> bool:
    """Whether the kernel has IPVS now, built in or as a module."""
    return system.exists(PROC_TABLE)


def read_table(system: System) -> Table:
    """The whole table of the network namespace we are in, of whomever its services are; changes nothing.

    While the module is not loaded the table is empty: reading does not load it. Raises NetlinkError.
    """
    if not is_loaded(system):
        return Table()
    with _family(system) as family:
        try:
            services = [decode_service(answer) for answer in family.dump(GET_SERVICE)]
            return Table((service, _destinations(family, service.key)) for service in services)
        except Refused as refusal:
            raise NetlinkError(f"the kernel does not tell its IPVS table: {refusal}") from refusal


def read_info(system: System) -> Info:
    """The version and size of the kernel's IPVS; loads the module.

    Raises NetlinkError, and its kind FamilyMissing where the kernel has no IPVS.
    """
    with _family(system) as family:
        try:
            answers = family.request(GET_INFO)
        except Refused as refusal:
            raise NetlinkError(f"the kernel does not tell its version of IPVS: {refusal}") from refusal
    if not answers:
        raise MalformedMessage("the kernel acknowledged the question for its version of IPVS and gave no answer")
    return decode_info(answers[0])


def apply(system: System, operations: Sequence[Operation]) -> None:
    """Do the operations in their order, in few system calls; loads the module and schedulers as needed.

    Raises FamilyMissing where the kernel has no IPVS, and ApplyFailed when the kernel refuses some. It gets operations
    in groups of some hundred, and does the rest of a group also after a refusal; the groups after that are not tried.
    """
    if not operations:
        return
    keys: Dict[ServiceKey, bytes] = {}
    requests: List[Request] = []
    for operation in operations:
        key = keys.get(operation.key)
        if key is None:
            key = keys[operation.key] = encode_key(operation.key)
        requests.append((COMMANDS[operation.action, operation.on_destination], _content(operation, key)))
    with _family(system) as family:
        result = family.batch(requests)
    if result.refused:
        seen = operations[: result.sent]
        raise ApplyFailed(
            [operation for position, operation in enumerate(seen) if position not in result.refused],
            [_refusal(operations[position], refused) for position, refused in sorted(result.refused.items())],
            operations[result.sent :],
        )


@contextlib.contextmanager
def _family(system: System) -> Iterator[Family]:
    try:
        sock = system.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
    except OSError as error:
        raise NetlinkError(f"no netlink socket can be had: {error.strerror}") from error
    with sock:
        try:
            family = Family(sock, FAMILY_NAME, FAMILY_VERSION)
        except FamilyMissing as error:
            raise FamilyMissing(
                "the kernel has no ip_vs: its module is not there or may not be loaded (modprobe ip_vs tells why)"
            ) from error
        yield family


def _destinations(family: Family, key: ServiceKey) -> List[Destination]:
    return [decode_destination(answer, key.family) for answer in family.dump(GET_DESTINATION, encode_key(key))]


def _content(operation: Operation, key: bytes) -> bytes:
    subject = operation.subject
    removes = operation.action == REMOVE
    if isinstance(subject, Destination):
        return key + (encode_destination_key(subject) if removes else encode_destination(subject))
    return key if removes else encode_service(subject)


def _refusal(operation: Operation, refused: Refused) -> Refusal:
    return Refusal(operation, refused.errno, f"cannot {operation}: {_reason(operation, refused)}")


def _reason(operation: Operation, refused: Refused) -> str:
    """Why the kernel refused, in words that fit the object; its own explanation follows where it gave one."""
    number = refused.errno
    subject = operation.subject
    if number == errno.EEXIST:
        reason = "it is there already"
    elif number == errno.ESRCH:
        reason = "there is no such virtual server"
    elif number == errno.EPERM:
        reason = "this needs the capability CAP_NET_ADMIN"
    elif isinstance(subject, Destination):
        reason = _destination_reasons(subject).get(number, os.strerror(number))
    else:
        reason = _service_reasons(subject).get(number, os.strerror(number))
    return f"{reason}: {refused.explanation}" if refused.explanation else reason


def _service_reasons(service: Service) -> Dict[int, str]:
    engine = f" or no persistence engine {service.pe}" if service.pe else ""
    return {
        errno.ENOENT: f"the kernel has no scheduler {service.scheduler}{engine}",
        errno.EINVAL: f"the kernel takes no such address, scheduler {service.scheduler} or netmask {service.netmask}",
    }


def _destination_reasons(destination: Destination) -> Dict[int, str]:
    thresholds = f"{destination.l_threshold} and {destination.u_threshold}"
    return {
        errno.ENOENT: "there is no such server in it",
        errno.ERANGE: f"the kernel takes no weight {destination.weight} or no thresholds {thresholds}",
        errno.EINVAL: "the kernel takes no such address or tunnel for it",
    }
