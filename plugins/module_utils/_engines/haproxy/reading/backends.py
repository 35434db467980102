# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backends of haproxy.cfg as farms. Pure. Private to evenkeel.lb.

Sources: configuration.txt, "balance", "cookie", "stick-table", "stick on", "option allbackups".
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

from ...._model.fields import Seconds
from ...reading import Findings
from ..farms import BALANCE_OF
from ..programs import Program
from ..words import milliseconds
from .alike import of_servers
from .checks import Rules, is_of_checks
from .lines import Statement
from .proxies import OURS, extra, lines_of
from .sections import Section
from .servers import FoundServer, read_server
from .values import Unsaid, endpoint, network_of, parsed, seconds
from .ways import Way, way_of

_BALANCES = {**BALANCE_OF, "random": "power_of_two", "hash src": "source_hash"}
_HASHING = ("source_hash", "source_port_hash", "destination_hash", "source_destination_hash", "url_hash", "domain_hash")
_WAITING = Seconds(0.1, 86400)
_ON = re.compile(r"src(?:,ipmask\((?:32,)?(?P<length>[0-9]{1,3})\))?")


@dataclass
class FoundBackend:
    """A backend: the fields of its farm, its servers, how it tests them, and the address it speaks from."""

    section: Section
    fields: Dict[str, Any]
    servers: List[FoundServer]
    rules: Rules
    way: Way
    grpc: bool
    source: Optional[str]
    findings: Findings = field(default_factory=Findings)


def read_backend(section: Section, names: Set[str], programs: Mapping[str, Program]) -> FoundBackend:
    """What a backend, or that side of a ``listen``, says. ``names`` are those of all proxies of the text, ``programs``
    those that marks of ours tell of. Raises Unsaid."""
    return _Backend(section, names, programs).read()


