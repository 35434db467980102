# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that test: how HAProxy starts them, and what the user has to allow for it. Pure. Private to evenkeel.lb.

HAProxy gives a program four arguments and an empty PATH, and ends it after an interval (extcheck.c, 2.6 to 3.0). A file
of ours between them makes two of the four and ends the program in time. To run programs at all is a setting of the
whole process, which weakens it: it stays the user's to make.
"""

from __future__ import annotations

import re
from typing import Dict, Iterator, Mapping, NamedTuple, Tuple

from ..._model.healthcheck import HealthCheck
from .words import FOLDER, SECTIONS, Line

_WORDS = "    # program "
_MARK = re.compile(_WORDS + r"([\w.-]+): ([0-9]+(?:\.[0-9]+)?) ([0-9]+|-) (/\S+)")
_ENDING = ".sh"
# What the user's global section has to say before any program is run.
CONSENT = ("external-check", "insecure-fork-wanted")
# A program that does not end when it is told to is killed so many seconds later, as keepalived does.
_SECONDS_TO_END = 2


class Program(NamedTuple):
    """What the mark of a program says: its health check, the seconds it has, the port it tests, - for the server's, and
    where it is."""

    check: str
    timeout: str
    port: str
    script: str


def file_of(check: str) -> str:
    """The file of ours that starts the program of a health check."""
    return f"{FOLDER}/{check}{_ENDING}"


def is_program(file: str) -> bool:
    """Whether a file of ours has to be executable, for all."""
    return file.endswith(_ENDING)


def lines(check: HealthCheck) -> Iterator[Line]:
    """What a backend is told of a program that tests its servers. The mark says what is in the file of ours."""
    path = f"health_checks[{check.name}]"
    yield Line(f"# program {check.name}: {check.timeout:g} {check.port or '-'} {check.script}", f"{path}.script")
    yield Line("option external-check", f"{path}.type")
    yield Line(f"external-check command {file_of(check.name)}", f"{path}.script")


def programs_in(blocks: Mapping[str, str]) -> Dict[str, str]:
    """The files of ours that blocks ask for: texts by file."""
    return {file: _text(program) for block in blocks.values() for file, program in marked_in(block).items()}


def marked_in(text: str) -> Dict[str, Program]:
    """The programs that marks in a text of ours tell of, by the files of ours that start them."""
    if _WORDS not in text:  # as in nearly all texts, whose lines need no look then
        return {}
    marks = filter(None, map(_MARK.fullmatch, text.splitlines()))
    return {file_of(mark[1]): Program(*mark.groups()) for mark in marks}


def _text(program: Program) -> str:
    port = '"$4"' if program.port == "-" else program.port
    return (
        "#!/bin/sh\n"
        "# Written by evenkeel.lb: HAProxy gives the address and the port of a server behind those of a proxy.\n"
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        "export PATH\n"
        # in the foreground: HAProxy hears of the end of no process that is outside of its own group
        f'exec timeout --foreground -k {_SECONDS_TO_END} {program.timeout} {program.script} "$3" {port}\n'
    )


def settings_in(text: str) -> Iterator[Tuple[int, str, str]]:
    """The settings of the global sections of a file, each with its line and its first argument."""
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.partition("#")[0].split()
        if words and words[0] in SECTIONS:
            section = words[0]
        elif words and section == "global":
            yield number, words[0], words[1].strip("\"'") if len(words) > 1 else ""
