# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook for merge requests, docs/guides/check_in_ci.md, as a pipeline runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Play = Callable[..., "subprocess.CompletedProcess[str]"]
Edit = tuple[str, str, str]


@pytest.fixture
def example(repository: Path) -> Path:
    return repository / "docs" / "examples" / "check_in_ci"


@pytest.fixture
def directors(example: Path, tmp_path: Path) -> Path:
    """A copy of the example's configurations, for mistakes."""
    return Path(shutil.copytree(example / "directors", tmp_path / "directors"))


def edit(directors: Path, *edits: Edit) -> None:
    for name, old, new in edits:
        text = (directors / name).read_text(encoding="utf-8")
        assert old in text
        (directors / name).write_text(text.replace(old, new), encoding="utf-8")


def message(output: str) -> str:
    """Everything failed tasks said, with line breaks as such."""
    return "\n".join(re.findall(r'"msg": "(.*)"', output)).replace("\\n", "\n")


def test_the_guide_shows_the_playbook_that_is_tested(example: Path, repository: Path) -> None:
    guide = (repository / "docs" / "guides" / "check_in_ci.md").read_text(encoding="utf-8")
    playbook = (example / "check.yml").read_text(encoding="utf-8")
    assert f"```yaml\n{playbook}```\n" in guide


def test_the_example_is_fine_and_no_host_is_touched(play: Play, example: Path) -> None:
    run = play(example / "check.yml")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "ok=4    changed=0    unreachable=0    failed=0" in run.stdout


def test_mistakes_of_all_configurations_are_shown(play: Play, example: Path, directors: Path) -> None:
    """Those of fields and of the whole, of both directors, and no password."""
    edit(
        directors,
        ("lb1.yml", "protocol: http, farm: web}", "protocol: http, farm: wbe}"),
        ("lb1.yml", "interval: 2", "interval: 0"),
        ("lb2.yml", "member: lb2", "member: lb2\n    password: Tr0ub4dor"),
        ("lb2.yml", "priority: 100", "priority: 150"),
    )
    run = play(example / "check.yml", "-e", f"directory={directors}")
    assert run.returncode == 2
    shown = message(run.stdout)
    assert "lb1 is not valid\nhealth_checks[http].interval: 0 is not valid here; allowed: seconds from" in shown
    assert "\nvirtual_servers[www].farm: there is no farm 'wbe'; allowed: web" in shown
    assert "lb2 is not valid\nha_groups[main].members[lb2].priority: 150 is the priority of 'lb1' already" in shown
    assert "\nha_groups[main].password: the value is not valid here; allowed: 1 to 8" in shown
    assert "Tr0ub4dor" not in run.stdout + run.stderr


def test_vips_of_other_networks_are_shown(play: Play, example: Path, directors: Path) -> None:
    edit(directors, ("lb2.yml", "10.10.0.50/24", "10.10.1.50/24"), ("lb2.yml", "fd10::50/64", "fd11::50/64"))
    run = play(example / "check.yml", "-e", f"directory={directors}")
    assert run.returncode == 2
    assert "lb2 has VIPs neither of 10.10.0.0/24 nor of fd10::/64: 10.10.1.50/24, fd11::50/64" in message(run.stdout)


def test_directors_that_claim_the_same_are_shown(play: Play, example: Path, directors: Path) -> None:
    edit(directors, ("lb2.yml", "member: lb2", "member: lb1"))
    run = play(example / "check.yml", "-e", f"directory={directors}")
    assert run.returncode == 2
    assert (
        "Directors claim the same\n"
        "10.10.0.50 as a whole:\n- lb1: vips[www].address\n- lb2: vips[www].address\n"
        "fd10::50 as a whole:\n- lb1: vips[www6].address\n- lb2: vips[www6].address\n"
    ) in message(run.stdout)


def test_what_is_no_configuration_is_shown(play: Play, example: Path, directors: Path) -> None:
    (directors / "lb3.yml").write_text("", encoding="utf-8")
    run = play(example / "check.yml", "-e", f"directory={directors}")
    assert run.returncode == 2
    assert "lb3 is not valid\nconfiguration: is not a mapping" in message(run.stdout)


def test_no_configuration_at_all_is_a_mistake(play: Play, example: Path, tmp_path: Path) -> None:
    run = play(example / "check.yml", "-e", f"directory={tmp_path}")
    assert run.returncode == 2
    assert f"{tmp_path} holds no configuration" in message(run.stdout)


def test_encrypted_files_are_read(play: Play, example: Path, directors: Path, tmp_path: Path) -> None:
    edit(directors, ("lb1.yml", "member: lb1", "member: lb1\n    password: s3cret"))
    password = tmp_path / "password"
    password.write_text("correct horse\n", encoding="utf-8")
    vault = Path(sys.executable).with_name("ansible-vault")
    command = [vault, "encrypt", "--vault-password-file", password, directors / "lb1.yml"]
    subprocess.run(command, check=True, capture_output=True)
    assert (directors / "lb1.yml").read_text(encoding="utf-8").startswith("$ANSIBLE_VAULT")
    run = play(example / "check.yml", "-e", f"directory={directors}", "--vault-password-file", str(password))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "s3cret" not in run.stdout + run.stderr
