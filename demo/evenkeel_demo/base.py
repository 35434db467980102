# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every part of the demo may use: where things are, and how a failure is told."""

from __future__ import annotations

from pathlib import Path

#: This checkout.
REPOSITORY = Path(__file__).resolve().parents[2]

#: Logs of one run of the demo; the next run replaces them.
LOGS = REPOSITORY / "build" / "demo"

#: The numbers of the last run that went as told.
REPORT = REPOSITORY / "build" / "demo.json"


class NotAsTold(Exception):
    """Something went otherwise than the story says; its text is all that is shown."""
