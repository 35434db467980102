# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that come back masked, and where secrets are in a document nobody parsed. Pure. Private to evenkeel.lb.

Whoever reads a configuration sees stars in place of secrets, and may give it back as it is.
"""

from __future__ import annotations

import dataclasses
from collections import abc
from typing import Any, FrozenSet, Iterator, List, Optional, Tuple, Type

from .configuration import KINDS, Configuration
from .lists import Nested, ObjectList
from .objects import MASK, options
from .problems import Problem


def unmasked(base: Configuration, wanted: Configuration) -> Tuple[Configuration, List[Problem]]:
    """``wanted`` with each masked secret as ``base`` has it, and a problem for each that ``base`` does not have."""
    problems: List[Problem] = []
    for kind in _KINDS_WITH_SECRETS:
        before, after = base.of(kind), wanted.of(kind)
        objects = {
            name: _unmasked(before.get(name), thing, f"{kind}[{name}]", problems) for name, thing in after.items()
        }
        if any(objects[name] is not thing for name, thing in after.items()):
            wanted = dataclasses.replace(wanted, **{kind: objects})
    return wanted, problems


def _unmasked(old: Any, new: Any, path: str, problems: List[Problem]) -> Any:
    found = {}
    for name, field in options(type(new)).items():
        if field.secret and getattr(new, name) == MASK:
            found[name] = getattr(old, name) if old is not None else None
            if found[name] is None:
                problems.append(
                    Problem(
                        f"{path}.{name}", "is masked, which means what is recorded, and none is", "the secret itself"
                    )
                )
    return dataclasses.replace(new, **found) if found else new


def secrets_in(document: Any) -> Iterator[str]:
    """The text of everything that stands where a secret could, however wrong the rest of a document is."""
    waiting = [document]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, abc.Mapping):
            for name in _SECRET_FIELDS & thing.keys():
                if thing[name] is not None and thing[name] != MASK:
                    yield str(thing[name])
            # text and numbers, which are most of it, hold nothing
            waiting.extend(value for value in thing.values() if not isinstance(value, (str, int)))
        elif isinstance(thing, (list, tuple)):
            waiting.extend(thing)


def _secret_fields(kind: Type[Any]) -> Iterator[str]:
    for name, field in options(kind).items():
        inner: Optional[Type[Any]] = field.type.kind if isinstance(field.type, (Nested, ObjectList)) else None
        if inner is not None and any(_secret_fields(inner)):
            raise AssertionError(f"{kind.__name__}.{name} holds secrets, which nothing here looks for")
        if field.secret:
            yield name


_KINDS_WITH_SECRETS: Tuple[str, ...] = tuple(kind for kind, cls in KINDS.items() if any(_secret_fields(cls)))
_SECRET_FIELDS: FrozenSet[str] = frozenset(name for cls in KINDS.values() for name in _secret_fields(cls))
