# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Layer 7 objects of an appliance as farms, virtual servers and certificate profiles of the model. Pure.

Private to evenkeel.lb. Attributes that the model has no field for are kept as they are, in ``attributes``.
"""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple

from ..found_names import Names
from .capabilities import BALANCE_7
from .found import Found
from .layer4 import SORRY
from .objects import OBJECTS, Key

# The weighted ones come last in that table, and the appliance's heed weights.
_BALANCES = {word: balance for balance, word in BALANCE_7.items()}
_PROTOCOLS = {word: word for word in OBJECTS["l7_service"]["protocol"].values}
_OF_FARM = ("balance", "protocol")
_OF_SERVER = ("address", "port", "weight", "max_connections", "sorry", "check", "maintenance", "ssl")
_OF_SERVICE = ("protocol", "default_farm")
_OF_LISTENER = ("address", "port", "ssl", "ssl_certificate")
_OF_TYPE_TCP = {"type": "tcp"}

# What all listeners of one virtual server have in common: address, TLS, certificate, other attributes.
_Way = Tuple[str, bool, str, Tuple[Tuple[str, str], ...]]


def farms(found: Found, names: Names) -> Dict[Key, Dict[str, Any]]:
    """The farms, by their objects."""
    read = {}
    for key in found.of("l7_farm"):
        read[key] = _farm(found, key, found.name(key, names, f"{key.names[0][:60]}-l7"))
    return read


def _farm(found: Found, key: Key, name: str) -> Dict[str, Any]:
    path = f"farms[{name}]"
    found.origin(path, key)
    farm: Dict[str, Any] = {"name": name}
    balance = found.word(key, "balance", _BALANCES)
    if balance:
        farm["balance"] = balance
    farm.update(_attributes(found.others(key, _OF_FARM)))
    children = found.held_by(key)
    checked = [child for child in children if found.value(child, "check") == "enabled"]
    if checked:
        farm["health_check"] = found.health_check(key, name, _OF_TYPE_TCP)
    servers = []
    names = Names()
    for child in children:
        if child.names[-1] == SORRY and found.value(child, "sorry") == "enabled":
            found.origin(f"{path}.sorry_server", child)
            found.nothing_else(child, ("address", "port", "sorry", *(("weight",) if _is_plain(found, child) else ())))
            farm["sorry_server"] = {"address": found.value(child, "address"), **_port(found, child)}
        else:
            server = _server(found, child, found.name(child, names))
            if checked and child not in checked:
                server["health_check"] = found.untested(child)
            found.origin(f"{path}.servers[{server['name']}]", child)
            servers.append(server)
    return {**farm, "servers": servers}


def _is_plain(found: Found, key: Key) -> bool:
    return found.value(key, "weight") == "1"


def _port(found: Found, key: Key) -> Dict[str, Any]:
    port = found.value(key, "port")
    return {} if port in (None, "0") else {"port": port}


def _server(found: Found, key: Key, name: str) -> Dict[str, Any]:
    server = {"name": name, "address": found.value(key, "address"), **_port(found, key)}
    server["weight"] = found.value(key, "weight")
    most = found.value(key, "max_connections")
    if most is not None:
        server["max_connections"] = most
    for attribute, field, value in (
        ("sorry", "backup", True), ("ssl", "ssl_offload", True), ("maintenance", "state", "disabled")
    ):  # fmt: skip
        if found.value(key, attribute) == "enabled":
            server[field] = value
    return {**server, **_attributes(found.others(key, _OF_SERVER))}


def _attributes(others: Dict[str, str]) -> Dict[str, Any]:
    return {"attributes": others} if others else {}


def virtual_servers(found: Found, farms_: Dict[Key, Dict[str, Any]], names: Names) -> List[Dict[str, Any]]:
    """The services, each with its listeners. Those that are reached otherwise than the first of them are virtual
    servers of their own: one has one address and one way of TLS."""
    called = {key.names[0]: str(farm["name"]) for key, farm in farms_.items()}
    written: List[Dict[str, Any]] = []
    speaking: Dict[str, Set[str]] = {}
    for key in found.of("l7_service"):
        ways: Dict[_Way, List[Key]] = {}
        for listener in found.held_by(key):
            ways.setdefault(_way(found, listener), []).append(listener)
        if not ways:
            found.lose(key, "has no listener, so that nobody reaches it", "a listener")
            continue
        farm = found.value(key, "default_farm")
        protocol = found.word(key, "protocol", _PROTOCOLS) or "tcp"
        speaking.setdefault(farm or "", set()).add(protocol)
        attributes = found.others(key, _OF_SERVICE)
        for number, (way, listeners) in enumerate(ways.items()):
            name = found.name(key, names) if number == 0 else names.take(f"{key.names[0]}-{listeners[0].names[1]}"[:64])
            if number:
                found.note(listeners[0], f"is reached otherwise than the listeners before it, and is {name} here")
            found.origin(f"virtual_servers[{name}]", key)
            wish = {"name": name, "type": "layer7", **({"farm": called.get(farm, farm)} if farm else {})}
            written.append({**wish, **_reached(found, protocol, way, listeners, attributes)})
    _same_protocols(found, farms_, speaking)
    return written


def _way(found: Found, key: Key) -> _Way:
    others = found.others(key, _OF_LISTENER)
    tls = found.value(key, "ssl") == "enabled"
    if not tls:
        found.without_effect(key, ("ssl_certificate",), "without ssl")
    certificate = (found.value(key, "ssl_certificate") or "") if tls else ""
    return found.value(key, "address") or "", tls, certificate, tuple(sorted(others.items()))


def _reached(
    found: Found, protocol: str, way: _Way, listeners: List[Key], attributes: Dict[str, str]
) -> Dict[str, Any]:
    """The fields of a virtual server that say how clients reach it."""
    address, tls, certificate, others = way
    ports = sorted({found.value(key, "port") or "" for key in listeners}, key=lambda port: (len(port), port))
    fields: Dict[str, Any] = {"vip": address, **({"port": ports[0]} if len(ports) == 1 else {"ports": ports})}
    fields["protocol"] = "https" if protocol == "http" and tls else protocol
    if tls:
        fields["ssl_offload"] = True
        if certificate:
            fields["certificate_profiles"] = [certificate]
    return {**fields, **_attributes({**attributes, **dict(others)})}


def _same_protocols(found: Found, farms_: Dict[Key, Dict[str, Any]], speaking: Dict[str, Set[str]]) -> None:
    """In the model the protocol of a farm is that of the virtual servers which use it."""
    for key in farms_:
        protocol, used = found.value(key, "protocol"), speaking.get(key.names[0])
        if used is None:
            found.lose(key, "no service uses it, and a farm alone is not of layer 7 here", "a service with it")
        elif used != {protocol}:
            message = f"protocol: {protocol} is not that of the services that use it, which it follows here"
            found.lose(key, message, " or ".join(sorted(used)))


def certificate_profiles(found: Found, wishes: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The certificates that virtual servers show, which the appliance has in its store by their names."""
    names = sorted({name for wish in wishes for name in wish.get("certificate_profiles", ())})
    written = []
    for name in names:
        key = next(key for key in found.of("l7_listener") if found.value(key, "ssl_certificate") == name)
        file = f"/etc/ssl/private/{name}.pem"
        found.note(key, f"{name} is in the appliance's store; {file} is assumed for Linux directors")
        found.origin(f"certificate_profiles[{name}]", key)
        written.append({"name": name, "certificate_file": file})
    return written
