# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The story is told only when what Ansible did is what it says."""

from __future__ import annotations

import io

import pytest
from evenkeel_demo import ending, pair, story
from evenkeel_demo.ansible import Run
from evenkeel_demo.base import REPOSITORY, NotAsTold
from evenkeel_demo.lab import Lab
from evenkeel_demo.terminal import Teller


@pytest.fixture
def tell(monkeypatch):
    """A story whose playbook does what the test says, and the lines it tells."""

    def make(run: Run) -> tuple[story.Story, io.StringIO]:
        monkeypatch.setattr(story, "play", lambda *_arguments: run)
        stream = io.StringIO()
        told = pair.load(REPOSITORY / "demo" / "inventory")
        return story.Story(Lab("demo-test"), told, Teller(0.0, stream, lambda: 0.0, live=False)), stream

    return make


def test_a_second_run_without_changes_is_told(tell):
    told, stream = tell(Run(changed={"lb1": 0, "lb2": 0, "web1": 0}))
    told.second_run()
    assert "changed=0 on lb1, lb2, web1" in stream.getvalue()


def test_a_second_run_that_changes_something_is_not(tell):
    told, stream = tell(Run(changed={"lb1": 0, "lb2": 1}, changes=["lb2: Farms"]))
    with pytest.raises(NotAsTold, match="the second run made 1 changes:\nlb2: Farms"):
        told.second_run()
    assert "changed=0" not in stream.getvalue()


def test_a_first_run_that_changes_nothing_somewhere_is_not(tell):
    told, _stream = tell(Run(changed={"lb1": 11, "lb2": 11, "web1": 3, "web2": 0}))
    with pytest.raises(NotAsTold, match="the first run changed nothing on web2"):
        told.converge()


def test_the_summary_has_every_number():
    report = {
        "second_run_changed": 0,
        "requests": {"sent": 401, "failed": 17, "by_server": {"web1": 384}},
        "server_death": {"failed_requests": 142, "removed_after_ms": 3657},
        "director_death": {"gap_ms": 3622},
        "seconds": {"setup": 0.6, "total": 146.4},
    }
    text = ending.summary(report, "build/demo.json")
    for words in ("build/demo.json", "401 sent, 17 failed", "0 changes", "3657 ms; 142 requests failed", "3622 ms"):
        assert words in text
    assert "setup 0.6, total 146.4" in text


def test_a_lab_that_stays_is_named_in_every_command(monkeypatch):
    monkeypatch.setenv("LAB_RUN", "/run/elsewhere")
    monkeypatch.delenv("EVENKEEL_CACHE", raising=False)
    first, places, *commands = ending.kept("demo-7").splitlines()
    assert first == "The lab demo-7 stays up:"
    assert places.endswith(" export LAB_RUN=/run/elsewhere")
    assert len(commands) == 5
    assert all("demo-7" in command for command in commands)
