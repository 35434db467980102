# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of an appliance on the way to a configuration, and what the model has no word for. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterable, List, Mapping, Optional

from ..._model.fields import Name
from ..found_names import Names
from ..found_services import Origins
from ..reading import Findings, Place
from .objects import Key, Values, canonical

_NONE = {"type": "none"}
_LONGEST = 56


class Found:
    """What is found: objects with their attributes, each of which is taken, kept as it is, or lost."""

    def __init__(self, objects: Mapping[Key, Values], places: Mapping[Key, Place], findings: Findings) -> None:
        self.objects = objects
        self._places = places
        self._findings = findings
        self.origins: Origins = {}
        self._checks: Dict[str, str] = {}
        self._check_names = Names()
        self.health_checks: List[Dict[str, Any]] = []

    def of(self, kind: str) -> List[Key]:
        """The objects of a kind, by name."""
        return sorted(key for key in self.objects if key.kind == kind)

    def held_by(self, parent: Key) -> List[Key]:
        """The objects that an object holds, by name."""
        return sorted(key for key in self.objects if key.parent == parent)

    def orphans(self) -> None:
        """What is in an object that is not there."""
        for key in sorted(self.objects):
            if key.parent is not None and key.parent not in self.objects:
                self.lose(key, f"is in {key.parent}, which is not there", f"{key.parent} with it")

    def value(self, key: Key, name: str) -> Optional[str]:
        """An attribute in its one form, its documented default where it is not set; None where it has none, or the API
        cannot tell it, which is lost."""
        there = self.objects[key].get(name)
        if there is True:
            message = f"{name} has a value that the appliance's API cannot tell"
            self.lose(key, message, "look at it in the appliance's web interface")
            return None
        found: Optional[str] = canonical(key.kind, name, there)
        return found

    def is_set(self, key: Key, name: str) -> bool:
        """Whether an attribute is said on the appliance."""
        return isinstance(self.objects[key].get(name), str)

    def word(self, key: Key, name: str, words: Mapping[str, str]) -> Optional[str]:
        """What a word of the appliance is in the model; None where it has none, which is lost."""
        value = self.value(key, name)
        if value is not None and value not in words:
            self.lose(key, f"{name}: {value} is not known here", ", ".join(sorted(words)))
        return words.get(value or "")

    def name(self, key: Key, names: Names, otherwise: str = "") -> str:
        """What an object is called in the model, where it is told when that is not its name."""
        wanted = key.names[-1]
        plain = re.sub(r"^[^A-Za-z0-9]+", "", wanted)[:_LONGEST] or "x"
        taken = names.take(wanted, otherwise or plain)
        if taken != wanted:
            why = "is the name of another object here" if Name().accepts(wanted) else "is no name here"
            self.lose(key, f"{wanted[:_LONGEST]} {why}, {taken} is taken", "another name")
        return taken

    def others(self, key: Key, taken: Iterable[str]) -> Dict[str, str]:
        """The attributes beside those that are taken, as they are."""
        known = set(taken)
        return {
            name: value
            for name in sorted(self.objects[key])
            if name not in known and (value := self._as_it_is(key, name)) is not None
        }

    def _as_it_is(self, key: Key, name: str) -> Optional[str]:
        return self.value(key, name) if self.objects[key][name] is not None else None

    def nothing_else(self, key: Key, taken: Iterable[str]) -> None:
        """Lose what the model has no word for."""
        for name, value in self.others(key, taken).items():
            self.lose(key, f"{name}: {value} has no field here", "leave it to the appliance")

    def without_effect(self, key: Key, names: Iterable[str], reason: str) -> None:
        """What is set and does nothing, because of something else."""
        said = [name for name in names if self.is_set(key, name)]
        if said:
            self.note(key, f"{', '.join(said)} {'have' if len(said) > 1 else 'has'} no effect {reason}")

    def health_check(self, key: Key, farm: str, fields: Dict[str, Any]) -> str:
        """The name of a health check with these fields, which is that of the first farm that has it."""
        content = json.dumps(fields, sort_keys=True)
        if content not in self._checks:
            name = self._check_names.take("none" if fields == _NONE else farm)
            self._checks[content] = name
            self.health_checks.append({"name": name, **fields})
            self.origin(f"health_checks[{name}]", key)
        return self._checks[content]

    def untested(self, key: Key) -> str:
        """The name of the health check that tests nothing."""
        return self.health_check(key, "none", dict(_NONE))

    def origin(self, path: str, key: Key) -> None:
        """Where an object of the configuration came from."""
        self.origins[path] = (self._place(key), str(key))

    def lose(self, key: Key, message: str, allowed: str) -> None:
        self._findings.lose(self._place(key), str(key), message, allowed)

    def note(self, key: Key, message: str) -> None:
        self._findings.note(self._place(key), str(key), message)

    def _place(self, key: Key) -> Place:
        return self._places.get(key, Place(1))
