# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""haproxy.cfg that others wrote, as a configuration: what is said, what is kept, what is lost and what stays."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.engine import HaproxyEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.reading.conf import read_conf
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.reading.lines import read_lines
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.render import document as blocks_as_text
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.reading import BadText, Reading
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import beyond
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration

DEFAULTS = "defaults\n    mode http\n    timeout connect 5s\n    timeout client 1m\n    timeout server 1m\n"


def read(text: str, vip: str | None = None) -> Reading:
    reading = read_conf(text, vip)
    assert Configuration.from_document(reading.document).document() == reading.document
    return reading


def one(kind: str, reading: Reading) -> dict[str, Any]:
    (found,) = reading.document[kind]
    return found


def of_backend(*lines: str, mode: str = "http") -> Reading:
    """A frontend with a backend of these lines."""
    body = "".join(f"    {line}\n" for line in lines)
    return read(
        f"{DEFAULTS}frontend f\n    mode {mode}\n    bind 192.0.2.1:80\n    default_backend b\n"
        f"backend b\n    mode {mode}\n{body}"
    )


def lost(reading: Reading) -> list[tuple[int, str]]:
    return [(finding.place.line, finding.message) for finding in reading.left_out]


def test_a_frontend_with_its_backend_and_what_defaults_say_for_both() -> None:
    reading = read(
        """
global
    daemon
defaults
    mode http
    log global
    option httplog
    maxconn 500
    timeout client 50000
    timeout server 1m
    retries 2
    option httpchk GET /alive
    default-server inter 3s fall 2
frontend www
    bind 192.0.2.1:80
    http-request deny if { path /no }   # never
    default_backend app
backend app
    balance leastconn
    server a 10.0.0.1:8080 check
    server b 10.0.0.2:8080 check weight 5 maxconn 9 backup
    server c 10.0.0.3:8080 check disabled rise 4
"""
    )
    assert reading.left_out == ()
    assert one("virtual_servers", reading) == {
        "name": "www", "vip": "192.0.2.1", "port": 80, "type": "layer7", "protocol": "http", "farm": "app",
        "engine": "haproxy", "max_connections": 500,
        "extra_config": ["option httplog", "timeout client 50000", "http-request deny if { path /no }   # never"],
    }  # fmt: skip
    farm = one("farms", reading)
    servers = farm.pop("servers")
    assert farm == {
        "name": "app", "balance": "weighted_least_connections", "on_failure": "quiesce", "health_check": "app",
        "extra_config": ["retries 2"],
    }  # fmt: skip
    assert servers == [
        {"name": "a", "address": "10.0.0.1", "port": 8080},
        {"name": "b", "address": "10.0.0.2", "port": 8080, "weight": 5, "max_connections": 9, "backup": True},
        {"name": "c", "address": "10.0.0.3", "port": 8080, "state": "disabled", "health_check": "app-c"},
    ]
    check = {
        "name": "app", "type": "http", "interval": 3.0, "timeout": 3.0, "retries": 2, "rise": 2, "method": "GET",
        "uri": "/alive", "http_version": "1.0", "status_codes": ["200-399"],
    }  # fmt: skip
    assert reading.document["health_checks"] == [check, {**check, "name": "app-c", "rise": 4}]
    assert reading.rest.startswith("global\n    daemon\ndefaults\n") and "backend" not in reading.rest
    assert "option redispatch 1" in reading.notes[0].message


def test_a_listen_is_both_and_its_lines_go_to_their_sides() -> None:
    reading = read(
        "listen db\n    bind 192.0.2.1:3306\n    timeout client 9s\n    timeout server 8s\n    balance source\n"
        "    stick-table type ip size 9k expire 30m\n    stick on src,ipmask(24)\n    server a 10.0.0.1:3306\n"
        "    server b 10.0.0.2:3306 weight 0\n    server c [2001:db8::1]:3306 slowstart 9s\n"
    )
    assert one("virtual_servers", reading)["extra_config"] == ["timeout client 9s"]
    assert "type" not in one("virtual_servers", reading)
    farm = one("farms", reading)
    assert (farm["name"], farm["balance"], farm["extra_config"]) == ("db", "source_hash", ["timeout server 8s"])
    assert (farm["persistence_timeout"], farm["persistence_netmask"]) == (1800, "255.255.255.0")
    assert [server.get("state") for server in farm["servers"]] == [None, "drained", None]
    assert farm["servers"][2]["address"] == "2001:db8::1"
    # one that is alone in it
    assert (farm["slow_start"], [message for _line, message in lost(reading)]) == (
        9.0, ["has another slowstart than others of the farm"] * 2
    )  # fmt: skip
    assert reading.rest == ""


