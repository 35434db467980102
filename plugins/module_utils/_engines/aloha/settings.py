# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How ALOHA's configuration API is used: the settings that a user may change, and their cautious defaults.

Private to evenkeel.lb.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Mapping


@dataclass(frozen=True)
class Settings:
    """``create_method`` is auto (POST, and PUT where that is not offered), post or put; ``delete_method`` is delete, or
    refuse where objects are only to be deleted by hand. ``lock_timeout`` and ``settle`` are seconds. A save request is
    sent where ``save_path`` is set."""

    scope: str = "root"
    paths: Mapping[str, str] = field(default_factory=dict)
    create_method: str = "auto"
    delete_method: str = "delete"
    lock_timeout: float = 60.0
    settle: float = 0.0
    save_method: str = "POST"
    save_path: str = ""
    save_body: Mapping[str, str] = field(default_factory=dict)
