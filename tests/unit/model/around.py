# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every field of the model by its path, sample values of each, and the smallest valid document around one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model import (
    addresses,
    attributes,
    fields,
    lists,
    vip,
    virtual_server,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS
from ansible_collections.evenkeel.lb.plugins.module_utils._model.healthcheck import PARAMETERS
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import Option, options

# The edges and the families of each type; choices, booleans and numbers say theirs themselves.
SAMPLES: dict[type[fields.FieldType], tuple[Any, ...]] = {
    fields.Name: ("A", "9." + "x" * 62),
    fields.Reference: ("other",),
    fields.InterfaceName: ("eth1", "bond0.4094@x:15"),
    fields.UriPath: ("/", "/health?full=1&x=%20"),
    fields.HostName: ("www.example.com:8080",),
    fields.DomainName: ("_sip.example.com", "."),
    fields.FreeText: ("Zoë's «own»", "x" * 255),
    fields.FilePath: ("/etc/ssl/private/web+1.pem",),
    fields.UserName: ("tester", "_" + "x.-" * 10 + "x"),
    fields.CookieName: ("SERVERID", "A-1._b"),
    fields.Ciphers: ("ECDHE+AESGCM:!aNULL",),
    fields.Password: ("s3cret",),
    fields.Timestamp: ("2027-01-31T00:00:00Z",),
    addresses.Address: ("192.0.2.7", "2001:db8::7"),
    addresses.HostAddress: ("192.0.2.50/24", "2001:db8::50/64"),
    addresses.Prefix: ("198.51.100.0/29", "198.51.100.1/32"),
    addresses.Netmask: ("255.255.255.0", "64"),
    lists.Ports: (["80", "8000-8100"],),
    lists.StatusCodes: (["200-299", "301"],),
    lists.ConfigLines: (["option tcpka", "timeout queue 7s"],),
    lists.References: (["other"],),
    lists.Interfaces: (["eth2", "bond0.4094@x:15"],),
    lists.Programs: (["haproxy", "kworker_0:1-x.+"],),
    lists.Arguments: (["-c1", "-W", "1", "fe80::1%eth1"],),
    attributes.Attributes: ({"log": "enabled", "maxconn": None},),
    vip.Label: ("eth1:1",),
    virtual_server.VipOrAddress: ("public", "192.0.2.10", "2001:db8::10"),
}
# Sums over servers limit these further than their type does.
OF_FIELDS: dict[str, tuple[Any, ...]] = {"farms.quorum": (1, 65535), "farms.hysteresis": (0, 32767)}


def declared() -> dict[str, Option]:
    """Every field that holds a value, such as ``farms.servers.weight``; containers are named by what they hold."""
    return dict(_declared())


def _declared() -> Iterator[tuple[str, Option]]:
    open_ = list(KINDS.items())
    while open_:
        path, kind = open_.pop(0)
        for name, option in options(kind).items():
            if isinstance(option.type, (lists.ObjectList, lists.Nested)):
                open_.append((f"{path}.{name}", option.type.kind))
            else:
                yield f"{path}.{name}", option


def samples(path: str, option: Option) -> tuple[Any, ...]:
    if path in OF_FIELDS:
        return OF_FIELDS[path]
    if isinstance(option.type, fields.Choice):
        return option.type.choices
    if isinstance(option.type, fields.Boolean):
        return (False, True)
    if isinstance(option.type, (fields.Integer, fields.Seconds)):
        return (option.type._least, option.type._most)
    return SAMPLES[type(option.type)]


