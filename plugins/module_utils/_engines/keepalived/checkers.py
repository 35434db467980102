# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A health check as keepalived configuration text: a checker of a real_server. Pure. Private to evenkeel.lb.

Sources: keepalived.conf(5), and keepalived/check/check_*.c of 2.2.7 to 2.4.3, which agree on all that is said here:

* ``retry`` counts the tries after the first failure, the model counts all failures in a row. Its default differs by
  checker, so it is always said. A failure is followed by ``delay_before_retry`` while there are tries left, otherwise
  by ``delay_loop`` of the real_server: both are the model's ``interval``, from the end of a test to the start of the
  next one; from start to start with MISC_CHECK.
* ``connect_timeout`` bounds each step of a test: the connection, the handshake, each piece of an answer that is waited
  for. MISC_CHECK has ``misc_timeout`` instead, in whole seconds.
* When keepalived starts, a server is out with its first failure, whatever ``retry`` says (check_data.c); SMTP_CHECK
  alone forgets that again (smtp_start_check_thread).
* One success brings a server back. HTTP_GET and SSL_GET want a second one an ``interval`` later (epilog in
  check_http.c); their ``fast_recovery`` is no help, as it asks again and again without a pause if that one fails.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, Iterator, List, Tuple

from ..._model.configuration import Configuration
from ..._model.healthcheck import HealthCheck
from ..._model.octets import octets
from ..._model.problems import Problem
from ..._model.services import Backend, services
from .capabilities import NAME
from .words import fits, pattern, quoted, seconds

# keepalived looks for a pattern in an answer as it comes in, and the headers come with the beginning of the body. This
# alternative takes them from their start to their end and lets the search go on behind them. It holds nothing that
# looks behind itself, which keepalived before 2.4.0 cannot bear (see host_checks.py). A body that holds such headers
# itself is searched in vain where a piece of it happens to begin with them.
BODY_ONLY = rb"^HTTP/1\.[01] \d{3} (?s:.*?)\r\n\r\n(*SKIP)(*FAIL)|"
# A datagram to a host that is gone comes back as an error only when the network was asked for the host in vain: after
# three tries a second apart (mcast_solicit and retrans_time_ms in the kernel's ip-sysctl).
_SECONDS_TO_MISS_A_HOST = 4
_LONGEST_DATAGRAM = 65535
_NO_SYNTAX = re.compile(rb"[\w \r\n\t!\"#%&',/:;<=>@`~-]")


def checker(backend: Backend) -> Iterator[str]:
    """The checker of a server, inside its real_server; nothing for a server without a health check."""
    check = backend.health_check
    if check is not None:
        yield f"        {_CHECKERS[check.type][0]} {{"
        yield from _lines(check, backend)
        # keepalived counts the tries after the first failure, the model counts all failures in a row
        yield f"            retry {check.retries - 1}"
        yield f"            delay_before_retry {seconds(check.interval)}"
        yield "        }"


def _lines(check: HealthCheck, backend: Backend) -> Iterator[str]:
    """What is particular to a type, with its indentation."""
    return (f"            {line}" for line in _CHECKERS[check.type][1](check, backend))


def _connection(check: HealthCheck) -> Iterator[str]:
    if check.port is not None and check.type != "icmp":
        yield f"connect_port {check.port}"
    if check.source is not None:
        yield f"bindto {check.source}"
    yield f"connect_timeout {seconds(check.timeout)}"


def _plain(check: HealthCheck, _backend: Backend) -> Iterator[str]:
    yield from _connection(check)


def _http(check: HealthCheck, _backend: Backend) -> Iterator[str]:
    if check.http_version != "1.0":
        yield f"http_protocol {check.http_version}"
    if check.type == "https" and check.host is not None:
        yield "enable_sni"
    yield "url {"
    yield from (f"    {line}" for line in _url(check))
    yield "}"
    yield from _connection(check)


def _url(check: HealthCheck) -> Iterator[str]:
    yield f"path {quoted(check.uri)}"
    if check.host is not None:
        yield f"virtualhost {quoted(check.host)}"
    yield f"status_code {' '.join(check.status_codes)}"
    if check.expect is not None:
        yield f"regex {pattern(BODY_ONLY + expression(check))}"


