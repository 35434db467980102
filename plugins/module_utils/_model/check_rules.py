# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong between a health check and the servers it tests. Private to evenkeel.lb."""

from __future__ import annotations

import ipaddress
from typing import Dict, List

from .configuration import Configuration
from .problems import Problem


def check_problems(configuration: Configuration) -> List[Problem]:
    """A health check that tests from an address reaches servers of its IP version only; one problem for each check."""
    found: Dict[str, Problem] = {}
    for farm_name, farm in sorted(configuration.farms.items()):
        for server in farm.servers or ():
            check = configuration.health_checks.get(server.health_check or farm.health_check or "")
            if check is None or check.source is None or server.address is None or check.name in found:
                continue
            version = ipaddress.ip_address(server.address).version
            if ipaddress.ip_address(check.source).version != version:
                found[check.name] = Problem(
                    f"health_checks[{check.name}].source",
                    f"{check.source} is not IPv{version} as server {server.name!r} of farm {farm_name!r} is",
                    f"an IPv{version} address, or leave it out",
                )
    return list(found.values())
