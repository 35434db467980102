# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived runs now: servers with their health, HA groups with their state. Private to evenkeel.lb."""

from __future__ import annotations

import functools
from typing import Dict

from ..._host.ipvs_statistics import ServiceStatistics, read_statistics
from ..._host.system import System
from ..._model.configuration import Configuration
from ..._model.services import Backend, Service, services
from ..blocks import Blocks, parse
from ..service_status import statuses
from ..service_table import destination_of, key_of
from ..status import GroupStatus, Status
from . import belief, daemon, vrrp
from .capabilities import NAME
from .last_resort import replacement

STATES = {vrrp.ACTIVE: "master", vrrp.STANDBY: "backup", vrrp.FAULTY: "fault"}


def status(configuration: Configuration, system: System) -> Status:
    """What runs of a configuration."""
    carried = services(configuration, NAME)
    active = (carried or configuration.ha_groups) and daemon.is_active(system)
    found = read_statistics(system, set(map(key_of, carried)))
    there = {key: frozenset(service.destinations) for key, service in found.items()}
    lost = belief.lost(system, _told(system), there) if carried and active else {}
    groups = _groups(configuration, system) if active else _stopped(configuration)
    return Status(statuses(carried, found, functools.partial(_health, bool(active), lost)), groups)


def _health(active: bool, lost: belief.Servers, service: Service, backend: Backend, found: ServiceStatistics) -> str:
    """What a server that keepalived tests has become, read off the kernel: it takes one that fails out, or gives it the
    weight 0; in place of servers that are too few it puts the sorry server, also of those that are well."""
    if not active:
        return "unknown"
    name = destination_of(service, backend).key
    here = found.destinations.get(name)
    if here is None and name in lost.get(found.key, ()):
        return "up"
    if here is None:
        sorry = replacement(service)
        is_replaced = sorry is not None and sorry.key in found.destinations
        needs_more = service.farm.quorum + service.farm.hysteresis > 1
        return "unknown" if is_replaced and needs_more else "down"
    if here.weight or service.farm.on_failure != "quiesce":
        return "up"
    # one that drains, or has no weight, looks the same whether or not it is well
    return "down" if backend.weight else "unknown"


def _told(system: System) -> Blocks:
    _header, told = parse(system.read(daemon.FILE) or "")
    return told


def _groups(configuration: Configuration, system: System) -> Dict[str, GroupStatus]:
    if not configuration.ha_groups:
        return {}
    instances = vrrp.running(system, daemon.main_pid(system))
    if instances is None:
        return dict.fromkeys(configuration.ha_groups, GroupStatus("unknown"))
    found = {
        name: GroupStatus(STATES[one.state], one.since, one.priority)
        for name, one in instances.items()
        if name in configuration.ha_groups
    }
    return {**_stopped(configuration), **found}


def _stopped(configuration: Configuration) -> Dict[str, GroupStatus]:
    return dict.fromkeys(configuration.ha_groups, GroupStatus("stopped"))
