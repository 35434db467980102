# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The small offline package repository hosts install from."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

from evenkeel_lab import store
from evenkeel_lab.base import command
from evenkeel_lab.distros import DISTROS
from evenkeel_lab.packages import Archive, keyring, mirror

_VERSION = 1


def provide(name: str, root: Path) -> Path:
    """A flat repository with what `root`, a root file system of that distribution, may install without a network."""
    distro = DISTROS[name]
    identity = store.key(_VERSION, dataclasses.asdict(distro), root.name)

    def make(scratch: Path) -> Path:
        keys = keyring(distro, scratch)
        archive = Archive(
            scratch / "apt",
            mirror(distro.vendor),
            name,
            distro.components,
            keys,
            installed=root / "var/lib/dpkg/status",
        )
        repository = scratch / "repository"
        repository.mkdir()
        for package in archive.download_with_dependencies(*distro.offered):
            shutil.move(package, repository)
        index = command("dpkg-scanpackages", "--multiversion", ".", cwd=repository).stdout
        (repository / "Packages").write_text(index)
        return repository

    return store.provide("repo", f"{name}-{identity}", f"package repository of {name}", make)
