# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions of software there are on a host. Private to evenkeel.lb."""

from __future__ import annotations

import re
from typing import Optional

from .._host.system import System
from .capabilities import Version

_OSRELEASE = "/proc/sys/kernel/osrelease"


def version_in(text: str) -> Optional[Version]:
    """The first version number in a text, as numbers; None without one."""
    match = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(map(int, match[0].split("."))) if match else None


def linux(system: System) -> Optional[Version]:
    """The version of the running kernel."""
    return version_in(system.read(_OSRELEASE) or "")
