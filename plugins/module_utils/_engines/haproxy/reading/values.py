# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values in haproxy.cfg. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, NamedTuple, Optional, Tuple

from ...._model.addresses import Address
from ...._model.fields import BadValue, FieldType
from .lines import Statement

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FAMILIES = re.compile(r"(?:(?P<kind>ipv4|ipv6|tcp4|tcp6|tcp|quic4|quic6)@)?(?P<rest>.*)", re.DOTALL)


class Unsaid(Exception):
    """Something that keeps its whole section from being said in the model."""

    def __init__(self, statement: Statement, message: str, allowed: str = "") -> None:
        super().__init__(message)
        self.statement, self.message, self.allowed = statement, message, allowed


class Endpoint(NamedTuple):
    """An address, empty for all of them, and the ports behind it as written. ``quic`` is of UDP."""

    address: str
    ports: str
    quic: bool


def seconds(text: str, unit: str = "ms") -> Optional[float]:
    """A time in seconds; a number alone is in ``unit``. None where it is none."""
    match = re.fullmatch(r"([0-9]{1,12})(us|ms|s|m|h|d)?", text)
    return round(int(match[1]) * _UNITS[match[2] or unit], 6) if match else None


def whole(value: float) -> "float | int":
    """A number without decimals that say nothing."""
    return int(value) if value == int(value) else value


def number(text: str, least: int, most: int) -> Optional[int]:
    """A whole number in a range; None where it is none."""
    return int(text) if re.fullmatch("[0-9]{1,12}", text) and least <= int(text) <= most else None


def endpoint(text: str) -> Optional[Endpoint]:
    """``192.0.2.1:80``, ``[::1]:80``, ``ipv6@::1:80``, ``:80``, ``*:8000-8010``; None where it is no address of IP."""
    match = _FAMILIES.fullmatch(text)
    if match is None or text.startswith(("/", "unix@", "abns@", "fd@", "sockpair@", "udp")):
        return None
    host, colon, ports = match["rest"].rpartition(":")
    if not colon:
        host, ports = match["rest"], ""
    elif not re.fullmatch(r"[0-9+-]*", ports):
        return None
    address = host.strip("[]")
    if address in ("", "*", "0.0.0.0", "::"):
        return Endpoint("", ports, (match["kind"] or "").startswith("quic"))
    try:
        return Endpoint(Address().parse(address), ports, (match["kind"] or "").startswith("quic"))
    except BadValue:
        return None


def network_of(text: str) -> Optional[str]:
    """An address or network in canonical form; None where it is none."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return None


def parsed(kind: FieldType, value: Any) -> Any:
    """A value as a field of the model has it; None where it takes no such value."""
    try:
        return kind.parse(value)
    except BadValue:
        return None


def keyed(words: Tuple[str, ...], arguments: "dict[str, int]") -> "list[tuple[str, tuple[str, ...]]]":
    """Words as keywords, each with as many arguments as it takes."""
    found, at = [], 0
    while at < len(words):
        count = arguments.get(words[at], 0)
        found.append((words[at], words[at + 1 : at + 1 + count]))
        at += 1 + count
    return found
