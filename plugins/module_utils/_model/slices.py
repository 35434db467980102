# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is worked out of objects once, for all configurations that have them. Private to evenkeel.lb.

A run works on two configurations, the recorded one and the wanted one, and nearly all of their objects are one and the
same. What follows from a virtual server is worked out of its slice of a configuration, which both share then.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, Dict, Optional, Tuple, TypeVar

from .configuration import Configuration
from .farm import Farm
from .virtual_server import VirtualServer

_Found = TypeVar("_Found")

# Of more than that, as in a process that goes on and on, all is forgotten.
_MOST_KEPT = 1 << 15


def once_for_same(work: Callable[..., _Found]) -> Callable[..., _Found]:
    """``work`` that is done once for the very same things, which is told without a look into them. They may never
    change, and ``work`` may look at nothing else."""
    kept: Dict[Tuple[int, ...], Tuple[Any, _Found]] = {}

    @functools.wraps(work)
    def found(*things: Any) -> _Found:
        # the things are kept with what was found, so that no other ever has their identity
        key = tuple(map(id, things))
        if key not in kept:
            if len(kept) >= _MOST_KEPT:
                kept.clear()
            kept[key] = things, work(*things)
        return kept[key][1]

    return found


def slices(configuration: Configuration) -> Tuple[Tuple[VirtualServer, Configuration], ...]:
    """Each virtual server, by name, with its slice: the configuration without other virtual servers and farms."""
    if "slices" not in configuration.derived:
        configuration.derived["slices"] = tuple(
            (
                virtual_server,
                _slice(
                    virtual_server,
                    configuration.farms.get(virtual_server.farm or ""),
                    configuration.ha_groups,
                    configuration.vips,
                    configuration.certificate_profiles,
                    configuration.health_checks,
                ),
            )
            for _name, virtual_server in sorted(configuration.virtual_servers.items())
        )
    found: Tuple[Tuple[VirtualServer, Configuration], ...] = configuration.derived["slices"]
    return found


@once_for_same
def _slice(
    virtual_server: VirtualServer, farm: Optional[Farm], groups: Any, vips: Any, profiles: Any, checks: Any
) -> Any:
    farms: Dict[str, Farm] = {} if farm is None else {farm.name: farm}
    return Configuration(groups, vips, profiles, checks, farms, {virtual_server.name: virtual_server})
