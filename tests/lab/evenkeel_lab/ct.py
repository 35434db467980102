# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of kind ct: systemd-nspawn on this machine's own kernel. Their files, too, outlive a loss of power."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from evenkeel_lab import cgroups, network, processes
from evenkeel_lab.base import HERE, LabError
from evenkeel_lab.plan import Host, Plan, owns
from evenkeel_lab.state import Process, State, directory

#: The program that stands over each container, as the kernel names it.
SUPERVISOR = "systemd-nspawn"

# Where it keeps a directory for each container, which stays when it is killed before it could clean up.
_KEPT = Path("/run/systemd/nspawn/propagate")

# Enters the host's control groups, and mounts its files in a mount namespace that ends with the last process in it.
# 133 is how systemd-nspawn tells its service manager, which it takes us for, that the container wants to reboot.
_ENTER = """\
set -e
for entrance in $1; do echo $$ > "$entrance"; done
mount -t overlay -o "$2" overlay "$3"
shift 3
status=133
while [ $status -eq 133 ]; do
    status=0
    "$@" || status=$?
done
exit $status
"""


def create(plan: Plan, host: Host) -> None:
    """Give a host the directories its files are written to."""
    place = directory(plan.name) / host.name
    for part in ("upper", "work", "root"):
        (place / part).mkdir(parents=True)


def power_on(plan: Plan, host: Host, state: State) -> Process:
    """Start the host with fresh wires: what it configured on the old ones died with its power."""
    place = directory(plan.name) / host.name
    network.connect_namespace(plan, host, state.cut_of(host.name))
    distro = str(host.spec.distro)
    # Volatile: this machine's disk is never waited for. A mark then says that files may be lost, which they are not.
    mark = place / "work" / "work" / "incompat"
    if mark.exists():
        shutil.rmtree(mark)
    layers = f"lowerdir={state.parts.roots[distro]},upperdir={place / 'upper'},workdir={place / 'work'},volatile"
    groups = cgroups.create(host.namespace)
    modules = Path("/lib/modules", os.uname().release)
    words = [
        *network.enter_command(plan.namespace),
        *("unshare", "--mount", "--propagation", "private"),
        *("sh", "-c", _ENTER, host.name, " ".join(map(str, groups)), layers, str(place / "root")),
        *(SUPERVISOR, "--quiet", "--boot", "--register=no", "--keep-unit", "--console=read-only"),
        *("--link-journal=no", "--resolv-conf=off", "--timezone=off", "--capability=all"),
        *(f"--machine={host.namespace}", f"--hostname={host.name}", f"--directory={place / 'root'}"),
        f"--network-namespace-path=/run/netns/{host.namespace}",
        f"--bind-ro={state.parts.repositories[distro]}:/share/repo/{distro}",
        f"--bind-ro={HERE / 'traffic'}:/share/traffic",
        *(["--bind-ro=/lib/modules"] if modules.is_dir() else []),
    ]
    with (place / "console.log").open("ab") as console:
        started = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"},  # else its sysctls are read-only
        )
    return Process.of(started.pid)


def power_off(host: Host, process: Process) -> None:
    """Cut the power: kill all that runs in the host, then systemd-nspawn ends and cleans up by itself."""
    processes.end([network.identity(host.namespace)])
    if not processes.wait([process]):
        raise LabError(f"{SUPERVISOR} of {host.name}, process {process.pid}, does not end")
    network.remove(host.namespace)


def clear(lab: str) -> None:
    """Remove what a lab's hosts left outside the lab's own directory; nothing runs in them any more."""
    cgroups.remove(lab)
    for path in _KEPT.glob("*"):
        if owns(lab, path.name):
            shutil.rmtree(path)
