# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HA group as keepalived configuration text: a vrrp_instance. Pure. Private to evenkeel.lb.

Sources: keepalived.conf(5) of 2.2.7 to 2.4.3; RFC 9568.
"""

from __future__ import annotations

from typing import Iterator, List

from ..._model.vip import HaGroup, Vip
from .words import seconds


def vrrp_instance(group: HaGroup, vips: List[Vip]) -> Iterator[str]:
    me = {member.name: member for member in group.members}[group.member]
    # Adverts name one VIP only, and it stays the same when others come and go: keepalived before 2.3.3 takes adverts
    # whose VIPs differ from its own for another group's, and both directors would become active.
    advertised = next((vip for vip in vips if vip.name == group.advertised_vip), vips[0])
    yield f"vrrp_instance {group.name} {{"
    yield "    state BACKUP"
    yield f"    interface {group.interface}"
    yield f"    virtual_router_id {group.virtual_router_id}"
    yield f"    priority {me.priority}"
    yield "    version 3"
    yield f"    advert_int {seconds(group.advert_interval)}"
    # Two directors that were both active, because the network between them was cut, meet again: the one that steps back
    # answers once more, so that the other one hears it and announces its VIPs anew.
    yield "    higher_prio_send_advert true"
    if not group.preempt:
        yield "    nopreempt"
    if group.unicast:
        yield f"    unicast_src_ip {me.address}"
        yield "    unicast_peer {"
        for member in group.members:
            if member is not me:
                yield f"        {member.address}"
        yield "    }"
    yield "    virtual_ipaddress {"
    yield f"        {_virtual_address(advertised, group)}"
    yield "    }"
    others = [vip for vip in vips if vip is not advertised]
    if others:
        yield "    virtual_ipaddress_excluded {"
        for vip in others:
            yield f"        {_virtual_address(vip, group)}"
        yield "    }"
    yield "}"


def _virtual_address(vip: Vip, group: HaGroup) -> str:
    # Deprecated, in the words of RFC 4862: held and answered, but never chosen as the source of the director's own
    # packets, whose answers would go to whichever director is active.
    lifetime = " preferred_lft 0" if ":" in vip.ip else ""
    return f"{vip.address} dev {vip.interface or group.interface}{lifetime}"
