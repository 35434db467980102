# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Field types for words, numbers and moments: what a value may be, and its one canonical form. Private to evenkeel.lb.

``parse`` takes whatever a task, an inventory or a stored document holds and returns the canonical value or raises
:class:`BadValue`. Canonical values are hashable and compare by meaning: ``fd10:0::50`` and ``FD10::50`` are equal.
"""

from __future__ import annotations

import datetime
import re
from typing import Any, Mapping, Optional

from .likely import likely_first

_MOMENT = re.compile(
    r"(?P<moment>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:\.\d{1,9})?(?P<zone>[Zz]|[+-]\d\d:\d\d)?", re.ASCII
)


class BadValue(Exception):
    """A value a field type refuses; says what is wrong and what is allowed."""

    def __init__(self, message: str, allowed: str) -> None:
        super().__init__(message)
        self.message = message
        self.allowed = allowed


def shown(value: Any) -> str:
    """A value as a person would write it, short, and never failing whatever it is."""
    if isinstance(value, str):
        text = repr(value[:60])
        return text if len(value) <= 60 and len(text) <= 80 else text[:60] + "...'"
    if value is None or isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, int):
        return repr(value) if abs(value) < 10**20 else "a number of more than 20 digits"
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else f"a value of type {type(value).__name__}"


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
        self._matches = re.compile(pattern).fullmatch
        self._allowed = allowed

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and self._matches(value) is not None

    def parse(self, value: Any) -> str:
        if isinstance(value, str) and self._matches(value):
            return value
        raise BadValue(self.refused(value), self._allowed)

    def refused(self, value: Any) -> str:
        return f"{shown(value)} is not valid here"


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


class ProgramName(Text):
    """What the kernel calls a process of a program: at most 15 bytes (TASK_COMM_LEN in linux/sched.h)."""

    def __init__(self) -> None:
        super().__init__(
            r"[A-Za-z0-9_][A-Za-z0-9_.+:-]{0,14}",
            "the name of a process as ps -o comm shows it: at most 15 letters, digits and _ . + : -",
        )


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


class DomainName(Text):
    """A name in the DNS; kept in lower case, without the dot that may end it."""

    def __init__(self) -> None:
        label = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
        super().__init__(
            rf"(?=.{{1,253}}\.?\Z)(?:\.|{label}(?:\.{label})*\.?)",
            "a domain name such as www.example.com, of labels of at most 63 characters, or . for the root",
        )

    def parse(self, value: Any) -> str:
        name = super().parse(value).lower()
        return name.rstrip(".") or name


class Choice(Text):
    """One of a fixed set of words."""

    def __init__(self, *choices: str) -> None:
        super().__init__("|".join(re.escape(choice) for choice in choices), ", ".join(choices))
        self.choices = choices

    def parse(self, value: Any) -> str:
        if isinstance(value, str) and value in self.choices:
            return value
        raise BadValue(self.refused(value), likely_first(value, self.choices))


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
                f"{shown(value)} is not valid here", f"a whole number from {self._least} to {self._most}{self._unit}"
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
                f"{shown(value)} is not valid here",
                f"seconds from {self._least:g} to {self._most:g}, in steps of 0.01",
            )
        return round(number, 2)


class Boolean(FieldType):
    """True or false, also in the words YAML and Ansible take for them."""

    ansible = "bool"

    def parse(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        word = value.lower() if isinstance(value, str) and len(value) <= 5 else value
        if word in ("true", "yes", "on", "1", 1):
            return True
        if word in ("false", "no", "off", "0", 0):
            return False
        raise BadValue(f"{shown(value)} is not valid here", "true or false")


class FreeText(Text):
    """One line of printable text, at most 255 characters."""

    def __init__(self) -> None:
        super().__init__(
            r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,255}", "one line of text, at most 255 characters"
        )


class FilePath(Text):
    """An absolute path of a file on the director."""

    def __init__(self) -> None:
        super().__init__(
            r"/[A-Za-z0-9/._+:@=,-]{1,254}", "an absolute path in the characters A-Z a-z 0-9 / . _ + : @ = , -"
        )


class Ciphers(Text):
    """A cipher list in the notation of OpenSSL's ciphers(1)."""

    def __init__(self) -> None:
        super().__init__(r"[A-Za-z0-9:!+@=_-]{1,255}", "a cipher list of OpenSSL, such as ECDHE+AESGCM:!aNULL")


class UserName(Text):
    """The name of a user of a database server; 32 characters are the most that every one of them takes."""

    def __init__(self) -> None:
        super().__init__(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}", "1 to 32 letters, digits, dots, dashes and underscores")


class CookieName(Text):
    """The name of an HTTP cookie."""

    def __init__(self) -> None:
        super().__init__(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", "1 to 64 letters, digits, dots, dashes and underscores")


class Password(Text):
    """A VRRP version 2 password: 8 characters count, more would be cut off in silence."""

    def __init__(self) -> None:
        super().__init__(r"[A-Za-z0-9._+:@=,-]{1,8}", "1 to 8 of the characters A-Z a-z 0-9 . _ + : @ = , -")

    def refused(self, value: Any) -> str:
        return "the value is not valid here"


class Timestamp(FieldType):
    """A moment in ISO 8601; kept in UTC, to the second."""

    def parse(self, value: Any) -> str:
        allowed = "a moment in ISO 8601, such as 2027-01-31T00:00:00Z"
        # YAML reads an unquoted moment as one
        said = value.isoformat() if isinstance(value, datetime.date) else value
        text = said if isinstance(said, str) and len(said) <= 40 else ""
        try:
            # what Python 3.9 reads is less than what later ones do: the same text has to mean the same on all
            match = _MOMENT.fullmatch(text)
            if match is None:
                raise ValueError(text)
            zone = match["zone"] if match["zone"] not in (None, "Z", "z") else "+00:00"
            day, _gap, time = match["moment"].replace(" ", "T").partition("T")
            moment = datetime.datetime.fromisoformat(f"{day}T{time or '00:00'}{zone}")
            return moment.astimezone(datetime.timezone.utc).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
        except (ValueError, OverflowError):
            raise BadValue(f"{shown(value)} is not a moment", allowed) from None
