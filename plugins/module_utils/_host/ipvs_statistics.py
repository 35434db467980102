# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel's IPVS counts of services and destinations, and its own estimate of their rates.

Private to evenkeel.lb. Sources: Linux ``include/uapi/linux/ip_vs.h`` (the attributes) and
``net/netfilter/ipvs/ip_vs_est.c`` (rates are averages over some seconds, worked out every two).
"""

from __future__ import annotations

import functools
from typing import Collection, Dict, Mapping, NamedTuple, Tuple

from .generic_netlink import Family
from .ipvs_connections import Counts, decode_counts
from .ipvs_family import GET_DESTINATION, GET_SERVICE, connected, is_loaded
from .ipvs_netlink import listed
from .ipvs_table import ServiceKey
from .ipvs_wire import NESTS, encode_key, key_in, needed
from .netlink_wire import Layout, NetlinkError, Refused, bytes_field, number_field
from .system import System

_SERVICE = Layout(
    number_field(1, "family", "=H"),
    number_field(2, "protocol", "=H"),
    bytes_field(3, "address"),
    number_field(4, "port", "!H"),
    number_field(5, "fwmark", "=I"),
    bytes_field(12, "statistics"),
)
_DESTINATION = Layout(number_field(4, "weight", "=I"), bytes_field(12, "statistics"))
_WORDS = ("connections", "packets_in", "packets_out", "bytes_in", "bytes_out")
_STATISTICS = Layout(
    *(number_field(number, word, "=Q") for number, word in enumerate(_WORDS, start=1)),
    *(number_field(number, f"{word} a second", "=Q") for number, word in enumerate(_WORDS, start=6)),
)


class Traffic(NamedTuple):
    """So much passed since a service or destination was added or its counters were zeroed; or passes in a second.

    In is from clients. Answers that do not come back through this director, as with direct routing and tunnels, are
    not among what goes out.
    """

    connections: int = 0
    packets_in: int = 0
    packets_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def plus(self, other: Traffic) -> Traffic:
        return Traffic(*map(sum, zip(self, other)))


NO_TRAFFIC = Traffic()


class DestinationStatistics(NamedTuple):
    """One destination of one service, as it is now; ``key`` is its address and port. ``rates`` are by the second."""

    key: Tuple[str, int]
    weight: int
    counts: Counts
    counters: Traffic
    rates: Traffic


class ServiceStatistics(NamedTuple):
    """One service as it is now, and its destinations by address and port. ``rates`` are by the second."""

    key: ServiceKey
    counters: Traffic
    rates: Traffic
    destinations: Mapping[Tuple[str, int], DestinationStatistics] = {}


def read_statistics(system: System, keys: Collection[ServiceKey]) -> Dict[ServiceKey, ServiceStatistics]:
    """The services among ``keys`` that are there. Changes nothing and does not load the module. Raises NetlinkError."""
    if not keys or not is_loaded(system):
        return {}
    with connected(system) as family:
        try:
            found = listed(family, GET_SERVICE, b"", decode_service_statistics)
            return {
                service.key: service._replace(destinations=_destinations(family, service.key))
                for service in found
                if service.key in keys
            }
        except Refused as refusal:
            raise NetlinkError(f"the kernel does not tell its IPVS counters: {refusal}") from refusal


def decode_service_statistics(answer: bytes) -> ServiceStatistics:
    """The service an answer tells of, without its destinations; else MalformedMessage."""
    values = _SERVICE.decode(needed(NESTS.decode(answer), "service"))
    return ServiceStatistics(key_in(values), *_traffic(needed(values, "statistics")))


def decode_destination_statistics(answer: bytes, service_family: int) -> DestinationStatistics:
    """The destination an answer tells of, of a service of ``service_family``; else MalformedMessage."""
    key, counts = decode_counts(answer, service_family)
    values = _DESTINATION.decode(needed(NESTS.decode(answer), "destination"))
    return DestinationStatistics(key, needed(values, "weight"), counts, *_traffic(needed(values, "statistics")))


def _destinations(family: Family, key: ServiceKey) -> Dict[Tuple[str, int], DestinationStatistics]:
    decode = functools.partial(decode_destination_statistics, service_family=key.family)
    found = listed(family, GET_DESTINATION, encode_key(key), decode)
    return {destination.key: destination for destination in found}


def _traffic(statistics: bytes) -> Tuple[Traffic, Traffic]:
    values = _STATISTICS.decode(statistics)
    return (
        Traffic(*(needed(values, word) for word in _WORDS)),
        Traffic(*(needed(values, f"{word} a second") for word in _WORDS)),
    )
