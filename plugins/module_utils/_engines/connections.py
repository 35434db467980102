# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine counts of the connections of one server. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Connections:
    """What an engine counts for one server: of one virtual server, or of several together.

    ``active`` connections are open: they have ended their handshake, and neither side has begun to close. ``inactive``
    ones are being opened or closed. ``flows`` are of datagrams, whose end nobody tells; they are forgotten when none
    came for some time. ``persistent`` clients come back to this server, also while it drains when ``sticky``.
    """

    active: int = 0
    inactive: int = 0
    flows: int = 0
    persistent: int = 0
    sticky: bool = False

    def __add__(self, other: Connections) -> Connections:
        return Connections(
            self.active + other.active,
            self.inactive + other.inactive,
            self.flows + other.flows,
            self.persistent + other.persistent,
            self.sticky or other.sticky,
        )
