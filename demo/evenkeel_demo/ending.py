# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The last words."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

NEXT = """
Where to look next:
  make demo KEEP=1                                    the same, but the lab stays up for you to play with
  demo/inventory/                                     all that was said about the pair; copy it and change the names
  ansible-doc -t module evenkeel.lb.lb_virtual_server the manual of a module; README.md lists them
  build/demo/                                         what Ansible and the lab said meanwhile"""


def summary(report: dict[str, Any], path: str) -> str:
    """The numbers once more, and where they are."""
    requests, seconds = report["requests"], report["seconds"]
    death = report["server_death"]
    rows = [
        ("requests", f"{requests['sent']} sent, {requests['failed']} failed"),
        ("second run", f"{report['second_run_changed']} changes"),
        (
            "server without power",
            f"out after {death['removed_after_ms']} ms; {death['failed_requests']} requests failed",
        ),
        ("director without power", f"served again after {report['director_death']['gap_ms']} ms"),
        ("seconds", ", ".join(f"{name} {value}" for name, value in seconds.items())),
    ]
    return "\n".join(["", f"In short ({path}):", *(f"  {name:<23} {text}" for name, text in rows), ""])


def kept(lab: str) -> str:
    """How to use a lab that stays, and how to end it."""
    bin_directory = Path(sys.executable).parent
    places = [f"{name}={os.environ[name]}" for name in ("EVENKEEL_CACHE", "LAB_RUN") if name in os.environ]
    commands = [
        *([("before anything else", f"export {' '.join(places)}")] if places else []),
        ("a shell on a director", f"tests/lab/lab ssh {lab} lb1"),
        (
            "ten requests of the client",
            f"tests/lab/lab ns {lab} client python3 tests/lab/traffic/client.py tcp 10.10.0.50 80 10",
        ),
        ("power off, and on again", f"tests/lab/lab kill {lab} lb1; tests/lab/lab boot {lab} lb1"),
        ("the playbook once more", f"(cd demo && DEMO_LAB={lab} {bin_directory}/ansible-playbook evenkeel.lb.ha_pair)"),
        ("take it down", f"tests/lab/lab down {lab}"),
    ]
    return "\n".join([f"The lab {lab} stays up:", *(f"  {name:<27} {text}" for name, text in commands)])
