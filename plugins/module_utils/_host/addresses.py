# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The addresses of this machine's interfaces, by ip(8). Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
import json
from typing import FrozenSet, NamedTuple, Sequence

from .system import HostFault, System


class Held(NamedTuple):
    """An address on an interface, with the length of its prefix: ``eth1``, ``192.0.2.50/24``."""

    interface: str
    address: str

    @property
    def ip(self) -> str:
        """The address without its prefix length."""
        return self.address.partition("/")[0]

    def __str__(self) -> str:
        return f"{self.address} dev {self.interface}"


def read_addresses(system: System) -> FrozenSet[Held]:
    """Every address the kernel holds now, in the form Python gives it. Raises HostFault."""
    said = _ip(system, ["-json", "address", "show"])
    try:
        return frozenset(
            Held(link["ifname"], str(ipaddress.ip_interface(f"{address['local']}/{address['prefixlen']}")))
            for link in json.loads(said or "[]")
            for address in link.get("addr_info", ())
            if "local" in address
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HostFault(f"ip -json address show printed what cannot be understood: {error!r}") from error


def add_address(system: System, held: Held, attributes: Sequence[str] = ()) -> None:
    """Add an address, or give one that is there these ``attributes``, in the words of ip-address(8)."""
    _ip(system, ["address", "replace", held.address, "dev", held.interface, *attributes])


def remove_address(system: System, held: Held) -> None:
    """Remove an address; one that is gone is fine."""
    if held in read_addresses(system):
        _ip(system, ["address", "delete", held.address, "dev", held.interface])


def _ip(system: System, words: Sequence[str]) -> str:
    done = system.run(["ip", *words])
    if done.rc != 0:
        raise HostFault(f"ip {' '.join(words)} failed: {done.stderr.strip()}")
    return done.stdout
