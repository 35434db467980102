# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HAProxy's file as text: what is written is read back, and equal wishes give equal bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import parse, subject_at
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.engine import HaproxyEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.files import mode_of
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.host_checks import unallowed
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.parse import (
    bind_of,
    binds_in,
    complaints,
    listeners_in,
    proxies_in,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.programs import programs_in
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.render import (
    document,
    header,
    named,
    sections,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.sections import held_in
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.tls import (
    authorities_in,
    bundles_in,
    lists_in,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.contract.edits import shuffled
from ansible_collections.evenkeel.lb.tests.contract.strategies import RANDOMS, any_document
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem


def service(**fields: Any) -> dict[str, Any]:
    return {
        "name": "web",
        "vip": "192.0.2.10",
        "port": 80,
        "type": "layer7",
        "protocol": "http",
        "farm": "web",
    } | fields


def blocks(farm: dict[str, Any] | None = None, **kinds: Any) -> dict[str, str]:
    """The blocks of one service with one server."""
    servers = [{"name": "s1", "address": "192.0.2.21"}]
    found = {"farms": [{"name": "web", "servers": servers, **(farm or {})}], "virtual_servers": [service()], **kinds}
    configuration = Configuration.from_document(found)
    assert not all_problems(configuration)
    return HaproxyEngine().compile(configuration).blocks


@given(RANDOMS)
def test_what_is_written_is_read_back_and_order_means_nothing(random: Any) -> None:
    wish = any_document(random, ["haproxy"])
    configuration = Configuration.from_document(wish)
    desired = HaproxyEngine().compile(configuration)
    text = document(desired.blocks)
    assert parse(text) == (header(desired.blocks), desired.blocks)
    for section in sections(configuration):
        held = held_in(section.text)
        assert tuple(held.servers.values()) == section.servers
        assert len(section.text.splitlines()) == len(section.paths)
    assert [section.subject for section in desired.sections] == sorted(desired.blocks)
    again = HaproxyEngine().compile(Configuration.from_document(shuffled(wish, random)))
    assert document(again.blocks) == text


def test_the_servers_of_failover_stand_by_in_the_order_of_their_weights() -> None:
    servers = [
        {"name": name, "address": f"192.0.2.{weight}", "weight": weight}
        for name, weight in (("a", 1), ("b", 9), ("c", 5))
    ]
    text = blocks({"balance": "failover", "servers": servers})["farm web as web:http:80"]
    lines = [line.split() for line in text.splitlines() if line.startswith("    server ")]
    assert [(line[1], "backup" in line) for line in lines] == [("b", False), ("c", True), ("a", True)]


def test_round_robin_pays_no_heed_to_weights_and_a_server_that_drains_has_none() -> None:
    servers = [
        {"name": "a", "address": "192.0.2.1", "weight": 9},
        {"name": "b", "address": "192.0.2.2", "state": "drained"},
    ]
    plain = held_in(blocks({"balance": "round_robin", "servers": servers})["farm web as web:http:80"]).servers
    weighted = held_in(
        blocks({"balance": "weighted_round_robin", "servers": servers})["farm web as web:http:80"]
    ).servers
    assert [(one.name, one.weight) for one in plain.values()] == [("a", 1), ("b", 0)]
    assert [(one.name, one.weight) for one in weighted.values()] == [("a", 9), ("b", 0)]


def test_two_services_of_one_farm_share_its_backend_where_they_use_it_in_one_way() -> None:
    servers = [{"name": "s1", "address": "192.0.2.21", "port": 8080}]
    services = [service(), service(name="more", port=81), service(name="raw", port=82, protocol="tcp")]
    found = blocks({"servers": servers}, virtual_servers=services)
    assert sorted(found) == [
        "farm web as web:http", "farm web as web:tcp", "virtual server more", "virtual server raw", "virtual server web"
    ]  # fmt: skip


def test_a_check_that_is_not_the_farms_is_followed() -> None:
    checks = [{"name": "tcp"}, {"name": "page", "type": "http", "uri": "/alive"}]
    servers = [{"name": "a", "address": "192.0.2.1"}, {"name": "b", "address": "192.0.2.2", "health_check": "page"}]
    found = blocks({"health_check": "tcp", "servers": servers}, health_checks=checks)
    assert "server b 192.0.2.2:80 weight 1 track web:http:80:check:page/b " in found["farm web as web:http:80"]
    assert "uri /alive" in found["farm web as web:http:80:check:page"]


def test_what_is_asked_for_in_bytes_comes_as_bytes() -> None:
    checks = [{"name": "ping", "send": r"PING\r\n", "expect": "+PONG"}]
    text = blocks({"health_check": "ping"}, health_checks=checks)["farm web as web:http:80"]
    assert "tcp-check send-binary 50494e470d0a\n    tcp-check expect binary 2b504f4e47\n" in text
    checks = [
        {"name": "page", "type": "http", "expect": r"it's\x01"},
        {"name": "other", "type": "http", "expect": "it's"},
    ]
    text = blocks({"health_check": "page"}, health_checks=checks)["farm web as web:http:80"]
    assert r"http-check expect rstring 'it\x27s\x01'" in text
    text = blocks({"health_check": "other"}, health_checks=checks)["farm web as web:http:80"]
    assert "http-check expect string 'it'\\''s'" in text


@pytest.mark.parametrize(
    ("check", "line"),
    [
        ({"type": "mysql", "user": "tester"}, "option mysql-check user tester"),
        ({"type": "postgresql", "user": "tester"}, "option pgsql-check user tester"),
        ({"type": "redis"}, "option redis-check"),
        ({"type": "ldap"}, "option ldap-check"),
    ],
)
def test_what_haproxy_has_a_word_for_is_that_word(check: dict[str, str], line: str) -> None:
    found = blocks({"health_check": "alive"}, health_checks=[{"name": "alive", **check}])
    assert f"    {line}\n    timeout check 3000ms\n" in found["farm web as web:http:80"]


def test_a_test_from_an_address_leaves_traffic_where_it_comes_from() -> None:
    found = blocks({"health_check": "alive"}, health_checks=[{"name": "alive", "source": "192.0.2.5"}])
    assert "server s1 192.0.2.21:80 weight 1 track web:http:80:check:alive/s1 " in found["farm web as web:http:80"]
    assert "source" not in found["farm web as web:http:80"]
    assert "fall 3 rise 1 source 192.0.2.5\n" in found["farm web as web:http:80:check:alive"]
    assert "timeout check" in found["farm web as web:http:80:check:alive"]


def test_a_program_is_started_by_a_file_of_ours_with_two_arguments_and_ended_in_time() -> None:
    checks = [
        {"name": "own", "type": "script", "script": "/opt/test", "timeout": 0.5},
        {"name": "port", "type": "script", "script": "/opt/test", "port": 99},
    ]
    servers = [{"name": "a", "address": "192.0.2.1"}, {"name": "b", "address": "192.0.2.2", "health_check": "port"}]
    found = blocks({"health_check": "own", "servers": servers}, health_checks=checks)
    assert "    external-check command /etc/haproxy/evenkeel/own.sh\n" in found["farm web as web:http:80"]
    assert "timeout check" not in "".join(found.values())
    texts = programs_in(found)
    assert [text.splitlines()[-1] for _file, text in sorted(texts.items())] == [
        'exec timeout --foreground -k 2 0.5 /opt/test "$3" "$4"',
        'exec timeout --foreground -k 2 3 /opt/test "$3" 99',
    ]
    assert named(found) == set(texts) == {"/etc/haproxy/evenkeel/own.sh", "/etc/haproxy/evenkeel/port.sh"}
    assert [mode_of(file) for file in ("/etc/haproxy/evenkeel/own.sh", "/etc/haproxy/evenkeel/own.pem")] == [
        0o755, 0o600
    ]  # fmt: skip


ALLOWED = "global\n    external-check # yes\n    insecure-fork-wanted\n"


@pytest.mark.parametrize(
    ("theirs", "status", "words"),
    [
        (ALLOWED, 0, ""),
        (f"{ALLOWED}    chroot /\n", 0, ""),
        ("defaults\n    external-check\n", 0, "does not say external-check and insecure-fork-wanted"),
        ("global\n    external-check\n", 0, "does not say insecure-fork-wanted"),
        (f"defaults\n{ALLOWED}    chroot /var/lib/x\n", 0, "/x.cfg line 5 shuts HAProxy into /var/lib/x"),
        (ALLOWED, 1, "/opt/test is no program of this director"),
    ],
)
def test_a_program_needs_the_users_consent(theirs: str, status: int, words: str) -> None:
    system = FakeSystem()
    system.programs["test"] = lambda _argv: Completed(status, "", "")
    found = list(unallowed([("health_checks[own].script", "/opt/test")], {"/x.cfg": theirs}, system))
    assert len(found) == bool(words) and all(words in problem.message for problem in found)


def test_a_queue_is_as_long_and_waits_as_long_as_it_may() -> None:
    servers = [
        {"name": "a", "address": "192.0.2.1", "max_connections": 9},
        {"name": "b", "address": "192.0.2.2"},
    ]
    text = blocks({"queue_limit": 3, "queue_timeout": 0.5, "servers": servers})["farm web as web:http:80"]
    assert {name: line.words for name, line in held_in(text).servers.items()} == {"a": "maxconn 9 maxqueue 3", "b": ""}
    assert "    timeout queue 500ms\n" in text


def test_an_agent_is_asked_of_servers_that_are_to_serve() -> None:
    servers = [
        {"name": "a", "address": "192.0.2.1", "weight": 10},
        {"name": "b", "address": "192.0.2.2", "weight": 20, "state": "drained"},
        {"name": "c", "address": "192.0.2.3", "weight": 20, "state": "disabled"},
        {"name": "d", "address": "192.0.2.4", "weight": 0},
    ]
    agent = {"port": 99, "interval": 2, "address": "fd20::9", "send": r"a b\n"}
    found = held_in(blocks({"agent": agent, "servers": servers})["farm web as web:http:80"]).servers
    asked = r"agent-check agent-port 99 agent-inter 2000ms agent-addr fd20::9 agent-send \x61\x20\x62\x0a"
    assert {name: line.words for name, line in found.items()} == {"a": asked, "b": "", "c": "", "d": ""}
    plain = held_in(
        blocks({"agent": {"port": 99}, "balance": "round_robin", "servers": servers})["farm web as web:http:80"]
    ).servers
    assert plain["a"][3:] == (100, False, "agent-check agent-port 99 agent-inter 5000ms")


def test_certificates_are_told_with_their_sources_and_rules() -> None:
    profiles = [
        {"name": "one", "certificate_file": "/c.pem", "chain_file": "/chain.pem", "key_file": "/k.pem"},
        {"name": "two", "certificate_file": "/c.pem", "minimum_tls": "1.3", "ciphers": "AESGCM"},
    ]
    shown = service(protocol="https", ssl_offload=True, certificate_profiles=["two", "one"])
    found = blocks(certificate_profiles=profiles, virtual_servers=[shown])
    assert {name: bundle.sources for name, bundle in bundles_in(found).items()} == {
        "one": ("/c.pem", "/chain.pem", "/k.pem"), "two": ("/c.pem",)
    }  # fmt: skip
    assert lists_in(found) == {
        "/etc/haproxy/evenkeel/web.crtlist": "/etc/haproxy/evenkeel/two.pem [ciphers AESGCM ssl-min-ver TLSv1.3]\n"
        "/etc/haproxy/evenkeel/one.pem\n"
    }


def test_a_file_that_somebody_edited_asks_for_nothing_of_ours() -> None:
    lines = ["backend web:http", "    # program", "    # program ../x: 1 - /bin/sh", "    # program a: 1 -"]
    edited = {
        "farm web as web:http": "\n".join(lines),
        "certificate profile own": "# /etc/haproxy/evenkeel/own.pem holds /c.pem\n",
    }
    assert (programs_in(edited), authorities_in(edited)) == ({}, {})
    assert bundles_in({"certificate profile own": "", "certificate profile other": "# nothing\n"}) == {}


def test_authorities_are_told_apart_from_the_certificate() -> None:
    profiles = [
        {"name": "own", "type": "mutual_tls", "certificate_file": "/c.pem", "chain_file": "/ca.pem"},
        {"name": "other", "certificate_file": "/o.pem", "chain_file": "/chain.pem"},
    ]
    shown = service(protocol="https", ssl_offload=True, certificate_profiles=["own", "other"])
    found = blocks(certificate_profiles=profiles, virtual_servers=[shown])
    assert bundles_in(found)["own"].sources == ("/c.pem",)
    assert authorities_in(found) == {"own": ("/etc/haproxy/evenkeel/own.authorities", ("/ca.pem",))}
    assert "verify required ca-file /etc/haproxy/evenkeel/own.authorities" in found["virtual server web"]
    assert "/ca.pem" not in found["virtual server web"]


@pytest.mark.parametrize(
    ("farm", "fields", "path", "words"),
    [
        ({"balance": "url_hash"}, {"protocol": "tcp"}, "farms[web].balance", "look into HTTP"),
        ({"persistence_cookie": "S"}, {"protocol": "tcp"}, "farms[web].persistence_cookie", "look into HTTP"),
        ({}, {"protocol": "quic"}, "virtual_servers[web].protocol", "ssl_offload"),
        ({}, {"certificate_profiles": ["one"]}, "virtual_servers[web].certificate_profiles", "are never used"),
        ({"extra_config": ["backend other"]}, {}, "farms[web].extra_config", "begins another section"),
        ({}, {"extra_config": ["bind :80"]}, "virtual_servers[web].extra_config", "the model has fields for"),
        ({"agent": {"port": 9}}, {}, "farms[web].servers[s1].weight", "10 to 256"),
        ({"health_check": "slow"}, {}, "health_checks[slow].timeout", "at most the interval, 2"),
        ({"health_check": "prog"}, {"port": None, "ports": [1, 2]}, "health_checks[prog].port", "has several"),
        (
            {"servers": [{"name": "s1", "address": "fd20::1"}]},
            {"source_nat_type": "static", "source_nat_pool": "192.0.2.9/32"},
            "virtual_servers[web].source_nat_pool",
            "is not IPv6 as server 's1' is",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(farm: Any, fields: Any, path: str, words: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        profiles = [{"name": "one", "certificate_file": "/c.pem"}]
        checks = [{"name": name, "type": "script", "script": "/opt/test"} for name in ("slow", "prog")]
        checks[0]["interval"] = 2
        blocks(farm, virtual_servers=[service(**fields)], certificate_profiles=profiles, health_checks=checks)
    [problem] = refused.value.problems
    assert problem.path == path and words in f"{problem.message} {problem.allowed}"


def test_messages_of_haproxy_are_read_with_their_places() -> None:
    output = """[NOTICE]   (7) : haproxy version is 3.0.11
[ALERT]    (7) : config : parsing [/run/x.cfg:12] : unknown keyword 'nonsense' in 'frontend' section
[ALERT]    (7) : config : [/run/x.cfg:20] : 'bind 127.0.0.1:80' in section 'frontend' :
  unable to load certificate from file '/etc/x.pem'.
[ALERT]    (7) : config : Error(s) found in configuration file : /run/x.cfg
[WARNING]  (7) : config : something
[ALERT]    (7) : config : Proxy 'web': no server
[ALERT]    (7) : config : Fatal errors found in configuration.
"""
    assert complaints(output) == [
        ("/run/x.cfg", 12, "unknown keyword 'nonsense' in 'frontend' section"),
        (
            "/run/x.cfg",
            20,
            "'bind 127.0.0.1:80' in section 'frontend' : unable to load certificate from file '/etc/x.pem'.",
        ),
        ("", 0, "Proxy 'web': no server"),
    ]


def test_the_subject_of_a_line() -> None:
    text = document(blocks())
    lines = text.splitlines()
    assert subject_at(text, lines.index("frontend web from evenkeel:lb") + 1) == "virtual server web"
    assert subject_at(text, 3) == ""


def test_proxies_and_binds_of_others() -> None:
    text = (
        "frontend theirs\n  bind *:80,[::1]:81 ssl\n  bind ipv6@:82\n  bind /run/x.sock\nlisten both\n"
        "  bind 192.0.2.1:8000-8010\n# frontend no\nbackend b\n"
    )
    assert proxies_in(text) == {"theirs": 1, "both": 5, "b": 8}
    assert [bind[:3] for bind in binds_in(text, "f")] == [
        ("0.0.0.0", 80, 80), ("::1", 81, 81), ("::", 82, 82), ("192.0.2.1", 8000, 8010)
    ]  # fmt: skip
    assert next(binds_in(text, "f")).owner == "frontend theirs (f line 1)"


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (("192.0.2.1", "80"), ("192.0.2.1", "80"), True),
        (("192.0.2.1", "80"), ("192.0.2.2", "80"), False),
        (("192.0.2.1", "80"), ("0.0.0.0", "79-81"), True),
        (("192.0.2.1", "80"), ("::", "80"), True),
        (("2001:db8::1", "80"), ("0.0.0.0", "80"), False),
        (("192.0.2.1", "80-90"), ("192.0.2.1", "91"), False),
    ],
)
def test_which_binds_meet(one: tuple[str, str], other: tuple[str, str], meet: bool) -> None:
    assert bind_of(*one, "").meets(bind_of(*other, "")) is meet


def test_sockets_of_other_programs() -> None:
    output = (
        'LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=1,fd=3))\n'
        'LISTEN 0 128 127.0.0.1:80 0.0.0.0:* users:(("haproxy",pid=2,fd=3))\n'
        'LISTEN 0 128 [fe80::1%eth0]:53 [::]:* users:(("dns",pid=4,fd=3))\nLISTEN 0 128 *:99 *:*\n'
    )
    assert [tuple(bind) for bind in listeners_in(output, ("haproxy",))] == [
        ("0.0.0.0", 22, 22, "sshd"), ("fe80::1", 53, 53, "dns"), ("::", 99, 99, "another program")
    ]  # fmt: skip
