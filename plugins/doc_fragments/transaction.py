# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of every module about how a change is carried out."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
---
options:
  on_error:
    description:
      - What happens when a change fails on the director after it began.
      - V(rollback) puts back everything that was touched, files, kernel and daemons, and tells what could not be.
      - V(stop) leaves everything as it is at that moment, for people to look at. The intended configuration is not
        recorded then; run the task again to go on, or a task with the old values to go back.
    type: str
    choices: [rollback, stop]
    default: rollback
"""
