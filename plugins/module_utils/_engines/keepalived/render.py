# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model as keepalived configuration text, block by block. Pure. Private to evenkeel.lb.

Keywords and their order follow keepalived.conf(5) of 2.2.7 to 2.4.3, which agree on every word used here. Only values
that passed the field types of the model reach this text, and none of them can hold a character with a meaning there.
"""

from __future__ import annotations

from typing import Dict, Iterator, List

from ..._model.configuration import Configuration
from ..._model.objects import with_defaults
from ..._model.services import Backend, Service, services
from ..service_table import SCHEDULERS
from .checkers import checker
from .vrrp_text import vrrp_instance
from .words import seconds

HEADER = "# Written by the Ansible collection evenkeel.lb from /etc/evenkeel/lb.json. Changes made here are put back.\n"
MARK = "# evenkeel.lb: "

_METHODS = {"nat": "NAT", "gateway": "DR", "tunnel": "TUN"}

Blocks = Dict[str, str]


def blocks(configuration: Configuration) -> Blocks:
    """What keepalived should be told, by subject (``HA group main``, ``virtual server web``).

    An HA group without a VIP and a virtual server without a server are held back: keepalived would refuse the one and
    drop the other.
    """
    found: Blocks = {}
    for name, group in sorted(configuration.ha_groups.items()):
        vips = sorted((vip for vip in configuration.vips.values() if vip.ha_group == name), key=lambda vip: vip.name)
        if vips:
            found[f"HA group {name}"] = _text(vrrp_instance(with_defaults(group), vips))
    for service in services(configuration, "keepalived"):
        if service.backends:
            subject = f"virtual server {service.name}"
            found[subject] = found.get(subject, "") + _text(_virtual_server(service))
    return found


def document(parts: Blocks) -> str:
    """The whole file; equal blocks give equal bytes."""
    return HEADER + "".join(f"\n{MARK}{subject}\n{text}" for subject, text in sorted(parts.items()))


def _text(lines: Iterator[str]) -> str:
    return "".join(line + "\n" for line in lines)


def _virtual_server(service: Service) -> Iterator[str]:
    yield f"virtual_server {service.address} {service.port} {{"
    yield f"    lvs_sched {SCHEDULERS[service.balance]}"
    yield f"    lvs_method {_METHODS[service.mode]}"
    if service.persistence_timeout:
        yield f"    persistence_timeout {service.persistence_timeout}"
        if service.persistence_netmask is not None:
            yield f"    persistence_granularity {service.persistence_netmask}"
    yield f"    protocol {service.protocol.upper()}"
    for backend in service.backends:
        yield ""
        yield from _real_server(backend)
    yield "}"


def _real_server(backend: Backend) -> Iterator[str]:
    yield f"    real_server {backend.address} {backend.port} {{"
    yield f"        weight {backend.weight}"
    if backend.health_check is not None:
        yield f"        delay_loop {seconds(backend.health_check.interval)}"
        yield from checker(backend.health_check)
    yield "    }"
