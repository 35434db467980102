# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the running keepalived says about its VRRP instances. Private to evenkeel.lb.

keepalived writes its state as JSON into the system's temporary directory when it gets a signal, whose number depends on
the build and is asked for. Builds without JSON support do not know the signal, and nothing is said then.
"""

from __future__ import annotations

import json
from typing import Any, Dict, FrozenSet, Iterable, Mapping, Optional

from ..._host.system import System
from ..._model.configuration import Configuration
from ..base import EngineFault

Addresses = Mapping[str, FrozenSet[str]]

_DUMP = "/tmp/keepalived.json"  # KA_TMP_DIR of the build
_POLL = 0.05
_SECONDS_TO_WAIT = 5.0


def wanted(configuration: Configuration) -> Addresses:
    """The addresses of each HA group that has some, by the name of the group."""
    found: Dict[str, FrozenSet[str]] = {}
    for vip in configuration.vips.values():
        found[vip.ha_group] = found.get(vip.ha_group, frozenset()) | {vip.ip}
    return {group: addresses for group, addresses in found.items() if group in configuration.ha_groups}


def running(system: System, pid: int) -> Optional[Addresses]:
    """The addresses each VRRP instance holds when it is active; None when this build of keepalived cannot tell."""
    signal = system.run(["keepalived", "--signum=JSON"])
    if signal.rc != 0:
        return None
    system.remove(_DUMP)
    system.run(["kill", "-s", signal.stdout.strip(), str(pid)])
    end = system.now() + _SECONDS_TO_WAIT
    while system.now() < end:
        try:
            return instances(json.loads(system.read(_DUMP) or ""))
        except ValueError:  # not there yet, or not written to its end
            system.sleep(_POLL)
    raise EngineFault(f"keepalived did not write its state to {_DUMP} within {_SECONDS_TO_WAIT:g} s")


def instances(dump: Any) -> Addresses:
    """The addresses by instance in a dump of json_version 1 (a list) or 2 (a mapping that holds it)."""
    found = dump if isinstance(dump, list) else dump["vrrp"]
    return {
        instance["data"]["iname"]: _addresses([*instance["data"].get("vips", ()), *instance["data"].get("evips", ())])
        for instance in found
    }


def _addresses(lines: Iterable[str]) -> FrozenSet[str]:
    """``10.0.0.1/24 dev eth0 scope global set`` → ``10.0.0.1``."""
    return frozenset(line.split()[0].partition("/")[0] for line in lines)
