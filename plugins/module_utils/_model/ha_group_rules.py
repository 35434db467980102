# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong between HA groups, their VIPs and each other. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from .configuration import Configuration
from .objects import with_defaults
from .problems import Problem, some
from .vip import HaGroup, Vip


def ha_group_problems(configuration: Configuration) -> Iterator[Problem]:
    """What is wrong between HA groups, their VIPs and each other."""
    groups = [with_defaults(group) for _name, group in sorted(configuration.ha_groups.items())]
    vips_of: Dict[Optional[str], List[Vip]] = {}
    for _name, vip in sorted(configuration.vips.items()):
        vips_of.setdefault(vip.ha_group, []).append(vip)
    routers: Dict[Tuple[Optional[str], Optional[int], int], str] = {}
    for group in groups:
        vips = vips_of.get(group.name, [])
        yield from _vip_problems(group, vips)
        family = family_of(group, vips)
        twin = routers.setdefault((group.interface, group.virtual_router_id, family), group.name)
        if group.virtual_router_id is not None and twin != group.name:
            yield Problem(
                f"ha_groups[{group.name}].virtual_router_id",
                f"{group.virtual_router_id} is used on {group.interface} for IPv{family} by HA group {twin!r} already",
                "each virtual router id once on an interface and family",
            )
    yield from _sync_problems(groups)
    yield from _connection_sync_problems(groups)
    yield from _timeout_problems(groups)


def advertised(group: HaGroup, vips: Sequence[Vip]) -> Optional[Vip]:
    """The VIP of the group that adverts carry, None without any; ``vips`` are those of the group, by name."""
    return next((vip for vip in vips if vip.name == group.advertised_vip), vips[0] if vips else None)


def family_of(group: HaGroup, vips: Sequence[Vip]) -> int:
    """The version of IP the group's adverts are of: that of the VIP they carry, 4 as long as there is none."""
    vip = advertised(group, vips)
    return ipaddress.ip_address(vip.ip).version if vip is not None and vip.address is not None else 4


def _vip_problems(group: HaGroup, vips: Sequence[Vip]) -> Iterator[Problem]:
    path = f"ha_groups[{group.name}]"
    names = [vip.name for vip in vips]
    if group.advertised_vip is not None and vips and group.advertised_vip not in names:
        yield Problem(f"{path}.advertised_vip", f"{group.advertised_vip!r} is not a VIP of this group", some(names))
    elif group.password is not None and family_of(group, vips) == 6:
        ipv4 = [vip.name for vip in vips if vip.address is not None and ":" not in vip.ip]
        vip = advertised(group, vips)
        yield Problem(
            f"{path}.advertised_vip",
            f"{vip.name if vip is not None else ''!r} is an IPv6 address, and adverts with a password are IPv4 only",
            f"{some(ipv4)}, or no password" if ipv4 else "a VIP of IPv4, or no password",
        )
    yield from _family_problems(path, group, vips)
    for vip in vips:
        if vip.label is None or vip.interface is not None or group.interface is None:
            continue
        if not vip.label.startswith(group.interface):
            yield Problem(
                f"vips[{vip.name}].label",
                f"{vip.label!r} does not begin with {group.interface}, the interface of the HA group",
                f"such as {group.interface}:1",
            )


def _family_problems(path: str, group: HaGroup, vips: Sequence[Vip]) -> Iterator[Problem]:
    """Adverts travel in the IP version of the VIP they carry (RFC 9568 §5.1)."""
    vip = advertised(group, vips)
    families = {ipaddress.ip_address(member.address).version for member in group.members or () if member.address}
    if group.unicast and vip is not None and vip.address is not None and len(families) == 1:
        family = families.pop()
        if family != family_of(group, vips):
            other = 10 - family
            yield Problem(
                f"{path}.members",
                f"have IPv{family} addresses, and adverts carry the IPv{other} VIP {vip.name!r}",
                f"IPv{other} addresses, or an advertised_vip of IPv{family}",
            )


def _sync_problems(groups: Sequence[HaGroup]) -> Iterator[Problem]:
    """Groups that move together have to want the same: a director that is first in one and second in the other would
    never be active in both."""
    first_of: Dict[str, HaGroup] = {}
    for group in groups:
        if group.sync_group is None:
            continue
        first = first_of.setdefault(group.sync_group, group)
        path = f"ha_groups[{group.name}]"
        together = f"HA group {first.name!r} of the same sync_group"
        if group.members and first.members and _ranking(group) != _ranking(first):
            yield Problem(
                f"{path}.members",
                f"are in another order of priorities than those of {together}",
                " before ".join(_ranking(first)),
            )
        if group.member is not None and first.member is not None and group.member != first.member:
            yield Problem(f"{path}.member", f"{group.member!r} is {first.member!r} in {together}", first.member)
        if group.preempt != first.preempt:
            words = "true" if first.preempt else "false"
            yield Problem(f"{path}.preempt", f"is not as in {together}", words)


def _ranking(group: HaGroup) -> List[str]:
    """The members by name, the one with the highest priority first."""
    return [member.name for member in sorted(group.members, key=lambda member: -(member.priority or 0))]


def _connection_sync_problems(groups: Sequence[HaGroup]) -> Iterator[Problem]:
    syncing = [group.name for group in groups if group.connection_sync]
    for name in syncing[1:]:
        yield Problem(
            f"ha_groups[{name}].connection_sync",
            f"HA group {syncing[0]!r} tells the connections of this director already",
            "one group with connection_sync on a director",
        )


def _timeout_problems(groups: Sequence[HaGroup]) -> Iterator[Problem]:
    """The kernel has one set of timeouts."""
    said = [group for group in groups if group.connection_timeouts is not None]
    for group in said[1:]:
        if group.connection_timeouts != said[0].connection_timeouts:
            yield Problem(
                f"ha_groups[{group.name}].connection_timeouts",
                f"are not those of HA group {said[0].name!r}, and a director has one set of them",
                "the same, or leave them out",
            )