def test_addresses_of_one_frontend_are_virtual_servers_of_one_farm() -> None:
    reading = read(
        f"{DEFAULTS}frontend w\n    bind 192.0.2.1:80,192.0.2.1:8000-8010\n"
        "    bind 192.0.2.1:443 ssl crt /a/x.pem crt /a/y.pem alpn h2,http/1.1 ssl-min-ver TLSv1.2\n"
        "    bind :::80\n    bind quic4@192.0.2.1:443 ssl crt /a/x.pem alpn h3\n"
        "    default_backend w\nbackend w\n    server a 10.0.0.1:80\n",
        "2001:db8::9",
    )
    found = {service["name"]: service for service in reading.document["virtual_servers"]}
    assert {name: (one["vip"], one.get("port"), one.get("ports"), one["protocol"]) for name, one in found.items()} == {
        "w": ("192.0.2.1", None, ["80", "8000-8010"], "http"),
        "tcp-192.0.2.1-443": ("192.0.2.1", 443, None, "quic"),
        "tcp-2001-db8--9-80": ("2001:db8::9", 80, None, "http"),
    }
    assert {one["farm"] for one in found.values()} == {"w"}
    assert found["tcp-192.0.2.1-443"]["certificate_profiles"] == ["x", "y"]
    assert reading.document["certificate_profiles"] == [
        {"name": name, "certificate_file": f"/a/{name}.pem", "minimum_tls": "1.2"} for name in ("x", "y")
    ]


@pytest.mark.parametrize(
    ("words", "protocol"),
    [
        ("", "http"),
        ("proto h2", "http2"),
        ("ssl crt /x.pem alpn http/1.1", "http"),
        ("ssl crt /x.pem alpn h2,http/1.1", "https"),
        ("ssl crt /x.pem", "https"),
    ],
)
def test_what_is_spoken_follows_from_the_bind(words: str, protocol: str) -> None:
    reading = read(
        f"{DEFAULTS}frontend f\n    bind 192.0.2.1:80 {words}\n    default_backend b\n"
        "backend b\n    server a 10.0.0.1:80\n"
    )
    assert one("virtual_servers", reading)["protocol"] == protocol
    assert one("virtual_servers", reading).get("ssl_offload", False) == ("ssl" in words)


def test_grpc_is_http2_to_clients_and_servers() -> None:
    reading = read(
        f"{DEFAULTS}frontend f\n    bind 192.0.2.1:80 proto h2\n    default_backend b\nbackend b\n"
        "    server a 10.0.0.1:80 proto h2\n"
    )
    assert one("virtual_servers", reading)["protocol"] == "grpc"


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        (["option httpchk"], {"type": "http", "method": "OPTIONS", "uri": "/", "status_codes": ["200-399"]}),
        (
            [
                "option httpchk",
                "http-check send meth HEAD uri /up ver HTTP/1.1 hdr Host a.example",
                "http-check expect status 200-299,301",
            ],
            {
                "method": "HEAD",
                "uri": "/up",
                "http_version": "1.1",
                "host": "a.example",
                "status_codes": ["200-299", "301"],
            },
        ),
        (
            [r"option httpchk GET /x HTTP/1.1\r\nHost:\ a.example", "http-check expect string all\\ well"],
            {"host": "a.example", "expect": "all well", "status_codes": ["100-599"]},
        ),
        (["option httpchk GET /x", "http-check expect rstring ^ok$"], {"expect": "^ok$", "regex": True}),
        (["option smtpchk HELO a.example"], {"type": "smtp", "host": "a.example"}),
        (
            ["option tcp-check", "tcp-check connect", r"tcp-check send PING\r\n", "tcp-check expect string +PONG"],
            {"type": "tcp", "send": r"PING\r\n", "expect": "+PONG"},
        ),
        (["option tcp-check", "tcp-check expect rstring ^2.."], {"expect": "^2..", "regex": True}),
        (["timeout check 1500ms"], {"type": "tcp", "timeout": 1.5, "interval": 2.0}),
    ],
)
def test_tests_with_what_haproxy_takes_where_nothing_is_said(lines: list[str], fields: dict[str, Any]) -> None:
    check = one("health_checks", of_backend(*lines, "server a 10.0.0.1:80 check"))
    assert {name: check.get(name) for name in fields} == fields
    assert (check["retries"], check["rise"]) == (3, 2)


