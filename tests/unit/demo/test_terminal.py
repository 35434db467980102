# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sees of a step, with and without a terminal."""

from __future__ import annotations

import io

import pytest
from evenkeel_demo.terminal import Step, Teller


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def teller(live: bool) -> tuple[Teller, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    return Teller(990.0, stream, clock, live), stream, clock


def test_a_short_step_is_one_line_with_its_result():
    tell, stream, clock = teller(live=False)
    with tell.step("Booting the lab") as step:
        clock.now += 3.24
        step.done("The lab is up")
    assert stream.getvalue() == "[  13s] The lab is up  (3.2 s)\n"


def test_a_long_step_says_what_it_is_at():
    tell, stream, clock = teller(live=False)
    step = Step("Booting the lab", clock.now)
    step.detail = "lb1: sshd answers"
    clock.now += 15
    tell.show(step)
    assert stream.getvalue() == "[  25s] Booting the lab … 15 s  lb1: sshd answers\n"


def test_on_a_terminal_the_line_moves_and_the_result_takes_its_place(monkeypatch):
    monkeypatch.setenv("COLUMNS", "24")
    tell, stream, _clock = teller(live=True)
    with tell.step("Booting the whole lab") as step:
        step.done("The lab is up")
    moving, last = stream.getvalue().split("\r\033[K")[1:]
    assert moving == "[  10s] Booting the who"
    assert last == "[  10s] The lab is up  (0.0 s)\n"


@pytest.mark.parametrize(("error", "word"), [(ValueError("no"), "FAILED"), (KeyboardInterrupt(), "interrupted")])
def test_a_step_that_does_not_get_through_says_so(error, word):
    tell, stream, _clock = teller(live=False)
    with pytest.raises(type(error)), tell.step("Booting the lab"):
        raise error
    assert stream.getvalue() == f"[  10s] Booting the lab: {word}  (0.0 s)\n"
