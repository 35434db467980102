# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vrrp_instances of keepalived.conf as HA groups with their VIPs, with keepalived's defaults said. Pure.

Private to evenkeel.lb. A text is that of one director and does not tell what the others are called and which priorities
they have; that is assumed, and told. Sources: keepalived.conf(5), "vrrp_instance" and "vrrp_sync_group";
keepalived/vrrp/vrrp_parser.c, vrrp_ipaddress.c and vrrp.c (2.2.7 to 2.4.3).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from ...found_names import Names, of_vip
from ...found_services import Origins
from ...reading import Findings
from .lost import LOST_IN_INSTANCE, LOST_IN_SYNC_GROUP
from .tracking import Trackers, Tracking
from .tree import Statement
from .values import address, number, seconds, sort_out, switch
from .vips import read_vip

_HIGHEST_PRIORITY = 254
_LONGEST_PASSWORD = 8


@dataclass
class Groups:
    """The HA groups and VIPs of a text. ``names`` has the names of groups by those of their instances."""

    ha_groups: List[Dict[str, Any]] = field(default_factory=list)
    vips: List[Dict[str, Any]] = field(default_factory=list)
    names: Dict[str, str] = field(default_factory=dict)
    vip_names: Names = field(default_factory=Names)
    version: int = 2
    director: str = "director"

    def of_instance(self, instance: str) -> Optional[Dict[str, Any]]:
        """The HA group that an instance became."""
        return next((group for group in self.ha_groups if group["name"] == self.names.get(instance)), None)


def read_instances(
    statements: List[Statement], trackers: Trackers, groups: Groups, origins: Origins, findings: Findings
) -> None:
    """Enter the HA groups and VIPs of all vrrp_instances."""
    group_names = Names()
    for statement in statements:
        if statement.argument in groups.names:
            findings.lose(statement.place, statement.shown, "is there twice, and keepalived skips the second one", "")
            continue
        instance = _Instance(statement, trackers, groups, findings)
        instance.read()
        name = group_names.take(statement.argument, f"vrid-{instance.fields.get('virtual_router_id', 0)}")
        if name != statement.argument:
            findings.note(statement.place, statement.shown, f"is HA group {name} here")
        groups.names[statement.argument] = name
        groups.ha_groups.append({"name": name, **instance.fields})
        origins[f"ha_groups[{name}]"] = (statement.place, statement.shown)
        for vip, line in instance.vips:
            vip_name = _enter_vip("", {**vip, "ha_group": name}, line, groups, origins)
            if vip is instance.advertised and len(instance.vips) > 1:
                groups.ha_groups[-1]["advertised_vip"] = vip_name


def read_static_addresses(
    statement: Statement, name: str, groups: Groups, origins: Origins, findings: Findings
) -> None:
    """Enter the addresses of a static_ipaddress as VIPs that this director holds alone; ``name`` is what the text calls
    the first of them, or empty."""
    for line in statement.inside():
        vip = read_vip(line, findings)
        if vip is not None and not vip.get("interface"):
            findings.lose(line.place, line.shown, "names no interface; keepalived takes its default_interface", "dev")
        elif vip is not None:
            _enter_vip(name, vip, line, groups, origins)
            name = ""


def _enter_vip(name: str, vip: Dict[str, Any], line: Statement, groups: Groups, origins: Origins) -> str:
    """Enter a VIP and tell its name."""
    name = groups.vip_names.take(name, of_vip(vip["address"].partition("/")[0]))
    groups.vips.append({"name": name, **vip})
    origins[f"vips[{name}]"] = (line.place, line.shown)
    return name


def _listed(names: List[str], statement: Statement) -> None:
    names.extend(word for line in statement.inside() for word in line.words)


def read_sync_groups(statements: List[Statement], groups: Groups, findings: Findings) -> None:
    """Let HA groups whose instances are in a vrrp_sync_group be together."""
    names = Names()
    for statement in statements:
        listed: List[str] = []
        sort_out(statement.inside(), {"group": functools.partial(_listed, listed)}, LOST_IN_SYNC_GROUP, findings)
        members = [found for found in map(groups.of_instance, listed) if found is not None]
        if len(members) < 2:
            findings.note(statement.place, statement.shown, "has fewer than two instances and has no effect")
            continue
        name = names.take(statement.argument, "together")
        for member in members:
            member["sync_group"] = name
        _make_alike(members, statement, findings)


