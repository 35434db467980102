# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a director's configuration claims on the network: addresses, and ports of addresses. Private to evenkeel.lb."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import with_defaults
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import address_of
from ansible_collections.evenkeel.lb.plugins.module_utils._model.virtual_server import TRANSPORTS, VirtualServer

EVERY_PORT = (0, 65535)


class Seat(NamedTuple):
    """The place of a director in an HA group."""

    virtual_router_id: int
    members: frozenset[str]
    member: str

    def shares_with(self, other: Seat) -> bool:
        """Whether both belong to one VRRP group as different members, so that one of them at a time holds the VIPs."""
        return self[:2] == other[:2] and self.member != other.member


class Claimant(NamedTuple):
    """An object of a director, with the HA group its address belongs to and the seat of the director there."""

    director: str
    path: str
    ha_group: str | None
    seat: Seat | None

    def disputes(self, other: Claimant) -> bool:
        """Whether the other is of another director that does not share the address."""
        shared = self.seat is not None and other.seat is not None and self.seat.shares_with(other.seat)
        return self.director != other.director and not shared


class Claim(NamedTuple):
    """Someone claims the ports ``low`` to ``high``."""

    low: int
    high: int
    claimant: Claimant


def addresses(director: str, configuration: Configuration) -> Iterator[tuple[str, Claim]]:
    """The address of each VIP, and the claim on all of it."""
    for name, vip in configuration.vips.items():
        yield vip.ip, Claim(*EVERY_PORT, _claimant(director, configuration, f"vips[{name}].address", vip.ha_group))


def services(director: str, configuration: Configuration) -> Iterator[tuple[str, str, Claim]]:
    """Address, transport protocol and claim of each enabled virtual server that is told by them.

    Protocol ``any`` claims every port of every transport. A firewall mark means nothing outside its director.
    """
    groups = {vip.ip: vip.ha_group for vip in configuration.vips.values()}
    for name, virtual_server in configuration.virtual_servers.items():
        wish = with_defaults(virtual_server)
        address = address_of(configuration, wish)
        if address is None or not wish.enabled:
            continue
        claimant = _claimant(director, configuration, f"virtual_servers[{name}]", groups.get(address))
        for low, high in _ports(wish):
            for transport in _transports(wish.protocol):
                yield address, transport, Claim(low, high, claimant)


def _transports(protocol: str) -> tuple[str, ...]:
    if protocol == "any":
        return ("icmp", "sctp", "tcp", "udp")
    return TRANSPORTS[protocol] or (protocol,)


def _ports(wish: VirtualServer) -> Iterator[tuple[int, int]]:
    if not TRANSPORTS[wish.protocol]:
        yield EVERY_PORT
        return
    for text in wish.ports or (str(wish.port),):
        first, _dash, last = text.partition("-")
        yield int(first), int(last or first)


def _claimant(director: str, configuration: Configuration, path: str, name: str | None) -> Claimant:
    if name is None:
        return Claimant(director, path, None, None)
    group = configuration.ha_groups[name]
    members = frozenset(member.name for member in group.members)
    return Claimant(director, path, name, Seat(group.virtual_router_id, members, group.member))
