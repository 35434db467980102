# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sections of HAProxy's configuration as values, their text, and what in a text is a server. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

import functools
import re
from typing import Mapping, NamedTuple, Optional, Tuple

from ..._model.slices import once_for_same
from .words import OWN, Line, endpoint

_SERVER = re.compile(
    r"    server (?P<name>\S+) (?:ipv6@)?(?P<address>\S+):(?P<port>\d*) weight (?P<weight>\d+)"
    r"(?P<disabled> disabled)?(?: (?P<words>.*))?"
)


class ServerLine(NamedTuple):
    """A server of a backend. ``port`` 0 keeps the client's. ``words`` are what cannot be changed while it runs."""

    name: str
    address: str
    port: int
    weight: int
    disabled: bool
    words: str

    @property
    def text(self) -> str:
        disabled, words = " disabled" if self.disabled else "", f" {self.words}" if self.words else ""
        return f"server {self.name} {endpoint(self.address, self.port)} weight {self.weight}{disabled}{words}"


class Section(NamedTuple):
    """One section: its subject, its head, its lines, and the servers, whose order counts where it is ``in_order``."""

    subject: str
    head: str
    lines: Tuple[Line, ...]
    servers: Tuple[ServerLine, ...] = ()
    in_order: bool = False

    @property
    def text(self) -> str:
        return _text(self)

    @property
    def paths(self) -> Tuple[str, ...]:
        """The path in the model of each line of its text, empty for the first."""
        farm = self.subject.partition(" as ")[0].partition(" ")[2]
        servers = (f"farms[{farm}].servers[{server.name}]" for server in self.servers)
        return ("", *(line.path for line in self.lines), *servers)


@once_for_same
def _text(section: Section) -> str:
    head = section.head if section.head.startswith("#") else f"{section.head} from {OWN}"
    lines = (f"    {line.text}\n" for part in (section.lines, section.servers) for line in part)
    return "".join([f"{head}\n", *lines])


class Held(NamedTuple):
    """A block of a file as far as we can tell: what it is besides its servers, and its servers by name."""

    backend: str
    rest: str
    servers: Mapping[str, ServerLine]


# A run looks at the same block again and again: as read, as planned, and to verify.
@functools.lru_cache(maxsize=1 << 14)
def held_in(block: str) -> Held:
    """What a block of ours says."""
    rest, servers = [], {}
    for line in block.splitlines():
        server = server_in(line)
        if server is None:
            rest.append(line)
        else:
            servers[server.name] = server
    first = next((line for line in rest if not line.startswith("#")), "")
    backend = first[len("backend ") :].partition(" ")[0] if first.startswith("backend ") else ""
    return Held(backend, "\n".join(rest), servers)


def server_in(line: str) -> Optional[ServerLine]:
    """The server that a line of ours is about."""
    match = _SERVER.fullmatch(line)
    if match is None:
        return None
    return ServerLine(
        match["name"],
        match["address"],
        int(match["port"] or 0),
        int(match["weight"]),
        match["disabled"] is not None,
        match["words"] or "",
    )