def test_a_test_by_tls_is_said_where_http_is_asked_for() -> None:
    check = one("health_checks", of_backend("option httpchk", "server a 10.0.0.1:443 ssl verify none check"))
    assert check["type"] == "https"
    reading = of_backend("server a 10.0.0.1:443 ssl verify none check", mode="tcp")
    assert lost(reading) == [(12, "tests with a handshake of TLS; here only an HTTP test does")]


@pytest.mark.parametrize(
    ("line", "balance"),
    [
        ("balance roundrobin", "weighted_round_robin"),
        ("balance static-rr", "weighted_round_robin"),
        ("balance leastconn", "weighted_least_connections"),
        ("balance source", "source_hash"),
        ("balance uri", "url_hash"),
        ("balance hdr(host)", "domain_hash"),
        ("balance random(2)", "power_of_two"),
        ("balance random", "power_of_two"),
    ],
)
def test_ways_to_balance(line: str, balance: str) -> None:
    reading = of_backend(line, "server a 10.0.0.1:80")
    assert (one("farms", reading)["balance"], reading.left_out) == (balance, ())


def test_servers_that_stand_by_one_after_the_other_are_failover() -> None:
    lines = ["server a 10.0.0.1:80", "server b 10.0.0.2:80 backup", "server c 10.0.0.3:80 backup"]
    farm = one("farms", of_backend(*lines))
    assert farm["balance"] == "failover"
    assert [(server["name"], server["weight"]) for server in farm["servers"]] == [("a", 3), ("b", 2), ("c", 1)]
    together = one("farms", of_backend("option allbackups", *lines))
    assert together["balance"] == "weighted_round_robin"
    assert [server.get("backup") for server in together["servers"]] == [None, True, True]
    reading = of_backend("server z 10.0.0.9:80", *lines)
    assert lost(reading) == [(15, "stands by for the one before it; here all that stand by serve together")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("balance url_param id", "is balanced in another way here: source_hash"),
        ("cookie S prefix", "reads a cookie of the servers; here HAProxy gives one of its own"),
        ("cookie S insert secure", "secure: is an attribute of the cookie that is not said here"),
        ("option ssl-hello-chk", "is a test that there is no health check for; servers are connected to"),
        ("stick on src table other", "remembers something else than addresses for a time"),
        ("http-request deny if { nbsrv(b) lt 1 }", "is about b, which has another name in the file of this collection"),
    ],
)
def test_what_has_no_place_is_told_by_its_line(line: str, message: str) -> None:
    text = [line, "stick-table type ip size 1k expire 1m"] if line.startswith("stick") else [line]
    assert (12, message) in lost(of_backend(*text, "server a 10.0.0.1:80 check"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("check addr 10.0.0.9", "addr 10.0.0.9: tests another address than that of the server"),
        ("sni str(a)", "sni str(a): names a host in the TLS handshake with the server"),
        ("nonsense", "nonsense: is no word of this place in HAProxy 2.4 to 3.0"),
        ("weight 300", "weight 300: is no number"),
        ("check track x/y", "is as healthy as another server; here each is tested itself"),
    ],
)
def test_what_has_no_place_of_a_server_is_told(words: str, message: str) -> None:
    assert (12, message) in lost(of_backend(f"server a 10.0.0.1:80 {words}"))


@pytest.mark.parametrize(
    ("lines", "check"),
    [
        (["option mysql-check user probe"], {"type": "mysql", "user": "probe"}),
        (["option mysql-check user probe post-41"], {"type": "mysql", "user": "probe"}),
        (["option pgsql-check user probe"], {"type": "postgresql", "user": "probe"}),
        (["option redis-check"], {"type": "redis"}),
        (["option ldap-check"], {"type": "ldap"}),
        (["external-check command /bin/true"], {"type": "tcp"}),
    ],
)
def test_tests_of_databases_and_directories(lines: list[str], check: dict[str, Any]) -> None:
    reading = of_backend(*lines, "server a 10.0.0.1:80 check", mode="tcp")
    times = {"name": "b", "interval": 2.0, "timeout": 2.0, "rise": 2, "retries": 3}
    assert (one("health_checks", reading), reading.left_out) == ({**times, **check}, ())


