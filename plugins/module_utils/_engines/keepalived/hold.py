# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hold of an HA group: a file that keeps its VIPs away from this director while it is there.

keepalived adds the number in the file to the priority and follows it at once; no file counts as 0 (2.2.7 to 2.4.3,
keepalived/trackers/track_file.c). The file lies beside keepalived.conf, in a folder that is sure to be there:
keepalived does not track a file whose folder is missing when it reads its configuration. The file stays over a restart
and a reboot. Private to evenkeel.lb.
"""

from __future__ import annotations

import re
from typing import Iterable, Iterator, Mapping, Optional

from ..._host.system import System
from ..._model.vip import HaGroup

# The sum is below 1, whatever the priority, and counts as 1: active only when nobody else is there.
LOWEST = -253
# Cannot be active, and leaves at once. In a sync group, which knows no weights, every number but 0 does that.
FAULT = -254

_PATH = "/etc/keepalived/evenkeel-{}.away"
_LINES = re.compile(
    r"^track_file \S+/away \{\n    file .*\n    weight [01]\n\}\n\n|^    track_file \{\n        \S+/away\n    \}\n",
    re.MULTILINE,
)


def path_of(name: str) -> str:
    """The file of a group; the name of a group is fit for that of a file."""
    return _PATH.format(name)


def tracker_name(name: str) -> str:
    """What the file is called in keepalived.conf; a name of a group holds no slash."""
    return f"{name}/away"


def is_hold(tracker: str, file: str) -> bool:
    """Whether a file that keepalived tracks under this name is the hold of a group."""
    name = tracker.rpartition("/")[0]
    return (tracker, file) == (tracker_name(name), path_of(name))


def definition(group: HaGroup, in_sync_group: bool) -> Iterator[str]:
    """The lines that make keepalived follow the file; they have to stand before the instance that tracks it."""
    yield f"track_file {tracker_name(group.name)} {{"
    yield f"    file {path_of(group.name)}"
    # in a sync group keepalived takes weight 0 alone
    yield f"    weight {0 if in_sync_group else 1}"
    yield "}"
    yield ""


def reference(group: HaGroup) -> Iterator[str]:
    """The lines of an instance that say that it tracks the file."""
    yield "    track_file {"
    yield f"        {tracker_name(group.name)}"
    yield "    }"


def without_hold(block: str) -> str:
    """The block of an HA group without the lines that make keepalived follow a hold."""
    return _LINES.sub("", block)


def held_at(in_sync_group: bool) -> int:
    """The number that keeps a group away: one that lets this director stand in when nobody else is there, where
    keepalived knows such."""
    return FAULT if in_sync_group else LOWEST


def moved_by(group: HaGroup, in_sync_group: bool) -> int:
    """The number that makes a group leave this director for another member.

    Where the others take over from a lower priority it is that: they do while this director still has the VIPs, and it
    keeps them when nobody does. Else it has to let go first, and VIPs are nowhere for the skew time of VRRP.
    """
    others = [member.priority for member in group.members if member.name != group.member]
    return LOWEST if group.preempt and not in_sync_group and max(others, default=1) > 1 else FAULT


def text_of(name: str, number: int) -> str:
    """keepalived reads the number in front; the rest is for people."""
    return f"{number} evenkeel.lb.lb_failover keeps HA group {name} away from this director\n"


def is_followed(system: System, name: str, file: str) -> bool:
    """Whether keepalived's ``file`` makes it follow the hold of a group: an older release did not write that."""
    return f"    file {path_of(name)}\n" in (system.read(file) or "")


def is_held(system: System, name: str) -> bool:
    """Whether a group is held away from this director."""
    return system.exists(path_of(name))


def read_all(system: System, names: Iterable[str]) -> Mapping[str, Optional[str]]:
    """The holds of groups, by name; None where there is none."""
    return {name: system.read(path_of(name)) for name in names}


def put(system: System, name: str, text: Optional[str]) -> None:
    """Make the hold of a group this text, or end it. Raises HostFault."""
    if text is None:
        system.remove(path_of(name))
    elif system.read(path_of(name)) != text:
        system.write(path_of(name), text)
