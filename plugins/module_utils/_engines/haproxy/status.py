# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What HAProxy runs now: servers with their health, connections and counters. Private to evenkeel.lb.

Of ``show stat`` (management.txt, 9.1 "CSV format"): ``scur`` connections are open, ``qcur`` requests wait for the
server.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..._host.ipvs_statistics import NO_TRAFFIC, Traffic
from ..._host.system import HostFault, System
from ..._model.configuration import Configuration
from ..._model.farm import Farm
from ..._model.objects import with_defaults
from ..base import ByVirtualServer
from ..connections import Connections
from ..status import ServerStatus, ServiceStatus, Status
from . import master, runtime, unit
from .capabilities import NAME
from .farms import name_of, sorry_name
from .virtual_servers import Carried, carried

Rows = Dict[Tuple[str, str], Mapping[str, str]]


def rows(system: System) -> Optional[Rows]:
    """The statistics by proxy and server; None where HAProxy does not answer."""
    try:
        return {(row["pxname"], row["svname"]): row for row in runtime.statistics_in(runtime.ask(system, "show stat"))}
    except HostFault:
        return None


def with_those_of_before(found: Rows, of_before: Iterable[str]) -> Rows:
    """The same, with the open connections that workers of before the last reload tell of too: they go on."""
    told = [row for answer in of_before for row in runtime.statistics_in(answer)]
    for row in told:
        key = (row["pxname"], row["svname"])
        if key in found:
            found[key] = {**found[key], "scur": str(int(found[key]["scur"] or 0) + int(row["scur"] or 0))}
    return found


def _rows_of_all(system: System) -> Optional[Rows]:
    found = rows(system)
    if found is None:
        return None
    return with_those_of_before(
        found, master.asked_of_before(system, unit.command(system).master, "show stat").values()
    )


def busy(system: System, paths: Sequence[str]) -> List[str]:
    """Of servers, as ``backend/server``, those that have connections or requests that wait."""
    found = rows(system) or {}
    wanted = [tuple(path.rsplit("/", 1)) for path in paths]
    return ["/".join(key) for key in wanted if key in found and _open(found[key])]  # type: ignore[index]


def _open(row: Mapping[str, str]) -> int:
    return int(row["scur"] or 0) + int(row["qcur"] or 0)


def connections(configuration: Configuration, farm: str, server: str, system: System) -> ByVirtualServer:
    """What a server has in each virtual server that uses the farm: in all that share its backend, together, and in all
    workers."""
    users = [one for one in carried(configuration, NAME) if one.wish.farm == farm]
    members = {one.name: with_defaults(one) for one in configuration.farms[farm].servers or ()} if users else {}
    if server not in members or members[server].state == "disabled":
        return {}
    found = (_rows_of_all(system) if unit.is_active(system) else None) or {}
    counted: ByVirtualServer = {}
    seen = set()
    for one in users:
        backend = name_of(one.way)
        row = found.get((backend, server))
        if row is None:
            counted[one.wish.name] = None
        elif backend in seen:
            counted[one.wish.name] = Connections()  # told with the first that shares the backend
        else:
            counted[one.wish.name] = _connections(row, with_defaults(configuration.farms[farm]))
        seen.add(backend)
    return counted


def _connections(row: Mapping[str, str], farm: Farm) -> Connections:
    sticky = bool(farm.persistence_timeout or farm.persistence_cookie)
    return Connections(active=int(row["scur"] or 0), inactive=int(row["qcur"] or 0), sticky=sticky)


def status(configuration: Configuration, system: System) -> Status:
    """What runs of a configuration."""
    ours = carried(configuration, NAME)
    found = _rows_of_all(system) if ours and unit.is_active(system) else None
    return Status(tuple(_service(configuration, one, found or {}) for one in ours))


def _service(configuration: Configuration, one: Carried, found: Rows) -> ServiceStatus:
    backend, farm = name_of(one.way), with_defaults(configuration.farms[one.wish.farm or ""])
    frontend = found.get((one.wish.name, "FRONTEND"))
    servers = {}
    for server in map(with_defaults, farm.servers or ()):
        if server.state != "disabled":
            check = configuration.health_checks.get(server.health_check or farm.health_check or "")
            tested = check is not None and check.type != "none"
            servers[server.name] = _server(found.get((backend, server.name)), farm, tested)
    is_open = any(one.health in ("up", "unchecked") and one.weight for one in servers.values())
    runs = frontend is not None and frontend["status"] == "OPEN"
    return ServiceStatus(
        one.wish.name,
        runs,
        runs and is_open,
        runs and not is_open and farm.sorry_server is not None and (sorry_name(one.way), "sorry") in found,
        servers,
        _counters(frontend),
        _rates(frontend),
    )


def _server(row: Optional[Mapping[str, str]], farm: Farm, tested: bool) -> ServerStatus:
    if row is None:
        return ServerStatus("unknown" if tested else "unchecked")
    is_up = re.match(r"(UP|DRAIN|NOLB|no check)", row["status"]) is not None
    health = ("up" if is_up else "down") if tested else "unchecked"
    weight = int(row.get("uweight") or row["weight"] or 0)
    return ServerStatus(health, weight, _connections(row, farm), _counters(row), _rates(row))


def _counters(row: Optional[Mapping[str, str]]) -> Traffic:
    if row is None:
        return NO_TRAFFIC
    return Traffic(connections=int(row["stot"] or 0), bytes_in=int(row["bin"] or 0), bytes_out=int(row["bout"] or 0))


def _rates(row: Optional[Mapping[str, str]]) -> Traffic:
    return Traffic(connections=int(row["rate"] or 0)) if row is not None else NO_TRAFFIC
