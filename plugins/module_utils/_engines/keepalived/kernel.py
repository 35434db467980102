# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How keepalived's services look in the kernel, and where they differ from the wanted ones. Private to evenkeel.lb.

Health makes no difference: a server that is missing, one that stays with weight 0, and a sorry server in their place
are keepalived's answers to failed health checks.
"""

from __future__ import annotations

from typing import FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ..._host.ipvs_table import ADD, EDIT, REMOVE, Destination, Entry, Operation, ServiceKey, Table, difference


class Unwell(NamedTuple):
    """What a service may hold while health checks fail: the ``sorry`` server, and whether servers ``quiesce``.
    ``unchecked`` are those that nothing tests, by address and port: only a lost quorum takes them out."""

    sorry: Optional[Destination] = None
    quiesces: bool = False
    unchecked: FrozenSet[Tuple[str, int]] = frozenset()


_WELL = Unwell()


def differences(
    kernel: Table,
    wanted: Table,
    unwell: Mapping[ServiceKey, Unwell],
    lost: Optional[Mapping[ServiceKey, FrozenSet[Tuple[str, int]]]] = None,
) -> List[Operation]:
    """The operations from the kernel's services to the wanted ones; services nobody here wants are left out. ``lost``
    are servers that are well and that somebody else than keepalived took out."""
    return [
        seen
        for operation in difference(kernel.only(wanted), wanted)
        for seen in _beside_health(
            operation,
            unwell.get(operation.key, _WELL),
            kernel.get(operation.key),
            (lost or {}).get(operation.key, frozenset()),
        )
    ]


def _beside_health(
    operation: Operation, unwell: Unwell, entry: Optional[Entry], lost: FrozenSet[Tuple[str, int]]
) -> Iterator[Operation]:
    """The operation, or what of it is not for keepalived's health checks to decide."""
    before, after = operation.before, operation.after
    if not operation.on_destination:
        yield operation
    elif _is_sorry(before, unwell) and (operation.action == REMOVE or _is_alone(before, entry)):
        return
    elif operation.action == EDIT and isinstance(before, Destination) and _is_of_health(before, unwell):
        same = after._replace(weight=before.weight) if isinstance(after, Destination) else after
        if same != before:
            yield operation._replace(after=same)
    elif operation.action != ADD or operation.subject.key in lost or _was_taken(operation, unwell, entry):
        yield operation


def _is_sorry(held: object, unwell: Unwell) -> bool:
    """Whether that is the sorry server, which has not the limits of the server that it may be too."""
    return unwell.sorry is not None and held == unwell.sorry.canonical()


def _is_alone(held: object, entry: Optional[Entry]) -> bool:
    """Whether no other server serves."""
    return entry is not None and not any(other.weight for other in entry.destinations if other != held)


def _was_taken(operation: Operation, unwell: Unwell, entry: Optional[Entry]) -> bool:
    """Whether a server that is missing in a service was taken out by somebody else than keepalived."""
    if entry is None or operation.subject.key not in unwell.unchecked:
        return False
    return not any(_is_sorry(held, unwell) for held in entry.destinations)


def _is_of_health(held: Destination, unwell: Unwell) -> bool:
    """Whether the weight of a server may be an answer to health checks: it is quiet, or serves as the sorry server that
    it is too."""
    is_sorry = unwell.sorry is not None and (held.key, held.weight) == (unwell.sorry.key, unwell.sorry.weight)
    return is_sorry or (unwell.quiesces and held.weight == 0)


def left_by_reload(kernel: Table, former: Table) -> List[Operation]:
    """What a reload leaves as it is on the way back to services that were there: the thresholds of servers that stay.
    Which servers there are, and their weights, is for their health to decide."""
    found = []
    for operation in difference(kernel.only(former), former):
        before, after = operation.before, operation.after
        if isinstance(before, Destination) and isinstance(after, Destination):
            after = before._replace(u_threshold=after.u_threshold, l_threshold=after.l_threshold)
            if before != after:
                found.append(operation._replace(after=after))
    return found


def shown(operation: Operation) -> Tuple[str, str]:
    """What an operation finds and leaves, for people."""

    def text(value: object) -> str:
        if value is None:
            return ""
        fields = value._asdict()  # type: ignore[attr-defined]
        return "".join(f"{name}: {field}\n" for name, field in fields.items())

    return text(operation.before), text(operation.after)
