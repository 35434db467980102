# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validate a whole configuration of 10,000 virtual servers with 10 servers each, and how the cost grows from 1,000.

Writes to build/bench.json, under "model.validate_growth" for the validation (parsing and all rules), and under
"model.parse_growth" and "model.rules_growth" for its two halves: the processor seconds for 10,000 ("ours_s") and for
1,000 ("reference_s"), best of the rounds, and their ratio: 10 is linear growth. "model.validate_wrong_growth" is the
same for a configuration in which every virtual server names a farm that is not there. Ends with status 1 when the
validation of the large one takes 10 s or more.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from typing import Any

from common import collection, record

LARGE, SMALL = 10_000, 1_000
SERVERS = 10
ROUNDS = 3
SECONDS_ALLOWED = 10


def document(virtual_servers: int, farm_of: Callable[[int], str] = "farm{}".format) -> dict[str, Any]:
    """Virtual servers with a farm of its own each; all farms share a health check."""
    return {
        "health_checks": [{"name": "http", "type": "http", "interval": 2, "uri": "/health"}],
        "farms": [
            {
                "name": f"farm{number}",
                "balance": "weighted_round_robin",
                "health_check": "http",
                "servers": [
                    {"name": f"server{server}", "address": f"10.{number >> 8}.{number & 255}.{server + 1}", "weight": 5}
                    for server in range(SERVERS)
                ],
            }
            for number in range(virtual_servers)
        ],
        "virtual_servers": [
            {"name": f"service{number}", "vip": f"10.250.{number // 250}.{number % 250 + 1}", "port": 80}
            | {"farm": farm_of(number)}
            for number in range(virtual_servers)
        ],
    }


def measured(raw: dict[str, Any], expected_problems: int) -> dict[str, float]:
    from ansible_collections.evenkeel.lb.plugins.module_utils._model.addresses import _unicast
    from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
    from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems

    # what an earlier round parsed fits in the cache for the small configuration alone
    _unicast.cache_clear()
    gc.collect()
    start = time.process_time()
    configuration = Configuration.from_document(raw)
    parsed = time.process_time()
    problems = all_problems(configuration)
    end = time.process_time()
    if len(problems) != expected_problems:
        raise SystemExit(f"{expected_problems} problems were expected, {len(problems)} found")
    return {"parse": parsed - start, "rules": end - parsed, "validate": end - start}


def best(raw: dict[str, Any], expected_problems: int) -> dict[str, float]:
    """The smallest of each figure over the rounds: what a shared machine adds is never part of the cost."""
    rounds = [measured(raw, expected_problems) for _round in range(ROUNDS)]
    return {name: min(figures[name] for figures in rounds) for name in rounds[0]}


def growth(large: float, small: float) -> dict[str, Any]:
    return {
        "ratio": round(large / small, 2),
        "ours_s": round(large, 3),
        "reference_s": round(small, 3),
        "reference": f"the same with {SMALL} virtual servers instead of {LARGE}, {SERVERS} servers each",
    }


def main() -> int:
    large, small = (best(document(size), 0) for size in (LARGE, SMALL))
    report = {f"model.{part}_growth": growth(large[part], small[part]) for part in large}
    large_wrong, small_wrong = (best(document(size, "gone{}".format), size) for size in (LARGE, SMALL))
    report["model.validate_wrong_growth"] = growth(large_wrong["validate"], small_wrong["validate"])
    record(report)
    return int(large["validate"] >= SECONDS_ALLOWED)


if __name__ == "__main__":
    # as in the process of a module
    gc.set_threshold(50_000)
    with collection():
        sys.exit(main())
