# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts what is in build/bench.json into docs/benchmarks.md, between its two marks: a table, a plot, and what machine.

To be run where and when that was measured.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import re
import subprocess
from pathlib import Path

from common import REPOSITORY, RESULT, Measures

PAGE = REPOSITORY / "docs/benchmarks.md"
LAB = REPOSITORY / "tests/lab/lab"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
# Characters of the plot for a factor of ten, and how many factors of ten it shows to each side.
WIDE, DECADES = 10, 3
# The most that a ratio is to be.
GOALS = {
    "ipvs.fill": 0.2,
    "ipvs.dump": 1.2,
    "ipvs.module_empty": 0.7,
    "ipvs.module_nochange": 4.0,
    "ipvs.growth": 1.2,
    "config.empty_task": 2.0,
    "config.nochange": 2.0,
    "config.one_change": 2.0,
    "config.keepalived_empty_task": 2.0,
    "config.keepalived_nochange": 2.0,
    "config.keepalived_one_change": 2.0,
    "config.loop": 0.01,
    "haproxy.one_weight_socket": 1.5,
}


def machine() -> str:
    """The processors, what runs on them, the lab's kernel, and today's date."""
    model = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(encoding="ascii"), re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="(.*)"$', Path("/etc/os-release").read_text(encoding="utf-8"), re.MULTILINE)
    told = subprocess.run([LAB, "kernel", "packaged"], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, check=True)
    kernel = re.search(r"kernel: (.*)", told.stdout.decode())
    assert model and system and kernel, told.stdout
    return (
        f"Measured on {datetime.date.today():%Y-%m-%d} on {os.cpu_count()} processors ({model[1]}) under {system[1]};"
        f" the director is a lab host with a Linux kernel in user mode ({kernel[1]})."
    )


def table(measures: Measures) -> list[str]:
    """What was measured, against what, and what it was to be."""
    rows = ["| measure | seconds | reference | seconds | ratio | goal |", "|---|---:|---|---:|---:|---:|"]
    for name, measure in sorted(measures.items()):
        goal = f"≤ {GOALS[name]:g}" if name in GOALS else ""
        missed = " (missed)" if name in GOALS and measure["ratio"] > GOALS[name] else ""
        times = f"{measure['ours_s']:.3f} | {measure['reference']} | {measure['reference_s']:.3f}"
        rows.append(f"| `{name}` | {times} | {measure['ratio']:g} | {goal}{missed} |")
    return rows


def plot(measures: Measures) -> list[str]:
    """Bars from the middle: to the left where ours takes less time than the reference."""
    half = WIDE * DECADES
    names = max(map(len, measures))
    scale = "".join(f"{f'{10.0**decade:g}':>{WIDE}}" for decade in range(-DECADES, DECADES + 1))
    lines = ["```text", f"{'ratio':{names - WIDE + 2}}{scale}"]
    for name, measure in sorted(measures.items()):
        length = max(-half, min(half, round(WIDE * math.log10(measure["ratio"]))))
        left, right = "█" * max(0, -length), "█" * max(0, length)
        lines.append(f"{name:{names}} {left:>{half}}|{right}".rstrip())
    return [*lines, "```"]


def main() -> None:
    measures: Measures = json.loads(RESULT.read_text(encoding="utf-8"))
    before, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _measured, _end, after = rest.partition(END)
    told = [BEGIN, "", machine(), "", *table(measures), "", *plot(measures), "", END]
    PAGE.write_text(before + "\n".join(told) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
