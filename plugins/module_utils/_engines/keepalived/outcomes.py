# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the last test of each server ended, as the running keepalived knows it. Private to evenkeel.lb.

keepalived takes a server that is new for healthy until its first test has failed, and one that fails for healthy while
it has tries left, so the kernel does not tell. Its checkers do: each of them whether it ever ended a test, what came of
that, and how many tries in a row have failed since.
Source: ``dump_checker`` in ``keepalived/check/check_api.c``, alike in 2.2.7 to 2.4.3.
"""

from __future__ import annotations

import re
from typing import Dict, List, Mapping, Optional, Tuple

from ..._host.ipvs_table import canonical_address
from ..._host.system import System
from ..._model.configuration import Configuration
from ..._model.services import Backend, Service, services
from ..base import Outcomes
from ..status import HEALTH
from .capabilities import NAME
from .checkers_dump import asked

# A checker, by its virtual server and its server. A firewall mark has no protocol and no port.
Checker = Tuple[str, str]

_TOLD = re.compile(
    r"^ (?:FWM (?P<mark>\d+)|\[(?P<vip>[^]\n]+)\]:(?P<protocol>\w+):(?P<vport>\d+))"
    r" -> \[(?P<rip>[^]\n]+)\]:\w+:(?P<rport>\d+)$"
    r"|^   (?:Up = (?P<up>yes|no)|Has run = (?P<ran>yes|no)|Retries iterations = (?P<failed>\d+)"
    r"|(?P<end>Log all failures) = \w+)$",
    re.MULTILINE,
)


def outcomes(configuration: Configuration, system: System) -> Outcomes:
    """What the last test of each server that is tested came to: up, down, untested while none has ended or one that
    failed is being repeated, unknown where keepalived does not say."""
    tested = {
        (service.name, backend.name, _checker(service, backend))
        for service in services(configuration, NAME)
        for backend in service.backends
        if backend.health_check is not None
    }
    wanted = {checker for _name, _server, checker in tested}

    def whole(dump: str) -> Optional[Mapping[Checker, str]]:
        told = outcomes_told(dump)
        return told if wanted <= set(told) else None

    told = (asked(system, whole) if tested else None) or {}
    found: Dict[Tuple[str, str], List[str]] = {}
    for name, server, checker in tested:
        found.setdefault((name, server), []).append(told.get(checker, "unknown"))
    return {key: min(of_services, key=HEALTH.index) for key, of_services in found.items()}


def _checker(service: Service, backend: Backend) -> Checker:
    head = f"FWM {service.fwmark}" if service.fwmark else _head(service.address, service.protocol, service.port)
    return head, f"{canonical_address(backend.address)} {backend.port}"


def _head(address: str, protocol: str, port: int) -> str:
    return f"{canonical_address(address)} {protocol} {port}"


def outcomes_told(dump: str) -> Dict[Checker, str]:
    """What a dump says of each checker of which it says all; of several of the same name, the worst."""
    found: Dict[Checker, str] = {}
    checker: Optional[Checker] = None
    told: Dict[str, str] = {}
    for match in _TOLD.finditer(dump):
        said = {name: value for name, value in match.groupdict().items() if value is not None}
        if "rip" in said:
            mark, server = said.get("mark"), f"{canonical_address(said['rip'])} {said['rport']}"
            head = f"FWM {mark}" if mark else _head(said["vip"], said["protocol"], int(said["vport"]))
            checker, told = (head, server), {}
        told.update(said)
        if "end" in said and checker is not None:
            found[checker] = min(found.get(checker, "up"), _outcome(told), key=HEALTH.index)
            checker = None
    return found


def _outcome(told: Mapping[str, str]) -> str:
    if told.get("ran") != "yes":
        return "untested"
    if told.get("up") != "yes":
        return "down"
    return "up" if int(told.get("failed", "0")) == 0 else "untested"
