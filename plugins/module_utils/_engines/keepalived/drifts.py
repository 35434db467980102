# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody changed behind keepalived's back, by object of the configuration and field. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

from typing import Optional, Tuple

from ..differences import Difference, of_lines
from . import daemon
from .connection_sync import Sync
from .vips import Repair, Unlike
from .vrrp_text import HA_GROUP, VIP

_KINDS = ((HA_GROUP, "ha_groups"), (VIP, "vips"), ("virtual server ", "virtual_servers"))

Differences = Tuple[Difference, ...]

OF_DAEMON: Differences = (Difference("keepalived", "state", "running", "stopped"),)


def of_settling(running: str, intended: str) -> Differences:
    """The running keepalived may not have read our file since it was written."""
    return (Difference("keepalived", "configuration", intended.strip(), running.strip()),)


def of_block(subject: str, running: str, intended: str) -> Differences:
    """What differs in our file of one of its subjects."""
    path = _path(subject)
    return of_lines(path or daemon.FILE, daemon.FILE if path else subject, intended, running)


def of_group(one: Unlike) -> Differences:
    """What the running keepalived does not have of an HA group."""
    path = f"ha_groups[{one.group}]"
    if one.wanted:
        return (Difference(path, "vips", ", ".join(one.wanted), ", ".join(one.held)),)
    return (Difference(path, "tracking", f"as {daemon.FILE} has it", "less"),)


def of_vip(repair: Repair, sync: Optional[Sync]) -> Differences:
    """What of a VIP, or of the daemons that tell connections, is not as it should be."""
    path, field = _path(repair.subject), "address"
    if not path:
        path, field = f"ha_groups[{sync.group}]" if sync is not None else repair.subject, "connection_sync"
    return (Difference(path, field, repair.after.strip(), repair.before.strip()),)


def _path(subject: str) -> str:
    """Where the object that a subject names stands in a configuration; empty when it names none."""
    for word, kind in _KINDS:
        if subject.startswith(word):
            return f"{kind}[{subject[len(word) :]}]"
    return ""
