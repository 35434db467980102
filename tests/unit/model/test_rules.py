# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each rule of a whole configuration: broken once, it is the one problem, at the field, with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import FieldType
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import serialise, with_defaults
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import mark_of, services
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems, examine
from ansible_collections.evenkeel.lb.plugins.module_utils._model.virtual_server import VirtualServer
from ansible_collections.evenkeel.lb.tests.unit.model.around import UNICAST, around, put

SERVICE, FARM, SERVER = "virtual_servers[web]", "farms[web]", "farms[web].servers[web1]"
TWO_SERVERS = [{"name": "a", "address": "10.20.0.1"}, {"name": "b", "address": "10.20.0.1"}]
DNS = {"protocol": "udp", "farm": "web", "vip": "public"}
MARKED = {"name": "x", "vip": "public", "ports": ["81", "90"], "farm": "web"}


def marked() -> VirtualServer:
    return with_defaults(Configuration.from_document({"virtual_servers": [MARKED]}).virtual_servers["x"])


def edited(edits: dict[str, Any]) -> dict[str, Any]:
    """A small valid document with fields of its first objects changed; a kind with + adds objects to it."""
    document = around("virtual_servers.enabled", True)
    for path, value in edits.items():
        if path.startswith("+"):
            document[path[1:]].extend(value)
        else:
            put(document, path, value)
    return document