def test_bytes_that_are_no_characters_are_sent_as_they_are() -> None:
    reading = of_backend(
        "option tcp-check", r"tcp-check send \xff\xc3\xa9\x01", "server a 10.0.0.1:80 check", mode="tcp"
    )
    assert one("health_checks", reading)["send"] == r"\xffé\x01"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["option mysql-check"], "is a test as no user, or as one that cannot be said; servers are connected to"),
        (
            ["option pgsql-check user a+b"],
            "is a test as no user, or as one that cannot be said; servers are connected to",
        ),
        (["option mysql-check user a pre-41"], "begins the session in another way than clients do today"),
        (["option external-check"], "runs a program with four arguments of HAProxy's; servers are connected to"),
        (
            ["external-check command /bin/true", "option external-check"],
            "runs a program with four arguments of HAProxy's; servers are connected to",
        ),
    ],
)
def test_what_has_no_place_of_a_test_is_told(lines: list[str], message: str) -> None:
    reading = of_backend(*lines, "server a 10.0.0.1:80 check", mode="tcp")
    assert lost(reading) == [(12 + at, message) for at, _line in enumerate(lines)]
    assert one("health_checks", reading)["type"] == ("mysql" if "pre-41" in lines[0] else "tcp")
    assert "extra_config" not in one("farms", reading)


def test_agents_and_queues_are_those_of_the_farm() -> None:
    agent = r"agent-check agent-port 9000 agent-inter 3s agent-addr 10.0.0.9 agent-send a\xc3\xa9\xff\n"
    reading = of_backend(
        "timeout queue 20s",
        f"default-server {agent} maxconn 10 maxqueue 5",
        "server a 10.0.0.1:80",
        "server b 10.0.0.2:80 weight 2",
        "server c 10.0.0.3:80 weight 0",
    )
    farm = one("farms", reading)
    assert reading.left_out == ()
    assert farm["agent"] == {"port": 9000, "interval": 3.0, "address": "10.0.0.9", "send": r"aé\xff\n"}
    assert (farm["queue_limit"], farm["queue_timeout"], farm.get("extra_config")) == (5, 20.0, None)
    # an agent takes shares, so of a weight of 1 it could take none
    assert [(server.get("weight"), server.get("state")) for server in farm["servers"]] == [
        (10, None), (20, None), (10, "drained"),
    ]  # fmt: skip
    said = [note.message for note in reading.notes]
    assert "and all others weigh 10 times as much here: an agent takes shares of that" in said
    assert beyond(Configuration.from_document(reading.document)) == []


def test_an_agent_without_a_pace_of_its_own_has_that_of_the_test() -> None:
    paces = {
        words: one("farms", of_backend(f"server a 10.0.0.1:80 agent-check agent-port 9 {words}"))["agent"].get(
            "interval"
        )
        for words in ("", "inter 7s", "inter 7s agent-inter 300")
    }
    assert paces == {"": 2.0, "inter 7s": 7.0, "inter 7s agent-inter 300": 0.3}


AGENT = "agent-check agent-port 9000"


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (f"{AGENT} weight 20", f"{AGENT}1 weight 20", "asks another agent than others of the farm, or none"),
        (f"{AGENT} weight 20", "weight 20", "asks another agent than others of the farm, or none"),
        (f"{AGENT} weight 20", f"{AGENT} no-agent-check", "asks another agent than others of the farm, or none"),
        ("weight 20", f"{AGENT} disabled", "asks another agent than others of the farm, or none"),
        ("", f"{AGENT} agent-addr a.example", "asks an agent that cannot be said"),
        ("", f"{AGENT} agent-inter 20ms", "asks its agent every 20ms; here at another pace"),
        ("maxconn 5 maxqueue 3", "maxconn 5", "has another maxqueue than others of the farm"),
        ("maxconn 5 maxqueue 3", "maxconn 5 maxqueue 2", "has another maxqueue than others of the farm"),
    ],
)
def test_servers_of_one_farm_that_differ_are_told(first: str, second: str, message: str) -> None:
    reading = of_backend(f"server a 10.0.0.1:80 {first}", f"server b 10.0.0.2:80 {second}")
    assert (13, message) in lost(reading)
    one("farms", reading)


