# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of kind vm: a user-mode kernel each, with real systemd and a disk that outlives a loss of power."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

from evenkeel_lab import processes
from evenkeel_lab.base import HERE, LabError, command
from evenkeel_lab.network import connect_taps, enter_command
from evenkeel_lab.plan import Host, Plan
from evenkeel_lab.state import Parts, Process, State, directory


def create(plan: Plan, host: Host) -> None:
    """Give a host its wires and its empty disk."""
    connect_taps(plan, host)
    place = directory(plan.name) / host.name
    place.mkdir()
    disk = place / "disk"
    with disk.open("wb") as file:
        file.truncate(host.spec.disk << 20)
    # The file is all zeros already: nothing to initialise, now or in the guest.
    quick = "lazy_itable_init=0,lazy_journal_init=1,assume_storage_prezeroed=1"
    command("mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-E", quick, disk)


def power_on(plan: Plan, host: Host, state: State) -> Process:
    """Start the host's kernel."""
    kernel = state.parts.kernel
    if kernel is None:
        raise LabError(f"lab {plan.name} was started without a kernel for {host.name}")
    place = directory(plan.name) / host.name
    guest = place / "guest"
    guest.mkdir(exist_ok=True)
    (guest / "boot.sh").write_text(boot_script(host, state.parts))
    sockets = place / "uml"
    if sockets.exists():  # of the kernel that lost its power
        shutil.rmtree(sockets)
    sockets.mkdir()
    taps = [
        f"vec{number}:transport=tap,ifname={interface.port},depth=128,gro=1,mac={interface.mac}"
        for number, interface in enumerate(host.interfaces)
    ]
    words = [
        "taskset",
        "-c",
        str(_cpu(plan, host)),
        *enter_command(plan.namespace),
        # A user-mode kernel without any environment dies.
        *("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", f"UML_KERNEL={kernel.binary}"),
        str(HERE / "guest" / "uml-run"),
        f"umid={host.name}",
        f"uml_dir={sockets}",
        f"mem={host.spec.memory}M",
        *(["seccomp=on"] if kernel.seccomp else []),
        f"ubd0={place / 'disk'}",
        *("root=/dev/root", "rootfstype=hostfs", f"rootflags={state.parts.roots[str(host.spec.distro)]}", "ro"),
        # No security module: SELinux would be there, without a policy, and mislead those who look for it.
        *("init=/lab-init", f"lab.guest={guest}", "panic=-1", "lsm=capability"),
        *("con=null", "con0=fd:0,fd:1", "con1=null"),
        *taps,
    ]
    with (place / "console.log").open("ab") as console:
        started = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT, start_new_session=True
        )
    return Process.of(started.pid)


def power_off(process: Process) -> None:
    """Cut the power: nothing in the host gets to run any more."""
    if process.alive():
        os.killpg(process.pid, signal.SIGKILL)
    if not processes.wait([process]):
        raise LabError(f"process {process.pid} does not end")


def _cpu(plan: Plan, host: Host) -> int:
    """Each on one processor, in turn: two to five times faster than letting the scheduler move it."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[[other for other in plan.hosts if other.kind == "vm"].index(host) % len(allowed)]


def boot_script(host: Host, parts: Parts) -> str:
    """What /lab-init continues with: file systems, name and addresses, then systemd."""
    assert parts.kernel is not None and host.spec.distro is not None
    shares = {
        f"/share/repo/{host.spec.distro}": Path(parts.repositories[host.spec.distro]),
        "/share/traffic": HERE / "traffic",
    }
    quoted = shlex.quote
    lines = [
        f"mount -t hostfs -o {quoted(str(parts.kernel.modules))} none /lib/modules",
        "modprobe -qa overlay ipv6",  # some kernels have these as modules
        "e2fsck -p /dev/ubda",  # also replays the journal after a loss of power
        # What was written a second ago outlives a loss of power even when, as dpkg here, nobody asked for that. Power
        # is lost by the kernel alone: what it gave to this machine is safe, without waiting for this machine's disk.
        "mount -t ext4 -o noatime,nodelalloc,commit=1,barrier=0 /dev/ubda /mnt || exec sleep infinity",
        "mkdir -p /mnt/upper /mnt/work /mnt/root",
        "mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root",
        "mount --move /lib/modules /mnt/root/lib/modules",
    ]
    for target, source in shares.items():
        lines.append(f"mkdir -p /mnt/root{target}")
        lines.append(f"mount -t hostfs -o ro,{quoted(str(source))} none /mnt/root{target}")
    lines += [f"echo {host.name} > /mnt/root/etc/hostname", f"hostname {host.name}", "ip link set lo up"]
    for number, interface in enumerate(host.interfaces):
        lines.append(f"ip link set vec{number} name {interface.device}")
        for address in interface.addresses:
            nodad = " nodad" if ":" in address else ""
            lines.append(f"ip addr add {address} dev {interface.device}{nodad}")
        lines.append(f"ip link set {interface.device} up")
    lines += [
        "umount -l /lab",  # lazily, as this very script is read from it
        "umount /proc",
        "unset LIBMOUNT_FORCE_MOUNT2",
        "cd /mnt/root && exec switch_root /mnt/root /sbin/init",
    ]
    return "\n".join(lines) + "\n"
