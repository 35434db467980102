# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The distributions hosts can run: where each comes from and what is in it."""

from __future__ import annotations

from dataclasses import dataclass

# What a host is born with: an init, a way in, and what Ansible needs. The smallest Ubuntu has no apt.
_BASE = (
    "apt systemd-sysv dbus openssh-server python3 python3-apt iproute2 iputils-ping nftables kmod procps e2fsprogs"
    " ca-certificates netbase sudo curl perl"
).split()

# What a role may install on it, from the lab's own package repository.
_OFFERED = "keepalived ipvsadm haproxy conntrack tcpdump socat".split()


@dataclass(frozen=True)
class Distro:
    """One release of a distribution. keepalived is not in `base`, but the thousands of files it depends on are.

    Installing it takes seconds that way, as on any machine that has been in use for a while.
    """

    name: str
    vendor: str
    base: tuple[str, ...]
    offered: tuple[str, ...] = tuple(_OFFERED)


DISTROS = {
    distro.name: distro
    for distro in (
        Distro("bookworm", "debian", (*_BASE, "libsnmp40")),
        Distro("trixie", "debian", (*_BASE, "libsnmp40t64")),
        Distro("noble", "ubuntu", (*_BASE, "libsnmp40t64")),
    )
}
