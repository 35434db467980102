# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Health checks as keepalived's checkers: what is written for each, and what is refused with what is allowed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.checkers import (
    BODY_ONLY,
    checker,
    expression,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import beyond
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.healthcheck import HealthCheck
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import with_defaults
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.tests.conftest import at_most
from ansible_collections.evenkeel.lb.tests.unit.engines.keepalived.keepalived_reading import (
    Answer,
    read_again,
    value_of,
)


def configuration(check: dict[str, Any], **server: Any) -> Configuration:
    """One virtual server on port 80 with one server, tested by this check."""
    return Configuration.from_document(
        {
            "health_checks": [{"name": "alive", **check}],
            "farms": [
                {
                    "name": "web",
                    "health_check": "alive",
                    "servers": [{"name": "web1", "address": "10.20.0.21", **server}],
                }
            ],
            "virtual_servers": [{"name": "web", "vip": "10.10.0.50", "port": 80, "farm": "web"}],
        }
    )


def written(check: dict[str, Any], **server: Any) -> list[str]:
    """The lines of the checker, without indentation."""
    (service,) = services(configuration(check, **server), "keepalived")
    return [line.strip() for line in checker(service.backends[0])]


END = ["retry 2", "delay_before_retry 5", "}"]
TEXTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"type": "tcp"}, ["TCP_CHECK {", "connect_timeout 3"]),
    ({"type": "icmp"}, ["PING_CHECK {", "connect_timeout 3"]),
    (
        {"type": "tcp", "port": 8080, "source": "10.9.9.9", "timeout": 0.5},
        ["TCP_CHECK {", "connect_port 8080", "bindto 10.9.9.9", "connect_timeout 0.5"],
    ),
    (
        {"type": "http"},
        ["HTTP_GET {", "url {", 'path "/"', "status_code 200-299", "}", "connect_timeout 3"],
    ),
    (
        {"type": "http", "uri": "/a?b=1", "host": "www.example.com:81", "status_codes": [204, "300-399"]}
        | {"http_version": "1.1"},
        [
            "HTTP_GET {",
            "http_protocol 1.1",
            "url {",
            'path "/a?b=1"',
            'virtualhost "www.example.com:81"',
            "status_code 204 300-399",
            "}",
            "connect_timeout 3",
        ],
    ),
    (
        {"type": "https", "host": "www.example.com"},
        [
            "SSL_GET {",
            "enable_sni",
            "url {",
            'path "/"',
            'virtualhost "www.example.com"',
            "status_code 200-299",
            "}",
            "connect_timeout 3",
        ],
    ),
    (
        {"type": "https"},
        ["SSL_GET {", "url {", 'path "/"', "status_code 200-299", "}", "connect_timeout 3"],
    ),
    (
        {"type": "dns", "query": "WWW.example.com.", "record_type": "AAAA"},
        ["DNS_CHECK {", "type AAAA", 'name "www.example.com"', "connect_timeout 3"],
    ),
    (
        {"type": "udp", "send": r"ping\r\n", "expect": r"pong\x00"},
        [
            "UDP_CHECK {",
            "payload 70696e670d0a",
            "require_reply 706f6e6700",
            "min_reply_length 5",
            "max_reply_length 65535",
            "connect_timeout 3",
        ],
    ),
    ({"type": "udp", "timeout": 4}, ["UDP_CHECK {", "connect_timeout 4"]),
    (
        {"type": "smtp", "host": "lb1.example.com", "port": 25},
        ["SMTP_CHECK {", 'helo_name "lb1.example.com"', "connect_port 25", "connect_timeout 3"],
    ),
    (
        {"type": "script", "script": "/usr/local/bin/check"},
        ["MISC_CHECK {", 'misc_path "/usr/local/bin/check 10.20.0.21 80"', "misc_timeout 3", "user root root"],
    ),
    (
        {"type": "script", "script": "/usr/local/bin/check", "port": 8080, "timeout": 60},
        ["MISC_CHECK {", 'misc_path "/usr/local/bin/check 10.20.0.21 8080"', "misc_timeout 60", "user root root"],
    ),
]


@pytest.mark.parametrize(("check", "lines"), TEXTS)
def test_what_is_written(check, lines):
    assert written(check) == lines + END


def test_failures_in_a_row_are_tries_after_the_first():
    assert written({"type": "tcp", "retries": 1, "interval": 0.25})[-3:] == ["retry 0", "delay_before_retry 0.25", "}"]


