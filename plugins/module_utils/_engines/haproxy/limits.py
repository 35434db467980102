# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a configuration asks of HAProxy that follows from several fields together, and it cannot do. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

from typing import Iterator, List

from ..._model.addresses import version_of
from ..._model.configuration import Configuration
from ..._model.farm import Farm
from ..._model.objects import with_defaults
from ..._model.problems import Problem
from ..._model.slices import once_for_same
from .agents import LEAST_WEIGHT
from .capabilities import MOST_WEIGHT, NAME
from .farms import ONLY_HTTP, heeds_weights, mode_of
from .virtual_servers import Carried, carried
from .words import SECTIONS

# What the model says, and we have to know.
_OURS = ("bind", "server", "server-template", "mode", "default_backend", "disabled", "enabled", "dispatch")


def problems(configuration: Configuration) -> List[Problem]:
    """All of it."""
    return list(dict.fromkeys(problem for one in carried(configuration, NAME) for problem in _problems(one)))


@once_for_same
def _problems(one: Carried) -> List[Problem]:
    found: List[Problem] = []
    wish, path = one.wish, f"virtual_servers[{one.wish.name}]"
    farm = with_defaults(one.part.farms[wish.farm or ""])
    mode, where = mode_of(wish), f"farms[{farm.name}]"
    instead = "type: layer7 and protocol: http, or https with ssl_offload"
    if mode == "tcp" and farm.balance in ONLY_HTTP:
        said = f"{farm.balance} needs to look into HTTP, which virtual server {wish.name!r} does not"
        found.append(Problem(f"{where}.balance", said, f"{instead}; or balance: source_hash"))
    if mode == "tcp" and farm.persistence_cookie:
        said = f"needs to look into HTTP, which virtual server {wish.name!r} does not"
        found.append(Problem(f"{where}.persistence_cookie", said, f"{instead}; or persistence_timeout"))
    if wish.protocol == "quic" and not wish.ssl_offload:
        said = f"quic without ssl_offload cannot be done by engine {NAME}"
        found.append(Problem(f"{path}.protocol", said, "ssl_offload: true, or engine: keepalived"))
    if wish.certificate_profiles and not wish.ssl_offload:
        found.append(Problem(f"{path}.certificate_profiles", "are never used", "ssl_offload: true"))
    found += _programs(one.part, one, farm)
    found += _shares(where, farm)
    if one.way.source is not None:
        found += _families(f"{path}.source_nat_pool", one.way.source, farm)
    for owner, lines in ((path, wish.extra_config), (where, farm.extra_config)):
        found += _lines(f"{owner}.extra_config", lines or ())
    return found


def _programs(configuration: Configuration, one: Carried, farm: Farm) -> Iterator[Problem]:
    """What tests by a program ask for too much: HAProxy ends one after an interval and has no port for it but the
    server's own."""
    for server in farm.servers or ():
        name = server.health_check or farm.health_check
        if name is None or configuration.health_checks[name].type != "script":
            continue
        check = with_defaults(configuration.health_checks[name])
        if check.timeout > check.interval:
            said = (
                f"{check.timeout:g} with type script cannot be done by engine {NAME}, which ends it after an interval"
            )
            yield Problem(f"health_checks[{name}].timeout", said, f"at most the interval, {check.interval:g}")
        if check.port is None and not server.port and not one.way.port:
            said = f"is missing: server {server.name!r} has none, and virtual server {one.wish.name!r} has several"
            yield Problem(f"health_checks[{name}].port", said, "the port to test, or a port of the server")


def _shares(path: str, farm: Farm) -> Iterator[Problem]:
    """Weights of which an agent cannot take a share."""
    for server in map(with_defaults, farm.servers or ()) if farm.agent is not None and heeds_weights(farm) else ():
        if 0 < server.weight < LEAST_WEIGHT:
            said = f"{server.weight} is too little for an agent to take a share of"
            allowed = f"{LEAST_WEIGHT} to {MOST_WEIGHT}, or balance: round_robin, which takes no heed of it"
            yield Problem(f"{path}.servers[{server.name}].weight", said, allowed)


def _families(path: str, source: str, farm: Farm) -> Iterator[Problem]:
    for server in farm.servers or ():
        if version_of(server.address) != version_of(source):
            said = f"{source} is not IPv{version_of(server.address)} as server {server.name!r} is"
            yield Problem(path, said, "source_nat_type: auto, or servers of that family")
            return


def _lines(path: str, lines: "tuple[str, ...]") -> Iterator[Problem]:
    for line in lines:
        word = line.split()[0]
        if word in SECTIONS:
            yield Problem(path, f"{line!r} begins another section", "lines of this section alone")
        elif word in _OURS:
            yield Problem(path, f"{line!r} says what the model has fields for", "the fields of the model")
