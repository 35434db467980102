# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the model to layer 7 farms, servers, services and listeners of the appliance. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from typing import List, Mapping, Optional, Sequence, Tuple

from ..._model.certificate_profile import CertificateProfile
from ..._model.configuration import Configuration
from ..._model.farm import Server
from ..._model.objects import with_defaults
from ..._model.problems import Problem
from ..._model.services import address_of
from ..._model.virtual_server import VirtualServer
from .capabilities import BALANCE_7, SAID_7
from .layer4 import SORRY, Part, balance_problems, check_of, is_tested
from .objects import OBJECTS, Key, Values


def project(configuration: Configuration, served: Mapping[str, List[VirtualServer]], problems: List[Problem]) -> Part:
    """The objects of farms, and of the virtual servers of each that are enabled."""
    part: Part = {}
    for name, wishes in sorted(served.items()):
        farm = with_defaults(configuration.farms[name])
        path = f"farms[{name}]"
        checked = check_of(configuration, farm, SAID_7, problems) is not None
        balance_problems(farm, "roundrobin and least-connections", problems)
        key = Key("l7_farm", (name,))
        values: Values = {"balance": BALANCE_7[farm.balance], "protocol": _farm_protocol(name, wishes, problems)}
        part[key] = ({**values, **_more(farm.attributes, values, path, problems)}, path)
        for server in map(with_defaults, farm.servers or ()):
            _server_problems(f"{path}.servers[{server.name}]", server, problems)
            tested = checked and is_tested(configuration, server)
            values, where = _server(server, tested), f"{path}.servers[{server.name}]"
            part[key.child(server.name)] = ({**values, **_more(server.attributes, values, where, problems)}, where)
        if farm.sorry_server is not None:
            address, port = farm.sorry_server.address, farm.sorry_server.port
            last = Server(name=SORRY, address=address, port=port, backup=True)
            part[key.child(SORRY)] = (_server(with_defaults(last), tested=False), f"{path}.sorry_server")
        for wish in wishes:
            part.update(_service(configuration, wish, problems))
    return part


def _protocol(wish: VirtualServer) -> str:
    """What the appliance speaks with the client, looking into it or not."""
    return "http" if wish.protocol == "http" or (wish.protocol == "https" and wish.ssl_offload) else "tcp"


def _farm_protocol(farm: str, wishes: List[VirtualServer], problems: List[Problem]) -> str:
    protocols = sorted({_protocol(wish) for wish in wishes})
    if len(protocols) > 1:
        odd = next(wish for wish in wishes if _protocol(wish) == "tcp")
        problems.append(
            Problem(
                f"virtual_servers[{odd.name}].protocol",
                f"the appliance does not look into it, and farm {farm!r} serves virtual servers of HTTP as well",
                "a farm of its own, or protocol: http, or https with ssl_offload",
            )
        )
    return protocols[0] if protocols else "tcp"


def _server(server: Server, tested: bool) -> Values:
    return {
        "address": server.address,
        "port": None if server.port is None else str(server.port),
        "weight": "0" if server.state == "drained" else str(server.weight),
        "max_connections": None if server.max_connections is None else str(server.max_connections),
        "sorry": "enabled" if server.backup else None,
        "check": "enabled" if tested else None,
        "maintenance": "enabled" if server.state == "disabled" else None,
        "ssl": "enabled" if server.ssl_offload else None,
    }


def _server_problems(path: str, server: Server, problems: List[Problem]) -> None:
    if server.certificate_profiles:
        problems.append(
            Problem(
                f"{path}.certificate_profiles",
                "cannot be said to the appliance for a server",
                "leave them out: ssl_offload: true alone",
            )
        )


def _service(configuration: Configuration, wish: VirtualServer, problems: List[Problem]) -> Part:
    path = f"virtual_servers[{wish.name}]"
    key = Key("l7_service", (wish.name,))
    of_listeners = [pair for pair in wish.attributes or () if pair[0] in OBJECTS["l7_listener"]]
    of_service = [pair for pair in wish.attributes or () if pair not in of_listeners]
    service: Values = {"protocol": _protocol(wish), "default_farm": wish.farm}
    part: Part = {key: ({**service, **_more(of_service, service, path, problems)}, path)}
    certificate = _certificate(configuration, wish, path, problems)
    ports = wish.ports or (str(wish.port),)
    for port in ports:
        if "-" in port:
            problems.append(
                Problem(f"{path}.ports", f"{port} is a range, and a listener of an ALOHA has one port", "single ports")
            )
        listener: Values = {
            "address": address_of(configuration, wish),
            "port": port,
            "ssl": "enabled" if wish.ssl_offload else None,
            "ssl_certificate": certificate,
        }
        part[key.child(f"port-{port}")] = ({**listener, **_more(of_listeners, listener, path, problems)}, path)
    return part


def _more(
    attributes: Optional[Sequence[Tuple[str, Optional[str]]]], values: Values, path: str, problems: List[Problem]
) -> Values:
    """The attributes without a field of their own."""
    for name, _value in attributes or ():
        if name in values:
            message = f"{name} follows from the other fields"
            problems.append(Problem(f"{path}.attributes", message, "leave it out here, and set those fields"))
    return dict(attributes or ())


def _certificate(configuration: Configuration, wish: VirtualServer, path: str, problems: List[Problem]) -> object:
    """The name in the appliance's certificate store: that of the certificate profile."""
    names = wish.certificate_profiles or ()
    if not wish.ssl_offload:
        return None
    if len(names) > 1:
        problems.append(
            Problem(f"{path}.certificate_profiles", f"are {len(names)}, and a listener has one certificate", names[0])
        )
    for name in names[:1]:
        profile = with_defaults(configuration.certificate_profiles.get(name, CertificateProfile(name=name)))
        where = f"certificate_profiles[{name}]"
        if not name.replace("_", "").isalnum():
            allowed = "letters, digits and underscores, as the appliance's certificate store has them"
            problems.append(Problem(f"{where}.name", f"{name!r} is no name of a certificate there", allowed))
        if profile.type != "server":
            problems.append(Problem(f"{where}.type", f"{profile.type} cannot be said to the appliance", "server"))
        for field in ("ciphers", "minimum_tls"):
            if getattr(profile, field) is not None:
                message = "cannot be said to the appliance's configuration API"
                problems.append(Problem(f"{where}.{field}", message, "leave it out"))
    return names[0] if names else None
