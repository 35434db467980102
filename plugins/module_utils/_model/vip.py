# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VIPs and the HA groups of directors that share them. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Tuple

from .fields import Address, Boolean, HostAddress, Integer, InterfaceName, Name, ObjectList, Reference, Seconds
from .objects import option
from .problems import Problem


@dataclass(frozen=True)
class Vip:
    """An address clients use, held by the active director of its HA group."""

    WORD = "VIP"

    name: str = option(Name(), required=True)
    address: str = option(HostAddress(), required=True)
    interface: Optional[str] = option(InterfaceName())
    ha_group: str = option(Reference(), required=True)

    @property
    def ip(self) -> str:
        """The address without its prefix length."""
        return self.address.partition("/")[0]


@dataclass(frozen=True)
class Member:
    """A director of an HA group; the member with the highest priority that lives is the active one."""

    WORD = "member"

    name: str = option(Name(), required=True)
    # 0 and 255 have meanings of their own in RFC 9568 (§5.2.4)
    priority: int = option(Integer(1, 254), required=True)
    address: Optional[str] = option(Address())


@dataclass(frozen=True)
class HaGroup:
    """Directors that share VIPs by VRRP version 3 (RFC 9568)."""

    WORD = "HA group"

    name: str = option(Name(), required=True)
    virtual_router_id: int = option(Integer(1, 255), required=True)
    interface: str = option(InterfaceName(), required=True)
    members: Tuple[Member, ...] = option(ObjectList(Member), required=True)
    member: str = option(Reference(), required=True)
    # RFC 9568 §5.2.7: 12 bits of centiseconds, 0 excluded
    advert_interval: float = option(Seconds(0.01, 40.95), default=1.0)
    preempt: bool = option(Boolean(), default=True)
    unicast: bool = option(Boolean(), default=False)
    advertised_vip: Optional[str] = option(Reference())

    def problems(self, path: str) -> Iterator[Problem]:
        members = self.members or ()
        names = [member.name for member in members]
        if self.members is not None and self.member is not None and self.member not in names:
            yield Problem(
                f"{path}.member", f"{self.member!r} is not a member of this group", ", ".join(names) or "a member"
            )
        by_priority: Dict[int, str] = {}
        for member in members:
            where = f"{path}.members[{member.name}]"
            twin = by_priority.setdefault(member.priority, member.name)
            if member.priority is not None and twin != member.name:
                yield Problem(
                    f"{where}.priority", f"{member.priority} is the priority of {twin!r} already", "each priority once"
                )
            if self.unicast and member.address is None:
                yield Problem(f"{where}.address", "is missing", "unicast needs the address of every member")
        families = {ipaddress.ip_address(member.address).version for member in members if member.address}
        if self.unicast and len(families) > 1:
            yield Problem(f"{path}.members", "mixes IPv4 and IPv6 addresses", "unicast addresses of one family")
