# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What changes on the appliance, told as steps that people read: attributes before and after. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Dict, FrozenSet, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ..base import IMPACTS, Step
from ..differences import Difference
from .capabilities import NAME
from .objects import CHILDREN, OBJECTS, Key, Values, canonical, same
from .observed import Observed
from .projection import Desired

# What is added before what, and removed after what.
_ORDER = ("l4_farm", "l4_server", "l7_farm", "l7_server", "l7_service", "l7_listener")
_RELEASES, _ADDS, _REMOVES = range(3)
# Attributes whose change cuts connections, or moves them to another place.
_RESETS = frozenset(
    {"service_address", "service_port", "service_protocol", "mode", "address", "port", "protocol", "default_farm",
     "maintenance", "ssl"}
)  # fmt: skip
# What only one object of the appliance can have: the attributes that say so, and what else is part of it.
_PLACES: Mapping[str, Tuple[Tuple[str, ...], Tuple[str, ...]]] = {
    "l4_farm": (("service_address", "service_port", "service_protocol"), ()),
    "l7_listener": (("address", "port"), ("tcp",)),
    "l4_server": (("sorry",), ()),
}
_CALM = ("check", "adv_check", "log", "continuous_statistics")


class Change(NamedTuple):
    """The payload of a step: an object, as it was when the step was planned (None = not there), and the attributes to
    write (None = the object goes)."""

    key: Key
    before: Optional[Values]
    values: Optional[Mapping[str, Any]]


def differing(key: Key, wanted: Values, there: Values) -> Dict[str, Any]:
    """The attributes that are to be written. A value that this version of the API cannot tell stays, unless another one
    is wanted; one that is not to be set need not be known to it."""
    return {
        name: value
        for name, value in wanted.items()
        if not (value is None and (there.get(name) is True or name not in there))
        and not same(key.kind, name, value, there.get(name))
    }


def plan(desired: Desired, observed: Observed, owned: Desired) -> List[Step]:
    """The steps from observed to desired: what others wait for first, then adds and changes, removals last."""
    steps = [*_wanted(desired, observed, owned), *_unwanted(desired, observed, owned)]
    taken = {key: _endpoints(key, values) for key, values in desired.objects.items()}
    early = _waited_for(steps, taken)
    held = {
        endpoint: step.payload.key
        for step in steps
        for endpoint in _endpoints(step.payload.key, step.payload.before or {})
    }
    ordered: List[Tuple[Tuple[int, int, Key], Step]] = []
    for step in steps:
        key, values = step.payload.key, step.payload.values
        place = _ORDER.index(key.kind)
        if key not in early:
            ordered.append(((_REMOVES, -place, key) if values is None else (_ADDS, place, key), step))
        elif values is None or not any(held.get(endpoint, key) != key for endpoint in taken[key]):
            ordered.append(((_RELEASES, -place, key), step))
        else:
            # each waits for what the other has
            first, second = _in_two(step, desired)
            ordered += [((_RELEASES, -place, key), first), ((_ADDS, place, key), second)]
    return [step for _rank, step in sorted(ordered, key=lambda pair: pair[0])]


def _in_two(step: Step, desired: Desired) -> Tuple[Step, Step]:
    """Let go of what another object is to have, then change: a listener has to go for that, a farm only its address."""
    key, before, values = step.payload
    if key.kind == "l4_farm":
        between = {**before, "service_address": None}
        after = {**values, "service_address": desired.objects[key]["service_address"]}
        first: Optional[Dict[str, Any]] = {"service_address": None}
    else:
        between, first = None, None
        after = {name: value for name, value in {**before, **desired.objects[key]}.items() if isinstance(value, str)}
    return (
        dataclasses.replace(step, payload=Change(key, before, first), after=_text(first or {}, first or {})),
        dataclasses.replace(step, payload=Change(key, between, after)),
    )


