# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's IPVS table over generic netlink: read it as a Table, change it by Operations. Private to evenkeel.lb.

Source: Linux ``net/netfilter/ipvs/ip_vs_ctl.c`` (what each error number means).
"""

from __future__ import annotations

import errno
import functools
from typing import Any, Callable, Dict, List, NamedTuple, Protocol, Sequence, TypeVar

from .generic_netlink import Family, Request
from .ipvs_family import (
    DEL_DESTINATION,
    DEL_SERVICE,
    FLUSH,
    GET_DESTINATION,
    GET_SERVICE,
    NEW_DESTINATION,
    NEW_SERVICE,
    SET_DESTINATION,
    SET_SERVICE,
    because,
    connected,
    is_loaded,
)
from .ipvs_table import (
    ADD,
    EDIT,
    REMOVE,
    TUNNEL,
    Destination,
    Operation,
    Service,
    ServiceKey,
    Table,
    family_of,
)
from .ipvs_wire import (
    decode_destination,
    decode_service,
    encode_destination,
    encode_destination_key,
    encode_key,
    encode_service,
)
from .netlink_wire import NetlinkError, Refused
from .system import System

COMMANDS = {
    # (action, on a destination)
    (ADD, False): NEW_SERVICE,
    (EDIT, False): SET_SERVICE,
    (REMOVE, False): DEL_SERVICE,
    (ADD, True): NEW_DESTINATION,
    (EDIT, True): SET_DESTINATION,
    (REMOVE, True): DEL_DESTINATION,
}


# So many objects are sure to come in one part, which has up to 32 KiB.
ONE_PART = 60


class Keyed(Protocol):
    """Something the kernel lists, and what it tells it apart by."""

    @property
    def key(self) -> Any: ...


_Thing = TypeVar("_Thing", bound=Keyed)


class Refusal(NamedTuple):
    """An operation the kernel refused, its error number, and a sentence that names the object."""

    operation: Operation
    errno: int
    sentence: str


# A message names so many of the refused operations.
_SHOWN = 5


class ApplyFailed(NetlinkError):
    """Not all operations were done: ``done`` were, ``refused`` were not, ``left`` were not tried; each in its order."""

    def __init__(self, done: Sequence[Operation], refused: Sequence[Refusal], left: Sequence[Operation]) -> None:
        sentences = [refusal.sentence for refusal in refused[:_SHOWN]]
        if len(refused) > _SHOWN:
            sentences.append(f"{len(refused) - _SHOWN} more were refused")
        super().__init__("; ".join(sentences))
        self.done = tuple(done)
        self.refused = tuple(refused)
        self.left = tuple(left)


def read_table(system: System) -> Table:
    """The whole table of the network namespace we are in, of whomever its services are; changes nothing.

    While the module is not loaded the table is empty: reading does not load it. Raises NetlinkError.
    """
    return system.once(read_table_anew)


def read_table_anew(system: System) -> Table:
    """The same as it is at this moment, also in a block that is still. Raises NetlinkError."""
    if not is_loaded(system):
        return Table()
    with connected(system) as family:
        try:
            services = listed(family, GET_SERVICE, b"", decode_service)
            return Table((service, _destinations(family, service.key)) for service in services)
        except Refused as refusal:
            raise NetlinkError(f"the kernel does not tell its IPVS table: {refusal}") from refusal


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
    with connected(system) as family:
        result = family.batch(requests)
    if result.refused:
        seen = operations[: result.sent]
        raise ApplyFailed(
            [operation for position, operation in enumerate(seen) if position not in result.refused],
            [_refusal(operations[position], refused) for position, refused in sorted(result.refused.items())],
            operations[result.sent :],
        )


def flush(system: System) -> None:
    """Remove every service of the network namespace we are in, of whomever it is. Raises NetlinkError."""
    with connected(system) as family:
        try:
            family.request(FLUSH)
        except Refused as refusal:
            raise NetlinkError(f"cannot empty the IPVS table: {because(refusal, {})}") from refusal


def _destinations(family: Family, key: ServiceKey) -> List[Destination]:
    decode = functools.partial(decode_destination, service_family=key.family)
    return listed(family, GET_DESTINATION, encode_key(key), decode)


def listed(family: Family, command: int, content: bytes, decode: Callable[[bytes], _Thing]) -> List[_Thing]:
    """All that the kernel lists.

    It lists by place, a long list in several parts. What comes and goes between two parts moves the rest past the
    reader, and IPVS does not say so as other families do. So a long list is read twice: what is in either is there.
    """
    things = list(map(decode, family.dump(command, content)))
    if len(things) <= ONE_PART:
        return things
    things += map(decode, family.dump(command, content))
    return list({thing.key: thing for thing in things}.values())


def _content(operation: Operation, key: bytes) -> bytes:
    subject = operation.subject
    removes = operation.action == REMOVE
    if isinstance(subject, Destination):
        return key + (encode_destination_key(subject) if removes else encode_destination(subject))
    return key if removes else encode_service(subject)


def _refusal(operation: Operation, refused: Refused) -> Refusal:
    return Refusal(operation, refused.errno, f"cannot {operation}: {because(refused, _reasons(operation))}")


def _reasons(operation: Operation) -> Dict[int, str]:
    """What the error numbers mean for an operation's object."""
    subject = operation.subject
    if isinstance(subject, Destination):
        specific = _destination_reasons(operation.key, subject)
    else:
        specific = _service_reasons(subject)
    return {
        errno.EEXIST: "it is there already",
        errno.ESRCH: "there is no such virtual server",
        errno.EAFNOSUPPORT: "the kernel was built without IPv6",
        **specific,
    }


def _service_reasons(service: Service) -> Dict[int, str]:
    engine = f" or no persistence engine {service.pe}" if service.pe else ""
    return {
        errno.ENOENT: f"the kernel has no scheduler {service.scheduler}{engine}",
        errno.EINVAL: f"the kernel takes no such address, scheduler {service.scheduler} or netmask {service.netmask}",
    }


def _destination_reasons(key: ServiceKey, destination: Destination) -> Dict[int, str]:
    if family_of(destination.address) == key.family:
        invalid = "the kernel takes no such address or tunnel for it"
    elif destination.forward == TUNNEL:
        invalid = "the kernel takes no such tunnel, or no server of another family while a sync daemon runs"
    else:
        invalid = "only a tunnel leads to a server of another family"
    return {
        errno.ENOENT: "there is no such server in it",
        errno.ERANGE: f"the kernel takes no weight {destination.weight} or no thresholds "
        f"{destination.l_threshold} and {destination.u_threshold}",
        errno.EINVAL: invalid,
    }
