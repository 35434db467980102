# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keepalived's checkers write of themselves when they get a signal. Private to evenkeel.lb.

Source: ``check_print_data`` in ``keepalived/check/check_print.c``, alike in 2.2.7 to 2.4.3.
"""

from __future__ import annotations

from typing import Callable, Optional, TypeVar

from ..._host.system import System
from . import daemon

_PID_FILE = "/run/checkers.pid"
_DUMP = "/tmp/keepalived_check.data"  # KA_TMP_DIR of the build
_POLL = 0.02
_SECONDS_TO_WAIT = 3.0

Understood = TypeVar("Understood")


def asked(system: System, understood: Callable[[str], Optional[Understood]]) -> Optional[Understood]:
    """What is ``understood`` of a dump, which is None as long as some of it is still to come; None where the checkers
    do not write one. The file is not left there."""
    pid = (system.read(_PID_FILE) or "").strip()
    # a number that is left of one that died may be another process's by now
    if not pid.isdigit() or f"\nPPid:\t{daemon.main_pid(system)}\n" not in (system.read(f"/proc/{pid}/status") or ""):
        return None
    system.remove(_DUMP)
    system.run(["kill", "-s", "USR1", pid])
    text, end = "", system.now() + _SECONDS_TO_WAIT
    try:
        while system.now() < end:
            system.sleep(_POLL)
            before, text = text, system.read(_DUMP) or ""
            found = understood(text) if text and text == before else None
            if found is not None:
                return found
    finally:
        system.remove(_DUMP)
    return None
