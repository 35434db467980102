# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the kernel remembers idle connections, as an HA group may say it. Private to evenkeel.lb.

keepalived sets them when it starts (``lvs_timeouts``); a change of them, and what somebody else set since, is brought
about here. What nobody wants any more stays as it is until the next boot: the kernel does not tell its defaults.
"""

from __future__ import annotations

from typing import List, Optional

from ..._host.ipvs_netlink import is_loaded
from ..._host.ipvs_settings import Timeouts, read_timeouts, set_timeouts
from ..._host.system import System
from ..._model.configuration import Configuration
from ..._model.problems import Problem
from ..base import Step
from ..differences import Difference
from .vrrp_text import CONNECTION_TIMEOUTS, active_groups

UNSAID = Timeouts()
_SUBJECT = f"{CONNECTION_TIMEOUTS}: kernel"


def wanted(configuration: Configuration) -> Timeouts:
    """The timeouts of the HA groups that say some; a valid configuration has them agree."""
    for group, _vips in active_groups(configuration):
        said = group.connection_timeouts
        if said is not None:
            return Timeouts(said.tcp or 0, said.tcp_fin or 0, said.udp or 0)
    return UNSAID


def look(system: System) -> Optional[Timeouts]:
    """The timeouts that hold now; None where IPVS is not loaded."""
    return read_timeouts(system) if is_loaded(system) else None


def repairs(engine: str, wish: Timeouts, found: Optional[Timeouts]) -> List[Step]:
    """The step from what holds to what is wanted; none where nothing is wanted, or it holds."""
    if found is None or _holds(wish, found):
        return []
    after = _over(wish, found)
    differences = tuple(
        Difference("ha_groups", f"{CONNECTION_TIMEOUTS.replace(' ', '_')}.{name}", str(said), str(held))
        for name, said, held in zip(Timeouts._fields, after, found)
        if said != held
    )
    return [Step(engine, "repair", _SUBJECT, _text(found), _text(after), payload=wish, differences=differences)]


def settle(system: System, wish: Timeouts) -> None:
    """Make the kernel hold what is wanted. Raises NetlinkError."""
    found = look(system) if wish != UNSAID else None
    if found is not None and not _holds(wish, found):
        set_timeouts(system, wish)


def wrong(system: System, wish: Timeouts) -> List[Problem]:
    """What the kernel does not hold of what is wanted."""
    found = look(system) if wish != UNSAID else None
    if found is None or _holds(wish, found):
        return []
    return [Problem(_SUBJECT, f"are not as wanted: {_line(found)}", _line(_over(wish, found)))]


def _holds(wish: Timeouts, found: Timeouts) -> bool:
    return _over(wish, found) == found


def _over(wish: Timeouts, found: Timeouts) -> Timeouts:
    return Timeouts(*(said or held for said, held in zip(wish, found)))


def _line(timeouts: Timeouts) -> str:
    return f"tcp {timeouts.tcp}, tcp_fin {timeouts.tcp_fin}, udp {timeouts.udp}"


def _text(timeouts: Timeouts) -> str:
    return _line(timeouts) + "\n"
