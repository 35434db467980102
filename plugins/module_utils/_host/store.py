# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The intended configuration on disk: what this collection was asked for on this director. Private to evenkeel.lb."""

from __future__ import annotations

import json
from typing import Any, Dict

from .._model.configuration import Configuration
from .._model.problems import InvalidConfiguration
from .system import HostFault, System

PATH = "/etc/evenkeel/lb.json"
LOCK = "/run/lock/evenkeel-lb.lock"
_VERSION = 1


class Store:
    """One document, mode 0600, sorted, with a version; replaced as a whole."""

    def __init__(self, system: System, path: str = PATH) -> None:
        self._system = system
        self._path = path

    def load(self) -> Configuration:
        """The recorded configuration, empty when nothing was recorded yet. A document that cannot be understood is a
        HostFault: guessing what is ours would remove what is not."""
        text = self._system.read(self._path)
        if text is None:
            return Configuration()
        try:
            document: Dict[str, Any] = json.loads(text)
            if document["version"] != _VERSION:
                raise HostFault(
                    f"{self._path} has version {document['version']!r}; this release reads version {_VERSION}"
                )
            return Configuration.from_document(document["configuration"])
        except (ValueError, KeyError, TypeError, RecursionError, InvalidConfiguration) as error:
            raise HostFault(
                f"{self._path} is damaged ({error}); restore it from a backup, or remove it and run again"
            ) from error

    def save(self, configuration: Configuration) -> None:
        """Record a configuration; it is on the disk when this returns."""
        self._system.write(self._path, _text(configuration), mode=0o600)


def _text(configuration: Configuration) -> str:
    """One object a line: people can search and compare that, and the fast encoder, which cannot indent, writes it."""
    encode = json.JSONEncoder(sort_keys=True).encode
    kinds = []
    for kind, things in sorted(configuration.document().items()):
        lines = ",\n".join(f"  {encode(thing)}" for thing in things)
        kinds.append(f" {encode(kind)}: [\n{lines}\n ]" if things else f" {encode(kind)}: []")
    listed = ",\n".join(kinds)
    return f'{{"configuration": {{\n{listed}\n}},\n"version": {_VERSION}}}\n'