def expression(check: HealthCheck) -> bytes:
    """What the body of an answer is searched for, as a regular expression of PCRE2."""
    if check.expect is None:
        return b""
    if check.regex:
        return check.expect.encode()
    return b"".join(map(_literal, octets(check.expect)))


def _literal(octet: int) -> bytes:
    """A byte that stands for itself in PCRE2."""
    character = bytes([octet])
    if octet == 0:
        return rb"\x00"
    return character if octet > 0x7F or _NO_SYNTAX.fullmatch(character) else b"\\" + character


def _dns(check: HealthCheck, _backend: Backend) -> Iterator[str]:
    yield f"type {check.record_type}"
    yield f"name {quoted(check.query)}"
    yield from _connection(check)


def _udp(check: HealthCheck, _backend: Backend) -> Iterator[str]:
    if check.send is not None:
        yield f"payload {octets(check.send).hex()}"
    if check.expect is not None:
        expected = octets(check.expect)
        yield f"require_reply {expected.hex()}"
        # A shorter answer would be compared with as much of it as came, an empty one with nothing.
        yield f"min_reply_length {len(expected)}"
        yield f"max_reply_length {_LONGEST_DATAGRAM}"
    yield from _connection(check)


def _smtp(check: HealthCheck, _backend: Backend) -> Iterator[str]:
    if check.host is not None:
        yield f"helo_name {quoted(check.host)}"
    yield from _connection(check)


def _script(check: HealthCheck, backend: Backend) -> Iterator[str]:
    yield f"misc_path {quoted(f'{check.script} {backend.address} {check.port or backend.port}')}"
    yield f"misc_timeout {check.timeout:.0f}"
    # said, because keepalived would otherwise take the user keepalived_script where there is one
    yield "user root root"


_CHECKERS: Dict[str, Tuple[str, Callable[[HealthCheck, Backend], Iterator[str]]]] = {
    "icmp": ("PING_CHECK", _plain),
    "tcp": ("TCP_CHECK", _plain),
    "http": ("HTTP_GET", _http),
    "https": ("SSL_GET", _http),
    "dns": ("DNS_CHECK", _dns),
    "udp": ("UDP_CHECK", _udp),
    "smtp": ("SMTP_CHECK", _smtp),
    "script": ("MISC_CHECK", _script),
}


def problems(configuration: Configuration) -> List[Problem]:
    """What health checks ask of keepalived that it cannot do, where that depends on more than one field or on how long
    a text becomes."""
    used = {
        backend.health_check.name: backend
        for service in services(configuration, NAME)
        for backend in service.backends
        if backend.health_check is not None and backend.health_check.type in _CHECKERS
    }
    return [
        Problem(f"health_checks[{name}].{field}", message, allowed)
        for name, backend in sorted(used.items())
        if backend.health_check is not None
        for field, message, allowed in [*_misfits(backend.health_check), *_too_long(backend.health_check, backend)]
    ]


def _misfits(check: HealthCheck) -> Iterator[Tuple[str, str, str]]:
    """Fields, what is wrong with them, and what is allowed."""
    cannot = f"with type {check.type} cannot be done by engine keepalived"
    if check.type == "script" and check.timeout != int(check.timeout):
        yield "timeout", f"{check.timeout:g} {cannot}", "whole seconds"
    if check.type == "udp" and check.expect is None and check.timeout < _SECONDS_TO_MISS_A_HOST:
        yield (
            "timeout",
            f"{check.timeout:g} without expect {cannot}, which learns after three seconds at the earliest that a host"
            " is gone",
            f"{_SECONDS_TO_MISS_A_HOST} or more, or say what to expect",
        )
    if check.type == "https" and check.host is not None and ":" in check.host:
        message = f"{check.host} {cannot}, which would say the port in the TLS handshake too"
        yield "host", message, check.host.partition(":")[0]


def _too_long(check: HealthCheck, backend: Backend) -> Iterator[Tuple[str, str, str]]:
    for line in _lines(check, backend):
        keyword = line.split()[0]
        if not fits(line):
            yield (
                _FIELDS[keyword],
                f"gives a line of {len(line.encode())} bytes, more than engine keepalived can read",
                "a shorter one; signs, and letters beyond ASCII, count up to four times",
            )


_FIELDS = {
    "path": "uri",
    "status_code": "status_codes",
    "regex": "expect",
    "payload": "send",
    "require_reply": "expect",
}
