# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way into a lab's hosts: one key for all labs, one ssh configuration for each lab."""

from __future__ import annotations

import sys
from pathlib import Path

from evenkeel_lab.base import HERE, cache, command
from evenkeel_lab.lock import exclusive
from evenkeel_lab.plan import Plan
from evenkeel_lab.progress import say

_CONNECTION = "cm-"


def private_key() -> Path:
    """The key that opens every host; made when there is none."""
    key = cache() / "ssh" / "id_ed25519"
    if not key.exists():
        with exclusive(cache() / "lock" / "ssh", lambda: say("another lab makes the ssh key; waiting")):
            if not key.exists():
                key.parent.mkdir(parents=True, exist_ok=True)
                new = key.with_suffix(".new")
                for leftover in (new, new.with_suffix(".new.pub")):
                    leftover.unlink(missing_ok=True)
                command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "evenkeel lab", "-f", new)
                Path(f"{new}.pub").rename(f"{key}.pub")
                new.rename(key)
    return key


def public_key() -> str:
    """The line hosts have in authorized_keys."""
    return Path(f"{private_key()}.pub").read_text()


def configuration(plan: Plan, directory: Path) -> str:
    """The text of an ssh_config that reaches the lab's hosts by name and by address.

    Connections start inside the lab's namespace: no address of a lab exists in the machine's own network, so labs with
    the same addresses run side by side.
    """
    lines = []
    for host in plan.hosts:
        if host.kind != "ns":
            lines += [f"Host {host.name}", f"  HostName {host.address}"]
    enter = f"nsenter --net=/run/netns/{plan.namespace}"
    options = {
        "User": "root",
        "IdentityFile": private_key(),
        "IdentitiesOnly": "yes",
        # Hosts are made anew each time, all with the keys of their shared root file system.
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
        "GSSAPIAuthentication": "no",
        "ProxyCommand": f"{enter} {sys.executable} -IS {HERE / 'guest' / 'connect.py'} %h %p",
        "ProxyUseFdpass": "yes",
        "ControlMaster": "auto",
        "ControlPersist": "60s",
        # Within the lab's directory, so that no connection to an earlier lab of that name is ever used.
        "ControlPath": directory / f"{_CONNECTION}%h",
    }
    return "\n".join([*lines, "Host *", *(f"  {name} {value}" for name, value in options.items())]) + "\n"


def disconnect(directory: Path, address: str = "*") -> None:
    """End the shared connections to a host, or to all: one to a host that lost its power would only hang."""
    for connection in directory.glob(f"{_CONNECTION}{address}"):
        # Its process may be gone, and leave only the socket; then there is nothing to end.
        command("ssh", "-O", "exit", "-o", f"ControlPath={connection}", "lab", check=False)
        connection.unlink(missing_ok=True)