def _wanted(desired: Desired, observed: Observed, owned: Desired) -> Iterator[Step]:
    for key, values in desired.objects.items():
        there = observed.object(key)
        before = owned.objects.get(key, {})
        # an attribute that was said and is said no more is reset
        wanted = {**dict.fromkeys(before), **values}
        recorded = before == values
        if there is None:
            said = {name: value for name, value in wanted.items() if value is not None}
            action = "repair" if recorded else "add"
            yield _step(action, key, desired, None, said, "none" if key.parent is None else "new_connections")
            continue
        # one that we set and that is to be set no more is reset, also where it says the default
        reset = [name for name, value in before.items() if value is not None and wanted[name] is None]
        changes = {
            **differing(key, wanted, there),
            **{name: None for name in reset if isinstance(there.get(name), str)},
        }
        if changes:
            action = "repair" if recorded else "change" if key in owned.objects else "add"
            yield _step(action, key, desired, there, changes, _impact(changes))


def _unwanted(desired: Desired, observed: Observed, owned: Desired) -> Iterator[Step]:
    """What is owned and wanted no more, and what others put into objects that are ours as a whole."""
    going: Set[Key] = {key for key in owned.objects if key not in desired.objects}
    for key in [key for key in (*desired.objects, *going) if key.kind in CHILDREN]:
        strange = {child for child in observed.children(key) if child not in desired.objects}
        going |= strange
    for key in sorted(going):
        there = observed.object(key)
        if there is not None:
            by_hand = key not in owned.objects and key.parent in owned.objects and key.parent in desired.objects
            yield _step("repair" if by_hand else "remove", key, owned, there, None, "reset")


def _waited_for(steps: List[Step], taken: Mapping[Key, FrozenSet[Any]]) -> Set[Key]:
    """What lets go of something that another object is to have, so that it has to change before that one."""
    early: Set[Key] = set()
    takers: Dict[Any, Key] = {endpoint: key for key, endpoints in taken.items() for endpoint in endpoints}
    for step in steps:
        key, before, values = step.payload
        after = taken.get(key, frozenset()) if values is not None else frozenset()
        released = _endpoints(key, before or {}) - after
        if any(takers.get(endpoint, key) != key for endpoint in released):
            early.add(key)
    # what a farm holds goes before the farm does
    early |= {step.payload.key for step in steps if step.payload.values is None and step.payload.key.parent in early}
    return early


def _endpoints(key: Key, values: Mapping[str, Any]) -> FrozenSet[Any]:
    """What only one object of the appliance can have: an address, port and protocol, or the place of the sorry server
    of a farm."""
    names, own = _PLACES.get(key.kind, ((), ()))
    if not names or values.get(names[0]) is None:
        return frozenset()
    return frozenset({(*(canonical(key.kind, name, values.get(name)) for name in names), *own, *_farm_of(key))})


def _farm_of(key: Key) -> Tuple[str, ...]:
    return key.names[:1] if key.kind == "l4_server" else ()


def _impact(changes: Mapping[str, Any]) -> str:
    return max((_impact_of(name, value) for name, value in changes.items()), key=IMPACTS.index, default="none")


def _impact_of(name: str, value: Any) -> str:
    if name in _RESETS:
        return "reset"
    if name == "weight" and value == "0":
        return "drain"
    return "none" if name.startswith(_CALM) else "new_connections"


def _step(
    action: str, key: Key, known: Desired, there: Optional[Values], values: Optional[Mapping[str, Any]], impact: str
) -> Step:
    names = values if values is not None else {name: None for name in there or {} if name in OBJECTS[key.kind]}
    step = Step(
        NAME,
        action,
        str(key),
        before=_text(names, there or {}),
        after="" if values is None else _text(values, values),
        impact=impact,
        payload=Change(key, there, values),
    )
    if action != "repair":
        return step
    path = known.sources.get(key) or (known.sources.get(key.parent, str(key)) if key.parent else str(key))
    return dataclasses.replace(step, differences=tuple(_differences(path, key, there, values)))


def _differences(
    path: str, key: Key, there: Optional[Values], values: Optional[Mapping[str, Any]]
) -> Iterator[Difference]:
    if there is None or values is None:
        yield Difference(path, str(key), "there" if there is None else "", "there" if there is not None else "")
        return
    for name, value in sorted(values.items()):
        yield Difference(path, name, _word(value), _word(there.get(name)))


def _text(names: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    return "".join(f"{name}: {_word(values.get(name))}\n" for name in sorted(names) if values)


def _word(value: Any) -> str:
    if value is None:
        return "null"
    return value if isinstance(value, str) else "(a value that this version of the API cannot tell)"
