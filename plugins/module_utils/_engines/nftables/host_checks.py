# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a host can hold our table, now and after a boot: what the nftables engine asks it first.

Private to evenkeel.lb.
"""

from __future__ import annotations

from typing import List, Optional, Sequence

from ..._host.nftables import Nftables
from ..._host.system import System
from ..._model.problems import Problem
from . import render

# Loaded at boot, and again after nftables.service has loaded rules of its own, by a unit that the role director brings.
FILE = "/etc/evenkeel/lb.nft"
UNIT = "evenkeel-lb-nftables.service"
CONNTRACK = "net.ipv4.vs.conntrack"
CONNTRACK_FILE = "/proc/sys/net/ipv4/vs/conntrack"

_ROLE = "role evenkeel.lb.director"


def is_on(parameter: Optional[str]) -> bool:
    """Whether the text of a kernel parameter says anything but 0."""
    return (parameter or "").strip() not in ("", "0")


def problems(text: str, rewritten: Sequence[str], system: System) -> List[Problem]:
    """What speaks against a candidate of our file; ``rewritten`` are the virtual servers with source NAT in it."""
    nftables = Nftables(system, render.TABLE)
    if not nftables.is_installed():
        return [Problem("nft", "is not installed", f"the package nftables; {_ROLE} installs it")]
    found = [*_conntrack_problems(rewritten, system), *_unit_problems(system)]
    hint = "a kernel with the nf_tables families ip, ip6 and inet (CONFIG_NF_TABLES_INET), and with nft_nat, nft_ct"
    return found + [
        Problem(f"table {render.TABLE}", f"nft --check says: {said}", hint) for said in nftables.complaints(text)
    ]


def _conntrack_problems(rewritten: Sequence[str], system: System) -> List[Problem]:
    """The role sets the parameter, for every boot. One that somebody reset since then is put right without asking for
    the role: what our file rewrites was checked when it came there."""
    conntrack = system.read(CONNTRACK_FILE)
    is_drift = conntrack is not None and render.rewrites(system.read(FILE) or "")
    if is_on(conntrack) or is_drift:
        return []
    message = f"needs {CONNTRACK} = 1; without it servers would see the client's address"
    return [
        Problem(f"virtual_servers[{name}].source_nat_type", message, f"director_source_nat: true of {_ROLE}")
        for name in rewritten
    ]


def _unit_problems(system: System) -> List[Problem]:
    if system.run(["systemctl", "is-enabled", "--quiet", UNIT]).rc == 0:
        return []
    message = f"is not enabled, so table {render.TABLE} would be gone after a reboot"
    return [Problem(UNIT, message, f"{_ROLE}, which installs and enables it")]
