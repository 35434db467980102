# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that reads existing configurations, docs/guides/bring_over.md, on texts as people have them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.evenkeel.lb.plugins.filter.lb_validate import lb_validate

Play = Callable[..., Any]


@pytest.fixture
def playbook(repository: Path) -> Path:
    return repository / "docs" / "examples" / "bring_over" / "bring_over.yml"


def test_the_guide_shows_the_playbook_that_is_tested(playbook: Path, repository: Path) -> None:
    guide = (repository / "docs" / "guides" / "bring_over.md").read_text(encoding="utf-8")
    assert f"```yaml\n{playbook.read_text(encoding='utf-8')}```\n" in guide


def test_it_keeps_configuration_and_rest_and_says_what_has_no_place(
    play: Play, playbook: Path, repository: Path, tmp_path: Path
) -> None:
    """This machine stands for the director: the text is fetched from it, and nothing else of it is touched."""
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("directors: {hosts: {lb1: {ansible_connection: local}}}\n", encoding="utf-8")
    sample = repository / "tests/unit/engines/keepalived/samples/nat_pair.conf"
    said = {"ansible_python_interpreter": sys.executable, "conf": str(sample), "directory": str(tmp_path / "out")}
    run = play(
        playbook, "-c", "local", "-i", str(inventory), "-e", yaml.safe_dump(said, default_flow_style=True, width=10**6)
    )
    assert run.returncode == 0, run.stdout + run.stderr
    configuration = yaml.safe_load((tmp_path / "out/lb1.yml").read_text(encoding="utf-8"))
    assert lb_validate(configuration) == []
    assert [one["name"] for one in configuration["ha_groups"]] == ["VI_1", "VI_GATEWAY"]
    assert (tmp_path / "out/lb1.conf").read_text(encoding="utf-8").startswith("! Configuration File for keepalived")
    assert "repeats a test that failed after 1 s" in run.stdout
    assert "is active until it hears another" in run.stdout
    assert "example" not in run.stdout.replace("/examples/", "")  # the password
