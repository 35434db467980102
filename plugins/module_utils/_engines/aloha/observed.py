# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the appliance holds, read object by object, each once. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Dict, Optional, Tuple

from ..base import EngineFault
from .api import Api
from .objects import CHILDREN, Key, Paths, Values


class Observed:
    """The objects as they were when they were first asked for, or as a write left them."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.paths = Paths(api.settings.scope, api.settings.paths)
        self._objects: Dict[Key, Optional[Values]] = {}
        self._children: Dict[Key, Tuple[str, ...]] = {}
        # The objects asked for by the one that holds them, in their order.
        self._asked_of: Dict[Optional[Key], Dict[Key, None]] = {}

    def object(self, key: Key) -> Optional[Values]:
        """All attributes of an object; None when it is not there."""
        if key not in self._objects:
            parent = key.parent
            missing = parent is not None and self.object(parent) is None
            self._note(key, None if missing else self._api.object(self.paths.of(key)))
        return self._objects[key]

    def children(self, key: Key) -> Tuple[Key, ...]:
        """The objects that an object holds; where the appliance's list of them cannot be made out, those known."""
        if key not in self._children:
            there = self.object(key) is not None
            names = self._api.names(self.paths.directory(CHILDREN[key.kind], *key.names)) if there else ()
            self._children[key] = names or ()
        asked = self._asked_of.get(key, {})
        names = {*self._children[key], *(child.names[-1] for child in asked if self._objects[child] is not None)}
        gone = {child.names[-1] for child in asked if self._objects[child] is None}
        return tuple(key.child(name) for name in sorted(names - gone))

    def everything(self) -> Dict[Key, Values]:
        """All objects of the scope. Raises EngineFault where the appliance does not tell which there are."""
        found: Dict[Key, Values] = {}
        for kind in CHILDREN:
            directory = self.paths.directory(kind)
            names = self._api.names(directory)
            if names is None:
                raise EngineFault(f"GET {directory}: the names in the answer cannot be made out")
            for key in (Key(kind, (name,)) for name in names):
                for one in (key, *self.children(key)):
                    values = self.object(one)
                    if values is not None:
                        found[one] = values
        return found

    def known(self) -> Dict[Key, Optional[Values]]:
        """What was read so far."""
        return dict(self._objects)

    def again(self, key: Key) -> Optional[Values]:
        """An object as it is now. What it holds is forgotten when it is gone."""
        self._note(key, self._api.object(self.paths.of(key)))
        if self._objects[key] is None and key.kind in CHILDREN:
            self._children[key] = ()
            for child in self._asked_of.get(key, ()):
                self._objects[child] = None
        return self._objects[key]

    def _note(self, key: Key, values: Optional[Values]) -> None:
        self._objects[key] = values
        self._asked_of.setdefault(key.parent, {})[key] = None
