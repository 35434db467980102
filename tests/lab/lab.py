# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts the lab program; `lab` beside this file chooses the interpreter."""

import sys

from evenkeel_lab.cli import main

sys.exit(main())
