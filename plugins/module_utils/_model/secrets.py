# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that come back masked, and where secrets are in a document nobody parsed. Pure. Private to evenkeel.lb.

Whoever reads a configuration sees stars in place of secrets, and may give it back as it is.
"""

from __future__ import annotations

import dataclasses
from collections import abc
from typing import Any, FrozenSet, Iterator, List, Mapping, Tuple

from .configuration import KINDS, Configuration
from .objects import MASK, options
from .problems import Problem


def unmasked(base: Configuration, wanted: Configuration) -> Tuple[Configuration, List[Problem]]:
    """``wanted`` with each masked secret as ``base`` has it, and a problem for each that ``base`` does not have."""
    problems: List[Problem] = []
    for kind in (kind for kind, names in _SECRETS.items() if names):
        before, after = base.of(kind), wanted.of(kind)
        objects = {
            name: _unmasked(before.get(name), thing, _SECRETS[kind], f"{kind}[{name}]", problems)
            for name, thing in after.items()
        }
        if any(objects[name] is not thing for name, thing in after.items()):
            wanted = dataclasses.replace(wanted, **{kind: objects})
    return wanted, problems


def _unmasked(old: Any, new: Any, secrets: FrozenSet[str], path: str, problems: List[Problem]) -> Any:
    found = {}
    for name in sorted(secrets):
        if getattr(new, name) == MASK:
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


# No object inside another holds a secret; a test looks at that.
_SECRETS: Mapping[str, FrozenSet[str]] = {
    kind: frozenset(name for name, field in options(cls).items() if field.secret) for kind, cls in KINDS.items()
}
_SECRET_FIELDS: FrozenSet[str] = frozenset().union(*_SECRETS.values())
