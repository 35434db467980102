# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's playbooks on directors that only pretend: what modules say there is written down before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .appliances import collections, pair, play

__all__ = ["collections", "pair", "play"]

# Stands in front of the module of the same name, on the control node. The last answer is given again and again.
_PRETENDER = """
import json, os, pathlib
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        name, host = self._task.action.rpartition(".")[2], task_vars["inventory_hostname"]
        stage = pathlib.Path(os.environ["EVENKEEL_STAGE"])
        call = {"host": host, "module": name, "arguments": self._task.args}
        with (stage / "calls").open("a", encoding="utf-8") as calls:
            calls.write(json.dumps(call, default=str) + "\\n")
        answers = json.loads((stage / "answers").read_text(encoding="utf-8"))[host][name]
        told = stage / f"{host}.{name}"
        number = int(told.read_text()) if told.exists() else 0
        told.write_text(str(number + 1))
        return answers[min(number, len(answers) - 1)]
"""
_PRETENDED = ("lb_info", "lb_server")

Answers = Mapping[str, Mapping[str, list[dict[str, Any]]]]


class Call(NamedTuple):
    """A task that reached a director."""

    host: str
    module: str
    arguments: dict[str, Any]


class Played(NamedTuple):
    """How a playbook ended, what it showed, and what reached the directors in which order."""

    status: int
    shown: str
    calls: list[Call]


Perform = Callable[..., Played]


@pytest.fixture(scope="session")
def pretending(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A directory of collections in which the modules of this one ask nobody."""
    collections = tmp_path_factory.mktemp("pretending")
    subprocess.run([sys.executable, repository / "tools" / "export.py", collections], check=True)
    actions = collections / "ansible_collections" / "evenkeel" / "lb" / "plugins" / "action"
    actions.mkdir()
    for name in _PRETENDED:
        (actions / f"{name}.py").write_text(_PRETENDER, encoding="utf-8")
    return collections


@pytest.fixture
def perform(pretending: Path, tmp_path: Path) -> Perform:
    """Plays a playbook of the collection on the directors that answers are given for."""

    def run(playbook: str, answers: Answers, **variables: Any) -> Played:
        stage = Path(tempfile.mkdtemp(dir=tmp_path))
        (stage / "answers").write_text(json.dumps(answers), encoding="utf-8")
        (stage / "calls").touch()
        (stage / "inventory").write_text("\n".join(["[directors]", *answers, ""]), encoding="utf-8")
        (stage / "ansible.cfg").write_text(
            f"[defaults]\ncollections_path = {pretending}\nnocolor = true\n[connection]\npipelining = true\n",
            encoding="utf-8",
        )
        others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment = {
            **others,
            "HOME": str(tmp_path),
            "ANSIBLE_CONFIG": str(stage / "ansible.cfg"),
            "EVENKEEL_STAGE": str(stage),
        }
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", stage / "inventory", playbook]
        ended = subprocess.run(
            # to search for an interpreter takes longer than a module
            [*command, "-e", json.dumps({"ansible_python_interpreter": sys.executable, **variables})],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        calls = [Call(**json.loads(line)) for line in (stage / "calls").read_text(encoding="utf-8").splitlines()]
        return Played(ended.returncode, ended.stdout + ended.stderr, calls)

    return run
