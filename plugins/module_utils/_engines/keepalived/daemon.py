# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keepalived daemon: is it running, reload it, ask it about a candidate. Private to evenkeel.lb."""

from __future__ import annotations

import contextlib
import re
from typing import List, Optional

from ..._host.system import Completed, System
from ..._model.problems import Problem
from ..base import EngineFault
from ..blocks import Blocks, subject_at
from ..capabilities import Version
from ..versions import version_in
from .parse import Complaint, complaints
from .render import document

FILE = "/etc/keepalived/evenkeel.conf"
MAIN = "/etc/keepalived/keepalived.conf"
_UNIT = "keepalived.service"
_POLL = 0.1
# How long a state that is none to stay in may last. keepalived stops for up to 5 s where it holds VIPs; it is ready
# within one, but 2.2.7 never says so where it found nothing to do.
_SECONDS_IN_BETWEEN = {"deactivating": 10.0, "activating": 3.0}
# Names that no "include *.conf" of a user matches: glob(3) leaves out names that begin with a dot.
_CANDIDATE = "/etc/keepalived/.evenkeel-candidate.conf"
_CANDIDATE_MAIN = "/etc/keepalived/.evenkeel-check.conf"
_INCLUDE = re.compile(rf'^([ \t]*include[ \t]+)"?{re.escape(FILE)}"?[ \t]*$', re.MULTILINE)
# keepalived before 2.2.8 ends itself with SIGTERM while checking a configuration that has scripts and script security
# (acassen/keepalived issue 2587): the candidate was not checked, which is not the same as refused.
_RC_UNCHECKED = 143
# Who may ping. keepalived that reads a PING_CHECK lets root ping, and with -t leaves it so (set_ping_group_range in
# check_ping.c).
_PING_GROUPS = "/proc/sys/net/ipv4/ping_group_range"
# lib/scheduler.h, enum chk_exit_code: something was reported; scripts run without script security
_RC_REPORTED = (5, 6)


def is_active(system: System) -> bool:
    """Whether keepalived runs; false where it is not installed. One that is stopping or starting is waited for."""
    if system.which("keepalived") is None:
        return False
    state, since = "", system.now()
    while True:
        done = system.run(["systemctl", "is-active", _UNIT])
        if done.stdout.strip() != state:
            state, since = done.stdout.strip(), system.now()
        if system.now() - since >= _SECONDS_IN_BETWEEN.get(state, 0.0):
            return done.rc == 0
        system.sleep(_POLL)


def version(system: System) -> Optional[Version]:
    """The version of the installed keepalived; None where there is none."""
    if system.which("keepalived") is None:
        return None
    done = system.run(["keepalived", "--version"])
    return version_in(done.stderr + done.stdout)


def main_pid(system: System) -> int:
    """The process id of the running daemon, 0 when it does not run."""
    return int(system.run(["systemctl", "show", "--property=MainPID", "--value", _UNIT]).stdout.strip() or 0)


def reload(system: System) -> None:
    """Make the running daemon read its files again."""
    _systemctl(system, "reload")


def take_in(system: System, anew: bool) -> str:
    """Let the running daemon take in a changed file by a reload, or ``anew``; what was done, in words."""
    (start if anew else reload)(system)
    return "keepalived restart" if anew else "keepalived reload"


def start(system: System) -> None:
    """Start the daemon and wait until it says that it is ready."""
    # One that is just starting has read our file as it was, and keepalived 2.2.7 never says that it is ready when it
    # found nothing to do there: it would be waited for until systemd gives up.
    # Each start is asked for: systemd, which refuses the sixth within ten seconds, is to count none of them. It has
    # nothing to forget of a unit that it has not loaded, and says so.
    system.run(["systemctl", "reset-failed", _UNIT])
    _systemctl(system, "restart")


def stop(system: System) -> None:
    """Stop the daemon; it takes its VIPs and services with it."""
    _systemctl(system, "stop")


def _systemctl(system: System, verb: str) -> None:
    done = system.run(["systemctl", verb, _UNIT], timeout=90)
    if done.rc != 0:
        raise EngineFault(f"systemctl {verb} {_UNIT} failed: {done.stderr.strip()}; see journalctl -u {_UNIT}")


def lacking(system: System) -> List[Problem]:
    """What has to be there before keepalived can be told anything: itself, and a line that makes it read our file."""
    if system.which("keepalived") is None:
        return [
            Problem("keepalived", "is not installed", "the package keepalived; role evenkeel.lb.director installs it")
        ]
    if not _INCLUDE.search(system.read(MAIN) or ""):
        return [
            Problem(
                MAIN, f"does not include {FILE}", f"the line 'include {FILE}'; role evenkeel.lb.director puts it there"
            )
        ]
    return []


def refusals(system: System, blocks: Blocks) -> List[Problem]:
    """What ``keepalived -t`` on this host says about the whole configuration with ``blocks`` in place of our file.

    Complaints that the running configuration earns too are the user's own business and are left out.
    """
    missing = lacking(system)
    if missing:
        return missing
    main, candidate = system.read(MAIN) or "", document(blocks)
    with contextlib.ExitStack() as afterwards:
        for file in (_CANDIDATE, _CANDIDATE_MAIN):  # the one also where the other cannot be removed
            afterwards.callback(system.remove, file)
        system.write(_CANDIDATE, candidate, mode=0o600)
        system.write(_CANDIDATE_MAIN, _INCLUDE.sub(rf"\g<1>{_CANDIDATE}", main), mode=0o600)
        done = _test(system, _CANDIDATE_MAIN)
    if done.rc in (0, _RC_UNCHECKED):
        return []
    said = complaints(done.stderr + done.stdout, _CANDIDATE)
    known = {complaint.text for complaint in _live_complaints(system)}
    fresh = [complaint for complaint in said if complaint.text not in known]
    if not fresh and done.rc not in _RC_REPORTED:
        return [Problem("keepalived", f"keepalived -t ended with status {done.rc} and said nothing new")]
    return [
        Problem(subject_at(candidate, complaint.line) or "keepalived", f"keepalived -t says: {complaint.text}")
        for complaint in fresh
    ]


def _live_complaints(system: System) -> List[Complaint]:
    done = _test(system, MAIN)
    return complaints(done.stderr + done.stdout, _CANDIDATE)


def _test(system: System, file: str) -> Completed:
    """How ``keepalived -t`` ends for a file; nothing on the host is different afterwards."""
    ping_groups = system.read(_PING_GROUPS)
    done = system.run(["keepalived", "-t", "-f", file], timeout=120)
    if ping_groups is not None and system.read(_PING_GROUPS) != ping_groups:
        system.write_in_place(_PING_GROUPS, ping_groups)
    return done
