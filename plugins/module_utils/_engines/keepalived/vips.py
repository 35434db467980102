# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VIPs: what the director should hold in the present state of its HA groups, and what it holds. Private to evenkeel.lb.

Whether a group is active here is for VRRP to decide and never a difference: a standby holds no VIP. keepalived sees a
VIP that somebody removes, lets the group go and takes it again at once (2.2.7 to 2.4.3), but only as long as the kernel
can tell it: under a flood of changes the message is lost, and keepalived goes on as if it held the VIP.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Collection, Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..._host import announcing, process_events
from ..._host.addresses import Held, add_address, read_addresses, remove_address
from ..._host.ipvs_settings import Daemon, read_daemons
from ..._host.system import System
from ..._model.configuration import Configuration
from ..._model.problems import Problem
from ..._model.vip import Vip
from . import connection_sync
from .connection_sync import Sync
from .programs import flaw
from .vrrp import ACTIVE, Instance, Instances, running
from .vrrp_text import CONNECTION_SYNC, HA_GROUP, VIP, active_groups, static_vips

_ATTEMPTS = 5
_POLL = 0.1
# verify says what is missing after that
_SECONDS_OF_A_RELOAD = 3.0


class WantedVip(NamedTuple):
    """A VIP, the address that holds it, and that address's attributes in the words of ip-address(8)."""

    name: str
    held: Held
    attributes: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """What an HA group should have in the running keepalived. ``scripts`` are programs by the name of the tracker."""

    vips: Tuple[WantedVip, ...]
    interfaces: FrozenSet[str] = frozenset()
    scripts: Mapping[str, str] = field(default_factory=dict)
    programs: Tuple[str, ...] = ()

    @property
    def ips(self) -> FrozenSet[str]:
        return frozenset(vip.held.ip for vip in self.vips)


@dataclass(frozen=True)
class Wanted:
    """The HA groups by name, the VIPs without one, and the one wish for connection synchronisation there may be."""

    groups: Mapping[str, Group] = field(default_factory=dict)
    static: Tuple[WantedVip, ...] = ()
    sync: Optional[Sync] = None

    def only(self, subjects: Collection[str]) -> Wanted:
        """The part of it whose blocks are among ``subjects``."""
        groups = {name: group for name, group in self.groups.items() if f"{HA_GROUP}{name}" in subjects}
        with_sync = self.sync is not None and CONNECTION_SYNC in subjects and self.sync.group in groups
        static = tuple(vip for vip in self.static if f"{VIP}{vip.name}" in subjects)
        return Wanted(groups, static, self.sync if with_sync else None)


class Seen(NamedTuple):
    """What there is at one moment. ``instances`` is None when this build of keepalived cannot tell."""

    instances: Optional[Instances] = None
    addresses: FrozenSet[Held] = frozenset()
    daemons: Tuple[Daemon, ...] = ()

    def is_active(self, name: str, group: Group) -> Optional[bool]:
        """Whether an HA group is active here; None when keepalived does not have it."""
        if self.instances is None:
            return any(vip.held in self.addresses for vip in group.vips)
        return self.instances[name].state == ACTIVE if name in self.instances else None

    def fits_together(self, sync: Optional[Sync]) -> bool:
        """Whether every instance holds what its state says, so that no change of state can have come between."""
        if self.instances is None:
            return True
        ips = {held.ip for held in self.addresses}
        told = [instance.vips <= ips if instance.state == ACTIVE else not instance.vips & ips for instance in
                self.instances.values()]  # fmt: skip
        owner: Optional[Instance] = self.instances.get(sync.group) if sync is not None else None
        if sync is not None and owner is not None:
            told.append(connection_sync.is_running(self.daemons, sync.daemon(owner.state == ACTIVE)))
        return all(told)


NOTHING = Seen()


class Repair(NamedTuple):
    """One thing that is not as it should be in the present state, as a step shows it."""

    subject: str
    before: str
    after: str
    impact: str


class Unlike(NamedTuple):
    """An HA group that the running keepalived does not have as it is wanted: what it ``lacks`` in words, and where that
    are VIPs, those that are ``wanted`` and those that it has."""

    group: str
    lacks: str
    wanted: Tuple[str, ...] = ()
    held: Tuple[str, ...] = ()


