# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VIPs and the HA groups of directors that share them. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Dict, Iterator, Optional, Tuple

from .addresses import Address, HostAddress, is_address
from .fields import Boolean, FilePath, FreeText, Integer, InterfaceName, Name, Password, Reference, Seconds, Text
from .lists import Arguments, Interfaces, Nested, ObjectList, Programs
from .objects import option
from .problems import Problem, some


class Label(Text):
    """An address label: Linux wants it to begin with the interface's name and to have at most 15 characters."""

    def __init__(self) -> None:
        super().__init__(r"[A-Za-z0-9._@:-]{1,15}", "at most 15 letters, digits and . _ @ : -, such as eth0:1")


@dataclass(frozen=True)
class Vip:
    """An address clients use, held by the active director of its HA group, or by this director alone."""

    WORD = "VIP"

    name: str = option(Name(), "The name of the VIP, unique on the director.", required=True)
    address: str = option(
        HostAddress(),
        "The address with the prefix length of its network, such as V(192.0.2.50/24) or V(2001:db8::50/64).",
        "Needed for a new VIP.",
        required=True,
        impact="reset",
    )
    interface: Optional[str] = option(
        InterfaceName(),
        "The interface that holds the address. Unset takes the interface of the HA group.",
        impact="reset",
    )
    label: Optional[str] = option(Label(), "The label of the address, such as V(eth0:1). IPv4 only.", impact="reset")
    ha_group: Optional[str] = option(
        Reference(),
        "The HA group whose active director holds it (M(evenkeel.lb.lb_ha_group)). It has to be there already.",
        "Unset means that this director holds it alone.",
        impact="reset",
    )
    announce: bool = option(
        Boolean(), "Whether the address is announced to the network, by gratuitous ARP or unsolicited neighbour"
        " advertisements, when a director takes it.", default=True,
    )  # fmt: skip
    description: Optional[str] = option(
        FreeText(),
        "What people call it where that is no name here, or say of it, in one line of at most 255 characters.",
        "For people and inventories only.",
    )

    @property
    def ip(self) -> str:
        """The address without its prefix length."""
        return self.address.partition("/")[0]

    def problems(self, path: str) -> Iterator[Problem]:
        if self.ha_group is None and self.interface is None:
            yield Problem(f"{path}.interface", "is missing", "an interface, or an ha_group that has one")
        if self.name is not None and is_address(self.name):
            yield Problem(
                f"{path}.name", "looks like an address where virtual servers name it", "a name with a letter in it"
            )
        if self.label is not None and self.address is not None and ":" in self.ip:
            yield Problem(f"{path}.label", "has no meaning for IPv6", "leave it out")
        if self.label is not None and self.interface is not None and not self.label.startswith(self.interface):
            yield Problem(
                f"{path}.label", f"{self.label!r} does not begin with {self.interface}", f"such as {self.interface}:1"
            )


@dataclass(frozen=True)
class Member:
    """A director of an HA group; the member with the highest priority that lives is the active one."""

    WORD = "member"

    name: str = option(Name(), "The name of the director, commonly its inventory name.", required=True)
    # 0 and 255 have meanings of their own in RFC 9568 (§5.2.4)
    priority: int = option(
        Integer(1, 254),
        "The member with the highest priority that lives is the active one, 1 to 254; each priority once.",
        required=True,
        impact="failover",
    )
    address: Optional[str] = option(
        Address(), "The address of the director on O(interface); needed with O(unicast=true).", impact="failover"
    )


# The program with its arguments has to fit on one line of an engine's configuration (keepalived: 1024 bytes).
_LONGEST_COMMAND = 900


@dataclass(frozen=True)
class TrackedScript:
    """A program that is run again and again; while it fails, the director cannot be active."""

    WORD = "tracked script"

    name: str = option(Name(), "The name of the script, unique in the group.", required=True)
    script: str = option(
        FilePath(),
        "The program, run by root. It says by its status 0 that the director may be active.",
        "Nobody but root may be able to write to it or to a directory above it.",
        required=True,
        impact="failover",
    )
    arguments: Tuple[str, ...] = option(
        Arguments(),
        "Its arguments, each by itself; letters, digits and C(/ . _ + : @ = , % -).",
        impact="failover",
    )
    interval: int = option(Integer(1, 3600, "seconds"), "Seconds between two runs, 1 to 3600.", default=1)
    timeout: Optional[int] = option(
        Integer(1, 3600, "seconds"),
        "Seconds after which a run that has not ended counts as failed, 1 to 3600. Unset takes the interval.",
    )
    rise: int = option(
        Integer(1, 100), "How many runs in a row have to succeed before the director may be active again, 1 to 100.",
        default=1,
    )  # fmt: skip
    fall: int = option(
        Integer(1, 100), "How many runs in a row have to fail before the director gives up being active, 1 to 100.",
        default=1,
    )  # fmt: skip

    @property
    def command(self) -> str:
        """The program and its arguments, as they are typed."""
        return " ".join((self.script, *(self.arguments or ())))

    def problems(self, path: str) -> Iterator[Problem]:
        if self.script is not None and len(self.command) > _LONGEST_COMMAND:
            yield Problem(
                f"{path}.arguments",
                f"make a command of {len(self.command)} characters",
                f"at most {_LONGEST_COMMAND}, or a script that knows them",
            )


# keepalived's limit, 31 days; the kernel takes more
_SECONDS = Integer(1, 2678400)


