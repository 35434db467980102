# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done for keepalived to hold what is wanted, and what somebody changed behind its back. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

from typing import Iterator, List

from ..._host.ipvs_table import Operation
from ..base import Step
from ..blocks import HEADER
from ..kernel_differences import Places
from . import connection_timeouts, daemon, drifts, kernel, vips
from .capabilities import NAME
from .connection_sync import sync_in
from .impact import impact_of_change
from .state import Desired, Observed
from .vrrp_text import CONNECTION_SYNC, CONNECTION_TIMEOUTS, HA_GROUP, masked


def steps(desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
    """The steps from what there is to what is wanted: of our file first, then of what a reload does not bring about."""
    found = list(_of_file(desired, observed, owned))
    if desired.blocks and not observed.active:
        found.append(Step(NAME, "repair", "keepalived", "stopped\n", "running\n", differences=drifts.OF_DAEMON))
    elif observed.active:
        if owned.unsettled and not found:
            said = f"may run with an older {daemon.FILE}, as a run did not end\n"
            after = f"runs with {daemon.FILE} as it is\n"
            found.append(Step(NAME, "repair", "keepalived", said, after, differences=drifts.of_settling(said, after)))
        found.extend(_of_kernel(desired, observed, owned))
        found.extend(_of_vrrp(desired, observed))
        found.extend(_left_of_sync(desired, observed, owned))
        if desired.blocks.get(CONNECTION_TIMEOUTS) == observed.blocks.get(CONNECTION_TIMEOUTS):
            found.extend(connection_timeouts.repairs(NAME, desired.timeouts, observed.timeouts))
    return found


def _of_file(desired: Desired, observed: Observed, owned: Desired) -> Iterator[Step]:
    if observed.header not in (None, HEADER):
        yield _step("repair", daemon.FILE, observed.header or "", HEADER, True)
    for subject, text in sorted(desired.blocks.items()):
        before = observed.blocks.get(subject, "")
        if before != text:
            yield _step("change" if before else "add", subject, before, text, owned.blocks.get(subject) == text)
    for subject, text in sorted(observed.blocks.items()):
        if subject not in desired.blocks:
            yield _step("remove", subject, text, "", subject not in owned.blocks)


def _step(action: str, subject: str, before: str, after: str, drifted: bool) -> Step:
    shown = masked(before, after)
    differences = drifts.of_block(subject, *shown) if drifted else ()
    return Step(NAME, action, subject, *shown, impact_of_change(subject, before, after), differences=differences)


def _of_kernel(desired: Desired, observed: Observed, owned: Desired) -> Iterator[Step]:
    """Steps for services that somebody else changed in the kernel; keepalived itself never looks (issue 1877).

    Those whose blocks change anyway are not among them, as the reload brings them about; unless the kernel lost a
    service or server, which keepalived does not know.
    """
    places = Places(desired.services)
    for operation in kernel.differences(observed.table, desired.table, desired.unwell, observed.lost):
        subject = desired.subjects[operation.key]
        changes = desired.blocks[subject] != observed.blocks.get(subject)
        if changes and not (operation.before is None and _was_there(operation, owned)):
            continue
        before, after = kernel.shown(operation)
        impact = "new_connections" if operation.before else "none"
        differences = places.differences(operation)
        subject = f"kernel: {operation.key}"
        yield Step(NAME, "repair", subject, before, after, impact, payload=operation, differences=differences)


def _was_there(operation: Operation, owned: Desired) -> bool:
    entry = owned.table.get(operation.key)
    if entry is None or not operation.on_destination:
        return entry is not None
    return operation.subject.key in [destination.key for destination in entry.destinations]


def _of_vrrp(desired: Desired, observed: Observed) -> Iterator[Step]:
    """Steps for VIPs and daemons that somebody else removed or added; what changes its block anyway is not among them,
    as the reload brings it about."""
    same = {subject for subject, text in desired.blocks.items() if observed.blocks.get(subject) == text}
    told = desired.vips.only(same)
    for one in vips.unlike(told, observed.vrrp):
        before, after = f"does not {one.lacks}\n", f"runs as {daemon.FILE} has it\n"
        yield Step(NAME, "repair", f"{HA_GROUP}{one.group}", before, after, differences=drifts.of_group(one))
    for repair in vips.differences(told, observed.vrrp):
        yield Step(NAME, "repair", *repair, payload=repair, differences=drifts.of_vip(repair, told.sync))


def _left_of_sync(desired: Desired, observed: Observed, owned: Desired) -> Iterator[Step]:
    """A step for daemons of a wish that our file has forgotten already, and the record has not."""
    former, told = owned.vips.sync, sync_in(observed.blocks.get(CONNECTION_SYNC, ""))
    if former is not None and former not in (desired.vips.sync, told):
        repair = vips.left_of(former, desired.vips, observed.vrrp)
        if repair is not None:
            yield Step(NAME, "repair", *repair, payload=former, differences=drifts.of_vip(repair, former))
