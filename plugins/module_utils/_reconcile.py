# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transaction: from a wish to a director that holds it, or one that is as it was. Private to evenkeel.lb.

lock → read the record and what runs → plan → snapshot → check candidates → begin → apply → verify → record, or restore

A wish may be deferred: it is validated and kept beside the record, and the next run that is not deferred begins with
it. What was deferred is forgotten when it is recorded, and so stays as it is when that run fails or is refused.
"""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import Callable, ContextManager, List, Optional, Sequence, Tuple

from ._engines.base import IMPACTS, EngineFault, Step, worst_impact
from ._engines.registry import without_engine
from ._host.store import Store
from ._host.system import HostFault, System
from ._model.configuration import Configuration
from ._model.problems import InvalidConfiguration, Problem
from ._model.secrets import unmasked
from ._model.validation import all_problems
from ._planning import AnyEngine, Part, both_let_go, compiled, hands_over, planned

_SECONDS_TO_WAIT_FOR_ANOTHER_RUN = 300.0

Wish = Callable[[Configuration], Configuration]


@dataclass(frozen=True)
class Transaction:
    """How far an apply came. ``state`` is one of unchanged, planned, deferred, applied, refused (nothing was touched),
    restored (all is as it was), failed (what is in ``left`` could not be brought back, or was not to be)."""

    state: str
    done: Tuple[str, ...] = ()
    undone: Tuple[str, ...] = ()
    left: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """What a run found, did and left. ``recorded`` and ``wanted`` are the intended configuration before and after; for
    a wish that was deferred, with what was deferred before."""

    recorded: Configuration
    wanted: Configuration
    steps: Tuple[Step, ...]
    transaction: Transaction
    reload: Tuple[str, ...] = ()
    # Whether what was applied survives a reboot, of an engine where that is a request of its own; None of all others.
    saved: Optional[bool] = None
    warnings: Tuple[str, ...] = ()
    problems: Tuple[Problem, ...] = ()
    fault: str = ""

    @property
    def changed(self) -> bool:
        """Whether anything differs, or would in check mode: on the host or in what is recorded."""
        return bool(self.steps) or self.recorded != self.wanted

    @property
    def impact(self) -> str:
        return worst_impact(self.steps)

    @property
    def held(self) -> Configuration:
        """What the director holds now, or would hold in check mode."""
        return self.recorded if self.failed else self.wanted

    @property
    def failed(self) -> bool:
        return self.transaction.state in ("refused", "restored", "failed")


def reconcile(
    system: System,
    engines: Sequence[AnyEngine],
    wish: Wish,
    check_mode: bool = False,
    on_error: str = "rollback",
    max_impact: str = IMPACTS[-1],
    defer: bool = False,
) -> Result:
    """Make the director hold ``wish(configuration)``, of the recorded one with what was deferred since; or only keep
    that for the next run, with ``defer``.

    When applying fails, ``on_error`` says what then: ``rollback`` restores all that was touched, ``stop`` leaves it as
    it is, unrecorded, for people to look at. A plan with a step of more than ``max_impact`` is refused, in check mode
    too. A secret that the wish has masked is the one before.

    Raises InvalidConfiguration with every problem of the wish, before anything on the host is read beyond the record,
    and HostFault when the record cannot be read or another run holds the lock. Everything later is told in the result.
    In check mode nothing is written and no lock is taken; a reference to an object that is not recorded is a warning
    there, because an earlier task of the same check run would have recorded it.
    """
    store = Store(system)
    lock: ContextManager[None] = (
        contextlib.nullcontext() if check_mode else system.lock(system.run_lock, _SECONDS_TO_WAIT_FOR_ANOTHER_RUN)
    )
    with lock:
        recorded, begun = store.load(), store.begun()
        deferred = store.deferred()
        base = recorded if deferred is None else deferred
        wanted, masked = unmasked(base, wish(base))
        warnings = _validated(wanted, masked, engines, tolerate_missing=check_mode)
        parts = compiled(system, engines, recorded, wanted)
        if defer:
            return _defer(store, Result(base, wanted, (), Transaction("unchanged"), warnings=warnings), check_mode)
        with system.still():  # all see one and the same of the kernel's table, which takes long to read
            parts = planned(system, parts, begun)
            unseen = "" if check_mode else _snapshots(system, parts)
        steps = tuple(step for part in parts for step in part.steps)
        warnings += tuple(caution for part in parts for caution in part.engine.cautions(part.steps))
        result = Result(recorded, wanted, steps, Transaction("unchanged"), warnings=warnings)
        if not result.changed:
            if not check_mode:
                store.undefer()
                if begun:
                    store.forget()
            return result
        exceeding = [step for step in steps if IMPACTS.index(step.impact) > IMPACTS.index(max_impact)]
        if exceeding:
            return _exceeds(result, exceeding, max_impact)
        if check_mode:
            return dataclasses.replace(result, transaction=Transaction("planned"))
        if unseen:
            return dataclasses.replace(
                result, transaction=Transaction("refused"), fault=f"{unseen}; nothing was changed"
            )
        return _apply(system, store, result, parts, on_error)


def _defer(store: Store, result: Result, check_mode: bool) -> Result:
    if not result.changed:
        return result
    if check_mode:
        return dataclasses.replace(result, transaction=Transaction("planned"))
    store.defer(result.wanted)
    return dataclasses.replace(result, transaction=Transaction("deferred"))


def _exceeds(result: Result, exceeding: Sequence[Step], max_impact: str) -> Result:
    count = "one step disturbs" if len(exceeding) == 1 else f"{len(exceeding)} steps disturb"
    return dataclasses.replace(
        result,
        transaction=Transaction("refused"),
        problems=tuple(
            Problem("max_impact", f"{_name(step)} has impact {step.impact}", f"{max_impact} at most")
            for step in exceeding
        ),
        fault=f"{count} more than max_impact allows, nothing was changed",
    )


def _validated(
    wanted: Configuration, masked: Sequence[Problem], engines: Sequence[AnyEngine], tolerate_missing: bool
) -> Tuple[str, ...]:
    problems = [*masked, *all_problems(wanted), *without_engine(wanted, engines)]
    wrong = [problem for problem in problems if not (problem.missing and tolerate_missing)]
    if wrong:
        raise InvalidConfiguration(wrong)
    return tuple(f"{problem}; taken as recorded by an earlier task of this check run" for problem in problems)


def _snapshots(system: System, parts: Sequence[Part]) -> str:
    """Keep what each part is put back to if need be; what went wrong with that."""
    try:
        for part in parts:
            part.snapshot = part.engine.snapshot(part.desired, part.owned, system)
    except HostFault as fault:
        return str(fault)
    return ""


def _apply(system: System, store: Store, result: Result, parts: List[Part], on_error: str) -> Result:
    refused = [problem for part in parts for problem in part.engine.check(part.desired, system)]
    if refused:
        return dataclasses.replace(
            result,
            transaction=Transaction("refused"),
            problems=tuple(refused),
            fault="the candidate was refused on the host, nothing was changed",
        )
    begun: List[Part] = []
    done: List[Part] = []
    try:
        store.begin(result.wanted)
        wrong: List[Problem] = []
        disputed: List[Part] = []
        for place, part in enumerate(parts):
            begun.append(part)
            part.applied = part.engine.apply(part.steps, part.desired, system)
            # at once: what moves between engines has to be gone from the one before the other takes it over
            wrong = part.engine.verify(part.desired, part.owned, system)
            if wrong and any(both_let_go(part, later) for later in parts[place + 1 :]):
                # it may be what the later one has still to remove
                disputed.append(part)
                wrong = []
            if wrong:
                break
            done.append(part)
        if not wrong:
            wrong = [problem for part in disputed for problem in part.engine.verify(part.desired, part.owned, system)]
            wrong += _taken_again(system, parts)
        if not wrong:
            store.commit()
            reload = tuple(entry for part in parts for entry in part.applied.reload)
            saved = [part.applied.saved for part in parts if part.applied.saved is not None]
            return dataclasses.replace(
                result,
                transaction=Transaction("applied", done=_names(parts)),
                reload=reload,
                saved=all(saved) if saved else None,
            )
        fault = "what runs is not what was wanted"
    except (EngineFault, HostFault) as error:
        wrong, fault = [], str(error)
    if on_error == "stop":
        left_alone = [part for part in begun if part not in done]
        return dataclasses.replace(
            result,
            transaction=Transaction("failed", done=_names(done), left=_names(left_alone)),
            problems=tuple(wrong),
            fault=f"{fault}; nothing was put back, as on_error is stop",
        )
    undone, left, restoring = _restore(system, store, result.wanted, begun)
    state = "failed" if left else "restored"
    return dataclasses.replace(
        result,
        transaction=Transaction(state, done=(), undone=undone, left=left),
        problems=tuple(wrong),
        fault="; ".join([fault, *restoring] if left else [fault, "everything was put back as it was"]),
    )


def _taken_again(system: System, parts: Sequence[Part]) -> List[Problem]:
    """Where engines hand things to each other in a circle, what the first took went with what the last let go."""
    wrong: List[Problem] = []
    for place, part in enumerate(parts):
        if any(hands_over(later, part) for later in parts[place + 1 :]):
            # what it let go is another's by now
            taking = [step for step in part.steps if step.action != "remove"]
            part.engine.apply(taking, part.desired, system)
            wrong += part.engine.verify(part.desired, part.desired, system)
    return wrong


def _restore(
    system: System, store: Store, wanted: Configuration, begun: Sequence[Part]
) -> Tuple[Tuple[str, ...], Tuple[str, ...], List[str]]:
    undone: List[Part] = []
    left: List[Part] = []
    faults: List[str] = []
    for part in reversed(begun):
        try:
            part.engine.restore(system, part.snapshot)
            undone.append(part)
        except (EngineFault, HostFault) as error:
            left.append(part)
            faults.append(f"{part.engine.name} could not be put back: {error}")
    names = _names(left)
    try:
        store.back(wanted if left else None)
    except HostFault as error:
        names = (*names, f"change {system.record}")
        faults.append(f"the record could not be put back: {error}")
    return _names(undone), names, faults


def _names(parts: Sequence[Part]) -> Tuple[str, ...]:
    return tuple(_name(step) for part in parts for step in part.steps)


def _name(step: Step) -> str:
    return f"{step.action} {step.subject} ({step.engine})"
