# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Distributions: a root file system that all hosts share read-only, and the offline repository they install from."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from evenkeel_lab import repository, store
from evenkeel_lab.base import LabError, contained, tail
from evenkeel_lab.distros import DISTROS, Distro
from evenkeel_lab.packages import Source, source
from evenkeel_lab.progress import say
from evenkeel_lab.ssh import public_key

_VERSION = 3

# Units that do nothing for a lab host but delay its boot, or fail without hardware.
_MASKED = """
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
    motd-news.timer getty@tty1.service getty-static.service console-getty.service systemd-binfmt.service
    proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount sys-kernel-config.mount
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-fs-fuse-connections.mount systemd-firstboot.service
    systemd-journal-catalog-update.service systemd-machine-id-commit.service systemd-pcrphase.service
    systemd-pstore.service systemd-repart.service systemd-sysusers.service systemd-tpm2-setup.service
    systemd-update-utmp.service systemd-update-utmp-runlevel.service ldconfig.service modprobe@drm.service
    systemd-random-seed.service systemd-remount-fs.service systemd-tmpfiles-setup-dev.service
    systemd-tmpfiles-setup-dev-early.service
""".split()

_PHASE = re.compile(r"I: (downloading|extracting|installing) (.+)\.\.\.")

# First process of a vm: finds the script the lab wrote for this very host and becomes it.
_INIT = """\
#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
# Newer mount(8) hands the directory to fsconfig(), which hostfs does not understand.
export LIBMOUNT_FORCE_MOUNT2=always
mount -t proc proc /proc
for word in $(cat /proc/cmdline); do
    case $word in lab.guest=*) mount -t hostfs -o "${word#lab.guest=}" none /lab;; esac
done
. /lab/boot.sh
"""


def _files(distro: Distro) -> dict[str, str]:
    """What the lab writes into a root file system, by path."""
    return {
        "lab-init": _INIT,
        "etc/apt/sources.list": f"deb [trusted=yes] file:/share/repo/{distro.name} ./\n",
        "etc/ssh/sshd_config.d/lab.conf": "PermitRootLogin prohibit-password\nUseDNS no\n",
        "etc/default/locale": "LANG=C.UTF-8\n",
        "etc/fstab": "",
        "etc/machine-id": "",
        "root/.ssh/authorized_keys": public_key(),
    }


def provide(name: str) -> Path:
    """The directory with a distribution's `root` and `repository`, built when there is none of this recipe."""
    distro = DISTROS[name]
    files = _files(distro)
    identity = store.key(_VERSION, name, distro.base, distro.offered, _MASKED, files)

    def make(scratch: Path) -> Path:
        made = scratch / "made"
        made.mkdir()
        root = made / "root"
        archive = source(distro, scratch)
        _bootstrap(distro, archive, root, scratch / "bootstrap.log")
        _tune(root, files)
        say(f"    {name}: fetching what hosts may install")
        repository.fill(distro, archive, made / "repository", root, scratch)
        return made

    return store.provide("distro", name, identity, f"root file system of {name} (half a minute)", make)


def _bootstrap(distro: Distro, archive: Source, root: Path, log: Path) -> None:
    options = [
        "--mode=root",
        "--variant=minbase",
        # It stays in the root for what hosts install later: they live for minutes and can be made again, so no package
        # need survive a loss of this machine's power.
        "--dpkgopt=force-unsafe-io",
        f"--include={','.join(distro.base)}",
    ]
    words = contained("mmdebstrap", *options, distro.name, root, archive.line)
    with subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            _follow(distro, process, log)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise LabError(f"the root file system of {distro.name} cannot be had:\n{tail(log.read_text())}")


def _follow(distro: Distro, process: subprocess.Popen[str], log: Path) -> None:
    """Keep what mmdebstrap says, and tell when it gets on to something else."""
    assert process.stdout is not None
    with log.open("w") as file:
        for line in process.stdout:
            file.write(line)
            told = _PHASE.match(line)
            if told is not None:
                say(f"    {distro.name}: {told[1]} {told[2]}")


def _tune(root: Path, files: dict[str, str]) -> None:
    for unit in _MASKED:
        link = root / "etc/systemd/system" / unit
        link.unlink(missing_ok=True)
        link.symlink_to("/dev/null")
    for directory in ("lab", "share", "lib/modules", "root/.ssh", "etc/ssh/sshd_config.d"):
        (root / directory).mkdir(parents=True, exist_ok=True)
    (root / "root/.ssh").chmod(0o700)
    for leftover in ("etc/apt/sources.list.d", "var/lib/apt/lists", "var/cache/apt"):  # of the archive it came from
        shutil.rmtree(root / leftover, ignore_errors=True)
    for directory in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
        (root / directory).mkdir(parents=True)
    for path, text in files.items():
        (root / path).write_text(text)
    (root / "lab-init").chmod(0o755)
    (root / "etc/hostname").unlink(missing_ok=True)  # mmdebstrap copies this machine's
    (root / "var/lib/dbus/machine-id").unlink(missing_ok=True)  # else all hosts take the same identity from here
