# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From objects of the appliance back to the model, whoever made them: the other way of ``projection``. Pure.

Private to evenkeel.lb. What this collection wrote comes back as the same objects. Lost are, and told: that a layer 7
farm which no service uses is one of layer 7, and the name of a farm that both layers have.
"""

from __future__ import annotations

from typing import Mapping

from ..found_names import Names
from ..found_validity import valid
from ..reading import Findings, Place, Reading
from . import found_layer4, found_layer7, text
from .found import Found
from .objects import Key, Values


def read_objects(said: str) -> Reading:
    """The configuration that a text of objects asks for. Raises BadText."""
    findings = Findings()
    objects, places = text.read(said, findings)
    return configuration_of(objects, places, findings)


def configuration_of(objects: Mapping[Key, Values], places: Mapping[Key, Place], findings: Findings) -> Reading:
    """The configuration that objects stand for; ``findings`` are those before."""
    found = Found(objects, places, findings)
    found.orphans()
    farm_names, service_names = Names(), Names()
    farms4, farms7 = found_layer4.farms(found, farm_names), found_layer7.farms(found, farm_names)
    # services have names of their own on the appliance
    services = found_layer7.virtual_servers(found, farms7, service_names)
    services += found_layer4.virtual_servers(found, farms4, service_names)
    document = {
        "certificate_profiles": found_layer7.certificate_profiles(found, services),
        "health_checks": found.health_checks,
        "farms": [*farms4.values(), *farms7.values()],
        "virtual_servers": services,
    }
    document = valid(document, found.origins, findings)
    left_out = dict.fromkeys(sorted(findings.left_out, key=lambda finding: finding.place))
    return Reading(document, tuple(left_out), tuple(dict.fromkeys(findings.notes)), "")
