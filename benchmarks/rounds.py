# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rounds of measuring on one freshly booted lab host."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from common import Seconds, collection
from director import Director, director


def measured(
    words: str, rounds: int, prepare: Callable[[Director], None], one_round: Callable[[Director, Seconds], None]
) -> Seconds:
    """The seconds of each round, of as many as the command line says; ``words`` say what is measured."""
    parser = argparse.ArgumentParser(description=words.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
    chosen = parser.parse_args()
    seconds = Seconds()
    with collection(), director() as host:
        prepare(host)
        for _round in range(chosen.rounds):
            one_round(host, seconds)
            seconds.show()
    return seconds


def process(
    host: Director, seconds: Seconds, name: str, command: str, argument: object, steps: int, reloads: int | None = None
) -> None:
    """Note the seconds of a module's process under a name. Ends everything unless the module took so many steps, and
    so many reloads where they are said: it would have been another thing that was measured."""
    told = host.do(command, argument)
    if told["steps"] != steps or (reloads is not None and told["reloads"] != reloads):
        raise SystemExit(f"{name} did {told['steps']} steps and {told['reloads']} reloads, not {steps} and {reloads}")
    seconds.note(name, told["seconds"])
