# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an engine is: the contract every engine keeps and the reconciler relies on. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, FrozenSet, Generic, List, Mapping, Optional, Sequence, Tuple, TypeVar

from .._host.system import HostFault, System
from .._model.configuration import Configuration
from .._model.problems import Problem
from .capabilities import Capabilities, Unable, Version, refusals
from .connections import Connections
from .differences import Difference
from .reading import Reading
from .status import CertificateStatus, Status

# How much a step disturbs, in rising order.
IMPACTS: Tuple[str, ...] = ("none", "new_connections", "drain", "reset", "failover")

Desired = TypeVar("Desired")
Observed = TypeVar("Observed")


@dataclass(frozen=True)
class Step:
    """One change. ``before`` and ``after`` are for people to read (empty when there is nothing) and hold no secret;
    ``payload`` is the engine's own. ``action`` is add, change, remove or repair (of what drifted). ``differences`` say
    by object and field what drifted, where this step puts that right."""

    engine: str
    action: str
    subject: str
    before: str = ""
    after: str = ""
    impact: str = "none"
    payload: Any = None
    differences: Tuple[Difference, ...] = ()


def worst_impact(steps: Sequence[Step]) -> str:
    """The highest impact among steps; ``none`` without any."""
    return max((step.impact for step in steps), key=IMPACTS.index, default="none")


@dataclass(frozen=True)
class Applied:
    """What applying did beside its steps: what was reloaded, restarted or started, as ``keepalived reload``. ``saved``
    tells whether the changes survive a reboot, of an engine where that is a request of its own; None of all others."""

    reload: Tuple[str, ...] = ()
    saved: Optional[bool] = None


# By virtual server; None where the server should be and is not, because its health check took it out.
ByVirtualServer = Dict[str, Optional[Connections]]


# By virtual server and server, what the last test came to: up, down, untested or unknown.
Outcomes = Mapping[Tuple[str, str], str]


class EngineFault(HostFault):
    """An engine could not do its work on the host; the message says what failed and what to look at."""


class Engine(Generic[Desired, Observed]):
    """Makes a director hold what a configuration says, in its own terms.

    ``compile`` and ``plan`` are pure. ``read`` changes nothing and works on a host where the engine's software is not
    installed yet (nothing is held there). Health is never part of what is compared. ``owned`` in ``plan`` is what the
    configuration recorded last time compiles to: only that may be removed.
    """

    name = ""
    # Whether it carries every virtual server of its director, as an appliance does: no other engine is beside it.
    alone = False
    # Of an engine that counts no connections of servers, so that nobody can wait for them: it is never asked for any.
    uncounted: Optional[Unable] = None

    def describe(self) -> Capabilities:
        """What this engine can express, by field."""
        raise NotImplementedError

    def beyond(self, configuration: Configuration) -> List[Problem]:
        """What a configuration asks of this engine that no version of it can, each with the nearest thing it can."""
        return refusals(configuration, self.name, self.describe())

    def version(self, software: str, system: System) -> Optional[Version]:
        """The version found on the host of software that some capability needs; None where it is not installed."""
        raise NotImplementedError

    def compile(self, configuration: Configuration) -> Desired:
        """What this engine should hold. Raises InvalidConfiguration with everything it cannot express, each with the
        nearest thing it can."""
        raise NotImplementedError

    def joined(self, owned: Desired, begun: Desired, elsewhere: FrozenSet[Any]) -> Desired:
        """What is owned where a run that did not end may have left some of ``begun`` on the host as well. Claims of
        ``elsewhere`` are what other engines are to hold and may hold already: not this one's to take away."""
        return owned

    def claims(self, desired: Desired) -> FrozenSet[Any]:
        """What only one engine of a director can hold at a time, such as keys of the kernel's table: who lets go of
        something goes before who takes it."""
        return frozenset()

    def read(self, system: System) -> Observed:
        """What it holds now, in the same terms."""
        raise NotImplementedError

    def plan(self, desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
        """The steps from observed to desired: adds and changes first, removals last."""
        raise NotImplementedError

    def obstacles(self, desired: Desired, system: System) -> List[Problem]:
        """What the host lacks for the engine to hold this: the part of ``check`` that only looks."""
        raise NotImplementedError

    def check(self, desired: Desired, system: System) -> List[Problem]:
        """Ask the real software on the host about the candidate, before anything moves."""
        raise NotImplementedError

    def snapshot(self, desired: Desired, owned: Desired, system: System) -> Any:
        """Whatever ``restore`` needs to bring back what is there now of desired and owned things."""
        raise NotImplementedError

    def apply(self, steps: Sequence[Step], desired: Desired, system: System) -> Applied:
        """Do the steps with the smallest operations that keep connections; one reload at most. Raises EngineFault."""
        raise NotImplementedError

    def restore(self, system: System, snapshot: Any) -> None:
        """Bring back the state of the snapshot. Raises EngineFault with what could not be brought back."""
        raise NotImplementedError

    def verify(self, desired: Desired, owned: Desired, system: System) -> List[Problem]:
        """Compare what really runs with what was wanted, and that what was owned and is wanted no more is gone; waits a
        bounded time for daemons that apply late."""
        raise NotImplementedError

    def cautions(self, steps: Sequence[Step]) -> List[str]:
        """What people should know before these steps are done, in sentences: they are warned with."""
        return []

    def connections(self, configuration: Configuration, farm: str, server: str, system: System) -> ByVirtualServer:
        """What a server of a farm has now in each virtual server of this engine that uses the farm; empty when there is
        none, or the server is disabled or not in the farm. Not of an engine that is ``uncounted``. Changes nothing."""
        raise NotImplementedError

    def status(self, configuration: Configuration, system: System) -> Status:
        """What runs now of the configuration's virtual servers that this engine carries, and of its HA groups: health,
        connections, counters. Changes nothing."""
        raise NotImplementedError

    def outcomes(self, configuration: Configuration, system: System) -> Outcomes:
        """How the last test of each server ended that a health check tests, as the engine knows it: untested is one of
        which none has ended yet, or whose failure is still to be confirmed. Costs the engine more than ``status``,
        which may take such a server for healthy. Empty for an engine whose status never does. Changes nothing."""
        return {}

    def others(self, configuration: Configuration, system: System) -> Optional[Reading]:
        """What is on the director that a configuration does not have, in words of the model. None of an engine that
        does not look at what others made. Changes nothing."""
        return None

    def certificates(self, configuration: Configuration, system: System) -> Mapping[str, CertificateStatus]:
        """By certificate profile, what is really shown of those that virtual servers of this engine use, or that this
        cannot be told. Empty for an engine that never tells. Changes nothing."""
        return {}