RULES = [
    (
        {"virtual_servers.type": "layer7", "virtual_servers.protocol": "udp"},
        f"{SERVICE}.protocol",
        "told apart at layer 7",
    ),
    ({"virtual_servers.type": "dns", "virtual_servers.protocol": "http"}, f"{SERVICE}.protocol", "does not carry DNS"),
    (
        {"virtual_servers.ssl_offload": True, "virtual_servers.certificate_profiles": ["shown"]},
        f"{SERVICE}.ssl_offload",
        "type layer4 does not look into",
    ),
    (
        {"virtual_servers.ssl_offload": True, "virtual_servers.type": "layer7"},
        f"{SERVICE}.certificate_profiles",
        "are missing",
    ),
    ({"virtual_servers.type": "layer2"}, f"{SERVICE}.type", "has mode nat"),
    ({"virtual_servers.source_nat_type": "auto", "farms.mode": "tunnel"}, f"{SERVICE}.source_nat_type", "mode tunnel"),
    ({"virtual_servers.source_nat_type": "pool"}, f"{SERVICE}.source_nat_pool", "is missing"),
    ({"virtual_servers.source_nat_pool": "198.51.100.0/29"}, f"{SERVICE}.source_nat_pool", "is never used"),
    (
        {"virtual_servers.source_nat_type": "pool", "virtual_servers.source_nat_pool": "2001:db8::/64"},
        f"{SERVICE}.source_nat_pool",
        "is not IPv4",
    ),
    (
        {"virtual_servers.source_nat_type": "static", "virtual_servers.source_nat_pool": "198.51.100.0/29"},
        f"{SERVICE}.source_nat_pool",
        "more than one address",
    ),
    (
        {"certificate_profiles.type": "client", "virtual_servers.certificate_profiles": ["shown"]},
        f"{SERVICE}.certificate_profiles",
        "is of type client",
    ),
    (
        {"farms.servers.ssl_offload": True, "farms.servers.certificate_profiles": ["shown"]},
        f"{SERVER}.certificate_profiles",
        "is of type server",
    ),
    ({"virtual_servers.placement": {}}, f"{SERVICE}.placement", "names no place"),
    (
        {"virtual_servers.placement": {"device": "a", "cloud_service": "b"}},
        f"{SERVICE}.placement",
        "names device and cloud_service",
    ),
    ({"virtual_servers.ports": [443]}, f"{SERVICE}.ports", "says the same as port"),
    ({"virtual_servers.vip": None}, f"{SERVICE}.vip", "is missing"),
    ({"virtual_servers.port": None}, f"{SERVICE}.port", "is missing"),
    (
        {"virtual_servers.fwmark": 7, "virtual_servers.port": None, "health_checks.port": 80},
        f"{SERVICE}.vip",
        "beside a firewall mark",
    ),
    (
        {
            "health_checks.port": 80,
            "+virtual_servers": [{"name": "x", "fwmark": 7, "farm": "web"}, {"name": "y", "fwmark": 7, "farm": "web"}],
        },
        "virtual_servers[y].fwmark",
        "is virtual server 'x' already",
    ),
    ({"+virtual_servers": [{"name": "x", **DNS, "protocol": "dns", "port": 80}]}, "virtual_servers[x].port", ""),
    (
        {"+virtual_servers": [{"name": "x", **DNS, "protocol": "http", "ports": ["70-90"]}]},
        "virtual_servers[x].ports",
        "",
    ),
    (
        {
            "virtual_servers.protocol": "any",
            "virtual_servers.port": None,
            "health_checks.port": 80,
            "+virtual_servers": [{"name": "x", **DNS, "port": 9}],
        },
        "virtual_servers[x].port",
        "is virtual server 'web' already",
    ),
    (
        {"virtual_servers.protocol": "icmp", "virtual_servers.port": None}
        | {"+virtual_servers": [{"name": "x", **DNS, "protocol": "icmp"}]},
        "virtual_servers[x].protocol",
        "is virtual server 'web' already",
    ),
    (
        {"virtual_servers.protocol": "any", "virtual_servers.port": None},
        "health_checks[alive].port",
        "neither virtual server 'web' nor server 'web1' has a port",
    ),
    (
        {"virtual_servers.ports": ["80-90"], "virtual_servers.port": None}
        | {"farms.mode": "gateway", "farms.servers.port": 80},
        f"{SERVER}.port",
        "is not a single port of virtual server 'web'",
    ),
    (
        {"+virtual_servers": [MARKED, {"name": "y", "fwmark": mark_of(marked()), "farm": "web"}]}
        | {"health_checks.port": 80},
        "virtual_servers[y].fwmark",
        "is virtual server 'x' already",
    ),
    ({"farms.hash_fallback": True}, f"{FARM}.hash_fallback", "no meaning for balance weighted_least_connections"),
    (
        {"farms.mode": "tunnel", "farms.tunnel_checksum": "full"},
        f"{FARM}.tunnel_checksum",
        "full cannot be had with ipip",
    ),
    (
        {"farms.mode": "tunnel", "farms.tunnel_type": "gre", "farms.tunnel_checksum": "remote"},
        f"{FARM}.tunnel_checksum",
        "remote cannot be had with gre",
    ),
    ({"farms.persistence_netmask": "255.255.0.0"}, f"{FARM}.persistence_netmask", "without persistence"),
    (
        {"farms.persistence_netmask": "64", "farms.persistence_timeout": 9},
        f"{FARM}.persistence_netmask",
        "does not fit virtual server 'web'",
    ),
    (
        {"farms.persistence_engine": "sip"} | {"farms.persistence_timeout": 9},
        f"{FARM}.persistence_engine",
        "speaks tcp",
    ),
    ({"farms.one_packet": True}, f"{FARM}.one_packet", "speaks tcp"),
    ({"farms.tunnel_type": "gre"}, f"{FARM}.tunnel_type", "in mode nat"),
    ({"farms.mode": "tunnel", "farms.tunnel_type": "gue"}, f"{FARM}.tunnel_port", "is missing"),
    ({"farms.mode": "tunnel", "farms.tunnel_port": 6080}, f"{FARM}.tunnel_port", "no meaning for ipip"),
    ({"farms.hysteresis": 1}, f"{FARM}.hysteresis", "is not below the quorum 1"),
    (
        {"farms.quorum": 2, "farms.hysteresis": 1, "farms.servers.weight": 2},
        f"{FARM}.hysteresis",
        "1 above the quorum 2 is more than the weight of all servers, 2, so the farm would never serve",
    ),
    ({"farms.quorum": 2}, f"{FARM}.quorum", "more than the weight of all servers, 1"),
    ({"farms.sorry_server": {"address": "fd20::9"}}, f"{FARM}.sorry_server.address", "is not IPv4"),
    ({"farms.servers.address": "fd20::9"}, f"{SERVER}.address", "is not IPv4"),
    (
        {"farms.servers.address": "fd20::9", "farms.mode": "tunnel", "ha_groups.connection_sync": True},
        f"{SERVER}.address",
        "does not go with connection_sync of HA group",
    ),
    ({"farms.servers.port": 81, "farms.mode": "gateway"}, f"{SERVER}.port", "mode gateway cannot change ports"),
    (
        {"farms.sorry_server": {"address": "10.0.0.9", "port": 81}, "farms.mode": "tunnel"},
        f"{FARM}.sorry_server.port",
        "mode tunnel cannot change ports",
    ),
    ({"farms.servers.low_connections": 5}, f"{SERVER}.low_connections", "is not below max_connections"),
    ({"farms.servers.certificate_profiles": []} | {"farms.servers.address": None}, f"{SERVER}.address", "is missing"),
    (
        {"certificate_profiles.type": "client", "farms.servers.certificate_profiles": ["shown"]},
        f"{SERVER}.certificate_profiles",
        "without TLS",
    ),
    ({"farms.servers": TWO_SERVERS}, f"{FARM}.servers[b].address", "is server 'a' already"),
    (
        {"farms.servers": [TWO_SERVERS[0], {**TWO_SERVERS[1], "port": 80}]},
        f"{FARM}.servers[b].port",
        "the same as server 'a' behind port 80",
    ),
    ({"health_checks.send": "x", "health_checks.type": "http"}, "health_checks[alive].send", "for type http"),
    ({"health_checks.regex": True}, "health_checks[alive].regex", "without expect"),
    ({"health_checks.type": "script"}, "health_checks[alive].script", "is missing"),
    ({"health_checks.source": "fd10::7"}, "health_checks[alive].source", "is not IPv4 as server 'web1' of farm 'web'"),
    (
        {"health_checks.source": "10.9.9.9", "farms.servers.address": "fd20::9", "farms.mode": "tunnel"},
        "health_checks[alive].source",
        "is not IPv6 as server 'web1'",
    ),
    ({"health_checks.send": "a\\d"}, "health_checks[alive].send", "'\\\\d' stands for nothing"),
    ({"health_checks.expect": "a\\"}, "health_checks[alive].expect", "'\\\\' stands for nothing"),
    ({"health_checks.type": "icmp", "health_checks.port": 7}, "health_checks[alive].port", "for type icmp"),
    ({"health_checks.type": "smtp", "health_checks.host": "a:25"}, "health_checks[alive].host", "a port is no part of"),
    ({"farms.agent": {"port": 9, "send": "a\\x00"}}, f"{FARM}.agent.send", "a byte of zero"),
    ({"farms.agent": {"port": 9, "send": "a\\d"}}, f"{FARM}.agent.send", "stands for nothing"),
    ({"farms.queue_limit": 5}, f"{FARM}.queue_limit", "has no meaning"),
    ({"farms.agent": {"send": "a"}}, f"{FARM}.agent.port", "is missing"),
    ({"health_checks.type": "mysql"}, "health_checks[alive].user", "is missing"),
    ({"health_checks.type": "redis", "health_checks.user": "a"}, "health_checks[alive].user", "for type redis"),
    ({"certificate_profiles.type": "mutual_tls"}, "certificate_profiles[shown].chain_file", "is missing"),
    ({"vips.ha_group": None}, "vips[public].interface", "is missing"),
    ({"vips.label": "eth2:1", "vips.interface": "eth1"}, "vips[public].label", "does not begin with eth1"),
    (
        {"+vips": [{"name": "50", "address": "10.9.9.9/32", "ha_group": "main"}]},
        "vips[50].name",
        "looks like an address",
    ),
    (
        {"+vips": [{"name": "six", "address": "fd10::9/64", "ha_group": "main", "label": "eth1:1"}]},
        "vips[six].label",
        "has no meaning for IPv6",
    ),
    (
        {"+vips": [{"name": "z", "address": "192.0.2.50/32", "ha_group": "main"}]},
        "vips[z].address",
        "VIP 'public' already",
    ),
    ({"ha_groups.member": "lb9"}, "ha_groups[main].member", "is not a member"),
    ({"ha_groups.members.priority": 100}, "ha_groups[main].members[lb2].priority", "priority of 'lb1' already"),
    (
        {"ha_groups.unicast": True, "ha_groups.members": [UNICAST[0], {"name": "lb2", "priority": 9}]},
        "ha_groups[main].members[lb2].address",
        "is missing",
    ),
    (
        {"ha_groups.unicast": True, "ha_groups.members": [UNICAST[0], {**UNICAST[1], "address": "fd00::2"}]},
        "ha_groups[main].members",
        "mixes IPv4 and IPv6",
    ),
    (
        {"ha_groups.password": "x", "ha_groups.advert_interval": 0.5},
        "ha_groups[main].advert_interval",
        "no whole number",
    ),
    ({"ha_groups.advertised_vip": "other"}, "ha_groups[main].advertised_vip", "is not a VIP of this group"),
    ({"virtual_servers.farm": "webb"}, f"{SERVICE}.farm", "there is no farm 'webb'"),
    ({"virtual_servers.vip": "zzz"}, f"{SERVICE}.vip", "there is no VIP 'zzz'"),
    ({"farms.servers.health_check": "x"}, f"{SERVER}.health_check", "there is no health check 'x'"),
    ({"vips.ha_group": "x", "vips.interface": "eth1"}, "vips[public].ha_group", "there is no HA group 'x'"),
]