def test_an_agent_that_could_take_no_share_is_told() -> None:
    reading = of_backend(f"server a 10.0.0.1:80 {AGENT} weight 1", f"server b 10.0.0.2:80 {AGENT} weight 200")
    assert lost(reading) == [(12, "asks an agent, which could take no share of a weight of 1 here")]
    assert [server.get("weight") for server in one("farms", reading)["servers"]] == [1, 200]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("agent-check", "agent-check: asks no agent without agent-check and agent-port"),
        ("agent-port 9", "agent-port: asks no agent without agent-check and agent-port"),
        ("maxqueue 5", "maxqueue 5: limits nothing without maxconn"),
    ],
)
def test_words_of_a_server_that_do_nothing_are_noted(words: str, message: str) -> None:
    reading = of_backend(f"server a 10.0.0.1:80 {words}")
    assert reading.left_out == () and message in [note.message for note in reading.notes]
    assert not {"agent", "queue_limit"} & set(one("farms", reading))


@pytest.mark.parametrize("value", ["7005us", "0", "30d", "soon"])
def test_a_time_to_wait_that_cannot_be_said_is_kept_word_for_word(value: str) -> None:
    farm = one("farms", of_backend(f"timeout queue {value}", "server a 10.0.0.1:80"))
    assert (farm["extra_config"], farm.get("queue_timeout")) == ([f"timeout queue {value}"], None)


def test_a_server_may_be_tested_from_an_address_of_another_backend() -> None:
    text = (
        f"{DEFAULTS}frontend f\n    bind 192.0.2.1:80\n    default_backend b\n"
        "backend b\n    SOURCE\n    server a 10.0.0.1:80 track t/a\n"
        "backend t\n    server a 10.0.0.1:80 check source 192.0.2.9\n"
    )
    reading = read(text.replace("SOURCE", ""))
    assert (one("health_checks", reading)["source"], reading.left_out) == ("192.0.2.9", ())
    reading = read(text.replace("SOURCE", "source 192.0.2.8").replace(" source 192.0.2.9", ""))
    assert lost(reading) == [(11, "is tested from another address than it is spoken to from")]


def test_other_authorities_in_our_file_are_told_by_the_server_that_believes_them() -> None:
    servers = [
        {"name": name, "address": f"192.0.2.2{at}", "ssl_offload": True, "certificate_profiles": ["own"]}
        for at, name in enumerate("ab")
    ]
    own = {"name": "own", "type": "mutual_tls", "certificate_file": "/c.pem", "chain_file": "/ca.pem"}
    service = {"name": "web", "vip": "192.0.2.10", "port": 80, "type": "layer7", "protocol": "http", "farm": "web"}
    document = {
        "certificate_profiles": [own], "farms": [{"name": "web", "servers": servers}], "virtual_servers": [service],
    }  # fmt: skip
    text = blocks_as_text(HaproxyEngine().compile(Configuration.from_document(document)).blocks)
    edited = text.replace("ca-file /etc/haproxy/evenkeel/own.authorities", "ca-file /theirs.pem", 1)
    reading = read(edited)
    at = next(number for number, line in enumerate(edited.splitlines(), start=1) if "/theirs.pem" in line)
    assert lost(reading) == [(at, "ca-file /theirs.pem: says whose certificate is taken; here its crt says that")]
    assert one("certificate_profiles", reading) == own
    assert [server.get("certificate_profiles") for server in one("farms", reading)["servers"]] == [None, ["own"]]


BIND, SERVER = "bind 192.0.2.1:80", "server a 10.0.0.1:80"


