# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many connections the kernel's IPVS has to each destination of a service now. Private to evenkeel.lb.

Sources: Linux ``include/uapi/linux/ip_vs.h`` (the attributes), ``net/netfilter/ipvs/ip_vs_conn.c``,
``ip_vs_proto_tcp.c``, ``ip_vs_proto_sctp.c`` and ``ip_vs_proto_udp.c`` (which connections count as what).
"""

from __future__ import annotations

from typing import Dict, Iterable, NamedTuple, Tuple

from .generic_netlink import Family
from .ipvs_family import GET_DESTINATION, connected, is_loaded
from .ipvs_table import ServiceKey
from .ipvs_wire import ADDRESS_LENGTH, NESTS, encode_key, needed, unpack_address
from .netlink_wire import Layout, MalformedMessage, NetlinkError, Refused, bytes_field, number_field
from .system import System

_COUNTS = Layout(
    bytes_field(1, "address"),
    number_field(2, "port", "!H"),
    number_field(7, "active", "=I"),
    number_field(8, "inactive", "=I"),
    number_field(9, "persistent", "=I"),
    number_field(11, "family", "=H"),
)
_QUIESCENT_TEMPLATES_EXPIRE = "/proc/sys/net/ipv4/vs/expire_quiescent_template"


class Counts(NamedTuple):
    """What the kernel has for one destination of one service.

    ``active`` are the TCP connections and SCTP associations in the state established. ``inactive`` are those that are
    being opened or closed, and all flows of UDP, of which the kernel knows no end but silence. ``persistent`` are the
    clients that persistence holds to it.
    """

    active: int
    inactive: int
    persistent: int


# By address and port, as Destination.key.
ByDestination = Dict[Tuple[str, int], Counts]


def read_counts(system: System, keys: Iterable[ServiceKey]) -> Dict[ServiceKey, ByDestination]:
    """The counts of every destination of the services with these keys; a service that is not there has none.

    Changes nothing and does not load the module. Raises NetlinkError.
    """
    if not is_loaded(system):
        return {key: {} for key in keys}
    with connected(system) as family:
        try:
            return {key: _by_destination(family, key) for key in keys}
        except Refused as refusal:
            raise NetlinkError(f"the kernel does not tell its IPVS connections: {refusal}") from refusal


def decode_counts(answer: bytes, service_family: int) -> Tuple[Tuple[str, int], Counts]:
    """The address and port of the destination an answer tells of, and its counts; MalformedMessage when something is
    missing or impossible."""
    values = _COUNTS.decode(needed(NESTS.decode(answer), "destination"))
    # Kernels before 3.18 do not tell a destination's family: it is its service's.
    family = values.get("family") or service_family
    if family not in ADDRESS_LENGTH:
        raise MalformedMessage(f"the kernel tells of an object of the address family {family}")
    key = unpack_address(family, needed(values, "address")), needed(values, "port")
    return key, Counts(needed(values, "active"), needed(values, "inactive"), needed(values, "persistent"))


def persistence_outlives_drain(system: System) -> bool:
    """Whether a client that persistence holds to a server goes on to be sent to it when its weight is 0, which is the
    kernel's default; false while the module is not loaded."""
    return (system.read(_QUIESCENT_TEMPLATES_EXPIRE) or "1").strip() == "0"


def _by_destination(family: Family, key: ServiceKey) -> ByDestination:
    return dict(decode_counts(answer, key.family) for answer in family.dump(GET_DESTINATION, encode_key(key)))
