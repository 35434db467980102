# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small offline package repository hosts install from."""

from __future__ import annotations

import shutil
from pathlib import Path

from evenkeel_lab.base import command, contained
from evenkeel_lab.distros import Distro
from evenkeel_lab.packages import Archive, Source

# apt names its lists after the place they come from, so it must see the repository where hosts will.
_UPDATE = 'mkdir -p "$2/$3" && mount --bind "$1" "$2/$3" && chroot "$2" apt-get -q update --error-on=any'


def fill(distro: Distro, source: Source, repository: Path, root: Path, scratch: Path) -> None:
    """Make a flat repository of what `root`, a root file system, may install, and have apt there know it."""
    archive = Archive(scratch / "apt", source, installed=root / "var/lib/dpkg/status")
    repository.mkdir()
    for package in archive.download_with_dependencies(*distro.offered):
        shutil.move(package, repository)
    index = command("dpkg-scanpackages", "--multiversion", ".", cwd=repository).stdout
    (repository / "Packages").write_text(index)
    command(*contained("sh", "-c", _UPDATE, "update", repository, root, f"share/repo/{distro.name}"))
