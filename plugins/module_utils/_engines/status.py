# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine tells of what runs: nothing of it is ever compared with anything. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping, Optional, Tuple

from .._host.ipvs_statistics import NO_TRAFFIC, Traffic
from .connections import Connections

# Of a server, from the worst on: which of several counts for all of them. That none of its tests has ended yet is told
# by an engine's outcomes, never by its status.
HEALTH = ("down", "unknown", "untested", "up", "unchecked")
_NONE = Connections()


@dataclass(frozen=True)
class ServerStatus:
    """A server in one service. ``weight`` is what runs, None while the server is not there. ``health`` is one of up,
    down, unchecked (nothing tests it) and unknown (who tests it cannot be asked, or does not say)."""

    health: str
    weight: Optional[int] = None
    connections: Connections = _NONE
    counters: Traffic = NO_TRAFFIC
    rates: Traffic = NO_TRAFFIC


@dataclass(frozen=True)
class ServiceStatus:
    """One service of a virtual server (``name``). ``runs`` tells whether it is there, ``is_open`` whether any server of
    the farm takes new connections, ``on_sorry_server`` whether the sorry server does. ``servers`` are by name, those
    that are not disabled."""

    name: str
    runs: bool
    is_open: bool
    on_sorry_server: bool
    servers: Mapping[str, ServerStatus]
    counters: Traffic = NO_TRAFFIC
    rates: Traffic = NO_TRAFFIC


@dataclass(frozen=True)
class GroupStatus:
    """An HA group on this director. ``state`` is one of master, backup, fault, stopped and unknown; ``since`` is in
    seconds since 1970, ``priority`` the one that counts now; None where that cannot be told."""

    state: str
    since: Optional[float] = None
    priority: Optional[int] = None


@dataclass(frozen=True)
class CertificateBehind:
    """A certificate that has to be valid beside that of a profile. ``part`` is chain (it is shown too) or authority (it
    is believed), ``not_after`` is in seconds since 1970, None where it cannot be told."""

    part: str
    subject: str
    not_after: Optional[float] = None


@dataclass(frozen=True)
class CertificateStatus:
    """The certificate of a profile as it is shown now, and those ``behind`` it, the chain in its order. ``names`` are
    those that it is for, ``not_before`` and ``not_after`` are in seconds since 1970, None where they cannot be told.

    ``state`` is one of

    - present: the engine has it, and the authorities of the profile where it is to believe some,
    - missing: it runs without one of them; the others are told,
    - unknown: it does not run or answer,
    - untold: it is not to have it.

    Of a profile that is used for its authorities alone, nothing but ``state`` and ``behind`` is told."""

    subject: str = ""
    issuer: str = ""
    names: Tuple[str, ...] = ()
    fingerprint: str = ""
    not_before: Optional[float] = None
    not_after: Optional[float] = None
    behind: Tuple[CertificateBehind, ...] = ()
    state: str = "untold"


@dataclass(frozen=True)
class Status:
    """What runs of one engine; the HA groups by name, only from an engine that has HA groups."""

    services: Tuple[ServiceStatus, ...] = ()
    ha_groups: Mapping[str, GroupStatus] = field(default_factory=dict)