def _base(check_type: str) -> dict[str, list[dict[str, Any]]]:
    members = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
    group = {"name": "main", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": members}
    return {
        "ha_groups": [group],
        "vips": [{"name": "public", "address": "192.0.2.50/24", "ha_group": "main"}],
        "certificate_profiles": [{"name": "shown", "certificate_file": "/etc/ssl/shown.pem"}],
        "health_checks": [{"name": "alive", "type": check_type}],
        "farms": [{"name": "web", "health_check": "alive", "servers": [{"name": "web1", "address": "10.20.0.21"}]}],
        "virtual_servers": [{"name": "web", "vip": "public", "port": 80, "farm": "web"}],
    }


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set one field of the first object of its kind; None unsets it."""
    kind, *between, last = path.split(".")
    target = document[kind][0]
    for step in between:
        inner = target.setdefault(step, {})
        target = inner[0] if isinstance(inner, list) else inner
    target[last] = value


IPV6 = {"vips.address": "fd10::50/64", "farms.servers.address": "fd20::21"}
UNICAST = [{"name": f"lb{n}", "priority": n, "address": f"10.10.0.{n}"} for n in (1, 2)]
GUE_PORT = {"farms.tunnel_port": 6080}
PORT_OF_SERVER = {"farms.servers.port": 80}
TUNNELLED = {
    "none": {"farms.mode": "tunnel"},
    "full": {"farms.mode": "tunnel", "farms.tunnel_type": "gre"},
    "remote": {"farms.mode": "tunnel", "farms.tunnel_type": "gue", **GUE_PORT},
}
NO_PORT = {"virtual_servers.port": None}
OF_TYPES = {"layer2": {"farms.mode": "gateway"}, "dns": {"virtual_servers.protocol": "dns"}}
OF_CHECKS = {"script": {"health_checks.script": "/usr/bin/test"}, "udp": {"health_checks.timeout": 4}}
OF_CHECKS |= {type_: {"health_checks.user": "tester"} for type_ in ("mysql", "postgresql")}
# The type of check that most engines know a parameter of, where it is not the first.
TYPE_OF_PARAMETER = {"host": "http", "send": "udp", "expect": "http", "regex": "http"}
ONE_SOURCE = {"virtual_servers.source_nat_pool": "198.51.100.1/32"}
OFFLOAD = {"virtual_servers.type": "layer7", "virtual_servers.certificate_profiles": ["shown"]}
GIVEN: dict[str, Callable[[Any], dict[str, Any]]] = {
    "ha_groups.name": lambda value: {"vips.ha_group": value},
    "ha_groups.member": lambda value: {"ha_groups.members.name": value},
    "ha_groups.members.name": lambda value: {"ha_groups.member": value},
    "ha_groups.unicast": lambda value: {"ha_groups.members": UNICAST} if value else {},
    "ha_groups.advertised_vip": lambda value: {"vips.name": value, "virtual_servers.vip": value},
    "vips.name": lambda value: {"virtual_servers.vip": value},
    "vips.address": lambda value: IPV6 if ":" in value else {},
    "vips.label": lambda value: {"vips.interface": "eth1"},
    "vips.ha_group": lambda value: {"ha_groups.name": value},
    "certificate_profiles.type": lambda value: {"certificate_profiles.chain_file": "/etc/ssl/ca.pem"},
    "health_checks.name": lambda value: {"farms.health_check": value},
    "health_checks.source": lambda value: IPV6 if ":" in value else {},
    "health_checks.regex": lambda value: {"health_checks.expect": "o+k"},
    "health_checks.type": lambda value: OF_CHECKS.get(value, {}),
    "farms.name": lambda value: {"virtual_servers.farm": value},
    "farms.health_check": lambda value: {"health_checks.name": value},
    "farms.tunnel_type": lambda value: {"farms.mode": "tunnel"} | (GUE_PORT if value == "gue" else {}),
    "farms.tunnel_port": lambda value: {"farms.mode": "tunnel", "farms.tunnel_type": "gue"},
    "farms.tunnel_checksum": lambda value: TUNNELLED[value],
    "farms.hash_fallback": lambda value: {"farms.balance": "maglev"} if value else {},
    "farms.one_packet": lambda value: {"virtual_servers.protocol": "udp"},
    "farms.persistence_netmask": lambda value: {"farms.persistence_timeout": 60} | ({} if "." in value else IPV6),
    "farms.persistence_engine": lambda value: {"farms.persistence_timeout": 60, "virtual_servers.protocol": "udp"},
    "farms.quorum": lambda value: {"farms.servers.weight": value},
    "farms.hysteresis": lambda value: {"farms.quorum": value + 1, "farms.servers.weight": 2 * value + 1},
    "farms.sorry_server.address": lambda value: IPV6 if ":" in value else {},
    "farms.sorry_server.port": lambda value: {"farms.sorry_server.address": "10.20.0.99"},
    "farms.queue_limit": lambda value: {"farms.servers.max_connections": 1},
    **{f"farms.agent.{name}": lambda value: {"farms.agent.port": 99} for name in ("interval", "address", "send")},
    "farms.servers.address": lambda value: IPV6 if ":" in value else {},
    "farms.servers.health_check": lambda value: {"health_checks.name": value, "farms.health_check": value},
    "farms.servers.low_connections": lambda value: {"farms.servers.max_connections": value},
    "farms.servers.certificate_profiles": lambda value: {
        "certificate_profiles.name": value[0], "certificate_profiles.type": "client", "farms.servers.ssl_offload": True
    },
    "virtual_servers.vip": lambda value: IPV6 if ":" in value else {},
    "virtual_servers.ports": lambda value: NO_PORT,
    "virtual_servers.fwmark": lambda value: NO_PORT | PORT_OF_SERVER | {"virtual_servers.vip": None},
    "virtual_servers.protocol": lambda value: {} if virtual_server.TRANSPORTS[value] else NO_PORT | PORT_OF_SERVER,
    "virtual_servers.type": lambda value: OF_TYPES.get(value, {}),
    "virtual_servers.farm": lambda value: {"farms.name": value},
    "virtual_servers.source_nat_type": lambda value: {} if value == "auto" else ONE_SOURCE,
    "virtual_servers.source_nat_pool": lambda value: {"virtual_servers.source_nat_type": "pool"},
    "virtual_servers.ssl_offload": lambda value: OFFLOAD if value else {},
    "virtual_servers.certificate_profiles": lambda value: {"certificate_profiles.name": value[0]},
    "virtual_servers.health_check": lambda value: {"health_checks.name": value, "farms.health_check": value},
}  # fmt: skip


ASKED = {"farms.servers.weight": 10}
HTTP = {"virtual_servers.type": "layer7", "virtual_servers.protocol": "http"}
SHOWN_TO_CLIENTS = OFFLOAD | {"virtual_servers.ssl_offload": True}
SHOWN_TO_SERVERS = {"farms.servers.ssl_offload": True, "farms.servers.certificate_profiles": ["shown"]}
# What makes a value mean something to an engine, beside what it needs to be valid.
GIVEN_FOR: dict[str, dict[str, Callable[[Any], dict[str, Any]]]] = {
    "haproxy": {
        "farms.balance": lambda value: HTTP if value in ("url_hash", "domain_hash") else {"farms.servers.weight": 2},
        "farms.persistence_cookie": lambda value: HTTP,
        **{f"farms.agent.{name}": lambda value: ASKED for name in ("port", "interval", "address", "send")},
        "virtual_servers.protocol": lambda value: SHOWN_TO_CLIENTS if value == "quic" else {},
        "virtual_servers.certificate_profiles": lambda value: SHOWN_TO_CLIENTS | {
            "virtual_servers.certificate_profiles": value
        },
        "certificate_profiles.name": lambda value: SHOWN_TO_CLIENTS | {"virtual_servers.certificate_profiles": [value]},
        "certificate_profiles.type": lambda value: SHOWN_TO_SERVERS if value == "client" else SHOWN_TO_CLIENTS,
        **{
            f"certificate_profiles.{name}": lambda value: SHOWN_TO_CLIENTS
            for name in ("certificate_file", "chain_file", "key_file", "ciphers", "minimum_tls")
        },
    }
}  # fmt: skip


def companions(path: str, value: Any, engine: str | None = None) -> dict[str, Any]:
    """The fields that have to be said beside this value; None means that they have to be left out."""
    kind, _dot, name = path.partition(".")
    if value is None:
        return {}
    wanted = GIVEN_FOR.get(engine or "", {}).get(path, lambda _value: {})(value)
    return _needed(kind, name, path, value) | wanted


def _needed(kind: str, name: str, path: str, value: Any) -> dict[str, Any]:
    given = GIVEN.get(path, lambda _value: {})(value)
    if path.startswith("ha_groups.tracked_scripts."):
        given = {"ha_groups.tracked_scripts": [{"name": "gateway", "script": "/usr/local/sbin/gateway"}]}
    if kind == "health_checks":
        fitting = [type_ for type_, parameters in PARAMETERS.items() if name in parameters]
        if fitting:
            type_ = TYPE_OF_PARAMETER.get(name, fitting[0])
            given = {"health_checks.type": type_, **OF_CHECKS.get(type_, {}), **given}
    return given


def around(path: str, value: Any, engine: str | None = None) -> dict[str, Any]:
    """A valid document, as small as can be, in which the field at ``path`` has this value, carried by ``engine``."""
    document = _base("none" if engine == "ipvs" else "tcp")
    if engine is not None:
        put(document, "virtual_servers.engine", engine)
    for other, companion in companions(path, value, engine).items():
        put(document, other, companion)
    put(document, path, value)
    return document


def where(document: dict[str, Any], path: str) -> str:
    """The path of problems with that field, such as ``farms[web].servers[web1].weight``."""
    kind, *between, last = path.split(".")
    target = document[kind][0]
    text = f"{kind}[{target['name']}]"
    for step in between:
        inner = target[step]
        target = inner[0] if isinstance(inner, list) else inner
        text += f".{step}[{target['name']}]" if isinstance(inner, list) else f".{step}"
    return f"{text}.{last}"
