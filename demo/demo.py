# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What demo/run starts."""

from __future__ import annotations

import sys

from evenkeel_demo.main import main

if __name__ == "__main__":
    sys.exit(main())
