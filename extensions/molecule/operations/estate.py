#!/usr/bin/env python3
# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Prints 1,000 virtual servers with a farm of two servers each, as configuration: estate.py CHANGED

The first CHANGED farms are balanced otherwise than the others.
"""

from __future__ import annotations

import json
import sys

COUNT = 1000
changed = int(sys.argv[1])

farms, virtual_servers = [], []
for number in range(COUNT):
    farms.append(
        {
            "name": f"estate{number}",
            "mode": "gateway",
            "balance": "weighted_round_robin" if number < changed else "round_robin",
            "servers": [{"name": name, "address": f"10.10.0.2{name[-1]}", "port": 80} for name in ("web1", "web2")],
        }
    )
    virtual_servers.append(
        {
            "name": f"estate{number}",
            "vip": f"10.99.{number // 250}.{number % 250 + 1}",
            "port": 80,
            "protocol": "tcp",
            "farm": f"estate{number}",
        }
    )
print(json.dumps({"farms": farms, "virtual_servers": virtual_servers}))
