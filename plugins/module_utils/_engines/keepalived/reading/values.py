# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values behind the keywords of keepalived.conf, as keepalived takes them. Pure. Private to evenkeel.lb.

keepalived ignores a line whose value it does not understand and goes on with its default, and so does this; that the
line says nothing is told.
"""

from __future__ import annotations

import re
from typing import Callable, Iterable, Mapping, Optional, Sequence

from ...._model.addresses import Address
from ...._model.fields import BadValue
from ...reading import Findings
from .tree import Statement

_TRUE = ("true", "on", "yes")
_FALSE = ("false", "off", "no")
_UNKNOWN = "is no keyword of this place in keepalived 2.2.7 to 2.4.3, which ignores it"

Handler = Callable[[Statement], None]


def sort_out(
    statements: Iterable[Statement],
    handlers: Mapping[str, Handler],
    lost: Mapping[str, str],
    findings: Findings,
) -> None:
    """Hand each statement to the handler of its keyword; tell what is lost with those in ``lost``, and unknown ones."""
    for statement in statements:
        handler = handlers.get(statement.keyword)
        if handler is not None:
            handler(statement)
        else:
            message = lost.get(statement.keyword, _UNKNOWN)
            findings.lose(
                statement.place, statement.shown, message, "leave it out" if statement.keyword in lost else ""
            )


def ignored(statement: Statement, findings: Findings, allowed: str) -> None:
    """A line that keepalived does not understand."""
    findings.lose(statement.place, statement.shown, "is not understood, and keepalived ignores it", allowed)


def number(statement: Statement, least: int, most: int, findings: Findings) -> Optional[int]:
    """A whole number; None where there is none in the range."""
    text = statement.argument
    if re.fullmatch("[0-9]{1,20}", text) and least <= int(text) <= most:
        return int(text)
    ignored(statement, findings, f"a whole number from {least} to {most}")
    return None


def seconds(statement: Statement, least: float, findings: Findings) -> Optional[float]:
    """A time in seconds, which may have decimals; None where it is none from ``least`` on."""
    text = statement.argument
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,6})?", text) and float(text) >= least:
        return float(text)
    ignored(statement, findings, f"seconds from {least:g} on")
    return None


def switch(statement: Statement, findings: Findings) -> bool:
    """Whether something is on: it is when the keyword stands alone."""
    if len(statement.words) == 1 or statement.argument in _TRUE:
        return True
    if statement.argument not in _FALSE:
        ignored(statement, findings, "true, false, or nothing")
    return False


def address(text: str, statement: Statement, findings: Findings) -> Optional[str]:
    """A unicast address in canonical form; None where it is none."""
    try:
        return Address().parse(text)
    except BadValue as bad:
        findings.lose(statement.place, statement.shown, bad.message, bad.allowed)
        return None


def port(words: Sequence[str], position: int, statement: Statement, findings: Findings) -> Optional[int]:
    """A port where one is given; 0 where there is none, and None where it is not valid."""
    if len(words) <= position or not words[position].strip("0"):
        return 0
    text = words[position]
    if re.fullmatch("[0-9]{1,20}", text) and int(text) <= 65535:
        return int(text)
    findings.lose(statement.place, statement.shown, f"{text[:20]!r} is not a port", "1 to 65535")
    return None
