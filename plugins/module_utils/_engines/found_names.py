# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names for what a text has no names for, from its addresses and ports. Pure. Private to evenkeel.lb.

The same text always gives the same names, whatever stands around a thing in it.
"""

from __future__ import annotations

from typing import Any, Iterable, Mapping, Set

from .._model.fields import Name

_LONGEST = 64


class Names:
    """Names that are taken among the objects of one kind."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken: Set[str] = set(taken)

    def take(self, wanted: str, otherwise: str = "") -> str:
        """``wanted`` where it is a name and free, else ``otherwise``, else that with the first number that is free."""
        if Name().accepts(wanted) and wanted not in self._taken:
            self._taken.add(wanted)
            return wanted
        base = (otherwise or wanted)[:_LONGEST]
        name, number = base, 2
        while name in self._taken:
            end = f"-{number}"
            name, number = base[: _LONGEST - len(end)] + end, number + 1
        self._taken.add(name)
        return name


def of_address(address: str) -> str:
    """``192.0.2.1`` as it is, ``2001:db8::1`` as ``2001-db8--1``, ``::1`` as ``0--1``."""
    text = address.replace(":", "-")
    return f"0{text}" if text.startswith("-") else text


def of_vip(address: str) -> str:
    """``vip-192.0.2.1``: a name alone that looks like an address would be taken for one."""
    return f"vip-{of_address(address)}"


def of_service(key: Mapping[str, Any]) -> str:
    """Of a virtual server by what clients reach it by: ``tcp-192.0.2.1-80``, ``tcp-192.0.2.1`` (every port),
    ``fwmark-3``."""
    if "fwmark" in key:
        return f"fwmark-{key['fwmark']}"
    port = f"-{key['port']}" if "port" in key else ""
    return f"{key['protocol']}-{of_address(key['vip'])}{port}"


def of_server(address: str, port: int) -> str:
    """``192.0.2.21``, or ``192.0.2.21-8080`` where the port is its own."""
    return f"{of_address(address)}-{port}" if port else of_address(address)