@pytest.mark.parametrize(("edits", "path", "message"), RULES)
def test_a_broken_rule_is_the_one_problem(edits: dict[str, Any], path: str, message: str) -> None:
    found = all_problems(Configuration.from_document(edited(edits)))
    assert {problem.path for problem in found} == {path}
    assert message in found[0].message
    assert all(problem.allowed for problem in found)
    assert all(problem.missing == problem.message.startswith("there is no") for problem in found)


@pytest.mark.parametrize(
    "edits",
    [
        {
            "+ha_groups": [
                {"name": "six", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": UNICAST}
            ]
        }
        | {"+vips": [{"name": "six", "address": "fd10::9/64", "ha_group": "six"}]},
        {"farms.mode": "tunnel", "farms.servers.address": "fd20::9", "farms.sorry_server": {"address": "fd20::8"}},
        {"+virtual_servers": [{"name": "x", **DNS, "port": 80}, {"name": "y", **DNS, "ports": ["81-90", 99]}]},
        {"+virtual_servers": [{"name": "x", **DNS, "protocol": "icmp"}]},
        {
            "virtual_servers.vip": None,
            "virtual_servers.port": None,
            "virtual_servers.fwmark": 1,
            "farms.mode": "tunnel",
            "health_checks.port": 80,
        },
        {
            "+farms": [{"name": "six", "servers": [{"name": "s", "address": "fd20::9"}]}, {"name": "none"}],
            "+virtual_servers": [
                {"name": "x", "fwmark": 7, "farm": "six"},
                {"name": "y", "fwmark": 7, "farm": "none"},
                {"name": "z", "vip": "192.0.2.99", "protocol": "any", "farm": "none"},
            ],
        },
        {"virtual_servers.ports": ["80-90"], "virtual_servers.port": None},
        {"virtual_servers.protocol": "any", "virtual_servers.port": None, "health_checks.type": "icmp"},
        {"virtual_servers.protocol": "any", "virtual_servers.port": None, "farms.servers.port": 80},
        {"health_checks.type": "none"},
    ],
)
def test_what_only_looks_like_a_conflict_is_fine(edits: dict[str, Any]) -> None:
    assert not all_problems(Configuration.from_document(edited(edits)))


def test_one_router_id_on_one_interface_and_family() -> None:
    second = {"name": "second", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": UNICAST}
    found = all_problems(Configuration.from_document(edited({"+ha_groups": [second]})))
    assert [problem.path for problem in found] == ["ha_groups[second].virtual_router_id"]


def test_what_is_missing_in_unfinished_objects_is_said_once() -> None:
    document = edited({"vips.address": None, "ha_groups.members": None, "virtual_servers.farm": None})
    assert [problem.path for problem in all_problems(Configuration.from_document(document))] == [
        "ha_groups[main].members",
        "vips[public].address",
        "virtual_servers[web].farm",
    ]


def test_fields_and_rules_are_examined_together_and_nothing_follows_from_what_was_refused() -> None:
    document = edited({"farms.servers.address": "x", "farms.quorum": 9, "virtual_servers.type": "layer2"})
    configuration, found = examine(document)
    assert [problem.path for problem in found] == [f"{FARM}.quorum", f"{SERVER}.address", f"{SERVICE}.type"]
    assert configuration.farms["web"].servers[0].name == "web1"
    assert [problem.path for problem in examine({**document, "farms": 7})[1]] == ["farms"]


def test_an_engine_is_given_what_is_there_and_enabled() -> None:
    servers = [
        {"name": name, "address": f"10.20.0.{n}", "state": name} for n, name in enumerate(("disabled", "drained"), 1)
    ]
    (service,) = services(Configuration.from_document(edited({"farms.servers": servers})), "keepalived")
    assert [(backend.name, backend.weight) for backend in service.backends] == [("drained", 0)]
    absent = edited({"farms.health_check": "not-yet"})
    assert services(Configuration.from_document(absent), "keepalived") == ()


def test_secrets_can_be_hidden() -> None:
    (group,) = Configuration.from_document(edited({"ha_groups.password": "s3cret"})).ha_groups.values()
    assert serialise(group)["password"] == "s3cret"
    assert "s3cret" not in str(serialise(group, hide_secrets=True))


def test_names_are_unique_within_a_list() -> None:
    _configuration, found = examine(edited({"+farms": [{"name": "web"}]}))
    assert [(problem.path, problem.message) for problem in found] == [("farms[web]", "is there twice")]


def test_a_field_type_has_to_say_how_it_parses() -> None:
    with pytest.raises(NotImplementedError):
        FieldType().parse("anything")


@pytest.mark.parametrize(
    ("said", "carrier"),
    [
        ({}, "keepalived"),
        ({"virtual_servers.type": "layer7"}, "haproxy"),
        ({"virtual_servers.engine": "ipvs"}, "ipvs"),
        ({"virtual_servers.engine": "auto", "virtual_servers.type": "dns"}, "keepalived"),
    ],
)
def test_the_type_chooses_the_engine_unless_one_is_named(said: dict[str, Any], carrier: str) -> None:
    assert Configuration.from_document(edited(said)).virtual_servers["web"].carrier == carrier


@pytest.mark.parametrize("path", ["farms.servers.address", "farms.sorry_server.address"])
def test_a_proxy_speaks_to_servers_of_the_other_family(path: str) -> None:
    _configuration, found = examine(edited({path: "fd20::9", "virtual_servers.type": "layer7"}))
    assert found == ()
