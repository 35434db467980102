# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our own file back into blocks, and HAProxy's words about a candidate. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import Dict, Iterator, List, NamedTuple, Sequence

_SAID = re.compile(r"^\[(?P<level>ALERT|WARNING|NOTICE)\] +\(\d+\) : (?:config : )?(?P<text>.*)$")
_PLACE = re.compile(r"\[(?P<file>/[^\]\[]*):(?P<line>\d+)\] ?(?:: )?")
# What HAProxy says after the errors themselves, and tells nothing new.
_SUMMARY = ("Error(s) found in configuration file", "Fatal errors found in configuration.")
_PROXY = re.compile(r"^(?:frontend|backend|listen)[ \t]+(?P<name>[^ \t#]+)", re.MULTILINE)
_HEAD = re.compile(r"^(?P<kind>frontend|backend|listen|defaults|global)\b[ \t]*(?P<name>[^ \t#\n]*)")
_BIND = re.compile(r"^[ \t]+bind[ \t]+(?P<where>[^ \t#]+)")


class Complaint(NamedTuple):
    """One thing that ``haproxy -c`` says is wrong; ``line`` is its place in ``file``, 0 when it is about the whole."""

    file: str
    line: int
    text: str


def complaints(output: str) -> List[Complaint]:
    """The errors that ``haproxy -c`` tells of."""
    found = []
    # a message may go on in lines of its own
    for line in re.sub(r"\n(?!\[)[ \t]*", " ", output).splitlines():
        said = _SAID.match(line)
        if said is None or said["level"] != "ALERT" or said["text"].startswith(_SUMMARY):
            continue
        place = _PLACE.search(said["text"])
        text = said["text"].replace("parsing ", "", 1) if said["text"].startswith("parsing [") else said["text"]
        if place is not None:
            text = _PLACE.sub("", text, count=1)
        found.append(Complaint(place["file"] if place else "", int(place["line"]) if place else 0, text.strip()))
    return found


def proxies_in(text: str) -> Dict[str, int]:
    """The names of the proxies of a file that others wrote, each with its line."""
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _PROXY.match(line)
        if match is not None:
            found.setdefault(match["name"].strip("\"'"), number)
    return found


class Bind(NamedTuple):
    """An address and a range of ports that somebody listens on; ``0.0.0.0`` and ``::`` are all addresses."""

    address: str
    first: int
    last: int
    owner: str

    def meets(self, other: Bind) -> bool:
        """Whether both cannot be listened on."""
        addresses = {self.address, other.address}
        same = len(addresses) == 1 or "::" in addresses or ("0.0.0.0" in addresses and ":" not in "".join(addresses))
        return same and self.first <= other.last and other.first <= self.last


def bind_of(address: str, ports: str, owner: str) -> Bind:
    """What an address and ``80`` or ``8000-8100`` say."""
    first, _dash, last = ports.partition("-")
    return Bind(address, int(first), int(last or first), owner)


def binds_in(text: str, file: str) -> Iterator[Bind]:
    """The binds of a file that others wrote, as far as they name an address and a port as such."""
    proxy = ""
    for number, line in enumerate(text.splitlines(), start=1):
        head = _HEAD.match(line)
        if head is not None:
            proxy = f"{head['kind']} {head['name']} ({file} line {number})"
        bind = _BIND.match(line)
        for where in bind["where"].split(",") if bind is not None else ():
            match = re.fullmatch(r"(?:ipv[46]@|tcp[46]?@)?(?P<address>.*?):(?P<ports>\d+(?:-\d+)?)", where)
            if match is not None and not where.startswith("/"):
                address = match["address"].strip("[]")
                every = "::" if where.startswith("ipv6@") else "0.0.0.0"
                yield bind_of(every if address in ("", "*") else address, match["ports"], proxy)


def listeners_in(output: str, own: Sequence[str]) -> Iterator[Bind]:
    """The sockets of ``ss -H -l -t -n -p`` that belong to other programs than ``own``."""
    for line in output.splitlines():
        words = line.split()
        if len(words) < 5:
            continue
        programs = re.findall(r'\("([^"]*)",pid=', line)
        if programs and all(program in own for program in programs):
            continue
        address, _colon, port = words[3].rpartition(":")
        address = re.sub(r"%[^\]]*", "", address).strip("[]")
        if port.isdigit():
            every = {"*": "::", "": "::"}
            who = " and ".join(sorted(set(programs))) or "another program"
            yield bind_of(every.get(address, address), port, who)