def wanted(configuration: Configuration) -> Wanted:
    """What a configuration wants of the HA groups that have a VIP."""
    groups: Dict[str, Group] = {}
    sync = None
    for group, vips in active_groups(configuration):
        groups[group.name] = Group(
            tuple(_wanted_vip(vip, vip.interface or group.interface) for vip in vips),
            # keepalived tracks the group's own interface without telling so
            frozenset(group.tracked_interfaces or ()) - {group.interface},
            {script.name: script.script for script in group.tracked_scripts or ()},
            tuple(group.tracked_services or ()),
        )
        if group.connection_sync:
            sync = Sync.of(group)
    static = tuple(_wanted_vip(vip, interface) for vip, interface in static_vips(configuration))
    return Wanted(groups, static, sync)


def _wanted_vip(vip: Vip, interface: str) -> WantedVip:
    attributes: Tuple[str, ...] = ("label", vip.label) if vip.label is not None else ()
    if ":" in vip.ip:
        attributes = ("preferred_lft", "0", "nodad")
    return WantedVip(vip.name, Held(interface, vip.address), attributes)


def look(system: System, pid: int, groups: Collection[str], sync: Optional[Sync]) -> Seen:
    """What there is now. ``groups`` are the HA groups and ``sync`` the wish that the running keepalived knows.

    State and addresses are asked for one after the other; a change of state in between would look like a fault, so
    what does not fit together is looked at again until the state did not change around it.
    """
    seen = NOTHING
    for _attempt in range(_ATTEMPTS):
        instances = running(system, pid) if groups else {}
        seen = Seen(instances, read_addresses(system), tuple(read_daemons(system)))
        if not groups or seen.fits_together(sync) or running(system, pid) == instances:
            break
    return seen


def differences(wish: Wanted, seen: Seen) -> List[Repair]:
    """What is not as it should be in the present state of each group."""
    found = []
    for name, group in sorted(wish.groups.items()):
        active = seen.is_active(name, group)
        for vip in group.vips if active is not None else ():
            strays = [held for held in _strays(vip, seen) if not active]
            if active and vip.held not in seen.addresses:
                found.append(Repair(f"{VIP}{vip.name}", "", f"{vip.held}\n", "none"))
            elif strays and seen.instances is not None:
                # both directors would answer for it
                found.append(Repair(f"{VIP}{vip.name}", "".join(f"{held}\n" for held in strays), "", "reset"))
    for vip in wish.static:
        if vip.held not in seen.addresses:
            found.append(Repair(f"{VIP}{vip.name}", "", f"{vip.held}\n", "none"))
    daemon = _wanted_daemon(wish, seen)
    if daemon is not None and not connection_sync.is_running(seen.daemons, daemon):
        strays_ = connection_sync.strays(seen.daemons, daemon)
        before = "".join(f"{stray} with id {stray.sync_id}\n" for stray in strays_)
        after = f"{daemon} with id {daemon.sync_id}\n"
        found.append(Repair("connection sync: kernel", before, after, "none"))
    return found


def unlike(wish: Wanted, seen: Seen) -> List[Unlike]:
    """The HA groups that the running keepalived does not have as they are wanted; none where it cannot tell."""
    found = []
    for name, group in sorted(wish.groups.items()) if seen.instances is not None else ():
        instance = (seen.instances or {}).get(name)
        if instance is None or instance.vips != group.ips:
            held = tuple(sorted(instance.vips)) if instance is not None else ()
            found.append(Unlike(name, "have its VIPs", tuple(sorted(group.ips)), held))
        elif instance.scripts != len(group.scripts) or not group.interfaces <= instance.interfaces:
            found.append(Unlike(name, "track all that it should"))
    return found


def _strays(vip: WantedVip, seen: Seen) -> List[Held]:
    return sorted(held for held in seen.addresses if (held.interface, held.ip) == (vip.held.interface, vip.held.ip))


def _wanted_daemon(wish: Wanted, seen: Seen) -> Optional[Daemon]:
    if wish.sync is None:
        return None
    active = seen.is_active(wish.sync.group, wish.groups[wish.sync.group])
    return wish.sync.daemon(active) if active is not None else None


