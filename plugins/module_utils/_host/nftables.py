# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One table of the kernel's nftables: list it, replace it, ask what would come of that, by the nft program.

It knows nothing of what the table is for, and touches no other. Private to evenkeel.lb.
"""

from __future__ import annotations

import re
from typing import List, Optional

from .system import Completed, HostFault, System

_PROGRAM = "nft"
# 10,000 elements load in 2 s on the slowest kernel that was tried
_SECONDS = 120.0
# What nft says where the kernel has no such table, and where it has no nftables, or not this family of tables, at all.
_ABSENT = re.compile(r"No such file or directory|(Operation|Protocol|Address family) not supported")
_PLACE = re.compile(r"^(?P<place>\S+:(?P<line>\d+):\d+-\d+): (?:Error|Warning): (?P<text>.*)$")
_ERROR = re.compile(r"^(?:netlink: )?Error: (?P<text>.*)$")


class Nftables:
    """A table, such as ``inet evenkeel``."""

    def __init__(self, system: System, table: str) -> None:
        self._system = system
        self._table = table

    def is_installed(self) -> bool:
        """Whether the host has the nft program."""
        return self._system.which(_PROGRAM) is not None

    def as_json(self) -> Optional[str]:
        """The table as libnftables-json(5) has it, without counters and without names for numbers; None where there is
        no such table, or no nft to ask."""
        return self._listed("--json")

    def as_text(self) -> Optional[str]:
        """The table in nft's own language, as ``load`` takes it back; None as above."""
        return self._listed()

    def _listed(self, *options: str) -> Optional[str]:
        if not self.is_installed():
            return None
        done = self._run(*options, "--stateless", "--numeric", "list", "table", *self._table.split())
        if done.rc == 0:
            return done.stdout
        if _ABSENT.search(done.stderr):
            return None
        raise HostFault(f"nft cannot list table {self._table}: {_said(done)}")

    def load(self, commands: str) -> None:
        """Let the kernel take commands in nft's own language, all or none."""
        done = self._run("--file", "-", given=commands)
        if done.rc != 0:
            raise HostFault(f"nft cannot load table {self._table}: {_said(done)}")

    def complaints(self, commands: str) -> List[str]:
        """What nft and the kernel would say against commands; the kernel takes nothing of them."""
        done = self._run("--check", "--file", "-", given=commands)
        return [] if done.rc == 0 else [_said(done)]

    def delete(self) -> None:
        """Let the table be gone, whether or not it is there, or nftables at all."""
        if self._listed() is None:
            return
        self.load(f"table {self._table}\ndelete table {self._table}\n")

    def _run(self, *arguments: str, given: str = "") -> Completed:
        return self._system.run([_PROGRAM, *arguments], timeout=_SECONDS, given=given)


def _said(done: Completed) -> str:
    """The errors among what nft printed: it quotes the line with a row of carets under each."""
    errors = []
    for line in (done.stderr + done.stdout).splitlines():
        match = _PLACE.match(line) or _ERROR.match(line)
        if match is not None:
            place = match.groupdict().get("line")
            errors.append(f"line {place}: {match['text']}" if place else match["text"])
    return "; ".join(dict.fromkeys(errors)) or f"it ended with status {done.rc} and gave no reason"
