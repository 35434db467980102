# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words that the text and the page of a report have in common. Private to evenkeel.lb."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

_NEXT_RUN = {
    "add": "adds it",
    "change": "changes it",
    "remove": "removes it",
    "repair": "repairs it",
    "refuse": "is refused until somebody puts this right",
}
_IMPACT = {
    "none": "no connection is touched",
    "new_connections": "only new connections notice",
    "drain": "connections end by themselves",
    "reset": "connections are cut",
    "failover": "VIPs may move",
}
_UNTOLD = {"missing": "HAProxy runs without it", "unknown": "not known, as HAProxy does not answer"}
# Of the certificates that a profile rests on, which it is.
_PART = {"certificate": "its own", "chain": "of its chain", "authority": "of its authorities"}
# Control characters, those without a glyph that turn the text around or hide in it, and halves of characters, which
# no file can hold.
_UNSEEN = ("Cc", "Cf", "Cs")


def visible(text: str) -> str:
    """The text with everything that a screen would obey rather than show in the form of an escape; lines stay."""
    return "".join(
        character if character == "\n" or unicodedata.category(character) not in _UNSEEN else _escape(character)
        for character in text
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def next_run(entry: Mapping[str, Any]) -> str:
    """What the next run does about an entry of drift, and how much that disturbs; "the next run" goes before it."""
    action, impact = entry["action"], entry["impact"]
    does = _NEXT_RUN.get(action, action)
    return does if action == "refuse" else f"{does}; {_IMPACT.get(impact, impact)}"


def down(service: Mapping[str, Any]) -> str:
    """In what way a virtual server does not serve."""
    if service["state"] == "missing":
        return "not running"
    return "down, the sorry server answers" if service["sorry_server"] else "down, no server takes connections"


def part(certificate: Mapping[str, Any]) -> str:
    """Which of the certificates that a profile rests on it is."""
    return _PART.get(certificate["part"], certificate["part"])


def ending(certificate: Mapping[str, Any]) -> str:
    """Until when a certificate is valid, and how long that is, or was; or why that is not told."""
    end, left = certificate["not_after"], certificate["days_left"]
    if certificate["state"] in _UNTOLD:
        return _UNTOLD[certificate["state"]]
    if certificate["state"] == "expired":
        return f"expired since {end}"
    return f"expires at {end}, {'today' if not left else 'in 1 day' if left == 1 else f'in {left} days'}"


def endpoint(address: str, port: int) -> str:
    """Address and port of a server as they are commonly written; the port is left out where packets keep theirs."""
    if not port:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