def _make_alike(members: List[Dict[str, Any]], statement: Statement, findings: Findings) -> None:
    """Groups that move together have the same directors, and take VIPs back in the same way."""
    longest = max((member["members"] for member in members), key=len)
    for member in members:
        for other in longest[len(member["members"]) :]:
            priority = _free_priority(member["members"])
            member["members"].append({"name": other["name"], "priority": priority})
        if member["preempt"] != members[0]["preempt"]:
            message = f"has instances with and without nopreempt; {member['name']} follows {members[0]['name']} here"
            findings.lose(statement.place, statement.shown, message, "nopreempt in all of them or in none")
            member["preempt"] = members[0]["preempt"]


def _free_priority(members: List[Dict[str, Any]]) -> int:
    """A priority for another director: below that of the first, which is this one, where there is room."""
    own, taken = members[0]["priority"], {member["priority"] for member in members}
    candidates = [*range(own - 1, 0, -1), *range(own + 1, _HIGHEST_PRIORITY + 1)]
    return next((priority for priority in candidates if priority not in taken), 0)


class _Instance:
    def __init__(self, statement: Statement, trackers: Trackers, groups: Groups, findings: Findings) -> None:
        self._statement = statement
        self._groups = groups
        self._findings = findings
        self._tracking = Tracking(statement.argument, trackers, findings)
        self._said: Dict[str, Statement] = {}
        self._priority = 100
        self._source: Optional[str] = None
        self._peers: List[str] = []
        self._password: Optional[str] = None
        self._listed: Dict[str, List[Any]] = {"virtual_ipaddress": [], "virtual_ipaddress_excluded": []}
        self.fields: Dict[str, Any] = {}
        self.vips: List[Any] = []
        self.advertised: Optional[Dict[str, Any]] = None

    def read(self) -> None:
        handlers = {
            **dict.fromkeys(("state", "interface", "virtual_router_id", "version", "nopreempt", "preempt"), self._keep),
            **dict.fromkeys(("unicast_peer", "unicast_src_ip", "higher_prio_send_advert"), self._keep),
            **dict.fromkeys(self._listed, self._addresses),
            "priority": self._own_priority,
            "advert_int": self._interval,
            "down_timer_adverts": self._missed,
            "authentication": self._authentication,
            "track_file": self._tracking.file,
            "track_interface": self._tracking.interface,
            "track_process": self._tracking.process,
            "track_script": self._tracking.script,
        }
        sort_out(self._statement.inside(), handlers, LOST_IN_INSTANCE, self._findings)
        self._base()
        self._preempt()
        self._version()
        self._members()
        self._vips()
        self.fields.update(self._tracking.fields(self.fields.get("interface", "")))

    def _lose(self, statement: Statement, message: str, allowed: str = "leave it out") -> None:
        self._findings.lose(statement.place, statement.shown, message, allowed)

    def _note(self, statement: Statement, message: str) -> None:
        self._findings.note(statement.place, statement.shown, message)

    def _keep(self, statement: Statement) -> None:
        self._said[statement.keyword] = statement

    def _own_priority(self, statement: Statement) -> None:
        priority = number(statement, 1, 255, self._findings)
        if priority is not None and priority > _HIGHEST_PRIORITY:
            self._lose(statement, f"is for the owner of the address; here it becomes {_HIGHEST_PRIORITY}", "1 to 254")
        self._priority = min(priority or self._priority, _HIGHEST_PRIORITY)

    def _interval(self, statement: Statement) -> None:
        interval = seconds(statement, 0.01, self._findings)
        if interval is not None:
            self.fields["advert_interval"] = interval

    def _missed(self, statement: Statement) -> None:
        adverts = number(statement, 1, 100, self._findings)
        if adverts is not None:
            self.fields["missed_adverts"] = adverts

    def _authentication(self, statement: Statement) -> None:
        said = {inner.keyword: inner for inner in statement.inside()}
        type_, password = said.get("auth_type"), said.get("auth_pass")
        if type_ is None or password is None or not password.argument:
            self._lose(statement, "has no effect without auth_type and auth_pass")
        elif type_.argument != "PASS":
            self._lose(type_, "signs adverts; here there is a password, or nothing", "auth_type PASS")
        else:
            self._said["auth_pass"] = password
            self._password = password.argument[:_LONGEST_PASSWORD]
            if len(password.argument) > _LONGEST_PASSWORD:
                self._note(password, f"is cut off after {_LONGEST_PASSWORD} characters by keepalived, and so here")

    def _addresses(self, statement: Statement) -> None:
        for line in statement.inside():
            vip = read_vip(line, self._findings)
            if vip is not None:
                self._listed[statement.keyword].append((vip, line))

    def _base(self) -> None:
        self.fields.setdefault("advert_interval", 1.0)
        for name in ("interface", "virtual_router_id"):
            if name in self._said:
                self.fields[name] = self._said[name].argument
        send = self._said.get("higher_prio_send_advert")
        if send is not None and not switch(send, self._findings):
            self._lose(send, "does not answer one with a higher priority once more; here it does")

    def _preempt(self) -> None:
        state, nopreempt = self._said.get("state"), self._said.get("nopreempt")
        is_master = state is not None and state.argument == "MASTER"
        if state is not None and is_master:
            self._note(state, "is active until it hears another; here it listens first, and then the priorities decide")
        if nopreempt is not None and is_master:
            self._note(nopreempt, "has no effect beside state MASTER, and keepalived drops it")
        self.fields["preempt"] = nopreempt is None or is_master

    def _version(self) -> None:
        """Version 2 is spoken with a password only, and a password in version 2 only."""
        said = self._said.get("version")
        version = self._groups.version
        if said is not None:
            version = number(said, 2, 3, self._findings) or version
        elif any(":" in vip["address"] for vip, _line in self._listed["virtual_ipaddress"][:1]):
            version = 3
        if version == 3 and self._password is not None:
            self._lose(self._said["auth_pass"], "has no effect in version 3 of VRRP")
        elif version == 3:
            return
        elif self._password is not None:
            self.fields["password"] = self._password
        else:
            self._lose(
                said or self._statement,
                "speaks version 2 of VRRP, here it is version 3 without a password; the two do not hear each other",
                "version 3 on all directors at once, or authentication with a password on all",
            )

    def _members(self) -> None:
        self._read_peers()
        own = {"name": self._groups.director, "priority": self._priority}
        members = [own]
        names = Names([own["name"]])  # type: ignore[list-item]
        if self._peers and self._source is not None:
            own["address"] = self._source
            self.fields["unicast"] = True
            for number_of_peer, peer in enumerate(self._peers, 1):
                name, priority = names.take(f"peer-{number_of_peer}"), _free_priority(members)
                members.append({"name": name, "priority": priority, "address": peer})
            self._note(
                self._said["unicast_peer"],
                f"is told no priorities; {', '.join(str(one['priority']) for one in members[1:])} are assumed",
            )
        else:
            self._note(self._statement, "does not tell which other directors there are; this one is the only member")
        self.fields.update(member=own["name"], members=members)

    def _read_peers(self) -> None:
        source, peers = self._said.get("unicast_src_ip"), self._said.get("unicast_peer")
        if source is not None:
            self._source = address(source.argument, source, self._findings)
        for line in peers.inside() if peers is not None else ():
            peer = address(line.keyword, line, self._findings)
            if len(line.words) > 1:
                self._lose(line, "wants adverts to have come from so far away")
            if peer is not None and peer != self._source and peer not in self._peers:
                self._peers.append(peer)
        if peers is not None and self._source is None:
            self._lose(
                peers, "needs the address of this director too; without it adverts are multicast", "unicast_src_ip"
            )
        if peers is None and source is not None:
            self._lose(source, "has no effect without unicast_peer")

    def _vips(self) -> None:
        advertised = self._listed["virtual_ipaddress"]
        self.vips = [*advertised, *self._listed["virtual_ipaddress_excluded"]]
        if advertised:
            self.advertised = advertised[0][0]
        if len(advertised) > 1:
            self._note(
                self._statement,
                f"has {len(advertised)} VIPs in its adverts, and here {advertised[0][0]['address']} alone",
            )
        for vip, _line in self.vips:
            if vip.get("interface") == self.fields.get("interface"):
                vip.pop("interface", None)