class _Backend:
    def __init__(self, section: Section, names: Set[str], programs: Mapping[str, Program]) -> None:
        self._section = section
        self._names = names
        self._programs = programs
        self._way = way_of(section)
        self._findings = Findings()
        self._fields: Dict[str, Any] = {}
        self._said: Dict[str, List[Statement]] = {}
        self._checks: List[Statement] = []
        self._rest: List[Statement] = []
        self._defaults: Tuple[str, ...] = ()
        self._servers: List[FoundServer] = []

    def read(self) -> FoundBackend:
        handled = (
            "balance",
            "hash-type",
            "option allbackups",
            "cookie",
            "dynamic-cookie-key",
            "stick-table",
            "stick on",
            "timeout queue",
        )
        for line in lines_of(self._section, "backend"):
            if is_of_checks(line):
                self._checks.append(line)
            elif line.words[0] in ("server-template", "dispatch"):
                raise Unsaid(line, "is not one server with an address", "server NAME ADDRESS:PORT")
            elif line.words[0] == "server":
                self._servers.append(read_server(line, self._defaults, self._findings))
            elif line.words[0] == "default-server" and not self._section.from_ours:
                self._defaults = (*self._defaults, *line.words[1:])
            elif line.words[0] in ("mode", "disabled", "enabled"):
                pass
            elif line.keyword in handled or line.words[0] == "source":
                self._said.setdefault(line.keyword, []).append(line)
            else:
                self._rest.append(line)
        rules = Rules(self._checks, self._programs, self._findings)
        if not self._section.from_ours and not any("check" in one.said or "track" in one.said for one in self._servers):
            self._untested()
        self._persistence()
        self._balance()
        self._queue()
        self._fields.update(of_servers(self._servers, self._fields["balance"], self._section.from_ours, self._findings))
        grpc = self._way.grpc or (bool(self._servers) and all(one.speaks_http2() for one in self._servers))
        if grpc:
            self._drop("timeout server 1h")
        lines = extra(sorted(self._rest, key=lambda line: line.at), self._section, self._names, self._findings)
        if lines:
            self._fields["extra_config"] = lines
        source = self._way.source or self._source()
        fields, servers = self._fields, self._servers
        return FoundBackend(self._section, fields, servers, rules, self._way, grpc, source, self._findings)

    def _lose(self, line: Statement, message: str, allowed: str = "leave it out") -> None:
        self._findings.lose(line.place, line.raw, message, allowed)

    def _note(self, line: Statement, message: str) -> None:
        self._findings.note(line.place, line.raw, message)

    def _last(self, keyword: str) -> Optional[Statement]:
        """The line that counts; others of ours before and after it are kept as they are."""
        lines = self._said.get(keyword, [])
        if not lines:
            return None
        counting = lines[0] if self._section.from_ours else lines[-1]
        self._rest += [line for line in lines if line is not counting and self._section.from_ours]
        return counting

    def _drop(self, text: str) -> None:
        place = next((at for at, line in enumerate(self._rest) if line.raw == text), None)
        if place is not None:
            del self._rest[place]

    def _untested(self) -> None:
        for line in self._checks:
            if line.at > self._section.head.at:
                self._note(line, "tests nothing, as no server has the word check")

    def _balance(self) -> None:
        line = self._last("balance")
        words = line.words[1:] if line is not None else ("roundrobin",)
        text = " ".join(words)
        name = _BALANCES.get(text)
        if name is None and line is not None:
            near = {"static-rr": "weighted_round_robin", "uri": "url_hash", "random": "power_of_two"}
            word = re.split(r"[ (]", text)[0]
            name = near.get(
                word, "source_hash" if word in ("url_param", "hash", "rdp-cookie") else "weighted_round_robin"
            )
            if word == "static-rr":
                self._note(line, "is the same here as roundrobin")
            else:
                self._lose(line, f"is balanced in another way here: {name}", ", ".join(sorted(set(_BALANCES))))
        self._fields["balance"] = name or "weighted_round_robin"
        kind = self._last("hash-type")
        hashing = self._fields["balance"] in _HASHING
        if kind is not None and not hashing:
            self._rest += [kind] if self._section.from_ours else []
        elif kind is not None and kind.words[1:] != ("consistent",):
            self._lose(kind, "is another way to hash; here it is consistent", "hash-type consistent")
        elif kind is None and hashing and line is not None:
            self._note(line, "is hashed consistently here, so that few clients move when a server comes or goes")
        self._backups()

    def _backups(self) -> None:
        """``backup`` without ``option allbackups`` is one after the other, as failover is."""
        line = self._last("option allbackups")
        together = line is not None and line.words[0] != "no"
        backups = [one for one in self._servers if "backup" in one.said]
        actives = [one for one in self._servers if "backup" not in one.said]
        if together and not backups and line is not None:
            self._rest += [line] if self._section.from_ours else []
        if together or not backups:
            return
        if len(actives) > 1:
            if len(backups) > 1:
                self._lose(
                    backups[1].statement, "stands by for the one before it; here all that stand by serve together"
                )
            return
        order = [*actives, *backups]
        self._fields["balance"] = "failover"
        # what is disabled and has no weight comes last among its like, so that others behind it have to be backups
        out, behind = False, False
        for place, server in enumerate(order):
            weight = server.said.get("weight")
            if weight not in (None, "1", "0") and not self._section.from_ours:
                self._note(server.statement, "has a weight that means nothing where one server serves at a time")
            if weight == "0" and "disabled" in server.said:
                out = True
            else:
                behind = out
                server.said.update({"drained": ""} if weight == "0" else {}, weight=str(len(order) - place))
            if actives and not behind:
                server.said.pop("backup", None)

    def _persistence(self) -> None:
        cookie, key = self._last("cookie"), self._last("dynamic-cookie-key")
        if cookie is not None:
            self._cookie(cookie, key)
        elif key is not None:
            self._rest.append(key)
        table, stick = self._last("stick-table"), self._last("stick on")
        if table is None or stick is None:
            self._rest += [line for line in (table, stick) if line is not None]
            return
        words = dict(zip(table.words[1::2], table.words[2::2]))
        match = _ON.fullmatch(" ".join(stick.words[2:]))
        expire = seconds(words.get("expire", ""))
        if match is None or words.get("type") not in ("ip", "ipv6") or not expire or expire < 1:
            self._lose(stick, "remembers something else than addresses for a time", "stick on src, and expire")
            return
        self._fields["persistence_timeout"] = int(expire)
        if match["length"] is not None:
            length = int(match["length"])
            self._fields["persistence_netmask"] = (
                str(length)
                if words["type"] == "ipv6" or length > 32
                else str(ipaddress.ip_network(f"0.0.0.0/{length}").netmask)
            )
        more = sorted(set(words) - {"type", "size", "expire"})
        if more or expire != int(expire):
            self._lose(table, f"says {', '.join(more) or 'parts of seconds'} as well", "type, size and expire")

    def _cookie(self, line: Statement, key: Optional[Statement]) -> None:
        name, words = (line.words[1], line.words[2:]) if len(line.words) > 1 else ("", ())
        ours = ("insert", "indirect", "nocache", "httponly", "dynamic")
        if "insert" not in words:
            self._lose(line, "reads a cookie of the servers; here HAProxy gives one of its own", "insert")
            return
        self._fields["persistence_cookie"] = name
        if words != ours:
            self._note(line, f"is given as {' '.join(ours)}, with other values: each client is balanced anew once")
        elif key is not None and not self._section.from_ours:
            self._note(key, "is another here: each client is balanced anew once")
        more = [word for word in words if word not in ours and word not in ("postonly",)]
        if more:
            self._lose(line, f"{' '.join(more)}: is an attribute of the cookie that is not said here", "leave it out")

    def _queue(self) -> None:
        line = self._last("timeout queue")
        if line is None:
            return
        value = seconds(line.words[2]) if len(line.words) == 3 else None
        if value is None or parsed(_WAITING, value) is None or self._is_kept(line, value):
            self._rest.append(line)
        else:
            self._fields["queue_timeout"] = value

    def _is_kept(self, line: Statement, value: float) -> bool:
        """Whether a line is one that others wrote into ours, or says what is so anyway."""
        if self._section.from_ours:
            return line.raw != f"timeout queue {milliseconds(value)}"
        return " ".join(line.words) in OURS

    def _source(self) -> Optional[str]:
        """The network of one address that all servers are spoken to from."""
        line = self._last("source")
        said = line.words[1] if line is not None and len(line.words) > 1 else ""
        if line is not None and len(line.words) > 2:
            raise Unsaid(line, "speaks to servers in another way than from an address", "source ADDRESS")
        each = [one.said.get("source", said) for one in self._servers]
        hosts = {place.address if place is not None else "" for place in map(endpoint, each)}
        if line is not None and not each:
            self._note(line, "speaks from this address to no server yet")
        if hosts in (set(), {""}):
            return None
        if len(hosts) > 1:
            one = self._servers[0]
            one.lose(self._findings, "is spoken to from another address than others of the farm", "one for all")
            return None
        return network_of(hosts.pop())
