# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which engines there are. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Any, List

from .base import Engine
from .ipvs.engine import IpvsEngine
from .keepalived.engine import KeepalivedEngine


def engines() -> List[Engine[Any, Any]]:
    """The engines of a Linux director, each new."""
    return [IpvsEngine(), KeepalivedEngine()]
