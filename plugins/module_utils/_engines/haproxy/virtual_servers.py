# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual servers as frontends. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Iterator, List, NamedTuple, Optional, Set, Tuple

from ..._model.addresses import is_address, version_of
from ..._model.configuration import Configuration
from ..._model.objects import with_defaults
from ..._model.services import address_of
from ..._model.slices import once_for_same, slices
from ..._model.virtual_server import VirtualServer
from .farms import REMEMBERED, Way, mode_of, name_of, sorry_name, way_of
from .sections import Section
from .tls import bind_words, list_lines, to_server, used_profiles
from .words import Line


class Carried(NamedTuple):
    """A virtual server that HAProxy is to serve, its slice of the configuration, its address, how it uses its farm, and
    whether the address may be on another director now."""

    wish: VirtualServer
    part: Configuration
    address: str
    way: Way
    comes_and_goes: bool


def carried(configuration: Configuration, engine: str) -> Tuple[Carried, ...]:
    """The enabled virtual servers of an engine that name nothing that is not there."""
    kept = f"carried by {engine}"
    if kept not in configuration.derived:
        configuration.derived[kept] = tuple(
            one
            for virtual_server, part in slices(configuration)
            if virtual_server.carrier == engine
            for one in _carried(part, virtual_server)
        )
    found: Tuple[Carried, ...] = configuration.derived[kept]
    return found


@once_for_same
def _carried(part: Configuration, virtual_server: VirtualServer) -> Tuple[Carried, ...]:
    wish = with_defaults(virtual_server)
    address, farm = address_of(part, wish), part.farms.get(wish.farm or "")
    if not wish.enabled or address is None or farm is None or not _complete(part, wish):
        return ()
    way = way_of(wish, with_defaults(farm), version_of(address))
    return (Carried(wish, part, address, way, _comes_and_goes(part, wish)),)


def _complete(configuration: Configuration, wish: VirtualServer) -> bool:
    if not (wish.port or wish.ports) or (wish.ssl_offload and not wish.certificate_profiles):
        return False
    farm = configuration.farms[wish.farm or ""]
    checks = {farm.health_check, *(server.health_check for server in farm.servers or ())} - {None}
    profiles = {*(wish.certificate_profiles or ())}
    for server in farm.servers or ():
        profiles |= {*(server.certificate_profiles or ())}
    return checks <= set(configuration.health_checks) and profiles <= set(configuration.certificate_profiles)


def profiles_of(configuration: Configuration, one: Carried) -> Set[str]:
    """The names of the certificate profiles that are in use for it: towards clients and towards servers."""
    names = {*((one.wish.certificate_profiles or ()) if one.wish.ssl_offload else ())}
    for server in configuration.farms[one.wish.farm or ""].servers or ():
        names |= {*((server.certificate_profiles or ()) if server.ssl_offload else ())}
    return names


def given_for(configuration: Configuration, one: Carried) -> Tuple[Set[str], Set[str]]:
    """The profiles of which HAProxy is given the certificate for it, and those of which it is given the authorities."""
    shown = {*((one.wish.certificate_profiles or ()) if one.wish.ssl_offload else ())}
    trusted = {profile.name for profile in used_profiles(configuration, shown) if profile.type == "mutual_tls"}
    for server in configuration.farms[one.wish.farm or ""].servers or ():
        if server.ssl_offload:
            for profile, names in zip(to_server(configuration, server), (shown, trusted)):
                names |= {profile.name} if profile is not None else set()
    return shown, trusted


def binds_of(configuration: Configuration, one: Carried) -> List[Tuple[str, str]]:
    """The addresses and ports it listens on, such as ``192.0.2.1:8000-8100``."""
    ports = one.wish.ports or (str(one.wish.port),)
    return [(one.address, port) for port in ports]


@once_for_same
def section_of(one: Carried) -> Section:
    """The frontend of a virtual server."""
    configuration, wish, path = one.part, one.wish, f"virtual_servers[{one.wish.name}]"
    farm = with_defaults(configuration.farms[wish.farm or ""])
    http = mode_of(wish) != "tcp"
    lines = [Line(f"mode {'http' if http else 'tcp'}", f"{path}.protocol")]
    if http:
        # a reload closes idle connections with an answer that says so: no request is lost on its way to one
        lines.append(Line("option idle-close-on-response", f"{path}.protocol"))
    lines += [Line(text, f"{path}.{'port' if wish.port else 'ports'}") for text in _binds(configuration, one)]
    if wish.ssl_offload:
        lines += list_lines(configuration, wish.certificate_profiles)
    if wish.max_connections:
        lines.append(Line(f"maxconn {wish.max_connections}", f"{path}.max_connections"))
    if mode_of(wish) == "grpc":
        lines.append(Line("timeout client 1h", f"{path}.protocol"))
    if farm.balance in REMEMBERED:
        lines.append(Line(REMEMBERED[farm.balance], f"farms[{farm.name}].balance"))
    if wish.protocol == "quic" and http:
        ports = {port for _address, port in binds_of(configuration, one)}
        offered = ",".join(f'h3=":{port.partition("-")[0]}"' for port in sorted(ports))
        lines.append(Line(f"http-response set-header alt-svc '{offered};ma=3600'", f"{path}.protocol"))
    lines += [Line(text, f"{path}.extra_config") for text in wish.extra_config or ()]
    if farm.sorry_server is not None:
        condition = f"{{ nbsrv({name_of(one.way)}) lt 1 }}"
        lines.append(Line(f"use_backend {sorry_name(one.way)} if {condition}", f"farms[{farm.name}].sorry_server"))
    lines.append(Line(f"default_backend {name_of(one.way)}", f"{path}.farm"))
    return Section(f"virtual server {wish.name}", f"frontend {wish.name}", tuple(lines))


def _binds(configuration: Configuration, one: Carried) -> Iterator[str]:
    wish = one.wish
    words = " transparent" if one.comes_and_goes else ""
    tls: Optional[str] = None
    if wish.ssl_offload:
        alpn = {"https": "h2,http/1.1", "http2": "h2,http/1.1", "quic": "h2,http/1.1", "grpc": "h2", "http": "http/1.1"}
        names = wish.certificate_profiles
        tls = bind_words(configuration, wish.name, names, alpn[wish.protocol] if mode_of(wish) != "tcp" else "")
        words += f" {tls}"
    elif mode_of(wish) != "tcp" and wish.protocol in ("http2", "grpc"):
        words += " proto h2"
    for address, port in binds_of(configuration, one):
        family = "ipv6@" if ":" in address else ""
        yield f"bind {family}{address}:{port}{words}"
        if wish.protocol == "quic" and mode_of(wish) != "tcp":
            version = version_of(address)
            quic = bind_words(configuration, wish.name, wish.certificate_profiles, "h3")
            yield f"bind quic{version}@{address}:{port} {quic}"


def _comes_and_goes(configuration: Configuration, wish: VirtualServer) -> bool:
    """Whether the address is of an HA group."""
    vip = wish.vip or ""
    return not is_address(vip) and configuration.vips[vip].ha_group is not None
