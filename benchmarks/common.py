# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks share: where the collection is imported from, and where figures go."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
RESULT = REPOSITORY / "build/bench.json"

Measures = dict[str, dict[str, Any]]


@contextlib.contextmanager
def collection() -> Iterator[Path]:
    """The collection under its full name, importable from the working tree; gives the folder it is imported from."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-collections-") as folder:
        namespace = Path(folder) / "ansible_collections/evenkeel"
        namespace.mkdir(parents=True)
        (namespace / "lb").symlink_to(REPOSITORY)
        sys.path.insert(0, folder)
        yield Path(folder)


class Seconds(dict[str, list[float]]):
    """What was measured, by name, round by round."""

    def note(self, name: str, value: float) -> None:
        self.setdefault(name, []).append(value)

    def show(self) -> None:
        print({name: round(values[-1], 3) for name, values in self.items()}, flush=True)


def compared(ours: Sequence[float], reference: Sequence[float], words: str) -> dict[str, Any]:
    """One measure from the seconds of several rounds: the medians, and ours divided by the reference's."""
    mine, theirs = statistics.median(ours), statistics.median(reference)
    return {
        "ratio": float(f"{mine / theirs:.3g}"),
        "ours_s": round(mine, 4),
        "reference_s": round(theirs, 4),
        "reference": words,
    }


def record(measures: Measures) -> None:
    """Add measures to build/bench.json, whose others stay, and print them."""
    kept: Measures = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**kept, **measures}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    for name, measure in measures.items():
        print(
            f"{name:28} {measure['ours_s']:9.3f} s  {measure['ratio']:7.3f} x {measure['reference_s']:9.3f} s"
            f"  {measure['reference']}",
            flush=True,
        )
