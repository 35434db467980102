# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of haproxy.cfg. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Sequence, Tuple

from ...reading import Findings
from ..capabilities import MOST_WEIGHT
from .checks import Rules, times
from .lines import Statement
from .lost import SERVER_ARGUMENTS, SERVER_LOST, SERVER_STAYS, reason
from .profiles import Profiles
from .values import Unsaid, endpoint, keyed, number, seconds, whole

_WITHOUT = ("check", "ssl", "backup", "disabled", "check-ssl", "agent-check")
_TAKEN = (
    *(
        "weight",
        "inter",
        "fall",
        "rise",
        "port",
        "track",
        "maxconn",
        "slowstart",
        "verify",
        "ca-file",
        "crt",
        "ciphers",
    ),
    *("maxqueue", "agent-port", "agent-inter", "agent-addr", "agent-send"),
    *("ssl-min-ver", "alpn", "proto", "check-sni", "on-marked-down", "init-state", "cookie", "source", *_WITHOUT),
)
# What takes back a word of the defaults.
_BACK = {f"no-{word}": word for word in _WITHOUT} | {"enabled": "disabled", "non-stick": "stick"}


@dataclass
class FoundServer:
    """A server with its words; ``port`` 0 keeps that of the client."""

    statement: Statement
    name: str
    address: str
    port: int
    said: Dict[str, str] = field(default_factory=dict)

    def fields(self, profiles: Profiles, findings: Findings) -> Dict[str, Any]:
        """The fields of the model beside name, address, port and health check."""
        found: Dict[str, Any] = {}
        weight = self.whole_number("weight", 0, MOST_WEIGHT, findings)
        if "disabled" in self.said:
            found["state"] = "disabled"
            found.update({"weight": weight} if weight is not None else {})
        elif weight == 0:
            found["state"] = "drained"
        elif "drained" in self.said:
            found.update(state="drained", weight=weight)
        elif weight is not None:
            found["weight"] = weight
        if "backup" in self.said:
            found["backup"] = True
        most = self.whole_number("maxconn", 0, 2**31 - 1, findings)
        if most:
            found["max_connections"] = most
        found.update(self._tls(profiles, findings))
        return found

    @property
    def followed(self) -> str:
        """The backend with the server whose test this one follows; empty where it follows none."""
        return self.said.get("track", "").rpartition("/")[0]

    def whole_number(self, word: str, least: int, most: int, findings: Findings) -> Optional[int]:
        """The number behind a word; None where there is none."""
        if word not in self.said:
            return None
        value = number(self.said[word], least, most)
        if value is None:
            self.lose(findings, f"{word} {self.said[word][:20]}: is no number", f"{least} to {most}")
        return value

    def _tls(self, profiles: Profiles, findings: Findings) -> Dict[str, Any]:
        if "ssl" not in self.said:
            return {}
        names = profiles.towards_server(self.said, self.statement)
        if names is None:
            whose = f"ca-file {self.said['ca-file']}: says whose certificate is taken"
            lacking = "here its crt says that" if "crt" in self.said else "here that takes one to show as well"
            self.lose(
                findings,
                f"{whose}; {lacking}",
                "a certificate profile of type mutual_tls, without which any certificate is taken",
            )
        if "verify" not in self.said:
            self.lose(findings, "takes the certificates that the system trusts", "verify none")
        return {"ssl_offload": True, **({"certificate_profiles": names} if names else {})}

    def speaks_http2(self) -> bool:
        """Whether HTTP/2 is spoken to it, as gRPC needs."""
        return self.said.get("alpn") == "h2" if "ssl" in self.said else self.said.get("proto") == "h2"

    def check(self, rules: Rules, findings: Findings) -> Tuple[Dict[str, Any], Optional[int]]:
        """The fields of its health check without the port, and the port where one is said."""
        inter = seconds(self.said["inter"]) if "inter" in self.said else None
        if "inter" in self.said and not inter:
            self.lose(findings, f"inter {self.said['inter'][:20]}: is no time", "such as 2s")
        fall, rise = (self.whole_number(word, 1, 100, findings) for word in ("fall", "rise"))
        fields = {**rules.fields, **times(inter or None, fall, rise, rules.timeout)}
        by_itself = "ssl" in self.said and "no-check-ssl" not in self.said and "port" not in self.said
        if "check-ssl" in self.said or by_itself:
            if fields["type"] == "http":
                fields["type"] = "https"
            else:
                self.lose(findings, "tests with a handshake of TLS; here only an HTTP test does", "type: https")
            name = self.said.get("check-sni")
            if name is not None and name != str(fields.get("host", "")).partition(":")[0]:
                self.lose(
                    findings, f"check-sni {name}: names another host than the request", "http-check send hdr Host"
                )
        return fields, self.whole_number("port", 1, 65535, findings)

    def lose(self, findings: Findings, message: str, allowed: str = "leave it out") -> None:
        findings.lose(self.statement.place, f"server {self.name}", message, allowed)

    def note(self, findings: Findings, message: str) -> None:
        findings.note(self.statement.place, f"server {self.name}", message)


def read_server(line: Statement, defaults: Sequence[str], findings: Findings) -> FoundServer:
    """What a line of a server and the words of default-server before it say. Raises Unsaid for what is no server with
    an address of its own."""
    words = line.words[1:]
    if len(words) < 2:
        raise Unsaid(line, "has no address", "server NAME ADDRESS:PORT")
    where = endpoint(words[1])
    if where is None or not where.address:
        raise Unsaid(line, f"{words[1][:60]} is no address of a server", "an IPv4 or IPv6 address")
    if not where.ports.isdigit() and where.ports:
        raise Unsaid(line, f"{where.ports[:20]} makes its port follow the client's", "a port, or none")
    port = number(where.ports, 0, 65535) if where.ports else 0
    if port is None:
        raise Unsaid(line, f"{where.ports[:20]} is no port", "1 to 65535")
    found = FoundServer(line, words[0], where.address, port)
    for word, arguments in keyed((*defaults, *words[2:]), dict(SERVER_ARGUMENTS)):
        if word in SERVER_STAYS:
            raise Unsaid(line, f"{word}: {SERVER_STAYS[word]}", "leave it out")
        if word in _TAKEN:
            found.said[word] = arguments[0] if arguments else ""
        elif word in _BACK:
            found.said.pop(_BACK[word], None)
            found.said[word] = ""
        else:
            text = " ".join((word, *arguments))
            findings.lose(line.place, f"server {found.name}", f"{text}: {reason(word, SERVER_LOST)}", "leave it out")
    return found


def slow_start(server: FoundServer) -> "float | int | None":
    """Over how many seconds its share grows when it comes back."""
    value = seconds(server.said.get("slowstart", ""))
    return whole(value) if value else None