def test_nothing_is_written_where_nothing_is_tested():
    (service,) = services(configuration({"type": "none"}), "keepalived")
    assert list(checker(service.backends[0])) == []


REFUSED: list[tuple[dict[str, Any], str, str, str]] = [
    ({"type": "icmp", "source": "10.9.9.9"}, "source", "with type icmp", "leave it out; the routes decide"),
    (
        {"type": "script", "script": "/bin/true", "source": "10.9.9.9"},
        "source",
        "10.9.9.9 with type script",
        "leave it out; the routes decide",
    ),
    ({"type": "tcp", "send": "x"}, "send", "x with type tcp cannot be done by engine keepalived", "type: script"),
    ({"type": "tcp", "expect": "x"}, "expect", "x with type tcp", "type: script"),
    ({"type": "script", "script": "/bin/true", "expect": "x"}, "expect", "x with type script", "type: script"),
    ({"type": "http", "method": "HEAD"}, "method", "HEAD cannot be done", "GET"),
    ({"type": "tcp", "rise": 2}, "rise", "2 cannot be done", "1"),
    ({"type": "script", "script": "/bin/true", "timeout": 1.5}, "timeout", "1.5 with type script", "whole seconds"),
    ({"type": "udp"}, "timeout", "3 without expect with type udp", "4 or more, or say what to expect"),
    ({"type": "https", "host": "www.example.com:8443"}, "host", "would say the port", "www.example.com"),
    ({"type": "http", "uri": "/" + "a" * 1000}, "uri", "a line of 1024 bytes", "a shorter one"),
    ({"type": "http", "expect": "é" * 255}, "expect", "bytes, more than engine keepalived can read", "a shorter one"),
    ({"type": "udp", "send": "é" * 254, "expect": "é" * 255}, "expect", "a line of 1046 bytes", "a shorter one"),
    (
        {"type": "http", "status_codes": list(range(100, 600, 2))},
        "status_codes",
        "a line of 1027 bytes",
        "a shorter one",
    ),
]


@pytest.mark.parametrize(("check", "field", "message", "allowed"), REFUSED)
def test_what_cannot_be_done_is_refused_with_what_is_allowed(check, field, message, allowed):
    found = beyond(configuration(check))
    problem = {problem.path: problem for problem in found}[f"health_checks[alive].{field}"]
    assert message in problem.message and allowed in problem.allowed


def test_a_check_that_nothing_uses_may_ask_for_anything():
    lonely = configuration({"type": "tcp"}).document()
    lonely["health_checks"].append({"name": "lonely", "type": "udp"})
    assert beyond(Configuration.from_document(lonely)) == []


TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30)


@given(TEXT)
@example("$\"'#!{}\\")
@example("(?<=a).*[b]|^c$+")
def test_an_expected_text_becomes_a_pattern_of_one_line(text):
    lines = written({"type": "http", "expect": text.replace("\\", "\\\\")})
    (line,) = [line for line in lines if line.startswith("regex ")]
    check = with_defaults(HealthCheck(name="a", type="http", expect=text.replace("\\", "\\\\")))
    assert read_again(value_of(line)) == BODY_ONLY + expression(check)


HEAD = b"HTTP/1.1 200 OK\r\nServer: OK\r\nX: \x00\xff\r\n\r\n"


@given(
    st.binary(min_size=1, max_size=8),
    st.binary(max_size=20),
    st.booleans(),
    st.integers(0, 5000),
    st.integers(1, 5000),
)
@example(b"OK", b"no", False, 0, 5000)
@example(b"OK", b"O", True, 0, 1)
@at_most(300)
def test_an_expected_text_is_found_in_the_body_and_nowhere_else(expected, around, there, padding, pieces):
    """However the answer is cut into pieces, and whatever its headers say."""
    body = around + b"." * padding + (expected if there else b"") + around
    text = "".join(f"\\x{octet:02x}" for octet in expected)
    check = HealthCheck(name="a", type="http", expect=text)
    found = Answer(BODY_ONLY + expression(check)).holds(HEAD, body, pieces)
    assert found == (expected in body)


def test_the_engine_refuses_what_is_beyond_it():
    with pytest.raises(Exception, match="4 or more, or say what to expect"):
        KeepalivedEngine().compile(configuration({"type": "udp"}))
