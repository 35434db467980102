# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every protocol of layer 7 by every HAProxy, over IPv4 and IPv6, asked by clients that trust one authority and want
the name they asked for; and TLS in all its roles: several sites on one address, clients that show a certificate,
directors that show one to servers."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.layer7.scene import (
    DIRECTORS,
    GRPC,
    HTTP,
    HTTPS,
    MUTUAL,
    SERVER,
    SHOP,
    WWW,
    Document,
    Layer7,
    server,
    vip,
)

BOTH = {"web1", "web2"}
AUTHORITY = "/etc/ssl/authority.pem"
CLEAR_HTTP2, FROM_KNOWN_CLIENTS, TO_MUTUAL, PASSED_ON = 8081, 8443, 8444, 8445

PROFILES = [
    {"name": "www", "certificate_file": "/etc/ssl/www.pem"},
    {"name": "shop", "certificate_file": "/etc/ssl/shop.pem"},
    {"name": "known", "type": "mutual_tls", "certificate_file": "/etc/ssl/www.pem", "chain_file": AUTHORITY},
    # what the director shows to servers, and the authority whose servers it takes
    {"name": "director", "type": "mutual_tls", "certificate_file": "/etc/ssl/client.pem", "chain_file": AUTHORITY},
]
OFFLOADED = {"ssl_offload": True, "certificate_profiles": ["www"]}
WISHES: list[Document] = [
    {"name": "http", "port": HTTP, "protocol": "http", "farm": "web"},
    {
        "name": "https",
        "port": HTTPS,
        "protocol": "https",
        "farm": "web",
        "ssl_offload": True,
        "certificate_profiles": ["www", "shop"],
    },
    {"name": "http2", "port": CLEAR_HTTP2, "protocol": "http2", "farm": "web"},
    {"name": "grpc", "port": GRPC, "protocol": "grpc", "farm": "grpc", **OFFLOADED},
    {
        "name": "known",
        "port": FROM_KNOWN_CLIENTS,
        "protocol": "https",
        "farm": "web",
        "ssl_offload": True,
        "certificate_profiles": ["known"],
    },
    {"name": "mutual", "port": TO_MUTUAL, "protocol": "https", "farm": "mutual", **OFFLOADED},
    {"name": "passed-on", "port": PASSED_ON, "protocol": "https", "farm": "tls"},
]
QUIC = {"name": "quic", "port": HTTPS, "protocol": "quic", "farm": "web", **OFFLOADED}
TO_SERVERS = {"ssl_offload": True, "certificate_profiles": ["director"]}
FARMS: list[Document] = [
    {"name": "web", "servers": [server("web1", HTTP), server("web2", HTTP, family=6)]},
    {"name": "grpc", "servers": [server("web1", GRPC), server("web2", GRPC)]},
    {"name": "mutual", "servers": [server("web1", MUTUAL, **TO_SERVERS), server("web2", MUTUAL, **TO_SERVERS)]},
    {"name": "tls", "servers": [server("web1", HTTPS), server("web2", HTTPS)]},
]


def document(director: str, wishes: list[Document]) -> Document:
    """All of it, for both families."""
    served = [
        {**wish, "name": f"{wish['name']}-{family}", "vip": vip(director, family), "type": "layer7"}
        for wish in wishes
        for family in (4, 6)
    ]
    farms = [{"balance": "round_robin", **farm} for farm in FARMS]
    return {"certificate_profiles": PROFILES, "farms": farms, "virtual_servers": served}


@pytest.fixture(scope="module", params=DIRECTORS, ids=[f"haproxy {version}" for version in DIRECTORS.values()])
def serving(request: pytest.FixtureRequest, layer7: Layer7) -> str:
    """A director that serves all of it."""
    name = str(request.param)
    layer7.give(name, "www", WWW)
    layer7.give(name, "shop", SHOP)
    layer7.converge(name, document(name, WISHES))
    request.addfinalizer(lambda: layer7.converge(name, {}))
    return name


def answered(report: dict[str, Any]) -> None:
    assert report["failed"] == 0 and set(report["by_server"]) == BOTH, report


def test_every_protocol(layer7: Layer7, serving: str) -> None:
    for address in (vip(serving, 4), vip(serving, 6)):
        answered(layer7.ask("http1", address, HTTP))
        answered(layer7.ask("http1", address, HTTPS, tls=WWW))
        answered(layer7.ask("http2", address, HTTPS, tls=WWW))
        answered(layer7.ask("http2", address, CLEAR_HTTP2))
        answered(layer7.ask("grpc", address, GRPC, tls=WWW))
        told = layer7.ask("websocket", address, HTTPS, tls=WWW)
        assert told["failed"] == 0 and told["connections"] == 1, told


def test_each_site_shows_its_own_certificate(layer7: Layer7, serving: str) -> None:
    address = vip(serving, 4)
    answered(layer7.ask("http1", address, HTTPS, tls=SHOP))
    stranger = layer7.ask("http1", address, HTTPS, tls="other.example.com", count=1)
    assert stranger["failed"] == 1 and "not valid for 'other.example.com'" in str(stranger["errors"]), stranger
    # the first certificate is for whom none is
    assert WWW in layer7.shown(address, HTTPS, "other.example.com").subject.rfc4514_string()


def test_clients_without_a_certificate_are_turned_away(layer7: Layer7, serving: str) -> None:
    address = vip(serving, 6)
    own = str(layer7.folder / "client.example.com.pem")
    answered(layer7.ask("http1", address, FROM_KNOWN_CLIENTS, "--certificate", own, tls=WWW))
    assert layer7.ask("http1", address, FROM_KNOWN_CLIENTS, tls=WWW, count=2)["failed"] == 2


def test_servers_see_the_certificate_of_the_director(layer7: Layer7, serving: str) -> None:
    """They would not answer without."""
    answered(layer7.ask("http1", vip(serving, 4), TO_MUTUAL, tls=WWW))


def test_tls_that_is_passed_on_ends_at_the_server(layer7: Layer7, serving: str) -> None:
    told = [layer7.ask("http1", vip(serving, 6), PASSED_ON, tls=SERVER, count=1) for _connection in range(2)]
    assert {name for report in told for name in report["by_server"]} == BOTH, told


@pytest.mark.parametrize("director", ["lb2", "lb3"])
def test_http3(layer7: Layer7, director: str) -> None:
    """Ubuntu 24.04 and Debian 13 build HAProxy with QUIC on top of an OpenSSL that does not know it."""
    layer7.give(director, "www", WWW)
    layer7.converge(director, document(director, [QUIC]))
    try:
        for family in (4, 6):
            address = vip(director, family)
            answers = [layer7.ask_http3(address, HTTPS, WWW) for _time in range(2)]
            assert [answer["status"] for answer in answers] == ["200", "200"], answers
            assert {answer["server"] for answer in answers} == BOTH, answers
            answered(layer7.ask("http2", address, HTTPS, tls=WWW))
    finally:
        layer7.converge(director, {})


def test_who_has_no_quic_says_so(layer7: Layer7) -> None:
    """Debian 12."""
    layer7.give("lb1", "www", WWW)
    wanted = {"document": document("lb1", [QUIC]), "engines": ["haproxy"]}
    answer = layer7.directors["lb1"].drive("converge", wanted)
    assert answer["state"] == "refused" and "built without QUIC" in answer["problems"][0], answer
