# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The intended configuration on disk: what this collection was asked for on this director. Private to evenkeel.lb.

Beside the record, while a run is at work, lies its candidate; it takes the record's name when the engines agreed. One
that is found there at the beginning of a run is of a run that did not end: some of it may be on the host.

What tasks only wished so far lies in another file: the record with those wishes, for the next run that applies. It
names the record it amends. When that is recorded no more, the wishes are: a run recorded them and died before it could
remove the file.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, List, Optional

from .._model.configuration import Configuration
from .._model.problems import InvalidConfiguration
from .system import HostFault, System

PATH = System.record
LOCK = System.run_lock
_CANDIDATE = ".new"
_BEGUN = ".begun"
_DEFERRED = ".deferred"
_VERSION = 1


class Store:
    """One document, mode 0600, sorted, with a version; replaced as a whole."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._path = system.record
        self._before: Optional[str] = None
        self._deferred_before: Optional[str] = None

    def load(self) -> Configuration:
        """The recorded configuration, empty when nothing was recorded yet. A document that cannot be understood is a
        HostFault: guessing what is ours would remove what is not."""
        self._before = self._system.read(self._path)
        self._deferred_before = self._system.read(self._path + _DEFERRED)
        return self._configuration(self._path, self._before)

    def deferred(self) -> Optional[Configuration]:
        """The configuration that was loaded with what was deferred since; None when nothing was."""
        if self._deferred_before is None:
            return None
        try:
            return self._configuration(self._path + _DEFERRED, self._deferred_before, self._amended())
        except _Void:
            return None

    def defer(self, configuration: Configuration) -> None:
        """Keep a configuration for the next run that applies; it is on the disk when this returns."""
        self._system.write(self._path + _DEFERRED, _text(configuration, self._amended()), mode=0o600)

    def undefer(self) -> None:
        """Nothing is deferred any more."""
        if self._system.exists(self._path + _DEFERRED):
            self._system.remove(self._path + _DEFERRED)

    def _amended(self) -> str:
        return hashlib.sha256((self._before or "").encode("utf-8")).hexdigest()

    def begun(self) -> List[Configuration]:
        """What runs that did not end were about to make true, the latest first; each once."""
        lines = (self._system.read(self._path + _BEGUN) or "").splitlines()
        texts = [self._system.read(self._path + _CANDIDATE), *reversed(lines)]
        found = [self._configuration(self._path + _CANDIDATE, text) for text in texts if text is not None]
        return [configuration for place, configuration in enumerate(found) if configuration not in found[:place]]

    def begin(self, configuration: Configuration) -> None:
        """Say what will be made true, before anything is touched; it is on the disk when this returns."""
        former = self.begun()
        if former:
            lines = "".join(f"{' '.join(_text(one).splitlines())}\n" for one in reversed(former))
            self._system.write(self._path + _BEGUN, lines, mode=0o600)
        self._system.write(self._path + _CANDIDATE, _text(configuration), mode=0o600)

    def commit(self) -> None:
        """Record what was begun; it is on the disk when this returns, and nothing else is left of any run. What was
        deferred is taken as being in it."""
        self._system.rename(self._path + _CANDIDATE, self._path)
        self._system.remove(self._path + _BEGUN)
        self.undefer()

    def save(self, configuration: Configuration) -> None:
        """Record a configuration; it is on the disk when this returns."""
        self.begin(configuration)
        self.commit()

    def back(self, left: Optional[Configuration]) -> None:
        """The record and what was deferred as they were loaded; and of what was begun since only as much as is ``left``
        on the host."""
        for path, before in ((self._path, self._before), (self._path + _DEFERRED, self._deferred_before)):
            if self._system.read(path) == before:
                continue
            if before is None:
                self._system.remove(path)
            else:
                self._system.write(path, before, mode=0o600)
        if left is None:
            # a file system that cannot be written refuses to remove even what is not there
            if self._system.exists(self._path + _CANDIDATE):
                self._system.remove(self._path + _CANDIDATE)
        elif self._system.read(self._path + _CANDIDATE) is None:
            self._system.write(self._path + _CANDIDATE, _text(left), mode=0o600)

    def forget(self) -> None:
        """Nothing is left of runs that did not end."""
        for ending in (_CANDIDATE, _BEGUN):
            self._system.remove(self._path + ending)

    @staticmethod
    def _configuration(path: str, text: Optional[str], amends: str = "") -> Configuration:
        """The configuration of a document, empty where there is none. Raises _Void when it amends another record."""
        if text is None:
            return Configuration()
        try:
            document: Dict[str, Any] = json.loads(text)
            if document["version"] != _VERSION:
                raise HostFault(f"{path} has version {document['version']!r}; this release reads version {_VERSION}")
            if amends and document["amends"] != amends:
                raise _Void
            return Configuration.from_document(document["configuration"])
        except (ValueError, KeyError, TypeError, RecursionError, InvalidConfiguration) as error:
            raise HostFault(
                f"{path} is damaged ({error}); restore it from a backup, or remove it and run again"
            ) from error


class _Void(Exception):
    """What was deferred amends a record that is no more."""


def _text(configuration: Configuration, amends: str = "") -> str:
    """One object a line: people can search and compare that, and the fast encoder, which cannot indent, writes it."""
    encode = json.JSONEncoder(sort_keys=True).encode
    kinds = []
    for kind, things in sorted(configuration.document().items()):
        lines = ",\n".join(f"  {encode(thing)}" for thing in things)
        kinds.append(f" {encode(kind)}: [\n{lines}\n ]" if things else f" {encode(kind)}: []")
    listed = ",\n".join(kinds)
    amended = f'"amends": {encode(amends)},\n' if amends else ""
    return f'{{{amended}"configuration": {{\n{listed}\n}},\n"version": {_VERSION}}}\n'
