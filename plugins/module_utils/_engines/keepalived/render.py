# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model as keepalived configuration text, block by block. Pure. Private to evenkeel.lb.

Keywords and their order follow keepalived.conf(5) of 2.2.7 to 2.4.3, which agree on every word used here. Only values
that passed the field types of the model reach this text, and none of them can hold a character with a meaning there.
"""

from __future__ import annotations

from typing import Iterator

from ..._model.configuration import Configuration
from ..._model.farm import Farm
from ..._model.services import Backend, Service, services
from ..blocks import HEADER, Blocks, body
from ..service_table import SCHEDULERS, WITH_PORT
from .checkers import checker
from .last_resort import backends_of, sorry_port, within
from .vrrp_text import vrrp_blocks
from .words import seconds

_METHODS = {"nat": "NAT", "gateway": "DR", "tunnel": "TUN"}
_CHECKSUMS = {"none": "nocsum", "full": "csum", "remote": "remcsum"}


def blocks(configuration: Configuration) -> Blocks:
    """What keepalived should be told, by subject (``HA group main``, ``virtual server web``).

    An HA group without a VIP and a virtual server without a server are held back: keepalived would refuse the one and
    drop the other.
    """
    found: Blocks = vrrp_blocks(configuration)
    for service in services(configuration, "keepalived"):
        if service.backends:
            subject = f"virtual server {service.name}"
            found[subject] = found.get(subject, "") + _text(_virtual_server(service))
    return found


def document(parts: Blocks) -> str:
    """The whole file; equal blocks give equal bytes."""
    return HEADER + "".join(body(parts))


def _text(lines: Iterator[str]) -> str:
    return "".join(line + "\n" for line in lines)


def _virtual_server(service: Service) -> Iterator[str]:
    farm = service.farm
    yield f"virtual_server {_head(service)} {{"
    if service.fwmark and farm.mode == "tunnel":
        # a mark has no address to tell its family by, and keepalived would take that of tunnelled servers for it
        yield f"    ip_family {'inet6' if service.family == 6 else 'inet'}"
    # before its flags, which keepalived would drop with a word otherwise
    yield f"    lvs_sched {SCHEDULERS[farm.balance]}"
    yield from _flags(farm)
    yield f"    lvs_method {_method(farm)}"
    if farm.persistence_timeout:
        yield f"    persistence_timeout {farm.persistence_timeout}"
        if farm.persistence_netmask is not None:
            yield f"    persistence_granularity {farm.persistence_netmask}"
        if farm.persistence_engine is not None:
            yield f"    persistence_engine {farm.persistence_engine}"
    if service.protocol:
        yield f"    protocol {service.protocol.upper()}"
    if farm.on_failure == "quiesce":
        yield "    inhibit_on_failure"
    if farm.initial_state == "down":
        yield "    alpha"
    backends, sorry = service.backends, farm.sorry_server
    total = sum(backend.weight for backend in backends)
    if total and farm.quorum > 1:
        quorum, hysteresis = within(total, farm.quorum, farm.hysteresis)
        yield f"    quorum {quorum}"
        if farm.hysteresis:
            yield f"    hysteresis {hysteresis}"
    if total and sorry is not None:
        yield f"    sorry_server {sorry.address} {sorry_port(service)}"
        endpoints = [(backend.address, backend.port) for backend in backends]
        if farm.on_failure == "quiesce" and (sorry.address, sorry_port(service)) in endpoints:
            # keepalived would do the same for one that is a server too, with a complaint
            yield "    sorry_server_inhibit"
    for backend in backends_of(service):
        yield ""
        yield from _real_server(backend)
    yield "}"


def _head(service: Service) -> str:
    return f"fwmark {service.fwmark}" if service.fwmark else f"{service.address} {service.port}"


def _flags(farm: Farm) -> Iterator[str]:
    scheduler = SCHEDULERS[farm.balance]
    if farm.balance in WITH_PORT:
        yield f"    {scheduler}-port"
    if farm.hash_fallback:
        yield f"    {scheduler}-fallback"
    if farm.one_packet:
        yield "    ops"


def _method(farm: Farm) -> str:
    method = _METHODS[farm.mode]
    if farm.mode != "tunnel" or farm.tunnel_type == "ipip":
        return method
    port = f" port {farm.tunnel_port}" if farm.tunnel_type == "gue" else ""
    return f"{method} type {farm.tunnel_type}{port} {_CHECKSUMS[farm.tunnel_checksum]}"


def _real_server(backend: Backend) -> Iterator[str]:
    yield f"    real_server {backend.address} {backend.port} {{"
    yield f"        weight {backend.weight}"
    if backend.max_connections:
        yield f"        uthreshold {backend.max_connections}"
    if backend.low_connections:
        yield f"        lthreshold {backend.low_connections}"
    if backend.health_check is not None:
        yield f"        delay_loop {seconds(backend.health_check.interval)}"
        yield from checker(backend)
    yield "    }"
