# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answers for an address on a network, by ARP and neighbour discovery alike. Private to evenkeel.lb.

The kernel is made to resolve the address (NTF_USE, "use" of ip-neighbour(8), iproute2 5.16 and later): that needs no
route to it and no address of this machine in its network.
"""

from __future__ import annotations

import json
from typing import Any, Collection, FrozenSet, List, Mapping

from .addresses import Held
from .system import HostFault, System

# of an answer to our own question, never of something heard by the way
_ANSWERED = "REACHABLE"
# Nobody can be asked on such an interface, as on a dummy or a tunnel.
_CANNOT_ASK = "NOARP"


def ask(system: System, places: Collection[Held]) -> None:
    """Begin to ask who has these addresses, which this machine must not have, whatever was known. Raises HostFault."""
    commands: List[str] = []
    for held in sorted(places):
        place = f"{held.ip} dev {held.interface}"
        # the kernel would first trust what it heard by the way, and ask seconds later
        commands += [f"neighbour replace {place} nud failed\n", f"neighbour replace {place} use\n"]
    if not commands:
        return
    done = system.run(["ip", "-batch", "-"], given="".join(commands))
    if done.rc != 0:
        raise HostFault(f"ip neighbour failed: {done.stderr.strip()}")


def answered(system: System, places: Collection[Held]) -> FrozenSet[Held]:
    """Those of the addresses asked for that another machine has answered for, or for which nobody can be asked. Raises
    HostFault."""
    entries = {(entry["dst"], entry["dev"]): entry.get("state", ()) for entry in _entries(system)}
    return frozenset(
        held for held in places if {_ANSWERED, _CANNOT_ASK} & set(entries.get((held.ip, held.interface), ()))
    )


def _entries(system: System) -> List[Mapping[str, Any]]:
    done = system.run(["ip", "-json", "neighbour", "show", "nud", "all"])
    if done.rc != 0:
        raise HostFault(f"ip neighbour show failed: {done.stderr.strip()}")
    try:
        found: List[Mapping[str, Any]] = [entry for entry in json.loads(done.stdout or "[]") if "dst" in entry]
    except ValueError as error:
        raise HostFault(f"ip -json neighbour show printed what cannot be understood: {error!r}") from error
    return found
