# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the running keepalived says about its VRRP instances. Private to evenkeel.lb.

keepalived writes its state as JSON into the system's temporary directory when it gets a signal, whose number depends on
the build and is asked for. Builds without JSON support do not know the signal, and nothing is said then.
Source: ``keepalived/vrrp/vrrp_json.c`` of 2.2.7 to 2.4.3.
"""

from __future__ import annotations

import functools
import ipaddress
import json
from typing import Any, FrozenSet, Iterable, Mapping, NamedTuple, Optional

from ..._host.system import System

_DUMP = "/tmp/keepalived.json"  # KA_TMP_DIR of the build
_POLL = 0.01
# A reload that begins just now forgets the question, so it is put again.
_SECONDS_TO_ASK_AGAIN = 1.0
_SECONDS_TO_WAIT = 10.0

ACTIVE = "active"
STANDBY = "standby"
FAULTY = "faulty"
# enum of keepalived/vrrp/vrrp.h
_STATES = {0: STANDBY, 1: STANDBY, 2: ACTIVE, 3: FAULTY}


class Instance(NamedTuple):
    """An HA group as the running keepalived has it.

    ``since`` is when it came to its ``state``, or read its file again in it, in seconds since 1970. ``vips`` are the
    addresses it has to hold while it is active, without prefix length. ``interfaces`` it tracks beside its own, and so
    many ``scripts``. ``priority`` is the one that counts now.
    """

    state: str
    since: float
    vips: FrozenSet[str]
    interfaces: FrozenSet[str] = frozenset()
    scripts: int = 0
    priority: Optional[int] = None


Instances = Mapping[str, Instance]


def running(system: System, pid: int) -> Optional[Instances]:
    """The VRRP instances by name; None when this build of keepalived cannot tell. One without instances writes nothing,
    so that is how it is understood when nothing comes."""
    if not pid:
        return {}
    signal = _signal(system)
    if signal is None:
        return None
    end = system.now() + _SECONDS_TO_WAIT
    while system.now() < end:
        dump = _dumped(system, signal, pid)
        if dump is not None:
            return instances(dump)
    return {}


@functools.lru_cache(maxsize=1)
def _signal(system: System) -> Optional[str]:
    """The number of the signal that makes keepalived write its state; None when this build has none. To ask takes
    longer than the answer to the signal."""
    asked = system.run(["keepalived", "--signum=JSON"])
    return asked.stdout.strip() if asked.rc == 0 else None


def _dumped(system: System, signal: str, pid: int) -> Any:
    """What keepalived writes on a signal, None when it does not for a while. The file is not left there: it has the
    passwords of version 2 in it."""
    system.remove(_DUMP)
    system.run(["kill", "-s", signal, str(pid)])
    end = system.now() + _SECONDS_TO_ASK_AGAIN
    while system.now() < end:
        try:
            dump = json.loads(system.read(_DUMP) or "")
        except ValueError:  # not there yet, or not written to its end
            system.sleep(_POLL)
        else:
            system.remove(_DUMP)
            return dump
    return None


def instances(dump: Any) -> Instances:
    """The instances in a dump of json_version 1 (a list) or 2 (a mapping that holds it)."""
    found = dump if isinstance(dump, list) else dump["vrrp"]
    return {instance["data"]["iname"]: _instance(instance["data"]) for instance in found}


def _instance(data: Mapping[str, Any]) -> Instance:
    return Instance(
        _STATES[data["state"]],
        data["last_transition"],
        _addresses([*data.get("vips", ()), *data.get("evips", ())]),
        frozenset(data.get("track_ifp", ())),
        len(data.get("track_script", ())),
        data.get("effective_priority"),
    )


def _addresses(lines: Iterable[str]) -> FrozenSet[str]:
    """``10.0.0.1/24 dev eth0 scope global set`` → ``10.0.0.1``."""
    return frozenset(str(ipaddress.ip_interface(line.split()[0]).ip) for line in lines)
