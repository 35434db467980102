# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Field types: what a value may be, and its one canonical form. Private to evenkeel.lb.

``parse`` takes whatever a task, an inventory or a stored document holds and returns the canonical value or raises
:class:`BadValue`. Canonical values are hashable and compare by meaning: ``fd10:0::50`` and ``FD10::50`` are equal.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Optional, Sequence


class BadValue(Exception):
    """A value a field type refuses; says what is wrong and what is allowed."""

    def __init__(self, message: str, allowed: str) -> None:
        super().__init__(message)
        self.message = message
        self.allowed = allowed


def _shown(value: Any) -> str:
    """A value as a person would write it, short enough for one line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class FieldType:
    """Base of all field types; ``ansible`` is the option type a module declares for it."""

    ansible = "str"

    def parse(self, value: Any) -> Any:
        raise NotImplementedError

    def serialise(self, value: Any) -> Any:
        """The canonical value as JSON; ``parse`` takes it back unchanged."""
        return value


class Text(FieldType):
    """Text that matches a pattern as a whole."""

    def __init__(self, pattern: str, allowed: str) -> None:
        self._pattern = re.compile(pattern)
        self._allowed = allowed

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and self._pattern.fullmatch(value) is not None

    def parse(self, value: Any) -> str:
        if isinstance(value, str) and self.accepts(value):
            return value
        raise BadValue(f"{_shown(value)} is not valid here", self._allowed)


class Name(Text):
    """A name that every engine can bear."""

    def __init__(self) -> None:
        super().__init__(
            r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
            "1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first",
        )


class Reference(Name):
    """The name of another object."""


class InterfaceName(Text):
    """The name of a network interface: at most 15 bytes (IFNAMSIZ in linux/if.h)."""

    def __init__(self) -> None:
        super().__init__(r"[A-Za-z0-9._@:-]{1,15}", "the name of a network interface, at most 15 characters")


class UriPath(Text):
    """The path and query of an HTTP request, in characters no configuration language gives a meaning to."""

    def __init__(self) -> None:
        super().__init__(
            r"/[A-Za-z0-9/._%?=&+,:;-]{0,1023}",
            "a path that begins with /, in the characters A-Z a-z 0-9 / . _ % ? = & + , : ; -",
        )


class HostName(Text):
    """A host name for an HTTP Host header, with an optional port."""

    def __init__(self) -> None:
        super().__init__(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})(:[0-9]{1,5})?", "a host name such as www.example.com")


class Choice(Text):
    """One of a fixed set of words."""

    def __init__(self, *choices: str) -> None:
        super().__init__("|".join(re.escape(choice) for choice in choices), ", ".join(choices))
        self.choices = choices


class Integer(FieldType):
    """A whole number in a range, both ends included."""

    ansible = "int"

    def __init__(self, least: int, most: int, unit: str = "") -> None:
        self._least = least
        self._most = most
        self._unit = f" {unit}" if unit else ""

    def parse(self, value: Any) -> int:
        number: Optional[int] = None
        if isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,20}", value):
            number = int(value)
        if number is None or not self._least <= number <= self._most:
            raise BadValue(
                f"{_shown(value)} is not valid here", f"a whole number from {self._least} to {self._most}{self._unit}"
            )
        return number


class Seconds(FieldType):
    """A duration in seconds with a resolution of 0.01 s, both ends of the range included."""

    ansible = "float"

    def __init__(self, least: float, most: float) -> None:
        self._least = least
        self._most = most

    def parse(self, value: Any) -> float:
        number: Optional[float] = None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            number = float(value) if abs(value) < 1e12 else None
        elif isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", value):
            number = float(value)
        if number is None or not self._least <= number <= self._most or abs(number * 100 - round(number * 100)) > 1e-6:
            raise BadValue(
                f"{_shown(value)} is not valid here",
                f"seconds from {self._least:g} to {self._most:g}, in steps of 0.01",
            )
        return round(number, 2)


class Boolean(FieldType):
    """True or false, also in the words YAML and Ansible take for them."""

    ansible = "bool"

    def parse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = str(value).lower() if isinstance(value, (str, int)) else ""
        if word in ("true", "yes", "on", "1"):
            return True
        if word in ("false", "no", "off", "0"):
            return False
        raise BadValue(f"{_shown(value)} is not valid here", "true or false")


class Address(FieldType):
    """An IPv4 or IPv6 unicast address without prefix, in its shortest form."""

    def parse(self, value: Any) -> str:
        allowed = "an IPv4 or IPv6 unicast address without prefix, such as 192.0.2.10 or 2001:db8::10"
        try:
            address = ipaddress.ip_address(value if isinstance(value, str) else "")
        except ValueError:
            raise BadValue(f"{_shown(value)} is not an IP address", allowed) from None
        if address.is_multicast or address.is_unspecified or address == ipaddress.ip_address("255.255.255.255"):
            raise BadValue(f"{_shown(value)} is not a unicast address", allowed)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            raise BadValue(
                f"{_shown(value)} is an IPv4 address in IPv6 clothes", f"{address.ipv4_mapped}, or {allowed}"
            )
        if getattr(address, "scope_id", None):
            raise BadValue(f"{_shown(value)} carries a zone", allowed)
        return str(address)


class HostAddress(FieldType):
    """An address with the prefix length of its network, such as ``192.0.2.10/24``."""

    def parse(self, value: Any) -> str:
        allowed = "an address with its prefix length, such as 192.0.2.10/24 or 2001:db8::10/64"
        host, slash, length = (value if isinstance(value, str) else "").partition("/")
        if not slash:
            raise BadValue(f"{_shown(value)} has no prefix length", allowed)
        try:
            address = Address().parse(host)
            interface = ipaddress.ip_interface(
                f"{address}/{int(length) if re.fullmatch('[0-9]{1,3}', length) else 'x'}"
            )
        except (BadValue, ValueError):
            raise BadValue(f"{_shown(value)} is not an address with a prefix length", allowed) from None
        network = interface.network
        if network.num_addresses > 2 and interface.ip == network.network_address and network.version == 4:
            raise BadValue(f"{_shown(value)} is the network itself", allowed)
        if network.num_addresses > 2 and interface.ip == network.broadcast_address and network.version == 4:
            raise BadValue(f"{_shown(value)} is the broadcast address of its network", allowed)
        return str(interface)


class Netmask(FieldType):
    """Which clients count as one for persistence: an IPv4 netmask, or an IPv6 prefix length from 1 to 128."""

    def parse(self, value: Any) -> str:
        text = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
        if re.fullmatch("[0-9]{1,3}", text) and 1 <= int(text) <= 128:
            return str(int(text))
        try:
            network = ipaddress.IPv4Network(f"0.0.0.0/{text}")
            if "." in text and network.prefixlen > 0 and str(network.netmask) == text:
                return text
        except ValueError:
            pass
        raise BadValue(
            f"{_shown(value)} is not valid here",
            "an IPv4 netmask such as 255.255.255.0, or an IPv6 prefix length from 1 to 128",
        )


class StatusCodes(FieldType):
    """HTTP status codes and ranges of them, as sorted text: ``("200-299", "301")``."""

    ansible = "list"

    def parse(self, value: Any) -> "tuple[str, ...]":
        allowed = "a list of status codes from 100 to 599 and ranges of them, such as 200-299"
        if not isinstance(value, (list, tuple)) or not value:
            raise BadValue(f"{_shown(value)} is not valid here", allowed)
        codes = set()
        for item in value:
            match = re.fullmatch(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?", str(item))
            if match is None or int(match[2] or match[1]) < int(match[1]):
                raise BadValue(f"{_shown(item)} is not a status code or a range of them", allowed)
            codes.add(match[1] if match[2] in (None, match[1]) else f"{match[1]}-{match[2]}")
        return tuple(sorted(codes))

    def serialise(self, value: Sequence[str]) -> "list[str]":
        return list(value)


class ObjectList(FieldType):
    """A list of objects with unique names, such as the servers of a farm; ``kind`` is their class."""

    ansible = "list"

    def __init__(self, kind: type) -> None:
        self.kind = kind
