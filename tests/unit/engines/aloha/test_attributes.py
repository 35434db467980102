# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every attribute that the documentation shows is set, changed, reset and read back by what modules ask for."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.objects import OBJECTS, canonical, same
from ansible_collections.evenkeel.lb.tests.aloha_simulator.tree import KINDS
from ansible_collections.evenkeel.lb.tests.unit.engines.aloha.controllers import Controller, layer4, layer7

CHECK = {"name": "alive", "type": "http", "interval": 7, "timeout": 2, "retries": 1}
CERTIFICATES = [{"name": "www_2026", "certificate_file": "/etc/ssl/www.pem"}]
TLS = {"protocol": "https", "ssl_offload": True, "certificate_profiles": ["www_2026"]}


def at(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The document with a field; ``path`` is such as farms.servers.weight, of the first of each."""
    document = copy.deepcopy(document)
    *parents, name = path.split(".")
    place: Any = document
    for parent in parents:
        place = place[parent][0] if isinstance(place[parent], list) else place[parent]
    if value is None:
        place.pop(name, None)
    else:
        place[name] = value
    return document


def extra(path: str, name: str, value: Any) -> tuple[str, Any]:
    return f"{path}.attributes", {name: value}


L4, L7 = layer4(), layer7()
HTTP4 = {**L4, "health_checks": [CHECK]}
STICKY4 = at(L4, "farms.persistence_timeout", 60)
TLS7 = {**layer7(**TLS), "certificate_profiles": [*CERTIFICATES, {"name": "other", "certificate_file": "/x.pem"}]}
LOGGED7 = at(L7, "farms.attributes", {"log": "enabled"})
SORRY = {"address": "192.0.2.120"}

# By kind and attribute: the document to begin with, the field that says it, two values of the field and what they are
# on the wire; and what the wire has when it is said no more.
CASES: dict[tuple[str, str], tuple[Any, str, tuple[Any, str], tuple[Any, str], str | None]] = {
    ("l4_farm", "balance"): (
        L4,
        "farms.balance",
        ("source_hash", "hash-source"),
        ("never_queue", "never-queue"),
        "least-connections",
    ),
    ("l4_farm", "mode"): (
        at(at(L4, "farms.servers", [{"name": "web1", "address": "192.0.2.101"}]), "farms.mode", None),
        "farms.mode",
        ("gateway", "gateway"),
        ("tunnel", "tunnel"),
        "nat",
    ),
    ("l4_farm", "persistence"): (L4, "farms.persistence_timeout", (60, "enabled"), (90, "enabled"), None),
    ("l4_farm", "persistence_timeout"): (L4, "farms.persistence_timeout", (60, "60"), (90, "90"), None),
    ("l4_farm", "persistence_netmask"): (
        STICKY4,
        "farms.persistence_netmask",
        ("255.255.255.0", "255.255.255.0"),
        ("255.0.0.0", "255.0.0.0"),
        None,
    ),
    ("l4_farm", "service_address"): (
        L4,
        "virtual_servers.vip",
        ("192.0.2.81", "192.0.2.81"),
        ("192.0.2.82", "192.0.2.82"),
        None,
    ),
    ("l4_farm", "service_port"): (L4, "virtual_servers.port", (81, "81"), (82, "82"), None),
    ("l4_farm", "service_protocol"): (L4, "virtual_servers.protocol", ("udp", "udp"), ("http", "tcp"), "tcp"),
    ("l4_farm", "check_interval"): (L4, "health_checks.interval", (7, "7"), (8, "8"), "5"),
    ("l4_farm", "check_port"): (L4, "health_checks.port", (81, "81"), (82, "82"), None),
    ("l4_farm", "check_timeout"): (L4, "health_checks.timeout", (1, "1"), (4, "4"), "3"),
    ("l4_farm", "check_source"): (
        L4,
        "health_checks.source",
        ("192.0.2.5", "192.0.2.5"),
        ("192.0.2.6", "192.0.2.6"),
        None,
    ),
    ("l4_farm", "adv_check"): (L4, "health_checks.type", ("icmp", "icmp"), ("http", "http"), "tcp"),
    ("l4_farm", "adv_check_http_uri"): (HTTP4, "health_checks.uri", ("/a", "/a"), ("/b", "/b"), "/"),
    ("l4_farm", "adv_check_http_status_code"): (
        HTTP4,
        "health_checks.status_codes",
        (["204"], "204"),
        (["301"], "301"),
        "200",
    ),
    ("l4_server", "address"): (
        L4,
        "farms.servers.address",
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.8", "192.0.2.8"),
        None,
    ),
    ("l4_server", "port"): (L4, "farms.servers.port", (81, "81"), (82, "82"), None),
    ("l4_server", "weight"): (L4, "farms.servers.weight", (7, "7"), (256, "256"), "1"),
    ("l4_server", "sorry"): (L4, "farms.sorry_server", (SORRY, "enabled"), ({**SORRY, "port": 81}, "enabled"), None),
    ("l4_server", "check"): (
        at(L4, "farms.health_check", None),
        "farms.health_check",
        ("alive", "enabled"),
        ("alive", "enabled"),
        None,
    ),
    ("l7_farm", "balance"): (
        L7,
        "farms.balance",
        ("url_hash", "hash-uri"),
        ("source_hash", "hash-source"),
        "least-connections",
    ),
    ("l7_farm", "protocol"): (L7, "virtual_servers.protocol", ("tcp", "tcp"), ("http", "http"), "tcp"),
    ("l7_farm", "log"): (
        L7,
        *extra("farms", "log", None)[:1],
        ({"log": "enabled"}, "enabled"),
        ({"log": None}, None),
        None,
    ),
    ("l7_farm", "log_format"): (
        LOGGED7,
        "farms.attributes",
        ({"log_format": "http"}, "http"),
        ({"log_format": "clf"}, "clf"),
        None,
    ),
    ("l7_server", "address"): (
        L7,
        "farms.servers.address",
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.8", "192.0.2.8"),
        None,
    ),
    ("l7_server", "port"): (L7, "farms.servers.port", (81, "81"), (82, "82"), None),
    ("l7_server", "max_connections"): (L7, "farms.servers.max_connections", (500, "500"), (7, "7"), None),
    ("l7_server", "weight"): (L7, "farms.servers.weight", (0, "0"), (256, "256"), "1"),
    ("l7_server", "http_cookie_id"): (
        L7,
        "farms.servers.attributes",
        ({"http_cookie_id": "s1"}, "s1"),
        ({"http_cookie_id": "s2"}, "s2"),
        None,
    ),
    ("l7_server", "sorry"): (L7, "farms.servers.backup", (True, "enabled"), (False, None), None),
    ("l7_server", "check"): (
        at(L7, "farms.health_check", None),
        "farms.health_check",
        ("alive", "enabled"),
        ("alive", "enabled"),
        None,
    ),
    ("l7_server", "maintenance"): (L7, "farms.servers.state", ("disabled", "enabled"), ("enabled", None), None),
    ("l7_server", "ssl"): (L7, "farms.servers.ssl_offload", (True, "enabled"), (False, None), None),
    **{
        ("l7_service", name): (L7, "virtual_servers.attributes", ({name: first}, first), ({name: second}, second), None)
        for name, first, second in (
            ("continuous_statistics", "enabled", "enabled"),
            ("log", "enabled", "enabled"),
            ("log_format", "http", "clf"),
            ("log_ignore_null", "enabled", "disabled"),
            ("http_connection_mode", "server-close", "passive-close"),
        )
    },
    ("l7_service", "protocol"): (L7, "virtual_servers.protocol", ("tcp", "tcp"), ("http", "http"), "tcp"),
    ("l7_service", "default_farm"): (
        {**L7, "farms": [*L7["farms"], {"name": "a", "balance": "url_hash"}, {"name": "b", "balance": "url_hash"}]},
        "virtual_servers.farm",
        ("a", "a"),
        ("b", "b"),
        None,
    ),
    ("l7_listener", "address"): (
        L7,
        "virtual_servers.vip",
        ("192.0.2.81", "192.0.2.81"),
        ("192.0.2.82", "192.0.2.82"),
        None,
    ),
    ("l7_listener", "port"): (
        at(L7, "virtual_servers.port", None),
        "virtual_servers.ports",
        (["81"], "81"),
        (["82"], "82"),
        None,
    ),
    ("l7_listener", "ssl"): (
        {**L7, "certificate_profiles": CERTIFICATES},
        "virtual_servers",
        ([{**L7["virtual_servers"][0], **TLS}], "enabled"),
        (L7["virtual_servers"], None),
        None,
    ),
    ("l7_listener", "ssl_certificate"): (
        TLS7,
        "virtual_servers.certificate_profiles",
        (["www_2026"], "www_2026"),
        (["other"], "other"),
        None,
    ),
    **{
        ("l7_listener", name): (
            L7,
            "virtual_servers.attributes",
            ({name: first}, first),
            ({name: second}, second),
            None,
        )
        for name, first, second in (("tcp_user_timeout", "500", "900"), ("transparent", "enabled", "enabled"))
    },
}
# What is never unset: without it there is no object, or no virtual server that could have it.
NEEDED = {
    *((kind, name) for kind, names in OBJECTS.items() for name, one in names.items() if one.mandatory),
    ("l7_service", "default_farm"),
}
WITHOUT_TLS = [
    {name: value for name, value in TLS7["virtual_servers"][0].items() if name not in TLS} | {"protocol": "http"}
]
# The document in which an attribute is set no more, where that is not one without its field.
RESET: dict[tuple[str, str], Any] = {
    ("l4_farm", "service_address"): {**L4, "virtual_servers": []},
    ("l4_farm", "service_port"): {**L4, "virtual_servers": []},
    ("l7_listener", "ssl"): L7,
    ("l7_listener", "ssl_certificate"): {**TLS7, "virtual_servers": WITHOUT_TLS},
}
VISIBLE = [(kind, name) for kind, attributes in KINDS.items() for name in attributes]


def held(host: Controller, kind: str, name: str) -> str | None:
    """The attribute of the one object that shows it: that of the virtual server, or its first server."""
    root = host.appliance.root
    parent, child = {
        "l4_server": ("l4_farm", True),
        "l7_server": ("l7_farm", True),
        "l7_listener": ("l7_service", True),
    }.get(kind, (kind, False))
    thing = sorted(root.roots[parent].items())[-1][1]
    if kind == "l7_listener":
        thing = next(iter(thing.children.values()))
    elif child:
        which = "_sorry" if (kind, name) == ("l4_server", "sorry") else "web1"
        if which not in thing.children:
            return None
        thing = thing.children[which]
    return thing.values.get(name)


def test_the_table_is_what_the_documentation_shows() -> None:
    assert {kind: sorted(attributes) for kind, attributes in OBJECTS.items()} == {
        kind: sorted(attributes) for kind, attributes in KINDS.items()
    }
    for kind, name in VISIBLE:
        ours, shown = OBJECTS[kind][name], KINDS[kind][name]
        assert ours.type == shown["type"], (kind, name)
        assert sorted(ours.values) == sorted(shown.get("values", ())), (kind, name)
        assert ours.mandatory == shown.get("mandatory", False), (kind, name)
        # the file made of it has another default than the API
        expected = None if (kind, name) == ("l4_farm", "balance") else shown.get("default")
        assert ours.default == expected, (kind, name)


@pytest.mark.parametrize(("kind", "name"), VISIBLE, ids=[f"{kind}.{name}" for kind, name in VISIBLE])
def test_every_attribute_is_set_changed_reset_and_read_back(kind: str, name: str) -> None:
    base, path, (first, one), (second, other), unset = CASES[kind, name]
    host = Controller()
    for value, wire in ((first, one), (second, other), (first, one)):
        document = at(base, path, value)
        host.applied(document)
        assert same(kind, name, held(host, kind, name), wire), (value, held(host, kind, name))
        again = host.run(document, check=True)
        assert not again.changed
    if (kind, name) in NEEDED:
        return
    host.applied(RESET.get((kind, name)) or at(base, path, None))
    assert same(kind, name, held(host, kind, name), unset), held(host, kind, name)


@pytest.mark.parametrize(
    ("kind", "name", "value", "meaning"),
    [
        ("l4_server", "weight", "080", "80"),
        ("l4_server", "address", "192.0.2.1/32", "192.0.2.1"),
        ("l4_server", "address", "192.0.2.0/24", "192.0.2.0/24"),
        ("l4_server", "address", "2001:DB8:0::1", "2001:db8::1"),
        ("l4_farm", "mode", "NAT", "nat"),
        ("l4_farm", "mode", None, "nat"),
        ("l4_farm", "balance", None, None),
        ("l4_farm", "check_timeout", None, None),
        ("l4_farm", "color", "Red", "Red"),
        ("l4_farm", "mode", True, True),
    ],
)
def test_values_that_mean_the_same_are_one(kind: str, name: str, value: Any, meaning: Any) -> None:
    assert canonical(kind, name, value) == meaning