@dataclass(frozen=True)
class ConnectionTimeouts:
    """Seconds after which a connection on which nothing moves is forgotten, as in ``ipvsadm --set``."""

    WORD = "connection timeouts"

    tcp: Optional[int] = option(
        _SECONDS, "Seconds for an established TCP connection, 1 to 2678400. Unset leaves the kernel's, which is 900."
    )
    tcp_fin: Optional[int] = option(
        _SECONDS, "Seconds for a TCP connection that one side has closed, 1 to 2678400. The kernel's is 120."
    )
    udp: Optional[int] = option(
        _SECONDS, "Seconds after the last datagram of a client, 1 to 2678400. The kernel's is 300."
    )


@dataclass(frozen=True)
class HaGroup:
    """Directors that share VIPs by VRRP: version 3 (RFC 9568), or version 2 (RFC 3768) where there is a password."""

    WORD = "HA group"

    name: str = option(Name(), "The name of the HA group, unique on the director.", required=True)
    virtual_router_id: int = option(
        Integer(1, 255),
        "The number that tells groups on one network apart, 1 to 255.",
        "Needed for a new group. It must not be in use by others on the network, as with any VRRP router.",
        required=True,
        impact="failover",
    )
    interface: str = option(
        InterfaceName(),
        "The interface over which the directors hear each other.",
        "Needed for a new group.",
        required=True,
        impact="failover",
    )
    members: Tuple[Member, ...] = option(
        ObjectList(Member),
        "All directors of the group. Those that are not in the list are removed.",
        "Needed for a new group.",
        required=True,
        impact="failover",
    )
    member: str = option(
        Reference(),
        "Which of the members this director is.",
        "Needed for a new group.",
        required=True,
        impact="failover",
    )
    # RFC 9568 §5.2.7: 12 bits of centiseconds, 0 excluded
    advert_interval: float = option(
        Seconds(0.01, 40.95),
        "Seconds between two adverts, 0.01 to 40.95. All members need the same.",
        default=1.0,
        impact="failover",
    )
    # keepalived.conf(5), down_timer_adverts; RFC 9568 §6.1 has 3
    missed_adverts: int = option(
        Integer(1, 100),
        "How many adverts in a row a standby has to miss before it takes over, 1 to 100. It waits that many advert"
        " intervals and a little more, the skew time.",
        default=3,
        impact="failover",
    )
    preempt: bool = option(
        Boolean(), "Whether a member with a higher priority takes the VIPs back when it returns.", default=True,
        impact="failover",
    )  # fmt: skip
    unicast: bool = option(
        Boolean(), "Whether adverts are sent to the members' addresses instead of the multicast group.", default=False,
        impact="failover",
    )  # fmt: skip
    password: Optional[str] = option(
        Password(), "The password of VRRP version 2, at most 8 characters. It keeps mistakes out, not attackers.",
        secret=True, impact="failover",
    )  # fmt: skip
    sync_group: Optional[str] = option(
        Name(),
        "A name that groups share whose VIPs move together: this director is active in all of them or in none.",
        "Their members have to be the same, in the same order of priorities.",
        impact="failover",
    )
    connection_sync: bool = option(
        Boolean(), "Whether the active director tells the others its connections, so that they survive a failover.",
        "It does so on O(interface), for all virtual servers; one group of a director can have it.",
        default=False,
    )  # fmt: skip
    connection_timeouts: Optional[ConnectionTimeouts] = option(  # noqa: RUF009
        Nested(ConnectionTimeouts),
        "How long the kernel of this director remembers connections on which nothing moves, for all virtual servers."
        " Groups of one director that say it have to say the same.",
    )
    tracked_interfaces: Tuple[str, ...] = option(
        Interfaces(),
        "Interfaces whose link has to be up for this director to be active, beside O(interface) and those of the VIPs.",
        impact="failover",
    )
    tracked_services: Tuple[str, ...] = option(
        Programs(),
        "Programs that have to run for this director to be active, such as V(haproxy), as C(ps -o comm) shows them.",
        "The first one restarts keepalived, which listens for processes from its start on or not at all.",
        impact="failover",
    )
    tracked_scripts: Tuple[TrackedScript, ...] = option(
        ObjectList(TrackedScript),
        "Programs that have to succeed for this director to be active. Those that are not in the list are removed.",
        "When they fail on every director, none is active.",
        impact="failover",
    )
    advertised_vip: Optional[str] = option(
        Reference(),
        "The name of the VIP that adverts carry. Unset takes the first by name.",
        "Name one that stays. The other VIPs of the group can then come and go without any director noticing a"
        " difference in the adverts, which keepalived before 2.3.3 answers with two active directors.",
        impact="failover",
    )
    description: Optional[str] = option(
        FreeText(),
        "What people call it where that is no name here, or say of it, in one line of at most 255 characters.",
        "For people and inventories only.",
    )

    def problems(self, path: str) -> Iterator[Problem]:
        members = self.members or ()
        names = [member.name for member in members]
        if self.members is not None and self.member is not None and self.member not in names:
            yield Problem(f"{path}.member", f"{self.member!r} is not a member of this group", some(names) or "a member")
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
        elif self.unicast and self.password is not None and families == {6}:
            yield Problem(f"{path}.members", "have IPv6 addresses beside a password", "IPv4, or no password")
        if self.password is not None and self.advert_interval is not None and self.advert_interval % 1:
            yield Problem(
                f"{path}.advert_interval",
                f"{self.advert_interval} is no whole number",
                "whole seconds beside a password",
            )
        for script in self.tracked_scripts or ():
            yield from script.problems(f"{path}.tracked_scripts[{script.name}]")
