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
from ..._model.healthcheck import HealthCheck
from ..._model.objects import with_defaults
from ..._model.services import Backend, Service, services
from ..._model.vip import HaGroup, Vip
from ..service_table import SCHEDULERS

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
            found[f"HA group {name}"] = _text(_vrrp_instance(with_defaults(group), vips))
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


def _vrrp_instance(group: HaGroup, vips: List[Vip]) -> Iterator[str]:
    me = {member.name: member for member in group.members}[group.member]
    # Adverts name one VIP only, and it stays the same when others come and go: keepalived before 2.3.3 takes adverts
    # whose VIPs differ from its own for another group's, and both directors would become active.
    advertised = next((vip for vip in vips if vip.name == group.advertised_vip), vips[0])
    yield f"vrrp_instance {group.name} {{"
    yield "    state BACKUP"
    yield f"    interface {group.interface}"
    yield f"    virtual_router_id {group.virtual_router_id}"
    yield f"    priority {me.priority}"
    yield "    version 3"
    yield f"    advert_int {_seconds(group.advert_interval)}"
    # Two directors that were both active, because the network between them was cut, meet again: the one that steps back
    # answers once more, so that the other one hears it and announces its VIPs anew.
    yield "    higher_prio_send_advert true"
    if not group.preempt:
        yield "    nopreempt"
    if group.unicast:
        yield f"    unicast_src_ip {me.address}"
        yield "    unicast_peer {"
        for member in group.members:
            if member is not me:
                yield f"        {member.address}"
        yield "    }"
    yield "    virtual_ipaddress {"
    yield f"        {_virtual_address(advertised, group)}"
    yield "    }"
    others = [vip for vip in vips if vip is not advertised]
    if others:
        yield "    virtual_ipaddress_excluded {"
        for vip in others:
            yield f"        {_virtual_address(vip, group)}"
        yield "    }"
    yield "}"


def _virtual_address(vip: Vip, group: HaGroup) -> str:
    # Deprecated, in the words of RFC 4862: held and answered, but never chosen as the source of the director's own
    # packets, whose answers would go to whichever director is active.
    lifetime = " preferred_lft 0" if ":" in vip.ip else ""
    return f"{vip.address} dev {vip.interface or group.interface}{lifetime}"


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
        yield f"        delay_loop {_seconds(backend.health_check.interval)}"
        yield from _checker(backend.health_check)
    yield "    }"


def _checker(check: HealthCheck) -> Iterator[str]:
    yield "        HTTP_GET {" if check.type == "http" else "        TCP_CHECK {"
    if check.type == "http":
        yield "            url {"
        yield f'                path "{check.uri}"'
        if check.host is not None:
            yield f'                virtualhost "{check.host}"'
        yield f"                status_code {' '.join(check.status_codes)}"
        yield "            }"
    if check.port is not None:
        yield f"            connect_port {check.port}"
    yield f"            connect_timeout {_seconds(check.timeout)}"
    # keepalived counts the tries after the first failure, the model counts all failures in a row
    yield f"            retry {check.retries - 1}"
    yield f"            delay_before_retry {_seconds(check.interval)}"
    yield "        }"


def _seconds(duration: float) -> str:
    """Seconds to the hundredth, in as few characters as there can be."""
    return f"{duration:.2f}".rstrip("0").rstrip(".")
