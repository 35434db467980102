# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the claims of several directors collide. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration

from . import _claims
from ._claims import EVERY_PORT, Claim, Claimant

# Two directors.
Pair = frozenset[str]


class Dispute(NamedTuple):
    """A range of ports of an address, and the objects that dispute it."""

    address: str
    low: int
    high: int
    claimants: tuple[Claimant, ...]


def conflicts(configurations: Mapping[str, Configuration]) -> list[dict[str, Any]]:
    """Each address, and each port of an address, that directors claim without sharing it; sorted by address and port.

    The configurations are valid, by the names of their directors. Where two directors dispute a whole address, its
    ports are not told between them.
    """
    whole: dict[str, list[Claim]] = defaultdict(list)
    ports: dict[tuple[str, str], list[Claim]] = defaultdict(list)
    for director, configuration in configurations.items():
        for address, claim in _claims.addresses(director, configuration):
            whole[address].append(claim)
        for address, transport, claim in _claims.services(director, configuration):
            ports[address, transport].append(claim)
    # One entry for what is disputed in several protocols alike; none of them means the address as a whole.
    protocols: dict[Dispute, list[str]] = {}
    told: dict[str, set[Pair]] = defaultdict(set)
    for address, claims in whole.items():
        for dispute in _disputes(address, claims, ()):
            protocols[dispute] = []
            told[address].update(_pairs(dispute.claimants))
    for (address, transport), claims in ports.items():
        for dispute in _disputes(address, claims, told[address]):
            protocols.setdefault(dispute, []).append(transport)
    return [_entry(dispute, sorted(protocols[dispute])) for dispute in sorted(protocols, key=_order)]


def _disputes(address: str, claims: Iterable[Claim], told: Collection[Pair]) -> Iterator[Dispute]:
    """The ranges of ports that are disputed, except between pairs of directors of which that is told already."""
    starting: dict[int, list[Claimant]] = defaultdict(list)
    ending: dict[int, list[Claimant]] = defaultdict(list)
    for claim in claims:
        starting[claim.low].append(claim.claimant)
        ending[claim.high + 1].append(claim.claimant)
    open_claims: set[Claimant] = set()
    for low, after in itertools.pairwise(sorted({*starting, *ending})):
        open_claims.difference_update(ending[low])
        open_claims.update(starting[low])
        parties = tuple(sorted({party for pair in _quarrels(open_claims, told) for party in pair}))
        if parties:
            yield Dispute(address, low, after - 1, parties)


def _quarrels(claimants: Iterable[Claimant], told: Collection[Pair]) -> Iterator[tuple[Claimant, Claimant]]:
    for one, other in itertools.combinations(claimants, 2):
        if one.disputes(other) and frozenset((one.director, other.director)) not in told:
            yield one, other


def _pairs(claimants: Iterable[Claimant]) -> Iterator[Pair]:
    return (frozenset((one.director, other.director)) for one, other in _quarrels(claimants, ()))


def _order(dispute: Dispute) -> tuple[Any, ...]:
    address = ipaddress.ip_address(dispute.address)
    return address.version, int(address), dispute.low, dispute.high, [claimant[:2] for claimant in dispute.claimants]


def _entry(dispute: Dispute, protocols: list[str]) -> dict[str, Any]:
    low, high = dispute.low, dispute.high
    every = (low, high) == EVERY_PORT
    return {
        "address": dispute.address,
        "protocols": protocols,
        "port": None if every else str(low) if low == high else f"{low}-{high}",
        "claims": [
            {"director": claimant.director, "path": claimant.path, "ha_group": claimant.ha_group}
            for claimant in dispute.claimants
        ],
    }
