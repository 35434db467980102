# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory Ansible reaches a lab with. Pure: known before the lab is up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evenkeel_lab.plan import Plan


def inventory(plan: Plan, directory: Path) -> dict[str, Any]:
    """What a dynamic inventory answers to --list. Hosts of kind ns are not in it: nothing answers ssh there.

    Each host has lab_name, lab_kind, lab_distro and lab_interfaces: by network its device, ipv4 and ipv6 with prefix
    length (ipv6 null where the network has none).
    """
    hostvars = {}
    for host in plan.hosts:
        if host.kind == "ns":
            continue
        hostvars[host.name] = {
            "ansible_host": host.address,
            "ansible_user": "root",
            # In place of Ansible's own arguments, whose shared connections would outlive the lab.
            "ansible_ssh_args": f"-F {directory / 'ssh_config'}",
            "ansible_python_interpreter": "/usr/bin/python3",
            "lab_name": plan.name,
            "lab_kind": host.kind,
            "lab_distro": host.spec.distro,
            "lab_interfaces": {
                interface.network: {
                    "device": interface.device,
                    "ipv4": str(interface.ipv4),
                    "ipv6": None if interface.ipv6 is None else str(interface.ipv6),
                }
                for interface in host.interfaces
            },
        }
    groups = {name: {"hosts": list(members)} for name, members in plan.spec.groups.items()}
    return {"_meta": {"hostvars": hostvars}, "all": {"hosts": list(hostvars), "children": sorted(groups)}, **groups}