def left_of(former: Sync, wish: Wanted, seen: Seen) -> Optional[Repair]:
    """The daemons that run by a wish which keepalived was told to forget without that having had its effect."""
    strays = connection_sync.strays(seen.daemons, _wanted_daemon(wish, seen), [former])
    before = "".join(f"{stray} with id {stray.sync_id}\n" for stray in strays)
    return Repair("connection sync: kernel", before, "", "none") if strays else None


def mend(system: System, pid: int, wish: Wanted, former: Sequence[Optional[Sync]] = ()) -> None:
    """Make everything as it should be in the present state, which may have changed since the plan was made.

    ``former`` are wishes for connection synchronisation that hold no more. Raises HostFault.
    """
    former_syncs = [sync for sync in former if sync is not None]
    if not (wish.groups or wish.static or former_syncs):
        return
    seen = look(system, pid, wish.groups, wish.sync)
    for vip in wish.static:
        if vip.held not in seen.addresses:
            add_address(system, vip.held, vip.attributes)
            announcing.announce(system, vip.held)
    for name, group in wish.groups.items():
        active = seen.is_active(name, group)
        for vip in group.vips if active is not None else ():
            if active and vip.held not in seen.addresses:
                add_address(system, vip.held, vip.attributes)
            elif not active and seen.instances is not None:
                for held in _strays(vip, seen):
                    remove_address(system, held)
    daemon = _wanted_daemon(wish, seen)
    if daemon is not None or wish.sync is None:
        connection_sync.settle(system, seen.daemons, daemon, former_syncs)


def announce(system: System, wish: Wanted, subjects: Collection[str]) -> None:
    """Announce the VIPs among ``subjects`` that this director holds alone, once it does: keepalived announces those of
    HA groups only. Raises HostFault."""
    waiting = {vip.held for vip in wish.only(subjects).static}
    end = system.now() + _SECONDS_OF_A_RELOAD
    while waiting and system.now() < end:
        there = waiting & read_addresses(system)
        for held in sorted(there):
            announcing.announce(system, held)
        waiting -= there
        if waiting:
            system.sleep(_POLL)


def wrong(wish: Wanted, owned: Wanted, system: System, pid: int) -> List[Problem]:
    """What the running keepalived does not have of the HA groups, and what is left of those it had."""
    if not (wish.groups or wish.static or owned.static or owned.sync is not None):
        return []
    seen = look(system, pid, wish.groups, wish.sync)
    found = _left(wish, owned, seen)
    for one in unlike(wish, seen):
        allowed = ", ".join(one.wanted) or "see journalctl -u keepalived.service"
        found.append(Problem(f"{HA_GROUP}{one.group}", f"the running keepalived does not {one.lacks}", allowed))
    found += [
        Problem(repair.subject, f"is not as wanted: {(repair.after or 'nothing').strip()}")
        for repair in differences(wish, seen)
    ]
    return found


def _left(wish: Wanted, owned: Wanted, seen: Seen) -> List[Problem]:
    wanted_ips = {vip.held.ip for vip in wish.static}.union(*(group.ips for group in wish.groups.values()))
    found = [
        Problem(f"{VIP}{vip.name}", f"{vip.held} is still there, though it was removed")
        for vip in owned.static
        if vip.held in seen.addresses and vip.held.ip not in wanted_ips
    ]
    if wish.sync is None and owned.sync is not None:
        for daemon in connection_sync.strays(seen.daemons, None, [owned.sync]):
            found.append(Problem("connection sync: kernel", f"the {daemon} still runs, though it was removed"))
    return found


def refusals(wish: Wanted, system: System) -> List[Problem]:
    """What keepalived would be told to track on this host and could not, which ``keepalived -t`` does not say."""
    found = []
    for name, group in sorted(wish.groups.items()):
        for script, program in sorted(group.scripts.items()):
            found_flaw = flaw(system, program)
            if found_flaw is not None:
                found.append(Problem(f"ha_groups[{name}].tracked_scripts[{script}].script", *found_flaw))
        if group.programs and not process_events.are_told(system):
            message = "cannot be tracked: this kernel does not tell of processes (CONFIG_PROC_EVENTS)"
            found.append(
                Problem(f"ha_groups[{name}].tracked_services", message, "a tracked script that looks for them")
            )
    return found
