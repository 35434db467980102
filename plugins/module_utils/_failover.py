# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moving the VIPs of an HA group away from this director and back, and waiting until that is true.

VRRP tells a director who is active, not who could be: a standby is silent. Whether another member takes over is known
when it has; where none does, the hold is put back as it was before. Private to evenkeel.lb.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, FrozenSet, List, NamedTuple, Optional, Tuple

from ._engines.keepalived import daemon, hold, vips, vrrp
from ._engines.keepalived.status import STATES
from ._engines.keepalived.vrrp_text import active_groups, sync_groups
from ._host import neighbours
from ._host.addresses import Held, read_addresses
from ._host.store import LOCK
from ._host.system import System
from ._model.configuration import Configuration
from ._model.problems import Problem, some
from ._model.vip import HaGroup

_SECONDS_TO_WAIT_FOR_ANOTHER_RUN = 300.0
_SECONDS_BETWEEN_WORDS = 10.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 0.5
# What a member that takes over needs beside the time of VRRP, to add its VIPs and answer for them.
_SECONDS_TO_ANSWER = 2.0

MASTER, BACKUP, FAULT = (STATES[state] for state in (vrrp.ACTIVE, vrrp.STANDBY, vrrp.FAULTY))
STOPPED, UNKNOWN = "stopped", "unknown"

Tell = Callable[[str], None]


class Standing(NamedTuple):
    """Where an HA group stands on this director: whether it is held away, and its state in the words of VRRP, stopped
    where keepalived does not run, unknown where it does not have the group."""

    held: bool
    state: str


@dataclass(frozen=True)
class Place:
    """An HA group on this director: with its defaults, the VIPs that move with it, and the groups that do."""

    group: HaGroup
    vips: FrozenSet[Held]
    together: Tuple[str, ...]

    @property
    def name(self) -> str:
        return self.group.name

    @property
    def in_sync_group(self) -> bool:
        return len(self.together) > 1

    @property
    def comes_back(self) -> bool:
        """Whether this director takes the VIPs from whoever has them."""
        priorities = {member.name: member.priority for member in self.group.members}
        return self.group.preempt and priorities[self.group.member] == max(priorities.values())

    @property
    def seconds_of_vrrp(self) -> float:
        """The longest time until a member takes over from one that is silent."""
        return (self.group.missed_adverts + 1) * self.group.advert_interval


@dataclass(frozen=True)
class Outcome:
    """What was, what is (or in check mode would be), and how the wait ended. ``failure`` says why that is not what was
    asked for; empty when it is.

    ``waited`` is one of

    - moved: another member serves the VIPs,
    - returned: this director does,
    - unneeded: nothing had to be waited for,
    - timeout: neither came true in time,
    - released: another run ended the hold,
    - planned: it would be waited for.
    """

    before: Standing
    after: Standing
    waited: str
    seconds: float = 0.0
    failure: str = ""


def place_of(configuration: Configuration, name: str) -> Tuple[Optional[Place], List[Problem]]:
    """An HA group of the recorded configuration, or why its VIPs cannot be moved."""
    recorded = configuration.ha_groups.get(name)
    if recorded is None:
        return None, [
            Problem("ha_group", f"there is no HA group {name!r}", some(configuration.ha_groups) or "none yet")
        ]
    group = next((group for group, _vips in active_groups(configuration) if group.name == name), None)
    if group is None:
        return None, [Problem("ha_group", f"HA group {name!r} has no VIP", "a group that has one, see lb_vip")]
    wanted = vips.wanted(configuration).groups
    members = (names for names in sync_groups(configuration).values() if name in names)
    together = tuple(next(members, [name]))
    moving = frozenset(vip.held for one in together for vip in wanted[one].vips)
    return Place(group, moving, together), []


def obstacles(system: System, place: Place, away: bool) -> List[Problem]:
    """Why a hold would have no effect, or nobody could take over, for all that is known before."""
    found = []
    if not hold.is_followed(system, place.name, daemon.FILE):
        message = "keepalived on this director does not follow the hold of this HA group"
        found.append(Problem("ha_group", message, "run lb_config or lb_ha_group once, which tell it"))
    if away and len(place.group.members) < 2:
        found.append(Problem("ha_group", "has no other member that could take over", "a group of two members or more"))
    return found


