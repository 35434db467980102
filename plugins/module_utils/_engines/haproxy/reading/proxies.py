# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which lines count for the sides of a proxy, its defaults included. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import Iterable, List, Set, Tuple

from ...reading import Findings
from .lines import Statement
from .lost import side_of
from .sections import Section

# Of which each line counts beside the others.
_MANY = (
    *("acl", "bind", "capture", "compression", "email-alert", "errorfile", "errorfiles", "errorloc", "errorloc302"),
    *(
        "errorloc303",
        "filter",
        "http-after-response",
        "http-check",
        "http-error",
        "http-request",
        "http-response",
        "log",
    ),
    *("server", "stats", "stick", "tcp-check", "tcp-request", "tcp-response", "use-server", "use_backend"),
)
_CHECKS = (
    *("httpchk", "tcp-check", "smtpchk", "mysql-check", "pgsql-check", "redis-check", "ldap-check", "ssl-hello-chk"),
    *("external-check", "spop-check"),
)
CHECK_OPTIONS = frozenset(f"option {name}" for name in _CHECKS)

# What the defaults of our own file say for every proxy, and so needs not be said again.
OURS = (
    *("log global", "option dontlognull", "option redispatch 1", "timeout connect 5s", "timeout client 1m"),
    *("timeout server 1m", "timeout queue 1m", "timeout tunnel 1h", "timeout http-request 1m"),
)


def lines_of(section: Section, side: str) -> List[Statement]:
    """The lines that count for one side of a proxy, those of its defaults first."""
    own = [line for line in section.lines if section.kind != "listen" or _is_of(line, side)]
    groups = {_group(line) for line in own}
    before: List[Statement] = []
    seen: Set[str] = set()
    for line in reversed(section.inherited):
        group = _group(line)
        many = line.words[0] in _MANY and line.words[0] not in ("http-check", "tcp-check")
        if _is_of(line, side) and (many or (group not in groups and group not in seen)):
            before.append(line)
            if line.words[0] not in _MANY:
                seen.add(group)
    return [*reversed(before), *own]


def _is_of(line: Statement, side: str) -> bool:
    return line.words[0] in ("mode", "disabled", "enabled") or side_of(line.keyword) == side


def _group(line: Statement) -> str:
    """What a later line takes the place of: all checks are one of these."""
    if line.keyword in CHECK_OPTIONS:
        return "check"
    return line.words[0] if line.words[0] in ("http-check", "tcp-check", "enabled", "disabled") else line.keyword


def extra(lines: Iterable[Statement], section: Section, names: Set[str], findings: Findings) -> List[str]:
    """Lines that the model has no word for, as they are kept in ``extra_config``: those that would mean another thing
    there are lost."""
    found = []
    for line in lines:
        if not section.from_ours and " ".join(line.words) in OURS:
            continue
        other = _names_in(line) & names
        if other:
            message = f"is about {' and '.join(sorted(other))}, which has another name in the file of this collection"
            findings.lose(line.place, line.raw, message, "leave it out")
        elif line.raw.startswith("."):
            findings.lose(line.place, line.raw, "is for HAProxy as it reads, and not for a section", "leave it out")
        else:
            found.append(line.raw)
    return found


def _names_in(line: Statement) -> Set[str]:
    """The names of proxies that a line may be about: arguments of what is looked up, and tables."""
    said = set(re.findall(r"\(([A-Za-z0-9_.:-]+)[,)/]", line.raw))
    places: Tuple[str, ...] = line.words
    return said | {places[at + 1] for at, word in enumerate(places[:-1]) if word in ("table", "backend")}
