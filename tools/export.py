# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copy the collection as git sees it (tracked and untracked, nothing ignored) to DIRECTORY/ansible_collections/….

Repeats are cheap: a file is copied only when its size, time or mode differ, and what is no longer in the tree is
removed. Each file is replaced in one step, so that a run of Ansible that uses the export meanwhile never sees half of
one; two exports to one place wait for each other.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


def listed_files() -> list[Path]:
    """Files of the working tree, relative to its root; those deleted but not yet committed are left out."""
    command = ["git", "-C", str(REPOSITORY), "ls-files", "-coz", "--exclude-standard", "--deduplicate"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    names = (Path(os.fsdecode(name)) for name in output.split(b"\0") if name)
    return [name for name in names if os.path.lexists(REPOSITORY / name)]


def same(source: Path, target: Path) -> bool:
    """Whether the copy is up to date, without reading the contents."""
    if not os.path.lexists(target) or source.is_symlink() != target.is_symlink():
        return False
    if source.is_symlink():
        return os.readlink(source) == os.readlink(target)
    ours, theirs = source.stat(), target.stat()
    return (ours.st_size, ours.st_mtime_ns, ours.st_mode) == (theirs.st_size, theirs.st_mtime_ns, theirs.st_mode)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    try:
        shutil.copy2(source, partial, follow_symlinks=False)
    except FileNotFoundError:
        return  # removed since it was listed: no longer part of the tree
    os.replace(partial, target)


def remove_stale(root: Path, wanted: set[Path]) -> None:
    """Remove what is not wanted. What the checkers leave in the export, and its git repository, stay."""
    kept = {root / ".git", root / ".ansible", root / "tests" / "output"}
    for directory, names, files in os.walk(root):
        here = Path(directory)
        names[:] = [name for name in names if here / name not in kept]
        for name in files:
            if (here / name).relative_to(root) not in wanted:
                (here / name).unlink()
    for directory, _names, _files in os.walk(root, topdown=False):
        here = Path(directory)
        if not any(here.is_relative_to(keep) for keep in kept) and not any(here.iterdir()):
            here.rmdir()


def export(collections: Path) -> Path:
    """Bring the copy under `collections` up to date and return its root."""
    root = collections / "ansible_collections" / "evenkeel" / "lb"
    root.mkdir(parents=True, exist_ok=True)
    with open(collections / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        files = listed_files()
        for name in files:
            if os.path.lexists(REPOSITORY / name) and not same(REPOSITORY / name, root / name):
                copy(REPOSITORY / name, root / name)
        remove_stale(root, set(files))
    return root


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: export.py DIRECTORY")
    export(Path(sys.argv[1]).resolve())
