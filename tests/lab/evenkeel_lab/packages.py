# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages: what this machine lacks, where packages come from, and an apt of our own for other releases."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from evenkeel_lab.base import LabError, cache, command
from evenkeel_lab.distros import Distro
from evenkeel_lab.lock import exclusive
from evenkeel_lab.progress import say, step

# Program: the Debian package it is in.
_PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "systemd-nspawn": "systemd-container",
    "mke2fs": "e2fsprogs",
    "dpkg-scanpackages": "dpkg-dev",
    "ssh": "openssh-client",
}
_BUILD_PROGRAMS = {
    "gcc": "gcc",
    "make": "make",
    "flex": "flex",
    "bison": "bison",
    "bc": "bc",
    "xz": "xz-utils",
    "perl": "perl",
    "depmod": "kmod",
}
_LIBELF = Path("/usr/include/libelf.h")
_DEBIAN_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True)
class Source:
    """One release in one archive."""

    address: str
    suite: str
    components: tuple[str, ...]
    #: The keys its archive is signed with.
    keys: Path

    @property
    def line(self) -> str:
        """What sources.list(5) calls it."""
        return f"deb [signed-by={self.keys}] {self.address} {self.suite} {' '.join(self.components)}"


def install_tools(build: bool = False) -> None:
    """Install from apt what the lab needs on this machine and does not find; with `build` what a kernel needs too."""
    libraries = ["libelf-dev", "libc6-dev"] if build and not _LIBELF.exists() else []
    install({**_PROGRAMS, **(_BUILD_PROGRAMS if build else {})}, libraries)


def install(programs: Mapping[str, str], others: Sequence[str] = ()) -> None:
    """Install the packages of those programs that this machine does not find, and the others."""
    missing = [*sorted({package for program, package in programs.items() if which(program) is None}), *others]
    if not missing:
        return
    lock = exclusive(cache() / "lock" / "apt", lambda: say("another lab installs packages; waiting"))
    with lock, step(f"installing {' '.join(missing)} on this machine"):
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        command("apt-get", "-qq", "update", env=quiet)
        command("apt-get", "-qq", "-y", "--no-install-recommends", "install", *missing, env=quiet)


def machine_suite() -> str:
    """The release this machine runs."""
    return platform.freedesktop_os_release()["VERSION_CODENAME"]


def _sources() -> list[str]:
    """Address, release and maker of each package source of this machine, in its order."""
    listing = ["indextargets", "--format", "$(REPO_URI) $(CODENAME) $(ORIGIN)", "Created-By: Packages"]
    found = command("apt-get", *listing).stdout
    if not found.strip():  # only sources whose lists were fetched are shown
        command("apt-get", "-qq", "update")
        found = command("apt-get", *listing).stdout
    return found.splitlines()


def debian(suite: str) -> Source:
    """A release of Debian, from where this machine gets its own packages. LabError when that is nowhere."""
    own = f" {machine_suite()} Debian"
    for line in _sources():
        if line.endswith(own):
            return Source(line.removesuffix(own).rstrip("/"), suite, ("main",), _DEBIAN_KEYS)
    raise LabError(f"no package source of this machine serves Debian {machine_suite()}, which it runs")


def source(distro: Distro, scratch: Path) -> Source:
    """Where a distribution comes from. `scratch` is for keys this machine lacks. LabError when it is nowhere."""
    if distro.vendor == "debian":
        return debian(distro.name)
    address = first_that_serves(distro.name, _ubuntu_addresses(), scratch)
    # Debian has the keys of Ubuntu's archive in a package, newer in trixie than in bookworm.
    (package,) = Archive(scratch / "keys", debian("trixie")).download("ubuntu-keyring")
    command("dpkg", "-x", package, scratch / "keyring")
    keys = scratch / "keyring/usr/share/keyrings/ubuntu-archive-keyring.gpg"
    return Source(address, distro.name, ("main", "universe"), keys)


def _ubuntu_addresses() -> list[str]:
    """Where Ubuntu's archive may be: as told, or beside Debian's on the same server and where mmdebstrap looks."""
    told = os.environ.get("EVENKEEL_UBUNTU_MIRROR")
    if told:
        return [told]
    beside = debian(machine_suite()).address.rpartition("/")[0] + "/ubuntu"
    known = re.findall(r"'(\w+://\S+/ubuntu)'", Path(which("mmdebstrap") or "").read_text())
    return list(dict.fromkeys([beside, *known]))


def first_that_serves(release: str, addresses: Sequence[str], scratch: Path) -> str:
    """The first of these archives that has a release and can be reached. LabError when none."""
    for address in addresses:
        words = ("/usr/lib/apt/apt-helper", "download-file", f"{address}/dists/{release}/Release", scratch / "Release")
        if command(*words, check=False).returncode == 0:
            return address
    raise LabError(
        f"no package server reachable from here has {release}; looked at {', '.join(addresses)}."
        " Set EVENKEEL_UBUNTU_MIRROR to the address of one that has."
    )


class Archive:
    """An apt of its own in `directory`, for one release; it neither reads nor changes what this machine has."""

    def __init__(self, directory: Path, source: Source, installed: Path = Path("/dev/null")) -> None:
        """`installed` is the dpkg status file that says what need not be fetched. Raises LabError when unreachable."""
        self.directory = directory
        self.debs = directory / "cache" / "archives"
        (self.debs / "partial").mkdir(parents=True)
        (directory / "lists" / "partial").mkdir(parents=True)
        sources = directory / "sources.list"
        sources.write_text(f"{source.line}\n")
        settings = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::preferencesparts": "-",
            "Dir::State": directory,
            "Dir::State::lists": directory / "lists",
            "Dir::State::status": installed,
            "Dir::Cache": directory / "cache",
            "APT::Sandbox::User": "root",
        }
        config = directory / "apt.conf"
        config.write_text("".join(f'{name} "{value}";\n' for name, value in settings.items()))
        self._env = {"APT_CONFIG": str(config)}
        command("apt-get", "-q", "update", "--error-on=any", env=self._env)

    def download(self, *packages: str) -> list[Path]:
        """Fetch just these packages."""
        command("apt-get", "-q", "download", *packages, env=self._env, cwd=self.debs)
        return sorted(self.debs.glob("*.deb"))

    def download_with_dependencies(self, *packages: str) -> list[Path]:
        """Fetch these packages and everything they need that is not installed."""
        options = ("-q", "-y", "--no-install-recommends", "--download-only")
        command("apt-get", *options, "install", *packages, env=self._env)
        return sorted(self.debs.glob("*.deb"))

    def dependencies(self, package: str) -> list[str]:
        """Names of the packages this one depends on directly."""
        shown = command("apt-cache", "depends", package, env=self._env).stdout
        return [line.split()[1] for line in shown.splitlines() if line.strip().startswith("Depends:")]

    def version(self, package: str) -> str:
        """The version that would be fetched."""
        shown = command("apt-cache", "show", "--no-all-versions", package, env=self._env).stdout
        return shown.partition("\nVersion: ")[2].partition("\n")[0]
