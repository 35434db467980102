# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What health checks need of the director and only the director can tell: programs that run, patterns that its PCRE2
takes. Private to evenkeel.lb.

keepalived takes both on trust: ``keepalived -t`` says nothing of a pattern that PCRE2 refuses, and the daemon then uses
it after it was freed (prepare_regex in check_http.c, 2.2.7 to 2.4.3).
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Sequence

from ..._host.pcre2 import examine
from ..._host.system import System
from ..._model.healthcheck import HealthCheck
from ..._model.octets import octets
from ..._model.problems import Problem
from ..._model.services import Service
from ..capabilities import Needs, Version
from .checkers import BODY_ONLY, expression
from .daemon import version
from .programs import flaw

# The first that keeps within its buffer when a pattern that looks behind matches in part (acassen/keepalived, commit
# ec984192): those before move a web server's answer beyond the memory they have for it.
_BEARS_LOOKING_BEHIND: Version = (2, 4, 0)
# The first that takes a last byte of 255 for a byte, not for its own sign of an error (read_hex_str in lib/parser.c).
_READS_A_LAST_FF: Version = (2, 3, 3)


def refusals(services: Sequence[Service], system: System) -> List[Problem]:
    """A problem for each health check of the services that this director's keepalived cannot do as it stands."""
    used: Dict[str, HealthCheck] = {
        backend.health_check.name: backend.health_check
        for service in services
        for backend in service.backends
        if backend.health_check is not None
    }
    return [problem for _name, check in sorted(used.items()) for problem in _refusals(check, system)]


def _refusals(check: HealthCheck, system: System) -> Iterator[Problem]:
    path = f"health_checks[{check.name}]"
    if check.type == "script" and check.script is not None:
        found = flaw(system, check.script)
        if found is not None:
            yield Problem(f"{path}.script", *found)
    if check.type in ("http", "https") and check.regex:
        yield from _pattern_refusals(check, f"{path}.expect", system)
    if check.type == "udp":
        for name, text in (("send", check.send), ("expect", check.expect)):
            if octets(text or "").endswith(b"\xff"):
                yield from _too_old(_READS_A_LAST_FF, f"{path}.{name}", r"ends with \xff", "another last byte", system)


def _pattern_refusals(check: HealthCheck, path: str, system: System) -> Iterator[Problem]:
    examined = examine(BODY_ONLY + expression(check))
    if examined is None:
        return
    if examined.fault is not None:
        place = max(examined.offset - len(BODY_ONLY), 0)
        yield Problem(
            path, f"is no regular expression of PCRE2: {examined.fault}, at byte {place}", "see pcre2pattern(3)"
        )
    elif examined.looks_behind:
        allowed = r"a pattern without \b, \B, \A, (?<= and (?<!"
        yield from _too_old(_BEARS_LOOKING_BEHIND, path, "looks behind where it matches", allowed, system)


def _too_old(needed: Version, path: str, what: str, allowed: str, system: System) -> Iterator[Problem]:
    here = version(system)
    if here is not None and here < needed:
        message = f"{what}, which needs {Needs('keepalived', needed)}, here is {Needs('keepalived', here)}"
        yield Problem(path, message, allowed)
