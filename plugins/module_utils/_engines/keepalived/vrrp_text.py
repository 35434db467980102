# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HA groups and VIPs as keepalived configuration text: vrrp_instance, vrrp_sync_group, lvs_sync_daemon,
static_ipaddress. Pure. Private to evenkeel.lb.

Sources: keepalived.conf(5) of 2.2.7 to 2.4.3; RFC 9568 (version 3), RFC 3768 (version 2).
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, Match, Optional, Sequence, Tuple

from ..._model.configuration import Configuration
from ..._model.ha_group_rules import advertised
from ..._model.objects import with_defaults
from ..._model.vip import ConnectionTimeouts, HaGroup, Vip
from . import hold
from .tracking_text import trackers, tracking
from .words import seconds, word

CONNECTION_SYNC = "connection sync"
CONNECTION_TIMEOUTS = "connection timeouts"
SYNC_GROUP = "sync group "
HA_GROUP = "HA group "
VIP = "VIP "

_SECRET = re.compile(r"(?P<keyword>\bauth_pass\"?[ \t]+)(?P<secret>\S.*)")
_STARS = "********"
# What keepalived takes without a word (RFC 9568 §6.1)
_MISSED_ADVERTS = 3


def vrrp_blocks(configuration: Configuration) -> Dict[str, str]:
    """What keepalived is told of the HA groups and VIPs, by subject. A group without a VIP is held back, as keepalived
    would refuse it, and so is what refers to it."""
    groups = active_groups(configuration)
    together = sync_groups(configuration)
    moving = {name for members in together.values() for name in members}
    found = {
        f"{HA_GROUP}{group.name}": _text(_instance(group, vips, in_sync_group=group.name in moving))
        for group, vips in groups
    }
    found.update((f"{VIP}{vip.name}", _text(_static(vip, interface))) for vip, interface in static_vips(configuration))
    for group, _vips in groups:
        if group.connection_sync:
            found[CONNECTION_SYNC] = _text(_sync_daemon(group))
        if group.connection_timeouts is not None:
            found[CONNECTION_TIMEOUTS] = _text(_timeouts(group.connection_timeouts))
    found.update((f"{SYNC_GROUP}{name}", _text(_sync_group(name, members))) for name, members in together.items())
    return found


def sync_groups(configuration: Configuration) -> Dict[str, List[str]]:
    """The names of the HA groups that move together, by that of their sync group. keepalived complains of one that has
    nothing to move with, and it has no effect."""
    together: Dict[str, List[str]] = {}
    for group, _vips in active_groups(configuration):
        if group.sync_group is not None:
            together.setdefault(group.sync_group, []).append(group.name)
    return {name: members for name, members in together.items() if len(members) > 1}


def active_groups(configuration: Configuration) -> List[Tuple[HaGroup, List[Vip]]]:
    """The HA groups that have a VIP, with their defaults, and their VIPs; both by name."""
    of_group: Dict[Optional[str], List[Vip]] = {}
    for _name, vip in sorted(configuration.vips.items()):
        of_group.setdefault(vip.ha_group, []).append(vip)
    groups = sorted(configuration.ha_groups.items())
    return [(with_defaults(group), of_group[name]) for name, group in groups if name in of_group]


def static_vips(configuration: Configuration) -> List[Tuple[Vip, str]]:
    """The VIPs that this director holds alone, by name, each with its interface."""
    vips = sorted(configuration.vips.items())
    return [(vip, vip.interface) for _name, vip in vips if vip.ha_group is None and vip.interface is not None]


def masked(before: str, after: str) -> Tuple[str, str]:
    """Two texts for people to compare, with stars for the passwords in them and a word where one changed."""
    known = {found["secret"] for found in _SECRET.finditer(before)}

    def stars(found: Match[str]) -> str:
        changed = found.string is after and known and found["secret"] not in known
        return f"{found['keyword']}{_STARS}{' (changed)' if changed else ''}"

    return _SECRET.sub(stars, before), _SECRET.sub(stars, after)


