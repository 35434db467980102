# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab program's package and its traffic tools, importable by the tests of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[2] / "lab"

sys.path[:0] = [str(LAB), str(LAB / "traffic")]


@pytest.fixture
def document() -> dict:
    """A description with a host of each kind, as YAML gives it."""
    return {
        "name": "small",
        "networks": {
            "mgmt": {"ipv4": "172.31.0.0/24"},
            "front": {"ipv4": "10.10.0.0/24", "ipv6": "fd10::/64"},
        },
        "hosts": {
            "lb1": {"id": 11, "kind": "vm", "distro": "trixie"},
            "web1": {"id": 21, "kind": "ct", "distro": "bookworm"},
            "client": {"id": 100, "kind": "ns"},
        },
        "groups": {"directors": ["lb1"], "servers": ["web1"]},
    }
