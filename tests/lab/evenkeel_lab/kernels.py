# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""User-mode kernels for hosts of kind vm: Debian's package, made to run on this machine, or our own build."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from evenkeel_lab import own_kernel, store
from evenkeel_lab.base import LabError, cache, command
from evenkeel_lab.packages import Archive, debian, machine_suite
from evenkeel_lab.progress import say

_VERSION = "1"
_LOADER = b"/lib64/ld-linux-x86-64.so.2\0"
_LIBRARIES = b"/lib/x86_64-linux-gnu/"


@dataclass(frozen=True)
class Kernel:
    """A kernel in the cache."""

    #: Directory it is in.
    directory: str
    #: Where it comes from and which version it is, for people.
    origin: str
    #: Whether it can run guests with seccomp, which is much faster than ptrace.
    seccomp: bool

    @property
    def binary(self) -> Path:
        """The program."""
        return Path(self.directory) / "linux.uml"

    @property
    def modules(self) -> Path:
        """What a guest has as /lib/modules."""
        return Path(self.directory) / "modules"


def provide(name: str) -> Kernel:
    """The kernel a description asks for: `packaged`, or `own`, which is built when the cache has none."""
    if name == "own":
        return _read(own_kernel.provide())
    directory = store.provide("kernel", "packaged", _VERSION, "user-mode kernel from Debian's packages", _fetch)
    _restore_link(directory)
    return _read(directory)


def _read(directory: Path) -> Kernel:
    about = json.loads((directory / "about.json").read_text())
    return Kernel(str(directory), about["origin"], about["seccomp"])


def _suites() -> list[str]:
    """Releases to take the package from, best first: newer ones have seccomp and start three times as fast."""
    return list(dict.fromkeys(["sid", "trixie", machine_suite()]))


def _fetch(scratch: Path) -> Path:
    refusals = []
    for suite in _suites():
        try:
            made = _fetch_from(suite, scratch / suite)
        except LabError as error:
            say(f"    {suite} has no kernel for us: {error}")
            refusals.append(f"{suite}: {error}")
            continue
        say(f"    kernel: {_read(made).origin}")
        return made
    raise LabError("no release has a user-mode kernel that runs here:\n" + "\n".join(refusals))


def _fetch_from(suite: str, scratch: Path) -> Path:
    archive = Archive(scratch / "apt", debian(suite))
    files = scratch / "files"
    for package in archive.download("user-mode-linux", "libc6"):
        command("dpkg", "-x", package, files)
    made = scratch / "kernel"
    made.mkdir()
    final = cache() / "kernel" / f"packaged-{_VERSION}"
    libraries = files / "usr/lib/x86_64-linux-gnu"
    if not (libraries / "libc.so.6").exists():  # releases before trixie
        libraries = files / "lib/x86_64-linux-gnu"
    adopt(files / "usr/bin/linux.uml", libraries, made, _link(final))
    shutil.move(files / "usr/lib/uml/modules", made / "modules")
    _point(_link(final), made)
    try:
        asked = subprocess.run([made / "linux.uml", "--help"], text=True, capture_output=True, check=False)
    except OSError as error:
        raise LabError(f"its kernel does not start: {error}") from error
    finally:
        _point(_link(final), final)
    usage = asked.stdout + asked.stderr
    if "root=" not in usage:
        raise LabError(f"its kernel does not start: status {asked.returncode}, {usage[:300]!r}")
    about = {"origin": f"{suite} {archive.version('user-mode-linux')}", "seccomp": "\nseccomp=" in usage}
    (made / "about.json").write_text(json.dumps(about))
    return made


def adopt(binary: Path, libraries: Path, into: Path, link: Path) -> None:
    """Copy a newer release's kernel with that release's C library, so that it runs on this machine's older one.

    The program is told to load through `link`, in place of the text that names the loader: it must not grow. (Starting
    it as an argument of the loader would move its memory, which a kernel does not survive.)
    """
    loader = f"{link}/ld.so".encode() + b"\0"
    if len(loader) > len(_LOADER):
        raise LabError(f"{link} is too long to stand in a program for its loader")
    text = binary.read_bytes()
    if text.count(_LOADER) < 1:
        raise LabError(f"its kernel does not load through {_LOADER.decode()}")
    (into / "linux.uml").write_bytes(text.replace(_LOADER, loader.ljust(len(_LOADER), b"\0"), 1))
    (into / "linux.uml").chmod(0o755)
    shutil.copy(libraries / "libc.so.6", into)
    text = (libraries / "ld-linux-x86-64.so.2").resolve().read_bytes()
    # This loader looks beside itself and nowhere else, least of all in this machine's cache of libraries.
    beside = str(link).encode().ljust(len(_LIBRARIES), b"/")
    changed = text.replace(_LIBRARIES + b"\0/usr", beside + b"\0/usr").replace(b"/etc/ld.so.cache", b"/no/cache/at/all")
    if len(changed) != len(text):
        raise LabError(f"{link} does not fit into the loader")
    (into / "ld.so").write_bytes(changed)
    (into / "ld.so").chmod(0o755)


def _link(directory: Path) -> Path:
    """A short name for a kernel's directory, different for each cache."""
    return Path("/run/evk-" + hashlib.sha256(str(directory).encode()).hexdigest()[:6])


def _point(link: Path, target: Path) -> None:
    new = link.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.rename(link)


def _restore_link(directory: Path) -> None:
    """/run is empty after this machine's boot."""
    if not _link(directory).exists():
        _point(_link(directory), directory)
