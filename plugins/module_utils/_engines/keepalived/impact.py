# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much a changed block disturbs, read off the two texts. Pure. Private to evenkeel.lb.

keepalived edits a service in place for a new scheduler, weight or persistence and keeps its connections; it deletes and
adds one whose address, port or protocol changes, and a server that goes takes its connections with it.
"""

from __future__ import annotations

from typing import Set

from .hold import without_hold
from .tracking_text import needs_restart
from .vrrp_text import CONNECTION_SYNC, CONNECTION_TIMEOUTS, HA_GROUP, SYNC_GROUP, VIP


def _lines(block: str, *beginnings: str) -> Set[str]:
    return {line.strip() for line in block.splitlines() if line.strip().startswith(beginnings)}


def _addresses(block: str) -> Set[str]:
    return {line.strip() for line in block.splitlines() if " dev " in line}


def impact_of_change(subject: str, before: str, after: str) -> str:
    """The impact of replacing a block by another of the same subject; either may be empty."""
    if subject in (CONNECTION_SYNC, CONNECTION_TIMEOUTS):
        return "none"
    if subject.startswith(SYNC_GROUP) or needs_restart(before, after):
        return "failover"
    if not before:
        return "none"
    if not after or subject.startswith(VIP):
        return "reset"
    if subject.startswith(HA_GROUP):
        return _vrrp_impact(before, after)
    for beginning in ("virtual_server ", "protocol ", "lvs_method "):
        if _lines(before, beginning) != _lines(after, beginning):
            return "reset"
    return "reset" if _lines(before, "real_server ") - _lines(after, "real_server ") else "new_connections"


def _vrrp_impact(before: str, after: str) -> str:
    """Other VIPs beside the one that adverts carry, and a hold to follow, come and go without a failover; nothing else
    does for certain."""
    before, after = without_hold(before), without_hold(after)
    if _without_excluded(before) != _without_excluded(after):
        return "failover"
    return "reset" if _addresses(before) - _addresses(after) else "none"


def _without_excluded(block: str) -> str:
    start, _keyword, rest = block.partition("    virtual_ipaddress_excluded {")
    return start + rest.partition("    }\n")[2]
