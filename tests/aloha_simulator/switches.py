# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of an ALOHA is not documented, as switches, and what may go wrong, as faults to come."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Switches:
    """Either answer to each question that the documentation leaves open; the defaults are the likely ones."""

    # POST on the URI of the object creates it; or PUT does; or both do.
    create: str = "post"
    # Whether deleting an object deletes what it holds, or is refused while it holds something.
    cascade: bool = True
    # Whether PUT changes the keys it names, or takes the place of the whole object.
    put: str = "partial"
    # How a directory lists its names: a JSON array, or with the braces that the documentation prints.
    listing: str = "array"
    # Whether 404 of a missing object says errno 22 too.
    missing_errno: bool = True
    # The status of an appliance that is locked, and whether it says errno 100.
    lock_status: int = 500
    lock_errno: bool = True
    error_body: str = "empty"
    # Whether values come back as they were written, or in another form that means the same.
    normalise: bool = False
    # How many times an object is still read as it was before a write.
    stale_reads: int = 0
    # Whether layer 4 takes a weight of 0.
    l4_weight_zero: bool = True
    # Whether two objects may have the same address, port and protocol.
    duplicates: bool = True
    # Attributes that this version does not know, and those whose value it cannot tell, by kind.
    unknown: dict[str, list[str]] = field(default_factory=dict)
    untold: dict[str, list[str]] = field(default_factory=dict)
    # Attributes beyond those of the documentation, by kind.
    more: dict[str, list[str]] = field(default_factory=dict)
    # Seconds for each request.
    delay: float = 0.0


@dataclass
class Fault:
    """What goes wrong with a request: ``kind`` is lock, errno, drop, drop_after (it is carried out), slow, html or
    status."""

    kind: str
    number: int = 0

    @classmethod
    def parsed(cls, text: str) -> Fault:
        """Such as ``errno:101`` or ``drop``."""
        kind, _colon, number = text.partition(":")
        return cls(kind, int(number or 0))