@pytest.mark.parametrize(
    ("frontend", "backend", "message"),
    [
        ("bind *:80", SERVER, "*:80 is every address, and a virtual server has one"),
        ("bind /run/x.sock", SERVER, "/run/x.sock is no address of IP"),
        (f"{BIND} accept-proxy", SERVER, "accept-proxy: expects the PROXY protocol from clients"),
        (f"{BIND} ssl crt-list /l", SERVER, "/l is a list of certificates that is not in the text"),
        (BIND, "server a app.example:80", "app.example:80 is no address of a server"),
        (BIND, f"{SERVER} send-proxy", "send-proxy: is told the client's address by the PROXY protocol"),
        (BIND, "server a 10.0.0.1:+1000", "+1000 makes its port follow the client's"),
        (BIND, "server-template a 3 x:80", "is not one server with an address"),
        (
            "use_backend c if { path /c }",
            SERVER,
            "chooses a backend by what is asked, and a virtual server has one farm",
        ),
    ],
)
def test_a_section_that_cannot_be_said_stays_as_it_is(frontend: str, backend: str, message: str) -> None:
    bind = "" if frontend.startswith("bind") else "    bind 192.0.2.1:80\n"
    text = f"{DEFAULTS}frontend f\n{bind}    {frontend}\n    default_backend b\nbackend b\n    {backend}\n"
    reading = read(text)
    assert [said for _line, said in lost(reading)] == [f"{message}, so the section stays in haproxy.cfg"]
    assert not any(reading.document.values())
    assert reading.rest == text


def test_what_a_section_that_stays_needs_stays_with_it() -> None:
    shared = "backend b\n    server a 10.0.0.1:80\n"
    stays = "frontend g\n    bind *:81\n    default_backend b\n"
    reading = read(f"{DEFAULTS}# ours\nfrontend f\n    bind 192.0.2.1:80\n    default_backend b\n{stays}{shared}")
    assert one("virtual_servers", reading)["name"] == "f"
    assert reading.rest == DEFAULTS + stays + shared


def test_a_sorry_server_is_known_by_its_condition() -> None:
    reading = read(
        f"{DEFAULTS}frontend f\n    bind 192.0.2.1:80\n    use_backend s if {{ nbsrv(b) lt 1 }}\n"
        "    default_backend b\nbackend b\n    server a 10.0.0.1:80\nbackend s\n    server last 10.0.0.9:8080\n"
    )
    assert one("farms", reading)["sorry_server"] == {"address": "10.0.0.9", "port": 8080}
    assert reading.left_out == () and reading.rest == DEFAULTS


def test_statistics_are_no_virtual_server() -> None:
    text = "listen stats\n    mode http\n    bind 127.0.0.1:8404\n    stats enable\n"
    reading = read(text)
    assert (reading.left_out, reading.rest) == ((), text)
    assert reading.notes[0].message == "has no servers and stays in haproxy.cfg"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mode http\n", "stands before the first section"),
        ("frontend\n    bind :80\n", "has no name"),
        ("frontend a 'b\n", "a quote is not closed"),
        ('backend b\n    log "x\n', "a quote is not closed"),
        ("backend b\n    log \\x4z\n", r"\x is not followed by two hexadecimal digits"),
        ("backend b\n.if defined(X)\n    balance source\n.endif\n", "what follows counts under a condition alone"),
        ("backend b\nlisten b\n", "is the name of a proxy before it"),
        ("backend b from nowhere\n", "there are no such defaults before it"),
        (f"backend b\n    acl {'x ' * 70}\n", "has more than 64 words"),
    ],
)
def test_a_text_that_is_none_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadText) as bad:
        read_conf(text)
    assert message in str(bad.value)


def test_words_are_quoted_as_haproxy_reads_them() -> None:
    (line,) = read_lines(r"""  log a\ b 'c "d" \e' "f\"g \$H" i'j'"k" \#l \x41 #m""")
    assert line.words == ("log", "a b", r'c "d" \e', 'f"g $H', "ijk", "#l", "A")
    assert [one.keyword for one in read_lines("no option httpclose\ntimeout client 1s\nbind :80")] == [
        "option httpclose", "timeout client", "bind"
    ]  # fmt: skip


def test_what_was_read_is_what_the_engine_carries() -> None:
    reading = of_backend("option httpchk", "server a 10.0.0.1:80 check", "server b 10.0.0.2:81")
    text = HaproxyEngine().compile(Configuration.from_document(reading.document)).blocks["farm b as b:http"]
    assert "server a 10.0.0.1:80 weight 1 check inter 2000ms fall 3 rise 2\n" in text
    assert "server b 10.0.0.2:81 weight 1\n" in text
