# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to the host, on this machine's own files."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_as_a_whole_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "made" / "file"
    for text, mode in (("Zo\u00eb\n", 0o600), ("", 0o644)):
        System().write(str(path), text, mode)
        assert path.read_text(encoding="utf-8") == text == System().read(str(path))
        assert path.stat().st_mode & 0o777 == mode
    assert listed(path.parent) == ["file"]


def test_what_a_killed_run_left_of_a_file_is_hidden_once_and_gone_with_the_next(tmp_path: Path) -> None:
    path = tmp_path / "file"
    System().write(str(path), "old")
    for _run in range(2):
        process = os.fork()
        if not process:
            os.rename = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
            System().write(str(path), "new and longer")
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL
        assert path.read_text() == "old"
        assert listed(tmp_path) == [".evenkeel-file", "file"]
    System().write(str(path), "new")
    assert path.read_text() == "new"
    assert listed(tmp_path) == ["file"]


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".evenkeel-file").symlink_to(victim)
    with pytest.raises(HostFault, match="cannot write"):
        System().write(str(tmp_path / "file"), "ours")
    assert victim.read_text() == "mine"


def test_a_file_gets_the_name_of_another(tmp_path: Path) -> None:
    System().write(str(tmp_path / "new"), "new")
    System().write(str(tmp_path / "old"), "old")
    System().rename(str(tmp_path / "new"), str(tmp_path / "old"))
    assert System().read(str(tmp_path / "old")) == "new"
    assert listed(tmp_path) == ["old"]
    with pytest.raises(HostFault, match=r"cannot rename .*new to .*old"):
        System().rename(str(tmp_path / "new"), str(tmp_path / "old"))


def test_while_it_is_still_each_look_is_taken_once() -> None:
    looks = []

    def look(system: System) -> int:
        looks.append(system)
        return len(looks)

    def other(system: System) -> str:
        return "other"

    system = System()
    assert (system.once(look), system.once(look)) == (1, 2)
    with pytest.raises(KeyError), system.still():
        assert (system.once(look), system.once(other), system.once(look)) == (3, "other", 3)
        raise KeyError
    assert system.once(look) == 4
