# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fill, read and empty the kernel's IPVS table: our codec against ipvsadm, in turn, on one freshly booted lab host.

Writes the medians in seconds and their ratios (ipvsadm's time divided by ours: above 1 we are faster) to
build/bench.json under "ipvs_fill". A lab host is slower than real hardware: only the ratios say something.
Ours are measured inside a running Python, as a module's run is; ipvsadm's include the start of its process.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
RESULT = REPOSITORY / "build/bench.json"
LAB_NAME = f"bench-ipvs-{os.getpid()}"
SERVICES = 1000
SERVERS = 10
ROUNDS = 5
PARTS = ("fill", "read", "empty")


def main() -> None:
    from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import render
    from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
        MASQUERADE,
        TCP,
        Destination,
        Service,
        ServiceKey,
        Table,
    )
    from ansible_collections.evenkeel.lb.tests.contract.director import SPEC, Director, lab
    from ansible_collections.evenkeel.lb.tests.contract.driver import table_to_json

    servers = [Destination(f"10.99.0.{number}", 80, MASQUERADE, number) for number in range(1, SERVERS + 1)]
    keys = [ServiceKey.of_address(TCP, f"10.{number >> 8}.{number & 255}.1", 80) for number in range(SERVICES)]
    table = Table([(Service(key, "wrr"), servers) for key in keys])
    given = {"measure": table_to_json(table), "measure_ipvsadm": render(table)}
    times: dict[str, list[dict[str, float]]] = {command: [] for command in given}
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        director = Director(LAB_NAME)
        director.equip("ipvsadm")
        version = director.drive("info")[0]
        for _round in range(ROUNDS):
            for command, argument in given.items():
                measured = director.drive(command, argument)
                if not measured.pop("equal"):
                    raise SystemExit(f"{command} did not make the table it was asked for")
                times[command].append(measured)
        kernel = director.shell("uname -r").strip()
        director.close()
    finally:
        lab("down", LAB_NAME)
    medians = {
        command: {part: statistics.median(one[part] for one in measured) for part in PARTS}
        for command, measured in times.items()
    }
    ours, theirs = medians["measure"], medians["measure_ipvsadm"]
    report = {
        "objects": SERVICES * (1 + SERVERS),
        "rounds": ROUNDS,
        "kernel": kernel,
        "ipvs": ".".join(map(str, version)),
        "seconds": {"evenkeel": ours, "ipvsadm": theirs},
        "ratio": {part: round(theirs[part] / ours[part], 2) for part in PARTS},
    }
    results = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    results["ipvs_fill"] = report
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="evenkeel-collections-") as folder:
        namespace = Path(folder) / "ansible_collections/evenkeel"
        namespace.mkdir(parents=True)
        (namespace / "lb").symlink_to(REPOSITORY)
        sys.path.insert(0, folder)
        main()
