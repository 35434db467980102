# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others see on a lab host: programs and libraries that have nothing of the collection in them."""

from __future__ import annotations

import functools
import glob
import os
import re
import subprocess
from typing import Any

import pyroute2

Json = Any

FILES = (
    "/etc/evenkeel/lb.json",
    "/etc/evenkeel/lb.nft",
    "/etc/ipvsadm.rules",
    "/etc/keepalived/evenkeel.conf",
    "/etc/keepalived/keepalived.conf",
)
LITTER = ("/etc/.evenkeel-*", "/etc/evenkeel/.evenkeel-*", "/etc/keepalived/.evenkeel-*", "/etc/evenkeel/lb.json.*")


def printed(*argv: str) -> str:
    """What a program prints; nothing where it is not installed."""
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        return ""


def saved() -> str:
    """The IPVS table as ipvsadm sees it."""
    return printed("ipvsadm", "--save", "-n")


def witnessed(ipvs: Any) -> Json:
    """The IPVS table as pyroute2 sees it, in the fields it decodes rightly.

    Left out: the netmask of IPv6 services, which it takes for an IPv4 address, and a tunnel's port, which it takes for
    a number in host order.
    """
    fields = ("AF", "PROTOCOL", "ADDR", "PORT", "FWMARK", "SCHED_NAME", "TIMEOUT")
    server_fields = ("ADDR", "PORT", "FWD_METHOD", "WEIGHT", "U_THRESH", "L_THRESH", "TUN_TYPE", "TUN_FLAGS")
    found = []
    for message in ipvs.service("dump"):
        service = message.get("IPVS_CMD_ATTR_SERVICE")
        replies = ipvs.dest("dump", pyroute2.IPVSService.from_message(message))
        servers = [reply.get("IPVS_CMD_ATTR_DEST") for reply in replies]
        found.append(
            {
                **{field: service.get(f"IPVS_SVC_ATTR_{field}") for field in fields},
                "FLAGS": service.get("IPVS_SVC_ATTR_FLAGS")["flags"],
                "SERVERS": sorted(
                    ({field: server.get(f"IPVS_DEST_ATTR_{field}") for field in server_fields} for server in servers),
                    key=repr,
                ),
            }
        )
    return found


def files() -> dict[str, str | None]:
    """The text of each file that a run may write, None where there is none."""
    return {path: _text(path) for path in FILES}


def quickly() -> Json:
    """What a run may change and nobody else does: the IPVS table without health, packet rules, files."""
    return {"saved": sorted(line for line in saved().splitlines() if line.startswith("-A")), **_configured()}


def _configured() -> Json:
    return {
        "packets": printed("nft", "-s", "-n", "list", "ruleset"),
        "files": files(),
        "litter": [path for name in LITTER for path in glob.glob(name)],
    }


def everything() -> Json:
    """All there is to see of a director, but for counters, connections, process numbers and what time alone changes."""
    seen = witnessed(_ipvs())
    unit = printed("systemctl", "show", "-p", "ActiveState", "-p", "NRestarts", "keepalived.service")
    addresses = printed("ip", "-o", "address", "show").splitlines()
    return {
        **_configured(),
        "saved": sorted(saved().splitlines()),
        "witnessed": sorted(seen, key=repr),
        "addresses": sorted(re.sub(r"^\d+: |  valid_lft.*|\\.*", "", line) for line in addresses),
        "unit": unit.split(),
    }


@functools.cache  # to open it takes longer than to ask it
def _ipvs() -> Any:
    return pyroute2.IPVS()


def _text(path: str) -> str | None:
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()
