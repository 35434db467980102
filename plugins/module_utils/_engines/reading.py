# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes out of reading text that others wrote for an engine: a configuration, and all that it does not say.

Pure. Private to evenkeel.lb. A text that cannot be understood as a whole raises :class:`BadText`; everything else is
read to its end, so that all there is to say about it is said at once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

_SHOWN = 100

Document = Dict[str, List[Dict[str, Any]]]


class Place(NamedTuple):
    """A line of a text, counted from 1. ``file`` is empty for the text itself, else the included file."""

    line: int
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file} line {self.line}" if self.file else f"line {self.line}"


class Finding(NamedTuple):
    """Something at a place of a text: the words that are there, what about them, and what is possible instead."""

    place: Place
    text: str
    message: str
    allowed: str = ""

    def __str__(self) -> str:
        said = f"{self.place}: {self.text}: {self.message}" if self.text else f"{self.place}: {self.message}"
        return f"{said}; allowed: {self.allowed}" if self.allowed else said


class BadText(Exception):
    """Carries everything that keeps a text from being understood, by line; its text shows the first hundred."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings: Tuple[Finding, ...] = tuple(findings)
        super().__init__(listed(self.findings))


def listed(findings: Iterable[Finding]) -> str:
    """Findings for people, one a line, the first hundred of them."""
    lines = [str(finding) for finding in findings]
    more = len(lines) - _SHOWN
    return "\n".join([*lines[:_SHOWN], f"and {more} more"] if more > 0 else lines)


@dataclass
class Findings:
    """What is found on the way through a text.

    ``left_out`` is what the text says and the configuration does not: it would be lost. ``notes`` are worth a look:
    what had to be assumed, and what is said in another way.
    """

    left_out: List[Finding] = dataclasses.field(default_factory=list)
    notes: List[Finding] = dataclasses.field(default_factory=list)

    def lose(self, place: Place, text: str, message: str, allowed: str) -> None:
        """Something has no place in the configuration; what is lost with it, and what is possible instead."""
        self.left_out.append(Finding(place, text, message, allowed))

    def note(self, place: Place, text: str, message: str) -> None:
        """Something is in the configuration, but not word for word."""
        self.notes.append(Finding(place, text, message))


@dataclass(frozen=True)
class Reading:
    """A text that was read. ``document`` is a valid configuration in canonical form; ``rest`` is the part of the text
    that this collection has no business with and that stays as it is."""

    document: Document
    left_out: Tuple[Finding, ...]
    notes: Tuple[Finding, ...]
    rest: str
