# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs on a lab host: what IPVS has besides its table.

    python3 settings.py COMMAND '[ARGUMENT…]'

Prints the JSON of the result, or the sentence of the error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._host import ipvs_settings
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_netlink import apply, flush
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import Daemon, Timeouts
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    TCP,
    TUNNEL,
    Destination,
    Operation,
    ServiceKey,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import NetlinkError
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import System

SYSTEM = System()
WEB = ServiceKey.of_address(TCP, "10.10.0.50", 80)


def add_tunnel(address: str) -> None:
    """A server behind a tunnel for a service on 10.10.0.50:80."""
    apply(SYSTEM, [Operation("add", WEB, None, Destination(address, 80, TUNNEL, 1))])


COMMANDS: dict[str, Callable[..., Any]] = {
    "read_daemons": lambda: ipvs_settings.read_daemons(SYSTEM),
    "start_daemon": lambda values: ipvs_settings.start_daemon(SYSTEM, Daemon(*values)),
    "stop_daemon": lambda role: ipvs_settings.stop_daemon(SYSTEM, role),
    "read_timeouts": lambda: ipvs_settings.read_timeouts(SYSTEM),
    "set_timeouts": lambda values: ipvs_settings.set_timeouts(SYSTEM, Timeouts(*values)),
    "zero_counters": lambda *keys: ipvs_settings.zero_counters(SYSTEM, *(ServiceKey(*key) for key in keys)),
    "add_tunnel": add_tunnel,
    "flush": lambda: flush(SYSTEM),
}

if __name__ == "__main__":
    try:
        result = COMMANDS[sys.argv[1]](*json.loads(sys.argv[2]))
    except NetlinkError as error:
        result = str(error)
    print(json.dumps(result))
