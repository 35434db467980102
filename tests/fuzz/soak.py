# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fuzz for a long time: a million executions, a new seed each time, which is printed.

    python tests/fuzz/soak.py [--executions N] [--seed S] [--target NAME] [--only NUMBER]

Ends with status 1 when there are findings; each is told with its input and how to execute it alone.
"""

from __future__ import annotations

import argparse
import os
import resource
import secrets
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
EXECUTIONS = 1_000_000
# No input of some thousand bytes may cost more memory than this.
MEMORY = 2 << 30


def main() -> int:
    from ansible_collections.evenkeel.lb.tests.fuzz.fuzz import run
    from ansible_collections.evenkeel.lb.tests.fuzz.targets import TARGETS

    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--executions", type=int, default=EXECUTIONS, help="of all targets together")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("EVENKEEL_SEED") or secrets.randbits(32)))
    parser.add_argument("--target", choices=names, action="append", help="one or more; all without it")
    parser.add_argument("--only", type=int, help="the number of the one execution to repeat")
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    targets = [target for target in TARGETS if target.name in (asked.target or names)]
    each = -(-asked.executions // len(targets))
    numbers = range(each) if asked.only is None else range(asked.only, asked.only + 1)
    print(f"EVENKEEL_SEED={asked.seed}, {len(numbers)} executions of each target", flush=True)
    done, seconds, findings = 0, 0.0, 0
    for target in targets:
        outcome = run(target, asked.seed, numbers)
        done += len(numbers)
        seconds += outcome.seconds
        findings += len(outcome.findings)
        print(
            f"{target.name:24} {outcome.values:8} values {outcome.errors:8} errors of its own"
            f" {len(outcome.findings):4} findings {outcome.seconds:7.1f} s",
            flush=True,
        )
        for finding in outcome.findings[:5]:
            print(finding, file=sys.stderr, flush=True)
    print(f"{done} executions in {seconds:.0f} s: {findings} findings", flush=True)
    return int(findings > 0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="evenkeel-collections-") as folder:
        namespace = Path(folder) / "ansible_collections/evenkeel"
        namespace.mkdir(parents=True)
        (namespace / "lb").symlink_to(REPOSITORY)
        sys.path.insert(0, folder)
        sys.exit(main())
