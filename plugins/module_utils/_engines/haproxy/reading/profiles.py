# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that a text names, as certificate profiles. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import posixpath
import re
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ...blocks import parse
from ...found_names import Names
from ...found_services import Origins
from ..tls import authorities_in, authorities_of, bundles_in, file_of
from .lines import Statement

_LISTED = re.compile(r"# crt-list: (?P<file>\S+)(?: \[(?P<rules>.*)\])?")
_VERSIONS = {"TLSv1.2": "1.2", "TLSv1.3": "1.3"}

# What rules say of a profile, by words of HAProxy.
Rules = Mapping[str, str]


class Profiles:
    """The profiles of a text: those that comments of ours tell of, and one for each other file that is named."""

    def __init__(self, text: str, origins: Origins) -> None:
        self._origins = origins
        self._ours: Dict[str, Dict[str, Any]] = {}
        _head, blocks = parse(text)
        trusted = {name: bundle.sources[0] for name, bundle in authorities_in(blocks).items() if bundle.sources}
        for name, bundle in bundles_in(blocks).items():
            fields: Dict[str, Any] = dict(zip(_FIELDS.get(len(bundle.sources), ()), bundle.sources))
            if fields and name in trusted:
                fields.update(type="mutual_tls", chain_file=trusted[name])
            if fields:
                self._ours[name] = {"name": name, **fields}
        self._names = Names(self._ours)
        self._by_file = {file_of(name): name for name in self._ours}
        self._by_authorities = {authorities_of(name): name for name in self._ours if name in trusted}
        self._found: Dict[str, Dict[str, Any]] = {}

    def listed(self, lines: Iterator[str], statement: Statement) -> List[str]:
        """The names of the profiles that a list in comments of ours has."""
        names = []
        for match in filter(None, map(_LISTED.fullmatch, map(str.strip, lines))):
            words = (match["rules"] or "").split()
            rules = {word: words[at + 1] for at, word in enumerate(words[:-1]) if word in _RULES}
            names.append(self.of(match["file"], rules, statement))
        return names

    def of(self, file: str, rules: Rules, statement: Statement, kind: str = "server") -> str:
        """The name of the profile of a certificate with its rules."""
        fields: Dict[str, Any] = {}
        authorities = _authorities(rules)
        if authorities is not None:
            believed = self._ours[self._by_authorities[authorities]] if authorities in self._by_authorities else {}
            fields = {"type": "mutual_tls", "chain_file": believed.get("chain_file", authorities)}
        if "ciphers" in rules:
            fields["ciphers"] = rules["ciphers"]
        if rules.get("ssl-min-ver") in _VERSIONS:
            fields["minimum_tls"] = _VERSIONS[rules["ssl-min-ver"]]
        name = self._by_file.get(file)
        if name is not None:
            self._ours[name].update(fields)
            if kind != "server":
                self._ours[name].setdefault("type", kind)
        else:
            if kind != "server":
                fields.setdefault("type", kind)
            key = repr((file, sorted(fields.items())))
            name = self._by_file.get(key)
            if name is None:
                name = self._names.take(posixpath.basename(file).rpartition(".")[0] or "certificate", "certificate")
                self._by_file[key] = name
                self._found[name] = {"name": name, "certificate_file": file, **fields}
        self._use(name, statement)
        return name

    def towards_server(self, rules: Rules, statement: Statement) -> Optional[List[str]]:
        """The names of the profiles for TLS to a server; None where its authorities are those of no profile."""
        shown, authorities = rules.get("crt"), _authorities(rules)
        if shown is None:
            return None if authorities is not None else []
        own = {word: rules[word] for word in ("ciphers", "ssl-min-ver") if word in rules}
        other = self._by_authorities.get(authorities or "")
        if other is None and authorities is not None:
            # somebody edited our file: the profile stays what it is for all others that show it
            if shown in self._by_file:
                return None
            own.update({"verify": "required", "ca-file": authorities})
        first = self.of(shown, own, statement, "client")
        if other is None or other == first:
            return [first]
        self._use(other, statement)
        return [first, other]

    def _use(self, name: str, statement: Statement) -> None:
        self._origins.setdefault(f"certificate_profiles[{name}]", (statement.place, statement.raw))

    def documents(
        self, virtual_servers: List[Dict[str, Any]], farms_found: List[Dict[str, Any]]
    ) -> List[Dict[str, Any]]:
        """The profiles that these name. One of ours that no line names is beside others of some server, as our file
        has those in use alone: one more whose authorities count for nothing, where those of another do."""
        servers = [server for farm in farms_found for server in farm["servers"] if server.get("certificate_profiles")]
        named = {name for one in [*virtual_servers, *servers] for name in one.get("certificate_profiles", ())}
        believing = [one for one in servers if any(map(self._is_mutual, one["certificate_profiles"]))]
        for name in sorted(set(self._ours) - named):
            holders = believing if self._is_mutual(name) else servers
            if holders:
                holders[0]["certificate_profiles"].append(name)
                self._ours[name].setdefault("type", "client")
                named.add(name)
        known = {**self._found, **self._ours}
        return [known[name] for name in sorted(named)]

    def _is_mutual(self, name: str) -> bool:
        return {**self._found, **self._ours}[name].get("type") == "mutual_tls"


def _authorities(rules: Rules) -> Optional[str]:
    """The file of those whose certificates are taken; None where all are."""
    return rules.get("ca-file") if rules.get("verify") == "required" else None


_RULES = ("verify", "ca-file", "ciphers", "ssl-min-ver")
_FIELDS: Mapping[int, Tuple[str, ...]] = {
    1: ("certificate_file",),
    # HAProxy is given both in one file, and which of two the second is cannot be told: a key is more likely
    2: ("certificate_file", "key_file"),
    3: ("certificate_file", "chain_file", "key_file"),
}
