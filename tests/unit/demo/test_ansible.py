# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of Ansible did, from real runs of a small playbook with the demo's callback plugin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from evenkeel_demo.ansible import Follower, Run
from evenkeel_demo.base import REPOSITORY

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Change one
      ansible.builtin.command: "true"
      when: inventory_hostname == "one"
      notify: Heard
    - name: Change nothing
      ansible.builtin.command: "true"
      changed_when: false
    - name: Fail but go on
      ansible.builtin.command: "false"
      ignore_errors: true
    - name: Fail on demand
      ansible.builtin.shell: "echo {{ item }} is broken >&2; exit {{ item | length }}"
      loop: ["", abc]
      when: inventory_hostname in broken
  handlers:
    - name: Heard
      ansible.builtin.command: "true"
"""


def run(place: Path, broken: list[str]) -> tuple[Run, int]:
    (place / "play.yml").write_text(PLAYBOOK)
    (place / "events").write_text("")
    words = [Path(sys.executable).with_name("ansible-playbook"), "-i", "one,two", "-c", "local", "play.yml"]
    environment = {
        "ANSIBLE_CALLBACK_PLUGINS": str(REPOSITORY / "demo" / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "events",
        "ANSIBLE_HOME": str(place / "home"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "DEMO_EVENTS": str(place / "events"),
    }
    done = subprocess.run(
        [*words, "-e", json.dumps({"broken": broken, "ansible_python_interpreter": sys.executable})],
        cwd=place,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    found = Run()
    with (place / "events").open() as file:
        for event in Follower(file.readline).events():
            found.learn(event)
    return found, done.returncode


def test_changes_are_counted_on_every_host(tmp_path):
    found, status = run(tmp_path, broken=[])
    assert status == 0
    # A failure that is ignored may have changed something, and Ansible counts it.
    assert found.changed == {"one": 3, "two": 1}
    assert found.total_changed() == 4
    assert sorted(found.changes) == ["one: Change one", "one: Fail but go on", "one: Heard", "two: Fail but go on"]
    assert found.failures == []
    assert found.task == "Heard"
    assert found.tasks == 5


def test_a_failed_task_is_told_by_host_with_its_message(tmp_path):
    found, status = run(tmp_path, broken=["two"])
    assert status == 2
    assert len(found.failures) == 1
    assert found.failures[0].startswith("two: Fail on demand\n")
    assert "non-zero return code" in found.failures[0]
    assert found.failures[0].endswith("\nabc is broken")


def test_half_a_line_waits_for_its_other_half():
    reads = iter(['{"event": "ta', "", 'sk", "name": "a"}\n', '{"event', ""])
    follower = Follower(lambda: next(reads))
    assert follower.events() == []
    assert follower.events() == [{"event": "task", "name": "a"}]