class Failover:
    """Moves the VIPs of one HA group. ``tell`` gets a sentence every ten seconds of a wait."""

    def __init__(self, system: System, place: Place, timeout: float, tell: Tell) -> None:
        self._system = system
        self._place = place
        self._timeout = timeout
        self._tell = tell
        self._asked: FrozenSet[Held] = frozenset()

    def look(self) -> Standing:
        """Where the group stands now. Raises HostFault."""
        return Standing(hold.is_held(self._system, self._place.name), self._state())

    def planned(self, away: bool) -> Outcome:
        """What would come of it."""
        before = self.look()
        if away:
            moves = before.state == MASTER
            return Outcome(
                before, Standing(True, BACKUP if moves else before.state), "planned" if moves else "unneeded"
            )
        returns = self._returns(before)
        waited = "planned" if returns and before.state != MASTER else "unneeded"
        return Outcome(before, Standing(False, MASTER if returns else before.state), waited)

    def away(self) -> Outcome:
        """Hold the group away from this director; where it is active, wait until another member serves its VIPs, and
        put the hold back as it was when none does. Raises HostFault."""
        before, name = self.look(), self._place.name
        stays = hold.text_of(name, hold.held_at(self._place.in_sync_group))
        if before.state != MASTER:
            self._put(stays)
            return Outcome(before, self.look(), "unneeded")
        moves = hold.text_of(name, hold.moved_by(self._place.group, self._place.in_sync_group))
        was = self._system.read(hold.path_of(name))
        start = self._system.now()
        self._put(moves)
        moved = self._until(self._is_served_elsewhere, self._seconds_to_move(moves), "to be served by another member")
        seconds = self._system.now() - start
        if moved and self._replaced(moves, stays):
            return Outcome(before, self.look(), "moved", seconds)
        if moved:
            failure = f"another run ended the hold of HA group {name} while its VIPs moved"
            return Outcome(before, self.look(), "released", seconds, failure)
        self._replaced(moves, was)
        back = self._until(self._is_here, self._place.seconds_of_vrrp + self._timeout, "to be back on this director")
        failure = (
            f"no other member served the VIPs of HA group {name} within {seconds:.0f} s. The hold was put back"
            f" as it was, and this director {'serves them' if back else 'does not serve them yet'}. Does keepalived run"
            " on the other members, and do they hear the adverts of this one?"
        )
        return Outcome(before, self.look(), "timeout", seconds, failure)

    def back(self) -> Outcome:
        """End the hold; where this director takes its VIPs from the others, wait until it has. Raises HostFault."""
        before, name = self.look(), self._place.name
        self._put(None)
        if not self._returns(before):
            return Outcome(before, self.look(), "unneeded")
        start = self._system.now()
        if self._until(self._is_here, self._timeout, "to be back on this director"):
            waited = "returned" if before.state != MASTER else "unneeded"
            return Outcome(before, self.look(), waited, self._system.now() - start)
        after = self.look()
        failure = (
            f"the hold of HA group {name} was ended, but this director did not take its VIPs within {self._timeout:g}"
            f" s: its state is {after.state}; see journalctl -u keepalived.service"
        )
        return Outcome(before, after, "timeout", self._system.now() - start, failure)

    # --- what there is ---

    def _state(self) -> str:
        pid = daemon.main_pid(self._system)
        if not pid:
            return STOPPED
        instances = vrrp.running(self._system, pid)
        if instances is None:
            # a build that cannot tell
            return MASTER if self._place.vips & read_addresses(self._system) else BACKUP
        instance = instances.get(self._place.name)
        return STATES[instance.state] if instance is not None else UNKNOWN

    def _is_served_elsewhere(self) -> bool:
        if self._state() == MASTER or self._place.vips & read_addresses(self._system):
            return False
        missing = self._place.vips - neighbours.answered(self._system, self._asked)
        neighbours.ask(self._system, missing)
        self._asked = self._place.vips
        return not missing

    def _is_here(self) -> bool:
        return self._state() == MASTER and self._place.vips <= read_addresses(self._system)

    def _returns(self, before: Standing) -> bool:
        """Whether this director will be active without its own hold."""
        others = [name for name in self._place.together if name != self._place.name]
        free = not any(hold.is_held(self._system, name) for name in others)
        return before.state == MASTER or (self._place.comes_back and free and before.state in (BACKUP, FAULT))

    def _seconds_to_move(self, moves: str) -> float:
        """How long to wait for another member: not longer than it can take where VIPs are nowhere meanwhile."""
        if moves == hold.text_of(self._place.name, hold.LOWEST):
            return self._timeout
        return min(self._timeout, self._place.seconds_of_vrrp + _SECONDS_TO_ANSWER)

    # --- what is done ---

    def _put(self, text: Optional[str]) -> None:
        with self._system.lock(LOCK, _SECONDS_TO_WAIT_FOR_ANOTHER_RUN):
            hold.put(self._system, self._place.name, text)

    def _replaced(self, expected: str, text: Optional[str]) -> bool:
        """Put a hold in the place of the one that this run put; False where another run did something else to it."""
        with self._system.lock(LOCK, _SECONDS_TO_WAIT_FOR_ANOTHER_RUN):
            if self._system.read(hold.path_of(self._place.name)) != expected:
                return False
            hold.put(self._system, self._place.name, text)
            return True

    def _until(self, condition: Callable[[], bool], seconds: float, goal: str) -> bool:
        """Wait until a condition holds; False when it does not in so many seconds."""
        start = told = self._system.now()
        pause = _FIRST_PAUSE
        while not condition():
            now = self._system.now()
            if now - start >= seconds:
                return False
            if now - told >= _SECONDS_BETWEEN_WORDS:
                told = now
                waited = f"{now - start:.0f} of {seconds:g} s"
                self._tell(f"waiting for the VIPs of HA group {self._place.name} {goal}: {waited}")
            self._system.sleep(max(0.0, min(pause, start + seconds - now)))
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        return True
