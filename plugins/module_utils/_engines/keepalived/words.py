# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How values are written in keepalived.conf. Pure. Private to evenkeel.lb."""

from __future__ import annotations


def seconds(duration: float) -> str:
    """Seconds to the hundredth, in as few characters as there can be."""
    return f"{duration:.2f}".rstrip("0").rstrip(".")
