# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services as texts have them, made into virtual servers, farms, servers and health checks. Pure.

Private to evenkeel.lb.

What a text keeps apart stays apart: each service has a farm of its own, which has the name of the service, so that a
change of one never changes another. Health checks that are equal are one object, because texts repeat them for each
server; it has the name of the first farm that uses it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from . import found_names
from .found_names import Names
from .reading import Document, Place

# Where each object came from, by its path: the place and the words there.
Origins = Dict[str, Tuple[Place, str]]

_NO_CHECK = {"type": "none"}
_NONE = json.dumps(_NO_CHECK, sort_keys=True)


@dataclass
class FoundServer:
    """A server; ``name`` is what the text calls it, or empty; ``port`` 0 means that packets keep theirs, or the port of
    the service. ``fields`` are those of the model beside address and port, ``check`` are those of its health check."""

    place: Place
    text: str
    name: str
    address: str
    port: int
    fields: Dict[str, Any]
    check: Optional[Dict[str, Any]] = None


@dataclass
class FoundKey:
    """What clients reach a service by: the fields of a virtual server. ``name`` is what the text calls it, or empty."""

    name: str
    fields: Dict[str, Any]


@dataclass
class FoundService:
    """One farm, and all that clients reach it by."""

    place: Place
    text: str
    name: str
    keys: List[FoundKey]
    farm: Dict[str, Any] = field(default_factory=dict)
    servers: List[FoundServer] = field(default_factory=list)


def documents(found: List[FoundService], vips: Mapping[str, str], engine: str, origins: Origins) -> Document:
    """The objects of all services; ``vips`` has the names of VIPs by address. ``engine`` is said of each virtual
    server, unless it is empty. Where each object came from is entered in ``origins``."""
    service_names, farm_names = Names(), Names()
    virtual_servers: List[Dict[str, Any]] = []
    farms: List[Tuple[Dict[str, Any], List[FoundServer]]] = []
    for service in found:
        names = [service_names.take(key.name, found_names.of_service(key.fields)) for key in service.keys]
        farm_name = farm_names.take(service.name if len(names) > 1 else names[0], names[0])
        for name, key in zip(names, service.keys):
            fields = dict(key.fields)
            if "vip" in fields:
                fields["vip"] = vips.get(fields["vip"], fields["vip"])
            virtual_servers.append(
                {"name": name, **fields, "farm": farm_name, **({"engine": engine} if engine else {})}
            )
            origins[f"virtual_servers[{name}]"] = (service.place, service.text)
        servers = _servers(service, farm_name, origins)
        farms.append(({"name": farm_name, **service.farm, "servers": servers}, service.servers))
        origins[f"farms[{farm_name}]"] = (service.place, service.text)
    checks = _checks(farms, origins)
    return {
        "health_checks": checks,
        "farms": [farm for farm, _servers_of_it in farms],
        "virtual_servers": virtual_servers,
    }


def _servers(service: FoundService, farm: str, origins: Origins) -> List[Dict[str, Any]]:
    """The servers of a farm, with a port where it is not that of every virtual server before it."""
    names = Names()
    written: List[Dict[str, Any]] = []
    ports = {key.fields.get("port", 0) for key in service.keys}
    for server in service.servers:
        own_port = server.port if {server.port} != ports else 0
        name = names.take(server.name, found_names.of_server(server.address, own_port))
        port = {"port": own_port} if own_port else {}
        written.append({"name": name, "address": server.address, **port, **server.fields})
        origins[f"farms[{farm}].servers[{name}]"] = (server.place, server.text)
    return written


def _checks(farms: List[Tuple[Dict[str, Any], List[FoundServer]]], origins: Origins) -> List[Dict[str, Any]]:
    """The health checks of all farms, named in the farms and, where servers of one differ, in the servers."""
    names = Names()
    by_content: Dict[str, str] = {}
    written: List[Dict[str, Any]] = []
    for farm, servers in sorted(farms, key=lambda pair: str(pair[0]["name"])):
        # by name, so that their order in the text decides nothing
        each = sorted(zip(farm["servers"], servers), key=lambda pair: str(pair[0]["name"]))
        wanted = [json.dumps(server.check or _NO_CHECK, sort_keys=True) for _document, server in each]
        counted = Counter(content for content in wanted if content != _NONE)
        if not counted:
            continue
        common = counted.most_common(1)[0][0]
        for (document, server), content in zip(each, wanted):
            own = content != common
            if content not in by_content:
                base = f"{farm['name']}-{document['name']}" if own else str(farm["name"])
                name = names.take("none" if content == _NONE else base[:60])
                by_content[content] = name
                written.append({"name": name, **(server.check or _NO_CHECK)})
                origins[f"health_checks[{name}]"] = (server.place, server.text)
            (document if own else farm)["health_check"] = by_content[content]
    return written
