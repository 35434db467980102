# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What witnesses have to say of an IPVS table that the kernel holds."""

from __future__ import annotations

import os
import re
import secrets
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import render
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import Entry, Table


def chosen_seed() -> int:
    """A new seed, printed; or the one of a run that shall be repeated, from EVENKEEL_SEED."""
    seed = int(os.environ.get("EVENKEEL_SEED") or secrets.randbits(32))
    print(f"EVENKEEL_SEED={seed}")
    return seed


def joined(*tables: Table) -> Table:
    return Table((entry.service, entry.destinations) for table in tables for entry in table.values())


def saved_lines(table: Table) -> list[str]:
    """What ipvsadm --save prints for the table, sorted: it forgets thresholds, and the third flag of sh and mh.

    Of a service that has the third flag alone it prints an empty list of flags.
    """
    lines = (re.sub(r" -[xy] \d+", "", line) for line in render(table).splitlines())
    return sorted(re.sub(r"(-s [sm]h .*-b (?:\S+(?=,))?),?flag-3", r"\1", line) for line in lines)


def witness_of(table: Table) -> list[dict[str, Any]]:
    """What pyroute2 decodes of the table, in the fields it decodes rightly; sorted."""
    return by_key([_witness_of(entry) for entry in table.values()])


def _witness_of(entry: Entry) -> dict[str, Any]:
    key, service = entry.service.key, entry.service
    servers = [
        {
            "ADDR": server.address,
            "PORT": server.port,
            "FWD_METHOD": server.forward,
            "WEIGHT": server.weight,
            "U_THRESH": server.u_threshold,
            "L_THRESH": server.l_threshold,
            "TUN_TYPE": server.tunnel_type,
            "TUN_FLAGS": server.tunnel_flags,
        }
        for server in entry.destinations
    ]
    return {
        "AF": key.family,
        "PROTOCOL": None if key.fwmark else key.protocol,
        "ADDR": None if key.fwmark else key.address,
        "PORT": None if key.fwmark else key.port,
        "FWMARK": key.fwmark or None,
        "SCHED_NAME": service.scheduler,
        "TIMEOUT": service.timeout,
        "FLAGS": service.flags | 0x2,
        "SERVERS": servers,
    }


def by_key(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a witness saw, in an order of its own."""
    for service in services:
        service["SERVERS"].sort(key=lambda server: (server["ADDR"], server["PORT"]))
    fields = ("AF", "PROTOCOL", "ADDR", "PORT", "FWMARK")
    return sorted(services, key=lambda service: [str(service[field]) for field in fields])
