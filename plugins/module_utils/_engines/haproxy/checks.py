# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Health checks as rules of a backend and words of its servers. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import Iterator, List, NamedTuple, Optional, Tuple

from ..._model.configuration import Configuration
from ..._model.farm import Server
from ..._model.healthcheck import HealthCheck
from ..._model.objects import with_defaults
from ..._model.octets import octets
from . import programs
from .words import Line, milliseconds, quoted

# Types that a word of HAProxy's has all to do for.
_OPTIONS = {"mysql": "mysql-check", "postgresql": "pgsql-check", "redis": "redis-check", "ldap": "ldap-check"}


class CheckRules(NamedTuple):
    """A health check with the lines that a backend needs for it."""

    name: str
    check: HealthCheck
    lines: Tuple[Line, ...]


def check_of(configuration: Configuration, name: Optional[str]) -> Optional[CheckRules]:
    """The health check of that name; None where nothing is tested."""
    if name is None:
        return None
    check = with_defaults(configuration.health_checks[name])
    return CheckRules(name, check, tuple(_lines(check))) if check.type != "none" else None


def server_words(rules: CheckRules, server: Server, port: int, says_port: bool) -> List[str]:
    """What a server is told of its test; ``says_port`` where its address has no port of its own."""
    check = rules.check
    words = ["check", f"inter {milliseconds(check.interval)}", f"fall {check.retries}", f"rise {check.rise}"]
    if check.port is not None or says_port:
        words.append(f"port {check.port or port}")
    if check.type == "https":
        words.append("check-ssl verify none" if not server.ssl_offload else "check-ssl")
        if check.host:
            words.append(f"check-sni {_without_port(check.host)}")
    elif server.ssl_offload:
        words.append("no-check-ssl")
    return words


def _without_port(host: str) -> str:
    return host.partition(":")[0]


def _lines(check: HealthCheck) -> Iterator[Line]:
    path = f"health_checks[{check.name}]"
    if check.type == "script":
        # timeout check would end it with timeout connect; the program's own time is kept by a file of ours
        yield from programs.lines(check)
        return
    if check.type in ("http", "https"):
        yield Line("option httpchk", f"{path}.type")
        host = f" hdr Host {check.host}" if check.host else ""
        request = f"meth {check.method} uri {check.uri} ver HTTP/{check.http_version}{host}"
        yield Line(f"http-check send {request}", f"{path}.uri")
        codes = ",".join(check.status_codes)
        yield Line(f"http-check expect status {codes}", f"{path}.status_codes")
        if check.expect is not None:
            yield Line(f"http-check expect {_expected(check)}", f"{path}.expect")
    elif check.type == "smtp":
        yield Line(f"option smtpchk HELO {check.host or 'localhost'}", f"{path}.type")
    elif check.type in _OPTIONS:
        yield Line(f"option {_OPTIONS[check.type]}{f' user {check.user}' if check.user else ''}", f"{path}.type")
    elif check.send is not None or check.expect is not None:
        yield Line("option tcp-check", f"{path}.type")
        if check.send is not None:
            yield Line(f"tcp-check send-binary {octets(check.send).hex()}", f"{path}.send")
        if check.expect is not None:
            yield Line(f"tcp-check expect {_expected(check)}", f"{path}.expect")
    yield Line(f"timeout check {milliseconds(check.timeout)}", f"{path}.timeout")


def _expected(check: HealthCheck) -> str:
    """What the answer has to contain. Bytes are written as such where the test takes them, else as a pattern."""
    said = check.expect or ""
    if check.regex:
        return f"rstring {quoted(said)}"
    if check.type == "tcp":
        return f"binary {octets(said).hex()}"
    # a body is searched by a string or a pattern; a pattern can have any byte
    plain = octets(said)
    text = plain.decode("utf-8", "replace")
    if text.encode() == plain and text.isprintable():
        return f"string {quoted(text)}"
    return f"rstring {quoted(''.join(_as_pattern(byte) for byte in plain))}"


def _as_pattern(byte: int) -> str:
    character = chr(byte)
    return character if re.match(r"[A-Za-z0-9]", character) else f"\\x{byte:02x}"
