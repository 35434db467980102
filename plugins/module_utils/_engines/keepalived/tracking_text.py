# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an HA group tracks as keepalived configuration text. Pure. Private to evenkeel.lb.

Everything is tracked with weight 0: what fails puts the group into FAULT, in which it holds no VIP whatever the others
do. A weight would only lower the priority, and a sync group takes weight 0 alone. Source: keepalived.conf(5) of 2.2.7
to 2.4.3.
"""

from __future__ import annotations

from typing import Iterator, List

from ..._model.objects import with_defaults
from ..._model.vip import HaGroup, TrackedScript
from .words import word

_TRACK_PROCESS = "vrrp_track_process"


def trackers(group: HaGroup) -> Iterator[str]:
    """The scripts and processes of a group; keepalived wants them defined before the instance that tracks them."""
    for script in map(with_defaults, group.tracked_scripts or ()):
        yield from _script(group, script)
    for program in group.tracked_services or ():
        yield f"{_TRACK_PROCESS} {tracker_name(group, program)} {{"
        yield f"    process {word(program)}"
        yield "}"
        yield ""


def tracking(group: HaGroup) -> Iterator[str]:
    """The lines of an instance that say what it tracks."""
    # keepalived tracks the instance's own interface by itself
    interfaces = [word(name) for name in group.tracked_interfaces or () if name != group.interface]
    scripts = [tracker_name(group, script.name) for script in group.tracked_scripts or ()]
    programs = [tracker_name(group, program) for program in group.tracked_services or ()]
    yield from _listed("track_interface", interfaces)
    yield from _listed("track_process", programs)
    yield from _listed("track_script", scripts)


def needs_restart(before: str, after: str) -> bool:
    """Whether only a restart makes a running keepalived follow ``after`` in place of ``before``, whole files.

    The first process to be tracked: a reload looks for it once and then hears of no change, because only a start asks
    the kernel to tell of processes (2.2.7 to 2.4.3, reload_track_processes in core/track_process.c).
    """
    return _TRACK_PROCESS in after and _TRACK_PROCESS not in before


def tracker_name(group: HaGroup, name: str) -> str:
    """What a tracker of a group is called: no name of a user's or of another group's, as a name holds no slash."""
    return f"{group.name}/{name}"


def _script(group: HaGroup, script: TrackedScript) -> Iterator[str]:
    yield f"vrrp_script {tracker_name(group, script.name)} {{"
    yield f'    script "{script.command}"'
    yield f"    interval {script.interval}"
    yield f"    timeout {script.timeout or script.interval}"
    yield f"    rise {script.rise}"
    yield f"    fall {script.fall}"
    # said, because keepalived would otherwise take the user keepalived_script where there is one
    yield "    user root root"
    yield "}"
    yield ""


def _listed(keyword: str, names: List[str]) -> Iterator[str]:
    if names:
        yield f"    {keyword} {{"
        yield from (f"        {name}" for name in names)
        yield "    }"
