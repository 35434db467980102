# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the keepalived engine is asked for, sees, and keeps to go back to. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import FrozenSet, Mapping, Optional, Tuple

from ..._host.ipvs_settings import Timeouts
from ..._host.ipvs_table import ServiceKey, Table
from ..._model.services import Service
from ..blocks import Blocks
from . import connection_timeouts, kernel, vips
from .belief import Servers
from .connection_sync import Sync


@dataclass(frozen=True)
class Desired:
    """The services, the blocks of our file, and what keepalived makes of them: the kernel table when every server is
    healthy, what may stand there otherwise, the subject behind each of its keys, the HA groups, the timeouts, and
    whether connections are synchronised (of what is owned also: whether they may be).

    ``unsettled`` is what is owned when keepalived may not have read its file since it was written."""

    services: Tuple[Service, ...]
    blocks: Blocks
    table: Table
    unwell: Mapping[ServiceKey, kernel.Unwell]
    subjects: Mapping[ServiceKey, str]
    vips: vips.Wanted
    timeouts: Timeouts = connection_timeouts.UNSAID
    synchronises: bool = False
    unsettled: bool = False


@dataclass(frozen=True)
class Observed:
    """Our file as it is (``header`` is None without one), whether keepalived runs, the kernel's whole table, and the
    servers that keepalived has put there and somebody else took out."""

    header: Optional[str]
    blocks: Blocks
    active: bool
    table: Table
    vrrp: vips.Seen = vips.NOTHING
    timeouts: Optional[Timeouts] = None
    lost: Servers = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Our file, whether keepalived ran, those of the services in question (``keys``) that were in the kernel, and the
    HA groups it had, with what is ``former`` when they are back, and the ``holds`` of those that come and go, by
    name."""

    text: Optional[str]
    active: bool
    keys: FrozenSet[ServiceKey]
    running: Table
    vips: vips.Wanted
    former: Tuple[Optional[Sync], ...]
    timeouts: Optional[Timeouts] = None
    holds: Mapping[str, Optional[str]] = field(default_factory=dict)
