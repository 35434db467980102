# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible itself, for what only its own loader and templating can show."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Play = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Play:
    """Runs a playbook on localhost against an export of the collection.

    No interpreter is there for modules, so that whatever would run on a host, be it this one, fails.
    """
    home = tmp_path_factory.mktemp("ansible")
    subprocess.run([sys.executable, repository / "tools" / "export.py", home / "collections"], check=True)
    configuration = home / "ansible.cfg"
    configuration.write_text(
        f"[defaults]\ncollections_path = {home / 'collections'}\nnocolor = true\n", encoding="utf-8"
    )
    others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment = {**others, "HOME": str(home), "ANSIBLE_CONFIG": str(configuration)}

    def run(playbook: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", playbook]
        interpreter = ["-e", "ansible_python_interpreter=/nonexistent"]
        return subprocess.run(
            [*command, *interpreter, *arguments], env=environment, capture_output=True, text=True, check=False
        )

    return run
