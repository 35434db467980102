# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done for keepalived to hold what is wanted, and what somebody changed behind its back. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

from typing import Iterator, List

from ..base import Step
from . import connection_timeouts, daemon, kernel, vips
from .capabilities import NAME
from .connection_sync import sync_in
from .impact import impact_of_change
from .render import HEADER
from .state import Desired, Observed
from .vrrp_text import CONNECTION_SYNC, CONNECTION_TIMEOUTS, masked


def steps(desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
    """The steps from what there is to what is wanted: of our file first, then of what a reload does not bring about."""
    found = list(_of_file(desired, observed))
    if desired.blocks and not observed.active:
        found.append(Step(NAME, "repair", "keepalived", "stopped\n", "running\n"))
    elif observed.active:
        if owned.unsettled and not found:
            said = f"may run with an older {daemon.FILE}, as a run did not end\n"
            found.append(Step(NAME, "repair", "keepalived", said, f"runs with {daemon.FILE} as it is\n"))
        found.extend(_of_kernel(desired, observed, owned))
        found.extend(_of_vrrp(desired, observed))
        found.extend(_left_of_sync(desired, observed, owned))
        if desired.blocks.get(CONNECTION_TIMEOUTS) == observed.blocks.get(CONNECTION_TIMEOUTS):
            found.extend(connection_timeouts.repairs(NAME, desired.timeouts, observed.timeouts))
    return found


def _of_file(desired: Desired, observed: Observed) -> Iterator[Step]:
    if observed.header not in (None, HEADER):
        yield _step("repair", daemon.FILE, observed.header or "", HEADER)
    for subject, text in sorted(desired.blocks.items()):
        before = observed.blocks.get(subject, "")
        if before != text:
            yield _step("change" if before else "add", subject, before, text)
    for subject, text in sorted(observed.blocks.items()):
        if subject not in desired.blocks:
            yield _step("remove", subject, text, "")


def _step(action: str, subject: str, before: str, after: str) -> Step:
    return Step(NAME, action, subject, *masked(before, after), impact_of_change(subject, before, after))


def _of_kernel(desired: Desired, observed: Observed, owned: Desired) -> Iterator[Step]:
    """Steps for services that somebody else changed in the kernel; keepalived itself never looks (issue 1877).

    Those whose blocks change anyway are not among them, as the reload brings them about; unless the kernel lost them,
    which keepalived does not know.
    """
    for operation in kernel.differences(observed.table, desired.table, desired.unwell):
        subject = desired.subjects[operation.key]
        changes = desired.blocks[subject] != observed.blocks.get(subject)
        if changes and not (operation.before is None and operation.key in owned.table):
            continue
        before, after = kernel.shown(operation)
        impact = "new_connections" if operation.before else "none"
        yield Step(NAME, "repair", f"kernel: {operation.key}", before, after, impact, payload=operation)


def _of_vrrp(desired: Desired, observed: Observed) -> Iterator[Step]:
    """Steps for VIPs and daemons that somebody else removed or added; what changes its block anyway is not among them,
    as the reload brings it about."""
    same = {subject for subject, text in desired.blocks.items() if observed.blocks.get(subject) == text}
    for repair in vips.differences(desired.vips.only(same), observed.vrrp):
        yield Step(NAME, "repair", *repair, payload=repair)


def _left_of_sync(desired: Desired, observed: Observed, owned: Desired) -> Iterator[Step]:
    """A step for daemons of a wish that our file has forgotten already, and the record has not."""
    former, told = owned.vips.sync, sync_in(observed.blocks.get(CONNECTION_SYNC, ""))
    if former is not None and former not in (desired.vips.sync, told):
        repair = vips.left_of(former, desired.vips, observed.vrrp)
        if repair is not None:
            yield Step(NAME, "repair", *repair, payload=former)
