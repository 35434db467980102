# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents: programs beside servers that say how much a server can take. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional

from .addresses import Address
from .fields import BadValue, FreeText, Integer, Seconds
from .objects import option
from .octets import octets
from .problems import Problem


@dataclass(frozen=True)
class Agent:
    """A program beside each server that says how much the server can take; asked beside its health check."""

    WORD = "agent"

    port: int = option(
        Integer(1, 65535), "The port it listens on, 1 to 65535.", required=True, impact="new_connections"
    )
    interval: float = option(
        Seconds(0.1, 86400), "Seconds between two questions, 0.1 to 86400.", default=5.0, impact="new_connections"
    )
    address: Optional[str] = option(
        Address(),
        "Where it is, IPv4 or IPv6, where one answers for all servers. Unset asks each server at its own address.",
        impact="new_connections",
    )
    send: Optional[str] = option(
        FreeText(),
        "What to send it first. C(\\r), C(\\n), C(\\t), C(\\\\) and C(\\xHH) stand for bytes. Unset sends nothing.",
        impact="new_connections",
    )

    def problems(self, path: str) -> Iterator[Problem]:
        try:
            said = octets(self.send or "")
        except BadValue as bad:
            yield Problem(f"{path}.send", bad.message, bad.allowed)
            return
        if 0 in said:
            yield Problem(f"{path}.send", "has a byte of zero, which ends it", r"other bytes, such as \n at the end")
