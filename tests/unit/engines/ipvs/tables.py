# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IPVS tables for tests: Hypothesis strategies, and the kernel's handling of operations as a function."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    ADD,
    DIRECT_ROUTE,
    EDIT,
    FLAG_ONE_PACKET,
    FLAG_PERSISTENT,
    FLAG_SCHEDULER_1,
    FLAG_SCHEDULER_2,
    FLAG_SCHEDULER_3,
    IPV4,
    IPV6,
    MASQUERADE,
    REMOVE,
    SCTP,
    TCP,
    TUNNEL,
    TUNNEL_GRE,
    TUNNEL_GUE,
    TUNNEL_IPIP,
    UDP,
    Destination,
    Operation,
    Service,
    ServiceKey,
    Table,
    canonical_address,
)

NUMBERS = st.integers(0, 0xFFFFFFFF)
PORTS = st.integers(0, 65535)
FAMILIES = st.sampled_from([IPV4, IPV6])
SCHEDULER_FLAGS = [FLAG_SCHEDULER_1, FLAG_SCHEDULER_2, FLAG_SCHEDULER_3]


def any_address(family: int) -> st.SearchStrategy[str]:
    """Every address of a family, canonical."""
    return st.ip_addresses(v=4 if family == IPV4 else 6).map(str).map(canonical_address)


@st.composite
def any_key(draw: st.DrawFn) -> ServiceKey:
    """Every key the attributes can carry."""
    family = draw(FAMILIES)
    if draw(st.booleans()):
        return ServiceKey.of_fwmark(family, draw(st.integers(1, 0xFFFFFFFF)))
    return ServiceKey(family, draw(st.integers(0, 65535)), draw(any_address(family)), draw(PORTS))


@st.composite
def any_service(draw: st.DrawFn) -> Service:
    """Every service the attributes can carry."""
    key = draw(any_key())
    netmask = draw(any_address(IPV4)) if key.family == IPV4 else str(draw(NUMBERS))
    words = st.text("abcdefghijklmnopqrstuvwxyz_-0123456789", min_size=1, max_size=15)
    return Service(key, draw(words), draw(NUMBERS), draw(NUMBERS), netmask, draw(st.just("") | words))


@st.composite
def any_destination(draw: st.DrawFn) -> Destination:
    """Every destination the attributes can carry."""
    numbers = [draw(NUMBERS) for _field in range(3)]
    address = draw(FAMILIES.flatmap(any_address))
    tunnel = (draw(st.integers(0, 255)), draw(PORTS), draw(PORTS))
    return Destination(address, draw(PORTS), draw(st.integers(0, 7)), *numbers, *tunnel)


@st.composite
def kernel_service(draw: st.DrawFn, key: ServiceKey) -> Service:
    """A service the kernel takes under this key."""
    scheduler = draw(st.sampled_from(["rr", "wrr", "lc", "wlc", "sh", "mh"]))
    flags = sum(draw(st.sets(st.sampled_from(SCHEDULER_FLAGS))))
    if key.protocol == UDP and draw(st.booleans()):
        flags |= FLAG_ONE_PACKET
    if not draw(st.booleans()):
        return Service(key, scheduler, flags)
    # The kernel counts the timeout in ticks, in 32 bits.
    timeout = draw(st.integers(1, 2678400))
    if key.family == IPV6:
        netmask = str(draw(st.integers(1, 128)))
    else:
        netmask = str(ipaddress.IPv4Network(f"0.0.0.0/{draw(st.integers(1, 32))}").netmask)
    return Service(key, scheduler, flags | FLAG_PERSISTENT, timeout, netmask)


@st.composite
def kernel_destination(draw: st.DrawFn, key: ServiceKey, number: int) -> Destination:
    """The destination ``number`` (0 to 254) of a service, as the kernel and ipvsadm take it.

    ipvsadm gives the service's port to destinations that are not masqueraded, so these have no other.
    """
    forward = draw(st.sampled_from([MASQUERADE, TUNNEL, DIRECT_ROUTE]))
    address = f"10.99.0.{number + 1}" if key.family == IPV4 else f"fd99::{number + 1:x}"
    port = 8000 + number if forward == MASQUERADE else key.port
    upper = draw(st.integers(0, 1000))
    tunnel = (TUNNEL_IPIP, 0, 0)
    if forward == TUNNEL:
        flags = draw(st.integers(0, 2))
        port_of_gue = draw(st.integers(1, 65535))
        tunnel = draw(st.sampled_from([tunnel, (TUNNEL_GUE, port_of_gue, flags), (TUNNEL_GRE, 0, flags % 2)]))
    weight = draw(st.sampled_from([0, 0, 1, 2, 65535]) | st.integers(0, 65535))
    return Destination(address, port, forward, weight, upper, draw(st.integers(0, upper)), *tunnel)


# Few, so that two tables have many of them in common.
KERNEL_KEYS = [
    ServiceKey.of_address(TCP, "10.10.0.50", 80),
    ServiceKey.of_address(TCP, "10.10.0.50", 443),
    ServiceKey.of_address(UDP, "10.10.0.51", 53),
    ServiceKey.of_address(SCTP, "10.10.0.50", 80),
    ServiceKey.of_address(TCP, "fd10::50", 80),
    ServiceKey.of_address(UDP, "fd10::50", 53),
    ServiceKey.of_fwmark(IPV4, 7),
    ServiceKey.of_fwmark(IPV6, 7),
]


@st.composite
def kernel_tables(draw: st.DrawFn) -> Table:
    """A table the kernel takes, over a small set of keys and servers."""
    entries = []
    for key in draw(st.lists(st.sampled_from(KERNEL_KEYS), unique=True)):
        numbers = draw(st.lists(st.integers(0, 5), unique=True))
        entries.append((draw(kernel_service(key)), [draw(kernel_destination(key, number)) for number in numbers]))
    return Table(entries)


def performed(table: Table, operations: Iterable[Operation]) -> Table:
    """What ``table`` becomes by the operations; an AssertionError for one that the kernel would refuse."""
    entries = {key: (entry.service, {item.key: item for item in entry.destinations}) for key, entry in table.items()}
    for operation in operations:
        subject = operation.subject
        if isinstance(subject, Destination):
            things, name = entries[operation.key][1], subject.key
        else:
            things, name = entries, operation.key
        assert (name in things) == (operation.action != ADD), operation
        if operation.action == REMOVE:
            del things[name]
        elif isinstance(subject, Destination):
            things[name] = subject
        else:
            kept = entries[operation.key][1] if operation.action == EDIT else {}
            entries[operation.key] = (subject, kept)
    return Table((service, destinations.values()) for service, destinations in entries.values())
