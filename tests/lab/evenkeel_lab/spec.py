# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a lab description may say. Pure: reads a mapping, gives values or every problem at once."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from evenkeel_lab.base import LabError
from evenkeel_lab.distros import DISTROS

KINDS = ("vm", "ct", "ns")
KERNELS = ("packaged", "own")

# Linux allows 15 characters in the name of an interface; a host's are "<host>.<number>".
_HOST = re.compile(r"[a-z][a-z0-9]{0,11}")
_NETWORK = re.compile(r"[a-z][a-z0-9]{0,14}")
# Part of a path that must stay within the 107 bytes of a socket's address.
_LAB = re.compile(r"[a-z][a-z0-9-]{0,23}")

_HOST_KEYS = {
    "vm": {"id", "kind", "nets", "distro", "memory", "disk"},
    "ct": {"id", "kind", "nets", "distro"},
    "ns": {"id", "kind", "nets"},
}


class SpecError(LabError):
    """Everything that is wrong with a description; `problems` holds one "path: what" for each fault."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join([f"{source} is not a lab description:", *(f"  {problem}" for problem in problems)]))


@dataclass(frozen=True)
class NetworkSpec:
    """A network: one bridge, where the lab itself has the first address of each prefix."""

    name: str
    ipv4: ipaddress.IPv4Network
    ipv6: ipaddress.IPv6Network | None


@dataclass(frozen=True)
class HostSpec:
    """A host: `kind` vm (own kernel), ct (container on this machine's kernel) or ns (network only)."""

    name: str
    id: int
    kind: str
    nets: tuple[str, ...]
    distro: str | None
    #: MiB of memory; vm only.
    memory: int
    #: MiB of disk, of which only what is written takes space; vm only.
    disk: int


@dataclass(frozen=True)
class Spec:
    """A whole lab. The first network is the one hosts are managed over."""

    name: str
    kernel: str
    networks: tuple[NetworkSpec, ...]
    hosts: tuple[HostSpec, ...]
    groups: Mapping[str, tuple[str, ...]]

    @property
    def distros(self) -> tuple[str, ...]:
        """The distributions its hosts use, sorted."""
        return tuple(sorted({host.distro for host in self.hosts if host.distro}))

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of host in it."""
        return frozenset(host.kind for host in self.hosts)


def valid_name(name: str) -> bool:
    """Whether a lab can be called this: it becomes part of paths and of names of namespaces."""
    return _LAB.fullmatch(name) is not None


def load(path: Path, name: str | None = None) -> Spec:
    """The description in a YAML file, called `name` when that is given. Raises SpecError with all problems."""
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise SpecError(str(path), [f"not YAML: {error}"]) from error
    if name is not None and isinstance(document, dict):
        document = {**document, "name": name}
    return parse(document, str(path))


def parse(document: Any, source: str = "the description") -> Spec:
    """The description as values. Raises SpecError with all problems."""
    reader = _Reader()
    spec = reader.lab(document)
    if reader.problems:
        raise SpecError(source, reader.problems)
    assert spec is not None
    return spec


class _Reader:
    """Collects problems instead of stopping at the first one."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def problem(self, path: str, what: str) -> None:
        self.problems.append(f"{path}: {what}" if path else what)

    def mapping(self, value: Any, path: str, keys: set[str] | None = None) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.problem(path, f"must be a mapping, not {value!r}")
            return {}
        for key in value:
            if keys is not None and key not in keys:
                where = f"{path}.{key}" if path else str(key)
                self.problem(where, f"unknown; possible here: {', '.join(sorted(keys))}")
        return {str(key): item for key, item in value.items()}

    def choice(self, value: Any, path: str, possible: tuple[str, ...]) -> str | None:
        if value in possible:
            return str(value)
        self.problem(path, f"must be one of {', '.join(possible)}, not {value!r}")
        return None

    def number(self, value: Any, path: str, low: int, high: int) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.problem(path, f"must be a whole number from {low} to {high}, not {value!r}")
        return low

    def named(self, value: Any, path: str, pattern: re.Pattern[str], limit: str) -> Iterator[tuple[str, Any]]:
        if not value:
            self.problem(path, "must not be empty")
            return
        for name, item in self.mapping(value, path).items():
            if pattern.fullmatch(name) is None:
                self.problem(f"{path}.{name}", f"a name here is {limit}")
            yield name, item

    def lab(self, document: Any) -> Spec | None:
        top = self.mapping(document, "", {"name", "kernel", "networks", "hosts", "groups"})
        name = top.get("name")
        if not isinstance(name, str) or not valid_name(name):
            self.problem("name", "must be up to 24 lower case letters, digits and dashes, and start with a letter")
        kernel = self.choice(top.get("kernel", "packaged"), "kernel", KERNELS)
        limit = "a lower case letter and up to 14 letters or digits"
        networks = [
            self.network(key, item) for key, item in self.named(top.get("networks"), "networks", _NETWORK, limit)
        ]
        self.overlaps(networks)
        limit = "a lower case letter and up to 11 letters or digits"
        known = [network.name for network in networks]
        hosts = [self.host(key, item, known) for key, item in self.named(top.get("hosts"), "hosts", _HOST, limit)]
        self.same_ids(hosts)
        groups = self.groups(top.get("groups", {}), {host.name for host in hosts if host.kind != "ns"})
        if self.problems:
            return None
        return Spec(str(name), str(kernel), tuple(networks), tuple(hosts), groups)

    def prefix(self, value: Any, path: str, version: int) -> Any:
        try:
            network = ipaddress.ip_network(value)
        except (TypeError, ValueError) as error:
            self.problem(path, f"must be a prefix: {error}")
            return None
        longest = {4: 24, 6: 112}[version]
        if network.version != version or network.prefixlen > longest:
            self.problem(path, f"must be an IPv{version} prefix of at most {longest} bits, not {value!r}")
        return network

    def network(self, name: str, value: Any) -> NetworkSpec:
        path = f"networks.{name}"
        fields = self.mapping(value, path, {"ipv4", "ipv6"})
        ipv4 = self.prefix(fields.get("ipv4"), f"{path}.ipv4", 4)
        ipv6 = self.prefix(fields["ipv6"], f"{path}.ipv6", 6) if "ipv6" in fields else None
        return NetworkSpec(name, ipv4, ipv6)

    def overlaps(self, networks: list[NetworkSpec]) -> None:
        for family in ("ipv4", "ipv6"):
            seen: list[tuple[str, Any]] = []
            for network in networks:
                prefix = getattr(network, family)
                if prefix is None:
                    continue
                for other, taken in seen:
                    if prefix.version == taken.version and prefix.overlaps(taken):
                        self.problem(f"networks.{network.name}.{family}", f"{prefix} overlaps {taken} of {other}")
                seen.append((network.name, prefix))

    def host(self, name: str, value: Any, networks: list[str]) -> HostSpec:
        path = f"hosts.{name}"
        fields = self.mapping(value, path)
        kind = self.choice(fields.get("kind"), f"{path}.kind", KINDS)
        if kind is not None:
            self.mapping(fields, path, _HOST_KEYS[kind])
        number = self.number(fields.get("id"), f"{path}.id", 2, 254)
        distro = None
        if kind in ("vm", "ct"):
            distro = self.choice(fields.get("distro"), f"{path}.distro", tuple(DISTROS))
        memory = self.number(fields.get("memory", 384), f"{path}.memory", 128, 4096)
        disk = self.number(fields.get("disk", 2048), f"{path}.disk", 256, 16384)
        nets = fields.get("nets", networks)
        if not isinstance(nets, list) or not nets:
            self.problem(f"{path}.nets", f"must be a list of networks, not {nets!r}")
            nets = []
        for index, net in enumerate(nets):
            if net not in networks:
                self.problem(f"{path}.nets[{index}]", f"no network is called {net!r}; there are {', '.join(networks)}")
            elif net in nets[:index]:
                self.problem(f"{path}.nets[{index}]", f"{net} is named twice")
        if nets and networks and nets[0] != networks[0]:
            self.problem(f"{path}.nets[0]", f"must be {networks[0]}, the network hosts are managed over")
        return HostSpec(name, number, kind or "ns", tuple(map(str, nets)), distro, memory, disk)

    def same_ids(self, hosts: list[HostSpec]) -> None:
        owners: dict[int, str] = {}
        for host in hosts:
            if owners.setdefault(host.id, host.name) != host.name:
                self.problem(f"hosts.{host.name}.id", f"{host.id} is the id of {owners[host.id]}")

    def groups(self, value: Any, hosts: set[str]) -> dict[str, tuple[str, ...]]:
        groups: dict[str, tuple[str, ...]] = {}
        for name, members in self.mapping(value, "groups").items():
            if not isinstance(members, list):
                self.problem(f"groups.{name}", f"must be a list of hosts, not {members!r}")
                continue
            for index, member in enumerate(members):
                if member not in hosts:
                    self.problem(
                        f"groups.{name}[{index}]",
                        f"{member!r} is no host Ansible can reach; there are {', '.join(sorted(hosts))}",
                    )
            groups[name] = tuple(map(str, members))
        return groups
