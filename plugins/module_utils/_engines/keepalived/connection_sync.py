# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel's connection synchronisation for an HA group: which daemon should run, and which does. Private to
evenkeel.lb.

keepalived runs the master daemon while the group is active and the backup daemon otherwise, and changes them when the
group's state changes. It does not stop one when a reload takes the wish away, and does not notice when somebody else
stops one (2.2.7 to 2.4.3, reload_vrrp_thread in ``keepalived/vrrp/vrrp_daemon.c``). That is done here.
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Sequence

from ..._host.ipvs_settings import BACKUP, MASTER, Daemon, start_daemon, stop_daemon
from ..._host.system import System
from ..._model.vip import HaGroup

_LINE = re.compile(r'^    lvs_sync_daemon "?(?P<interface>[^\s"]+)"? inst (?P<group>\S+) id (?P<id>\d+)$', re.MULTILINE)


class Sync(NamedTuple):
    """The wish that the connections of this director are told on ``interface`` by and to members of ``group``."""

    group: str
    interface: str
    sync_id: int

    @classmethod
    def of(cls, group: HaGroup) -> Sync:
        """The wish of a group that asks for it."""
        return cls(group.name, group.interface, group.virtual_router_id)

    def daemon(self, active: bool) -> Daemon:
        """The daemon that belongs to a state of the group."""
        return Daemon(MASTER if active else BACKUP, self.interface, self.sync_id)


def sync_in(text: str) -> Optional[Sync]:
    """The wish that a block of our file expresses; None where somebody else changed it beyond recognition."""
    found = _LINE.search(text)
    return Sync(found["group"], found["interface"], int(found["id"])) if found else None


def strays(running: Sequence[Daemon], wanted: Optional[Daemon], former: Sequence[Sync] = ()) -> List[Daemon]:
    """The daemons that are in the way of the wanted one, and those that a wish of ours left behind.

    A daemon of the other role belongs to somebody else unless it speaks with the same number on the same interface.
    """
    ours = {(sync.interface, sync.sync_id) for sync in former}
    if wanted is not None:
        ours.add((wanted.interface, wanted.sync_id))
    return [
        daemon
        for daemon in running
        if not (wanted is not None and wanted.is_met_by(daemon))
        and ((daemon.interface, daemon.sync_id) in ours or (wanted is not None and daemon.role == wanted.role))
    ]


def is_running(running: Sequence[Daemon], wanted: Daemon) -> bool:
    """Whether the wanted daemon is among those that run."""
    return any(wanted.is_met_by(daemon) for daemon in running)


def settle(system: System, running: Sequence[Daemon], wanted: Optional[Daemon], former: Sequence[Sync] = ()) -> None:
    """Stop the strays and start the wanted daemon unless it runs. Raises NetlinkError."""
    for daemon in strays(running, wanted, former):
        stop_daemon(system, daemon.role)
    if wanted is not None and not is_running(running, wanted):
        start_daemon(system, wanted)
