# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the model to objects of the appliance: which virtual servers and farms are at which layer. Pure.

Private to evenkeel.lb.

A farm that virtual servers of layer 7 use is a layer 7 farm, one that a virtual server of another layer uses is a
layer 4 farm. At layer 4 the appliance has one object for both: it has the name of the farm, and the virtual server is
those of its attributes that begin with ``service_``. A farm that no virtual server uses is a layer 4 farm without them,
as far as layer 4 can express it; else it is recorded and waits.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Tuple

from ..._model.configuration import Configuration
from ..._model.objects import with_defaults
from ..._model.problems import InvalidConfiguration, Problem, in_order, some
from ..._model.virtual_server import VirtualServer
from ..base import EngineFault
from ..capabilities import refusals
from . import layer4, layer7
from .capabilities import HA_GROUP, LAYER4, LAYER7, NAME, VIP
from .objects import Key, Values
from .wire import encoded


@dataclass(frozen=True)
class Desired:
    """The objects the appliance should hold, with every attribute that this collection manages (None = not set), and
    the path in the configuration that each comes from. What it holds beside these attributes is not ours."""

    objects: Mapping[Key, Values] = field(default_factory=dict)
    sources: Mapping[Key, str] = field(default_factory=dict)


def placed(configuration: Configuration) -> Configuration:
    """The configuration as it is on an appliance, which carries every virtual server that does not name another
    engine."""
    return dataclasses.replace(
        configuration,
        virtual_servers={
            name: dataclasses.replace(wish, engine=NAME) if wish.engine in (None, "auto") else wish
            for name, wish in configuration.virtual_servers.items()
        },
    )


def projected(configuration: Configuration) -> Tuple[Desired, Tuple[Problem, ...]]:
    """What the appliance should hold, and everything that it cannot express, each with the nearest thing it can."""
    split = _Split(configuration)
    problems = [
        *_beside(configuration),
        *refusals(split.of(layer4=True), NAME, LAYER4),
        *refusals(split.of(layer4=False), NAME, LAYER7),
        *split.crowded(),
    ]
    if problems:
        return Desired(), in_order(problems)
    objects: Dict[Key, Values] = {}
    sources: Dict[Key, str] = {}
    for found in (layer4.project, layer7.project):
        part = found(configuration, split.served(found is layer4.project), problems)
        objects.update({key: values for key, (values, _source) in part.items()})
        sources.update({key: source for key, (_values, source) in part.items()})
    for name in split.lone():
        part = lone(configuration, name)
        objects.update({key: values for key, (values, _source) in part.items()})
        sources.update({key: source for key, (_values, source) in part.items()})
    return Desired(objects, sources), in_order(problems)


def compiled(configuration: Configuration) -> Desired:
    """What the appliance should hold. Raises InvalidConfiguration with all that it cannot express, or that cannot be
    sent."""
    desired, problems = projected(configuration)
    if problems:
        raise InvalidConfiguration(problems)
    for key, values in desired.objects.items():
        try:
            encoded(values)
        except EngineFault as fault:
            raise InvalidConfiguration([Problem(desired.sources[key], str(fault))]) from None
    return desired


def lone(configuration: Configuration, name: str) -> layer4.Part:
    """The layer 4 objects of a farm that no virtual server uses; none where layer 4 cannot express it."""
    some_one = VirtualServer(name="x", vip="192.0.2.1", port=1, farm=name, engine=NAME)
    alone = dataclasses.replace(
        configuration,
        ha_groups={},
        vips={},
        farms={name: configuration.farms[name]},
        virtual_servers={"x": some_one},
    )
    if refusals(alone, NAME, LAYER4):
        return {}
    problems: List[Problem] = []
    part = layer4.project(configuration, {name: None}, problems)
    return {} if problems else part


def _beside(configuration: Configuration) -> List[Problem]:
    return [
        *(Problem(f"ha_groups[{name}]", *HA_GROUP) for name in configuration.ha_groups),
        *(Problem(f"vips[{name}]", *VIP) for name in configuration.vips),
    ]


class _Split:
    """Which virtual servers and farms are at which layer."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._wishes: Dict[bool, Dict[str, VirtualServer]] = {True: {}, False: {}}
        for name, wish in sorted(configuration.virtual_servers.items()):
            if wish.carrier == NAME and wish.farm in configuration.farms:
                whole = with_defaults(wish)
                self._wishes[whole.type != "layer7"][name] = wish

    def of(self, layer4: bool) -> Configuration:
        """The configuration with the virtual servers of one layer."""
        return dataclasses.replace(self._configuration, virtual_servers=self._wishes[layer4])

    def served(self, at_layer4: bool) -> Dict[str, List[VirtualServer]]:
        """The enabled virtual servers of each farm of one layer, with their defaults."""
        found: Dict[str, List[VirtualServer]] = {}
        for wish in map(with_defaults, self._wishes[at_layer4].values()):
            if wish.enabled:
                found.setdefault(str(wish.farm), []).append(wish)
            elif not at_layer4:
                found.setdefault(str(wish.farm), [])
        return found

    def lone(self) -> List[str]:
        """The farms that no enabled virtual server of layer 4, and none at all of layer 7, uses."""
        used = {*self.served(True), *self.served(False)}
        return [name for name in sorted(self._configuration.farms) if name not in used]

    def crowded(self) -> List[Problem]:
        """Farms that several virtual servers of layer 4 use, which are one object of the appliance with one of each."""
        return [
            Problem(
                f"virtual_servers[{wish.name}].farm",
                f"farm {farm!r} serves {some([one.name for one in wishes if one is not wish])} already, and a layer 4"
                " farm of an ALOHA is one object with one address, port and protocol",
                f"a farm of its own with the same servers, such as {farm}-{wish.name}, or type: layer7",
            )
            for farm, wishes in sorted(self.served(True).items())
            for wish in wishes[1:]
        ]
