# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Health checks: how a server's life is tested. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Mapping, Optional, Tuple

from .addresses import Address
from .fields import (
    BadValue,
    Boolean,
    Choice,
    DomainName,
    FilePath,
    FreeText,
    HostName,
    Integer,
    Name,
    Seconds,
    UriPath,
    UserName,
)
from .lists import StatusCodes
from .objects import option
from .octets import octets
from .problems import Problem

# What each type of check can be told beyond when and where to test.
PARAMETERS: Mapping[str, Tuple[str, ...]] = {
    "none": (),
    "icmp": (),
    "tcp": ("send", "expect", "regex"),
    "http": ("uri", "method", "http_version", "host", "status_codes", "expect", "regex"),
    "https": ("uri", "method", "http_version", "host", "status_codes", "expect", "regex"),
    "dns": ("query", "record_type"),
    "udp": ("send", "expect"),
    "smtp": ("host",),
    "mysql": ("user",),
    "postgresql": ("user",),
    "redis": (),
    "ldap": (),
    "script": ("script", "send", "expect", "regex"),
}
_BYTES = r"C(\r), C(\n), C(\t), C(\\) and C(\xHH) stand for bytes."
# Types that cannot do without a user to say hello as.
_WITH_USER = ("mysql", "postgresql")
# Types that knock at no port.
WITHOUT_PORT = ("none", "icmp", "script")
_ALL_PARAMETERS = tuple(dict.fromkeys(name for names in PARAMETERS.values() for name in names))


@dataclass(frozen=True)
class HealthCheck:
    """A test that is repeated every ``interval``; ``retries`` failures in a row take a server out, ``rise`` successes
    in a row bring it back."""

    WORD = "health check"

    name: str = option(Name(), "The name of the health check, unique on the director.", required=True)
    type: str = option(
        Choice(*PARAMETERS),
        "How to test.",
        "V(tcp) opens a connection, V(http) and V(https) ask for O(uri) and look at the answer, V(icmp) sends an"
        " echo request, V(dns) asks for O(query) by UDP and takes every answer that is no error, V(udp) sends a"
        " datagram, V(smtp) says hello, V(script) runs O(script) on the director.",
        "V(mysql) and V(postgresql) begin a session as O(user) without a password, V(redis) sends a PING that has to be"
        " answered with PONG, V(ldap) binds as nobody.",
        "V(https) takes any certificate.",
        "V(none) takes every server as healthy.",
        default="tcp",
        impact="new_connections",
    )
    interval: float = option(Seconds(0.1, 86400), "Seconds between two tests, 0.1 to 86400.", default=5.0)
    timeout: float = option(Seconds(0.1, 3600), "Seconds to wait for the answer to a test, 0.1 to 3600.", default=3.0)
    retries: int = option(
        Integer(1, 100), "How many tests in a row have to fail before the server is taken out, 1 to 100.", default=3
    )
    rise: int = option(
        Integer(1, 100), "How many tests in a row have to succeed before the server is back, 1 to 100.", default=1
    )
    port: Optional[int] = option(
        Integer(1, 65535), "The port to test, 1 to 65535. Unset tests the port of the server.", impact="new_connections"
    )
    source: Optional[str] = option(
        Address(),
        "The address of the director to test from. Unset leaves it to the routes.",
        "While the director does not have it nothing is tested, and servers stay as they are; with engine V(haproxy)"
        " tests fail meanwhile.",
    )
    uri: str = option(UriPath(), "The path to ask for, with V(http) and V(https) only.", default="/")
    method: str = option(
        Choice("GET", "HEAD", "OPTIONS"), "The HTTP method, with V(http) and V(https) only.", default="GET"
    )
    http_version: str = option(
        Choice("1.0", "1.1"), "The version of HTTP to ask in, with V(http) and V(https) only.", default="1.0"
    )
    host: Optional[str] = option(
        HostName(),
        "The Host header, for V(https) also the name in the TLS handshake (SNI), for V(smtp) the name to greet with.",
        "Unset sends the address of the server and no name in the handshake, and greets with a name of the engine's.",
    )
    status_codes: Tuple[str, ...] = option(
        StatusCodes(),
        "The status codes that count as healthy, each a code or a range, with V(http) and V(https) only.",
        default=("200-299",),
    )
    send: Optional[str] = option(
        FreeText(),
        "What to send first, with V(tcp), V(udp) and V(script) only.",
        f"{_BYTES} Unset, V(udp) sends a few bytes of the engine's choice.",
    )
    expect: Optional[str] = option(
        FreeText(),
        "What the answer has to contain; with V(http) and V(https) its body, and with V(udp) it has to begin with it.",
        f"{_BYTES} A regular expression has its own.",
        "Without it V(udp) takes silence as success; a server fails when it or the network says that nobody is there.",
    )
    regex: Optional[bool] = option(Boolean(), "Whether O(expect) is a regular expression. Needs O(expect).")
    query: str = option(DomainName(), "The name to ask for, with V(dns) only.", default="localhost")
    record_type: str = option(
        Choice("A", "AAAA", "CNAME", "MX", "NS", "SOA", "TXT"), "The record to ask for, with V(dns) only.", default="A"
    )
    user: Optional[str] = option(
        UserName(),
        "The user to begin a session as, with V(mysql) and V(postgresql) only, which need it.",
        "V(mysql) needs one that is there and has no password. V(postgresql) takes a question for the password as an"
        " answer too.",
    )
    script: Optional[str] = option(
        FilePath(),
        "The program that tests, with V(script) only. It ends with status 0 when the server is healthy.",
        "It is run with the address of the server and the port to test as its two arguments; the port is V(0) where"
        " neither the health check, nor the server, nor the virtual server has one.",
        "The engine V(keepalived) runs it as root, V(haproxy) as the user that HAProxy runs as, and only where your own"
        " C(haproxy.cfg) allows it to run programs.",
    )
    description: Optional[str] = option(
        FreeText(),
        "What people call it where that is no name here, or say of it, in one line of at most 255 characters.",
        "For people and inventories only.",
    )
    tenant: Optional[str] = option(FreeText(), "Whose it is. For people and inventories only.")

    def problems(self, path: str) -> Iterator[Problem]:
        type_ = self.type or "tcp"
        for name in _ALL_PARAMETERS:
            if getattr(self, name) is not None and name not in PARAMETERS[type_]:
                fitting = [other for other, names in PARAMETERS.items() if name in names]
                yield Problem(
                    f"{path}.{name}",
                    f"has no meaning for type {type_}",
                    f"leave it out, or type: {' or '.join(fitting)}",
                )
        if self.regex is not None and self.expect is None:
            yield Problem(f"{path}.regex", "has no meaning without expect", "leave it out, or say what to expect")
        for name, text in (("send", self.send), ("expect", None if self.regex else self.expect)):
            try:
                octets(text or "")
            except BadValue as bad:
                yield Problem(f"{path}.{name}", bad.message, bad.allowed)
        if type_ == "icmp" and self.port is not None:
            yield Problem(f"{path}.port", "has no meaning for type icmp", "leave it out, or type: tcp")
        if type_ == "smtp" and self.host is not None and ":" in self.host:
            yield Problem(f"{path}.host", "is greeted with, which a port is no part of", "a host name without a port")
        if type_ in _WITH_USER and self.user is None:
            yield Problem(f"{path}.user", "is missing", f"the name of a user, as type: {type_} needs it")
        if type_ == "script" and self.script is None:
            yield Problem(f"{path}.script", "is missing", "the path of a program, as type: script needs it")
