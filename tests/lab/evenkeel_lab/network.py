# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab's wires: namespaces, bridges, taps, veth pairs, addresses. Nothing of it is in the machine's own network."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from evenkeel_lab.plan import Bridge, Host, Interface, Plan, owns

if TYPE_CHECKING:
    from pyroute2 import IPRoute

_NAMESPACES = Path("/run/netns")
_NODAD = 0x02  # IFA_F_NODAD: an address of the plan is nobody else's, and is usable at once

Result = TypeVar("Result")


# pyroute2 takes longer to import than most commands take to run: only those that change something wait for it.


def _netns() -> ModuleType:
    import pyroute2.netns

    module: ModuleType = pyroute2.netns
    return module


@contextlib.contextmanager
def _links() -> Iterator[IPRoute]:
    """The kernel's links and addresses, as seen from the namespace this thread is in."""
    from pyroute2 import IPRoute

    with IPRoute() as ip:
        yield ip


def within(namespace: str, function: Callable[[], Result]) -> Result:
    """Call a function inside a network namespace. Only a thread of its own enters, this one stays where it is."""
    outcome: dict[str, Any] = {}

    def enter() -> None:
        try:
            _netns().setns(namespace)
            outcome["result"] = function()
        except BaseException as error:  # handed on to the caller, below
            outcome["error"] = error

    thread = threading.Thread(target=enter, name=f"in {namespace}")
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    result: Result = outcome["result"]
    return result


def namespaces(lab: str) -> list[str]:
    """The namespaces there are of a lab."""
    if not _NAMESPACES.is_dir():  # nobody ever made one on this machine
        return []
    return sorted(path.name for path in _NAMESPACES.iterdir() if owns(lab, path.name))


def identity(namespace: str) -> int:
    """The number by which the kernel tells a namespace from others, as in the target of /proc/PID/ns/net."""
    return (_NAMESPACES / namespace).stat().st_ino


def enter_command(namespace: str) -> list[str]:
    """The words that, before a command, run it in a namespace. Mounts stay as they are, unlike with ip-netns(8)."""
    return ["nsenter", f"--net={_NAMESPACES / namespace}", "--"]


def create(plan: Plan) -> None:
    """Make the lab's namespace with one bridge for each network."""

    def build() -> None:
        _settle()
        with _links() as ip:
            for bridge in plan.bridges:
                _bridge(ip, bridge)

    _netns().create(plan.namespace)
    within(plan.namespace, build)


def connect_taps(plan: Plan, host: Host) -> None:
    """Give a host of kind vm a tap on each of its networks."""

    def build() -> None:
        with _links() as ip:
            for interface in host.interfaces:
                ip.link("add", ifname=interface.port, kind="tuntap", mode="tap")
                _plug(ip, interface.port, interface.network)

    within(plan.namespace, build)


def connect_namespace(plan: Plan, host: Host, cut: frozenset[str] = frozenset()) -> None:
    """Give a host a namespace with a link and its addresses on each of its networks, those in `cut` unplugged."""

    def outside() -> None:
        far = os.open(_NAMESPACES / host.namespace, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with _links() as ip:
                for interface in host.interfaces:
                    peer = {"ifname": interface.device, "address": interface.mac, "net_ns_fd": far}
                    ip.link("add", ifname=interface.port, kind="veth", peer=peer)
                    _plug(ip, interface.port, None if interface.network in cut else interface.network)
        finally:
            os.close(far)

    def inside() -> None:
        _settle()
        with _links() as ip:
            for interface in host.interfaces:
                (index,) = ip.link_lookup(ifname=interface.device)
                _address(ip, index, interface.addresses)
                ip.link("set", index=index, state="up")

    _netns().create(host.namespace)
    within(plan.namespace, outside)
    within(host.namespace, inside)


def cut(plan: Plan, interface: Interface) -> None:
    """Take a link off its network. The port stays up: a user-mode kernel never recovers from its tap going down."""
    _switch(plan, interface, None)


def join(plan: Plan, interface: Interface) -> None:
    """Put a link back on its network."""
    _switch(plan, interface, interface.network)


def remove(namespace: str) -> None:
    """Remove a namespace with all links in it."""
    _netns().remove(namespace)


def _switch(plan: Plan, interface: Interface, network: str | None) -> None:
    def change() -> None:
        with _links() as ip:
            _plug(ip, interface.port, network)

    within(plan.namespace, change)


def _settle() -> None:
    """Independent of what this machine set for its own network: IPv6 there, and the lab no router between networks."""
    for name, value in (
        ("ipv4/ip_forward", "0"),
        ("ipv6/conf/all/disable_ipv6", "0"),
        ("ipv6/conf/default/disable_ipv6", "0"),
    ):
        Path("/proc/sys/net", name).write_text(value)
    with _links() as ip:
        ip.link("set", index=1, state="up")


def _bridge(ip: IPRoute, bridge: Bridge) -> None:
    ip.link("add", ifname=bridge.name, kind="bridge", br_forward_delay=0, br_mcast_snooping=0)
    (index,) = ip.link_lookup(ifname=bridge.name)
    _address(ip, index, bridge.addresses)
    ip.link("set", index=index, state="up")


def _address(ip: IPRoute, index: int, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        host, length = address.split("/")
        flags = _NODAD if ":" in host else 0
        ip.addr("add", index=index, address=host, prefixlen=int(length), flags=flags)


def _plug(ip: IPRoute, port: str, network: str | None) -> None:
    (index,) = ip.link_lookup(ifname=port)
    master = ip.link_lookup(ifname=network)[0] if network is not None else 0
    ip.link("set", index=index, master=master, state="up")
