# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and addresses of everything in a lab: the same description always gives the same plan."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from evenkeel_lab.base import LabError, tag
from evenkeel_lab.spec import HostSpec, Spec


@dataclass(frozen=True)
class Interface:
    """One link of a host: `device` as the host sees it, `port` as the lab's bridge `network` sees it."""

    network: str
    device: str
    port: str
    mac: str
    ipv4: ipaddress.IPv4Interface
    ipv6: ipaddress.IPv6Interface | None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses with prefix length."""
        return tuple(str(address) for address in (self.ipv4, self.ipv6) if address is not None)


@dataclass(frozen=True)
class Host:
    """A host of the description with its links; `address` is where it is managed."""

    spec: HostSpec
    interfaces: tuple[Interface, ...]
    #: Its own network namespace, where its kind has one.
    namespace: str

    @property
    def name(self) -> str:
        """Its name."""
        return self.spec.name

    @property
    def kind(self) -> str:
        """vm, ct or ns."""
        return self.spec.kind

    @property
    def address(self) -> str:
        """Its IPv4 address on the management network."""
        return str(self.interfaces[0].ipv4.ip)

    def interface(self, network: str) -> Interface:
        """Its link in a network; LabError when it has none."""
        for interface in self.interfaces:
            if interface.network == network:
                return interface
        networks = ", ".join(interface.network for interface in self.interfaces)
        raise LabError(f"{self.name} is not in {network!r}; it is in {networks}")


@dataclass(frozen=True)
class Bridge:
    """A network as the lab's namespace sees it, with the lab's own addresses."""

    name: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A lab ready to be built."""

    spec: Spec
    bridges: tuple[Bridge, ...]
    hosts: tuple[Host, ...]

    @property
    def name(self) -> str:
        """The lab's name."""
        return self.spec.name

    @property
    def namespace(self) -> str:
        """The network namespace of its bridges."""
        return namespace(self.name)

    def host(self, name: str) -> Host:
        """The host of that name; LabError when there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise LabError(f"lab {self.name} has no host {name!r}; it has {', '.join(h.name for h in self.hosts)}")


def namespace(lab: str, host: str | None = None) -> str:
    """The name of the network namespace of a lab, or of one of its hosts. (No lab has a dot in its name.)"""
    own = f"evk{tag()}-{lab}"
    return own if host is None else f"{own}.{host}"


def owns(lab: str, name: str) -> bool:
    """Whether a network namespace of this name belongs to the lab."""
    return name == namespace(lab) or name.startswith(namespace(lab) + ".")


def make(spec: Spec) -> Plan:
    """Give everything its name and address: in every network a host has the number that is its id.

    In IPv6 the id's decimal digits are written as they are (id 11 is fd10::11), so both families read the same.
    """
    networks = {network.name: network for network in spec.networks}
    bridges = []
    for network in spec.networks:
        addresses = [f"{network.ipv4[1]}/{network.ipv4.prefixlen}"]
        if network.ipv6 is not None:
            addresses.append(f"{network.ipv6[1]}/{network.ipv6.prefixlen}")
        bridges.append(Bridge(network.name, tuple(addresses)))
    hosts = []
    for host in spec.hosts:
        interfaces = []
        for number, name in enumerate(host.nets):
            network = networks[name]
            ipv6 = None
            if network.ipv6 is not None:
                ipv6 = ipaddress.IPv6Interface((network.ipv6[int(str(host.id), 16)], network.ipv6.prefixlen))
            interfaces.append(
                Interface(
                    network=name,
                    device=f"eth{number}",
                    port=f"{host.name}.{number}",
                    mac=f"02:1a:b0:00:{host.id:02x}:{number:02x}",
                    ipv4=ipaddress.IPv4Interface((network.ipv4[host.id], network.ipv4.prefixlen)),
                    ipv6=ipv6,
                )
            )
        hosts.append(Host(host, tuple(interfaces), namespace(spec.name, host.name)))
    return Plan(spec, tuple(bridges), tuple(hosts))
