# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frontends of haproxy.cfg as virtual servers. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple

from ...reading import Findings
from ..farms import REMEMBERED
from .binds import FoundBind, read_binds
from .lines import Statement
from .profiles import Profiles
from .proxies import extra, lines_of
from .sections import Section
from .values import Unsaid, number

_OFFERED = re.compile(r"http-response set-header alt-svc '(?:h3=\":[0-9]+\",?)+;ma=3600'")
_SORRY = re.compile(r"if \{ nbsrv\(([A-Za-z0-9_.:-]+)\) lt 1 \}")
_ONCE = ("mode", "default_backend", "disabled", "enabled")
_IDLE = "option idle-close-on-response"


@dataclass
class FoundFrontend:
    """A frontend: its binds, the name of its backend and of that of its sorry server, and the fields that all of its
    virtual servers have."""

    section: Section
    http: bool
    binds: List[FoundBind]
    backend: str
    sorry: Optional[str]
    fields: Dict[str, Any]
    lines: List[str]
    statements: Sequence[Statement]
    findings: Findings = field(default_factory=Findings)


def serves_servers(section: Section) -> bool:
    """Whether a section has anything to do with servers: one of statistics or redirects has not."""
    said = {line.words[0] for line in lines_of(section, "frontend")} | {line.words[0] for line in section.lines}
    return bool(said & {"default_backend", "use_backend", "server", "server-template", "dispatch"})


def read_frontend(
    section: Section, listed: Sequence[str], vip: Optional[str], names: Set[str], profiles: Profiles
) -> FoundFrontend:
    """What a frontend, or that side of a ``listen``, says. ``listed`` are comments of ours in it. Raises Unsaid."""
    findings = Findings()
    said: Dict[str, Statement] = {}
    binds: List[Statement] = []
    others: List[Statement] = []
    sorry: Optional[Tuple[str, str, Statement]] = None
    for line in lines_of(section, "frontend"):
        word = line.words[0]
        if word == "bind":
            binds.append(line)
        elif word == "use_backend":
            sorry = _sorry(line, sorry)
        elif word in _ONCE or (word == "maxconn" and not (section.from_ours and "maxconn" in said)):
            said[word] = line
        else:
            others.append(line)
    mode = _argument(said, "mode") or "tcp"
    if mode not in ("tcp", "http"):
        raise Unsaid(said["mode"], f"{mode[:20]} is no mode of a virtual server", "tcp, http")
    backend = _argument(said, "default_backend") or (section.name if section.kind == "listen" else "")
    if not backend:
        raise Unsaid(section.head, "has no default_backend, and a virtual server has one farm", "default_backend NAME")
    if sorry is not None and sorry[1] != backend:
        raise Unsaid(sorry[2], "looks at another backend than it serves", "nbsrv of its default_backend")
    if not binds:
        raise Unsaid(section.head, "listens on nothing", "bind ADDRESS:PORT")
    found = read_binds(binds, listed, vip, profiles, findings)
    fields: Dict[str, Any] = {}
    if _later(said, "disabled", "enabled"):
        fields["enabled"] = False
    if "maxconn" in said:
        most = number(_argument(said, "maxconn"), 0, 2**31 - 1)
        if most is None:
            findings.lose(said["maxconn"].place, said["maxconn"].raw, "is no number", "1 to 2147483647")
        fields.update({"max_connections": most} if most else {})
    if mode == "http":
        _drop(others, lambda raw: raw == _IDLE)
    if any(bind.quic for bind in found):
        _drop(others, lambda raw: _OFFERED.fullmatch(raw) is not None)
    lines = extra(sorted(others, key=lambda line: line.at), section, names, findings)
    return FoundFrontend(
        section, mode == "http", found, backend, sorry[0] if sorry else None, fields, lines, others, findings
    )


def _argument(said: Dict[str, Statement], word: str) -> str:
    return said[word].words[1] if word in said and len(said[word].words) > 1 else ""


def _later(said: Dict[str, Statement], word: str, other: str) -> bool:
    return word in said and (other not in said or said[word].at > said[other].at)


def _drop(lines: List[Statement], ours: Any) -> None:
    """Leave out the first line that we write ourselves."""
    place = next((at for at, line in enumerate(lines) if ours(line.raw)), None)
    if place is not None:
        del lines[place]


def _sorry(line: Statement, before: Any) -> Tuple[str, str, Statement]:
    """A backend that serves while no server of the other is left, which is all that a choice of backends can say."""
    match = _SORRY.fullmatch(" ".join(line.words[2:])) if len(line.words) > 2 else None
    if match is None or before is not None:
        raise Unsaid(
            line, "chooses a backend by what is asked, and a virtual server has one farm", "default_backend alone"
        )
    return line.words[1], match[1], line


def document_of(
    found: FoundFrontend, bind: FoundBind, name: str, farm: str, grpc: bool, balance: str
) -> Dict[str, Any]:
    """The virtual server of one address of a frontend."""
    ports = bind.ports
    port: Dict[str, Any] = {"port": int(ports[0])} if len(ports) == 1 and ports[0].isdigit() else {"ports": ports}
    protocol, findings = _protocol(found, bind, grpc), found.findings
    lines = list(found.lines)
    if balance in REMEMBERED and REMEMBERED[balance] in lines:
        lines.remove(REMEMBERED[balance])
    if protocol == "grpc" and "timeout client 1h" in lines:
        lines.remove("timeout client 1h")
    tls: Dict[str, Any] = {}
    if "ssl" in bind.said:
        tls = {"ssl_offload": True, "certificate_profiles": list(bind.certificates)}
        if not found.http and bind.said.get("alpn"):
            findings.lose(bind.statement.place, bind.statement.raw, "alpn: is for HTTP alone here", "mode http")
        elif found.http and "alpn" not in bind.said:
            message = f"alpn is not said; {'h2,http/1.1' if protocol == 'https' else 'another'} is offered here"
            findings.note(bind.statement.place, bind.statement.raw, message)
    return {
        "name": name,
        "vip": bind.address,
        **port,
        **({"type": "layer7", "protocol": protocol} if found.http or tls else {}),
        "farm": farm,
        "engine": "haproxy",
        **tls,
        **found.fields,
        **({"extra_config": lines} if lines else {}),
    }


def _protocol(found: FoundFrontend, bind: FoundBind, grpc: bool) -> str:
    alpn = bind.said.get("alpn", "")
    offered = alpn.split(",")
    if not found.http:
        return "tcp"
    clear_h2 = bind.said.get("proto") == "h2"
    if bind.quic:
        return "quic"
    if "ssl" not in bind.said:
        return ("grpc" if grpc else "http2") if clear_h2 else "http"
    if grpc and (alpn == "h2" or clear_h2):
        return "grpc"
    if alpn == "http/1.1":
        return "http"
    if alpn and "http/1.1" not in offered:
        found.findings.note(bind.statement.place, bind.statement.raw, f"offers {alpn}; here h2,http/1.1 are offered")
    return "https"
