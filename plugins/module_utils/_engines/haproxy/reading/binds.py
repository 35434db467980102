# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a frontend of haproxy.cfg listens on. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple

from ...reading import Findings
from .lines import Statement
from .lost import BIND_ARGUMENTS, BIND_LOST, BIND_STAYS, reason
from .profiles import Profiles
from .values import Endpoint, Unsaid, endpoint, keyed

_TAKEN = (*("ssl", "crt", "crt-list", "alpn", "proto", "ca-file", "verify", "ssl-min-ver", "ciphers", "transparent"),)
_HA_GROUP = "is for an address that another director may have now, which HA groups and VIPs say and not this text"


@dataclass
class FoundBind:
    """One address with its ports, all of which are listened on in one way. ``certificates`` are names of profiles."""

    statement: Statement
    address: str
    ports: List[str]
    said: Dict[str, str] = field(default_factory=dict)
    certificates: Tuple[str, ...] = ()
    quic: bool = False


def read_binds(
    lines: Sequence[Statement], listed: Sequence[str], vip: Optional[str], profiles: Profiles, findings: Findings
) -> List[FoundBind]:
    """The addresses of the lines of a frontend. ``listed`` are comments of ours in it, ``vip`` is taken for all
    addresses. Raises Unsaid."""
    found: List[FoundBind] = []
    quic = []
    for line in lines:
        if len(line.words) < 2:
            raise Unsaid(line, "has no address", "bind ADDRESS:PORT")
        said, shown = _words(line, listed, profiles, findings)
        for text in line.words[1].split(","):
            where = _where(line, text, vip)
            if where.quic:
                quic.append((line, where))
                continue
            like = next(
                (one for one in found if (one.address, one.said, one.certificates) == (where.address, said, shown)),
                None,
            )
            if like is None:
                like = FoundBind(line, where.address, [], said, shown)
                found.append(like)
            if where.ports not in like.ports:
                like.ports.append(where.ports)
    for line, where in quic:
        of_same = [
            one for one in found if one.address == where.address and where.ports in one.ports and "ssl" in one.said
        ]
        if not of_same:
            raise Unsaid(line, "is QUIC without TLS over TCP on the same port", "a bind on that port with ssl as well")
        of_same[0].quic = True
    if not found:
        raise Unsaid(lines[0], "listens on nothing but QUIC", "a bind with ssl as well")
    return found


def _where(line: Statement, text: str, vip: Optional[str]) -> Endpoint:
    where = endpoint(text)
    if where is None:
        raise Unsaid(line, f"{text[:60]} is no address of IP", "ADDRESS:PORT")
    if not where.ports or where.ports.startswith(("+", "-")):
        raise Unsaid(line, f"{text[:60]} has no port", "ADDRESS:PORT")
    if not where.address:
        if vip is None:
            raise Unsaid(
                line, f"{text[:60]} is every address, and a virtual server has one", "an address, or the option vip"
            )
        return where._replace(address=vip)
    return where


def _words(
    line: Statement, listed: Sequence[str], profiles: Profiles, findings: Findings
) -> Tuple[Dict[str, str], Tuple[str, ...]]:
    """The words of a bind that count, and the certificates that it shows."""
    said: Dict[str, str] = {}
    shown: List[str] = []
    files: List[str] = []
    for word, arguments in keyed(line.words[2:], dict(BIND_ARGUMENTS)):
        if word in BIND_STAYS:
            raise Unsaid(line, f"{word}: {BIND_STAYS[word]}", "leave it out")
        if word == "crt":
            files += arguments
        elif word == "transparent":
            findings.lose(line.place, line.raw, f"transparent: {_HA_GROUP}", "ha_groups, and vip as the name of a VIP")
        elif word in _TAKEN:
            said[word] = arguments[0] if arguments else ""
        else:
            text = " ".join((word, *arguments))
            findings.lose(line.place, line.raw, f"{text}: {reason(word, BIND_LOST)}", "leave it out")
    if said.get("verify") not in (None, "none", "required"):
        findings.lose(
            line.place, line.raw, f"verify {said['verify']}: asks clients for what they need not have", "required"
        )
    if "crt-list" in said:
        shown = profiles.listed(iter(listed), line)
        if not shown:
            raise Unsaid(line, f"{said['crt-list'][:60]} is a list of certificates that is not in the text", "crt FILE")
        said = {word: value for word, value in said.items() if word in ("ssl", "alpn", "proto")}
    shown += [profiles.of(file, said, line) for file in files]
    if "ssl" in said and not shown:
        raise Unsaid(line, "has no certificate", "crt FILE")
    return {word: said[word] for word in ("ssl", "alpn", "proto") if word in said}, tuple(shown)
