# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module of the collection promises about check mode, diff, repetition, platform and action group."""

from __future__ import annotations


class ModuleDocFragment:
    # The promises that hold for every module, whatever its object.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in check_mode and return changed status prediction without modifying target.
    details:
      - The prediction comes from the same plan that the real run then applies, and nothing is written.
  diff_mode:
    support: full
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
  idempotent:
    support: full
    description: >-
      When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    details:
      - Health is never compared. A server that its health check has taken out of rotation is no change.
  platform:
    support: full
    platforms: posix
    description: Target OS/families that can be operated against.
    details:
      - Tested on Debian 12, Debian 13 and Ubuntu 24.04. Needs Python 3.9 or later there, with nothing but its standard
        library.
  action_group:
    support: full
    description: Use C(group/evenkeel.lb.lb) in C(module_defaults) to set defaults for this module.
    membership:
      - evenkeel.lb.lb
"""
