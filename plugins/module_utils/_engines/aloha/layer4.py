# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the model to layer 4 farms and servers of the appliance. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from ..._model.configuration import Configuration
from ..._model.farm import Farm, Server
from ..._model.healthcheck import HealthCheck
from ..._model.objects import with_defaults
from ..._model.problems import Problem
from ..._model.services import address_of, single_port
from ..._model.virtual_server import TRANSPORTS, VirtualServer
from ..capabilities import Can
from .capabilities import BALANCE_4, NAME, SAID_4
from .objects import OBJECTS, Key, Values

# No name of a server may begin like this one.
SORRY = "_sorry"
_WITHOUT_WEIGHTS = {"round_robin": "weighted_round_robin", "least_connections": "weighted_least_connections"}
_NO_CHECK: Values = {name: None for name in OBJECTS["l4_farm"] if name.startswith(("check_", "adv_check"))}

# Objects with the path in the configuration they come from.
Part = Dict[Key, Tuple[Values, str]]


def project(
    configuration: Configuration, served: Mapping[str, Optional[List[VirtualServer]]], problems: List[Problem]
) -> Part:
    """The objects of farms and of the one virtual server of each, if any."""
    part: Part = {}
    for name, wishes in sorted(served.items()):
        farm = with_defaults(configuration.farms[name])
        path = f"farms[{name}]"
        check = check_of(configuration, farm, SAID_4, problems)
        balance_problems(farm, "roundrobin and least-connections", problems)
        key = Key("l4_farm", (name,))
        part[key] = (
            {
                **(_service(configuration, wishes[0]) if wishes else _NO_SERVICE),
                **_farm(farm, problems),
                **(_check(check, problems) if check is not None else _NO_CHECK),
            },
            path,
        )
        for server in map(with_defaults, farm.servers or ()):
            if server.state != "disabled":
                tested = check is not None and is_tested(configuration, server)
                part[key.child(server.name)] = (_server(server, tested), f"{path}.servers[{server.name}]")
        if farm.sorry_server is not None:
            part[key.child(SORRY)] = (
                {
                    "address": farm.sorry_server.address,
                    "port": _text(farm.sorry_server.port),
                    "weight": None,
                    "sorry": "enabled",
                    "check": None,
                },
                f"{path}.sorry_server",
            )
    return part


_NO_SERVICE: Values = {"service_address": None, "service_port": None, "service_protocol": None}


def _service(configuration: Configuration, wish: VirtualServer) -> Values:
    return {
        "service_address": address_of(configuration, wish),
        "service_port": str(single_port(wish)),
        "service_protocol": TRANSPORTS[wish.protocol][0],
    }


def _farm(farm: Farm, problems: List[Problem]) -> Values:
    if farm.persistence_netmask is not None and "." not in farm.persistence_netmask:
        problems.append(
            Problem(
                f"farms[{farm.name}].persistence_netmask",
                f"{farm.persistence_netmask!r} is a prefix length, and the appliance takes netmasks of IPv4 only",
                "leave it out: each client alone",
            )
        )
    persistent = bool(farm.persistence_timeout)
    return {
        "balance": BALANCE_4[farm.balance],
        "mode": farm.mode,
        "persistence": "enabled" if persistent else None,
        "persistence_timeout": _text(farm.persistence_timeout) if persistent else None,
        "persistence_netmask": farm.persistence_netmask if persistent else None,
    }


def _server(server: Server, tested: bool) -> Values:
    return {
        "address": server.address,
        "port": _text(server.port),
        "weight": "0" if server.state == "drained" else str(server.weight),
        "sorry": None,
        "check": "enabled" if tested else None,
    }


def _check(check: HealthCheck, problems: List[Problem]) -> Values:
    path = f"health_checks[{check.name}]"
    for name in ("interval", "timeout"):
        value = getattr(check, name)
        if value != int(value) or value < 1:
            problems.append(Problem(f"{path}.{name}", f"{value:g} is not in whole seconds", f"{max(round(value), 1)}"))
    codes = check.status_codes
    if check.type == "http" and codes != ("200-299",) and (len(codes) > 1 or "-" in codes[0]):
        problems.append(
            Problem(
                f"{path}.status_codes",
                f"{', '.join(codes)} is more than the one code that an ALOHA compares with",
                "one code, such as 200, which it also takes for those that are not said",
            )
        )
    by_http = check.type == "http"
    return {
        "check_interval": _text(int(check.interval)),
        "check_timeout": _text(int(check.timeout)),
        "check_port": _text(check.port),
        "check_source": check.source,
        "adv_check": check.type,
        "adv_check_http_uri": check.uri if by_http else None,
        "adv_check_http_status_code": ("200" if codes == ("200-299",) else codes[0]) if by_http else None,
    }


def check_of(
    configuration: Configuration, farm: Farm, sayable: Mapping[str, Can], problems: List[Problem]
) -> Optional[HealthCheck]:
    """The health check of a farm, with its defaults; None where nothing is tested. On an ALOHA servers have none of
    their own, but each may be tested or not. ``sayable`` is what may be said of fields that the appliance has its own
    way for."""
    named = configuration.health_checks.get(farm.health_check or "")
    for server in farm.servers or ():
        if server.health_check not in (None, farm.health_check) and is_tested(configuration, server):
            problems.append(
                Problem(
                    f"farms[{farm.name}].servers[{server.name}].health_check",
                    "is not that of the farm, which an ALOHA tests all servers with",
                    f"{farm.health_check}, or one of type: none, or leave it out"
                    if farm.health_check
                    else "health_check of the farm",
                )
            )
    if named is None or with_defaults(named).type == "none":
        return None
    for name, can in sayable.items():
        value = getattr(named, name)
        if value is not None and not can.expresses(value):
            message = f"{value:g} cannot be done by engine {NAME}"
            problems.append(Problem(f"health_checks[{named.name}].{name}", message, can.hint(value)))
    return with_defaults(named)


def is_tested(configuration: Configuration, server: Server) -> bool:
    """Whether a server is tested where its farm is: its own health check is none that tests nothing."""
    own = configuration.health_checks.get(server.health_check or "")
    return own is None or with_defaults(own).type != "none"


def balance_problems(farm: Farm, words: str, problems: List[Problem]) -> None:
    """Ways to balance that pay no heed to weights are there only where all weights are the same."""
    servers = [with_defaults(server) for server in farm.servers or ()]
    weights = {server.weight for server in servers if server.state == "enabled" and server.weight}
    if farm.balance in _WITHOUT_WEIGHTS and len(weights) > 1:
        problems.append(
            Problem(
                f"farms[{farm.name}].balance",
                f"{farm.balance} pays no heed to weights, and {words} of an ALOHA do",
                f"{_WITHOUT_WEIGHTS[farm.balance]}, or the same weight for all servers",
            )
        )


def _text(number: Optional[int]) -> Optional[str]:
    return None if number is None else str(number)