def _text(lines: Iterator[str]) -> str:
    return "".join(line + "\n" for line in lines)


def _instance(group: HaGroup, vips: Sequence[Vip], in_sync_group: bool) -> Iterator[str]:
    me = {member.name: member for member in group.members}[group.member]
    yield from trackers(group)
    yield from hold.definition(group, in_sync_group)
    yield f"vrrp_instance {group.name} {{"
    yield "    state BACKUP"
    yield f"    interface {word(group.interface)}"
    yield f"    virtual_router_id {group.virtual_router_id}"
    yield f"    priority {me.priority}"
    yield f"    version {2 if group.password is not None else 3}"
    yield f"    advert_int {seconds(group.advert_interval)}"
    # Two directors that were both active, because the network between them was cut, meet again: the one that steps back
    # answers once more, so that the other one hears it and announces its VIPs anew.
    yield "    higher_prio_send_advert true"
    if group.missed_adverts != _MISSED_ADVERTS:
        yield f"    down_timer_adverts {group.missed_adverts}"
    if not group.preempt:
        yield "    nopreempt"
    if group.password is not None:
        yield "    authentication {"
        yield "        auth_type PASS"
        yield f'        auth_pass "{group.password}"'
        yield "    }"
    if group.unicast:
        yield f"    unicast_src_ip {me.address}"
        yield "    unicast_peer {"
        for member in group.members:
            if member is not me:
                yield f"        {member.address}"
        yield "    }"
    yield from tracking(group)
    yield from hold.reference(group)
    yield from _virtual_addresses(group, vips)
    yield "}"


def _virtual_addresses(group: HaGroup, vips: Sequence[Vip]) -> Iterator[str]:
    # Adverts name one VIP only, and it stays the same when others come and go: keepalived before 2.3.3 takes adverts
    # whose VIPs differ from its own for another group's, and both directors would become active.
    first = advertised(group, vips)
    for keyword, held in (
        ("virtual_ipaddress", [vip for vip in vips if vip is first]),
        ("virtual_ipaddress_excluded", [vip for vip in vips if vip is not first]),
    ):
        if held:
            yield f"    {keyword} {{"
            for vip in held:
                yield f"        {_virtual_address(vip, vip.interface or group.interface)}"
            yield "    }"


def _virtual_address(vip: Vip, interface: str) -> str:
    # Deprecated, in the words of RFC 4862: held and answered, but never chosen as the source of the director's own
    # packets, whose answers would go to whichever director is active.
    lifetime = " preferred_lft 0" if ":" in vip.ip else ""
    label = f" label {word(vip.label)}" if vip.label is not None else ""
    return f"{vip.address} dev {word(interface)}{label}{lifetime}"


def _static(vip: Vip, interface: str) -> Iterator[str]:
    yield "static_ipaddress {"
    yield f"    {_virtual_address(vip, interface)}"
    yield "}"


def _sync_group(name: str, members: Sequence[str]) -> Iterator[str]:
    yield f"vrrp_sync_group {name} {{"
    yield "    group {"
    yield from (f"        {member}" for member in members)
    yield "    }"
    yield "}"


def _sync_daemon(group: HaGroup) -> Iterator[str]:
    # in a global_defs of our own: keepalived joins it with the user's
    yield "global_defs {"
    yield f"    lvs_sync_daemon {word(group.interface)} inst {group.name} id {group.virtual_router_id}"
    yield "}"


def _timeouts(timeouts: ConnectionTimeouts) -> Iterator[str]:
    said = (("tcp", timeouts.tcp), ("tcpfin", timeouts.tcp_fin), ("udp", timeouts.udp))
    yield "global_defs {"
    yield "    lvs_timeouts" + "".join(f" {word} {value}" for word, value in said if value is not None)
    yield "}"
