# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which engines there are. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Any, List, Sequence

from .._model.configuration import Configuration
from .._model.problems import Problem
from .base import Engine
from .haproxy.engine import HaproxyEngine
from .ipvs.engine import IpvsEngine
from .keepalived.engine import KeepalivedEngine
from .nftables.engine import NftablesEngine

_NAMES = (HaproxyEngine.name, IpvsEngine.name, KeepalivedEngine.name)

_OF_APPLIANCES = (
    "is carried by engine aloha, which only HAProxy ALOHA appliances have",
    "auto, or a host with ansible_network_os: evenkeel.lb.aloha",
)


def without_engine(configuration: Configuration, engines: Sequence[Engine[Any, Any]] = ()) -> List[Problem]:
    """A problem for each virtual server whose engine this release does not have; or that asks for another one than the
    one of ``engines`` that is alone on its director."""
    for engine in engines:
        if engine.alone:
            return of_others(configuration, engine.name)
    return [
        Problem(f"virtual_servers[{name}].engine", *_OF_APPLIANCES)
        if virtual_server.carrier == "aloha"
        else Problem(
            f"virtual_servers[{name}].{'type' if virtual_server.engine in (None, 'auto') else 'engine'}",
            f"is carried by engine {virtual_server.carrier}, which this release does not have",
            "type: layer4, or an engine of " + ", ".join(_NAMES),
        )
        for name, virtual_server in sorted(configuration.virtual_servers.items())
        if virtual_server.carrier not in _NAMES
    ]


def of_others(configuration: Configuration, alone: str) -> List[Problem]:
    """A problem for each virtual server whose engine is not the one that is ``alone`` on its director."""
    return [
        Problem(
            f"virtual_servers[{name}].engine",
            f"{virtual_server.carrier} is an engine of Linux directors, and this one has {alone} alone",
            f"auto, {alone}",
        )
        for name, virtual_server in sorted(configuration.virtual_servers.items())
        if virtual_server.carrier != alone
    ]


def carriers() -> List[Engine[Any, Any]]:
    """The engines of a Linux director that a virtual server may be carried by, each new."""
    return [HaproxyEngine(), IpvsEngine(), KeepalivedEngine()]


def engines() -> List[Engine[Any, Any]]:
    """All engines of a Linux director, each new: the one that marks packets for the carriers comes before them."""
    return [NftablesEngine(), *carriers()]


def beyond(configuration: Configuration) -> List[Problem]:
    """What a configuration asks that its engines cannot do, whatever their versions."""
    found = without_engine(configuration)
    for engine in engines():
        found += engine.beyond(configuration)
    return found
