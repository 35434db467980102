# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our own keepalived file back into blocks, and keepalived's words about a candidate. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import List, NamedTuple

# Said when every server of a virtual server drains (weight 0); keepalived then counts the quorum as lost, which only
# matters with a sorry server. Text of 2.2.7 to 2.4.3.
_ALL_DRAINED = (
    re.compile(r"quorum \d+ for .* exceeds total weight of real servers 0, reducing quorum to 0"),
    re.compile(r"hysteresis \d+ >= quorum 0; setting hysteresis to 4294967295"),
)
# Said of every program that tests something where the user has not enabled script security. What that would refuse is
# refused by programs.py; of such a program this line says more.
_NO_SCRIPT_SECURITY = re.compile(
    r"SECURITY VIOLATION - (?:check )?scripts are being executed but script_security not enabled\.$"
)
_HARMLESS = (*_ALL_DRAINED, _NO_SCRIPT_SECURITY)
_PLACE = re.compile(r"^\((?P<file>[^()]*): Line (?P<line>\d+)\) ")


class Complaint(NamedTuple):
    """One line of ``keepalived -t``; ``line`` is its place in the candidate, 0 when it is about something else."""

    line: int
    text: str


def complaints(output: str, candidate: str) -> List[Complaint]:
    """What ``keepalived -t`` says is wrong; places are kept for the file ``candidate`` only."""
    found = []
    for line in filter(None, map(str.strip, output.splitlines())):
        place = _PLACE.match(line)
        text = line[place.end() :] if place else line
        if not any(known.search(text) for known in _HARMLESS):
            found.append(Complaint(int(place["line"]) if place and place["file"] == candidate else 0, text))
    return found
