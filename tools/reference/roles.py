# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of roles that take objects of the model."""

from __future__ import annotations

from typing import Any

import yaml
from declared import documented
from fragments import _Dumper

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS

_FILE = "roles/ha_pair/meta/argument_specs.yml"

_HEAD = "---\n# Written by tools/reference from the model; change it there.\n"

_LISTS = {
    "ha_pair_vips": ("vips", "VIPs of the group, with the options of M(evenkeel.lb.lb_vip)."),
    "ha_pair_certificate_profiles": (
        "certificate_profiles",
        "Certificate profiles, with the options of M(evenkeel.lb.lb_certificate_profile).",
    ),
    "ha_pair_health_checks": ("health_checks", "Health checks, with the options of M(evenkeel.lb.lb_healthcheck)."),
    "ha_pair_farms": ("farms", "Farms with their servers, with the options of M(evenkeel.lb.lb_farm)."),
    "ha_pair_virtual_servers": (
        "virtual_servers",
        "Virtual servers, with the options of M(evenkeel.lb.lb_virtual_server).",
    ),
}
_STATE = {
    "description": ["V(absent) removes the object, after everything else is in place."],
    "type": "str",
    "choices": ["present", "absent"],
    "default": "present",
}


def files() -> dict[str, str]:
    """The argument specs by the names of their files."""
    return {_FILE: _HEAD + yaml.dump(_ha_pair(), sort_keys=False, width=104, allow_unicode=True, Dumper=_Dumper)}


def _ha_pair() -> dict[str, Any]:
    group = documented(KINDS["ha_groups"], "options")
    group["member"]["description"].append("The director's name in the inventory unless given.")
    group["tracked_services"]["description"].append(
        "C(haproxy) unless given, where one of O(ha_pair_virtual_servers) is carried by it."
    )
    group["advertised_vip"]["description"][1:1] = ["The first of O(ha_pair_vips) unless given."]
    found: dict[str, Any] = {
        "ha_pair_group": {
            "description": ["The HA group, with the options of M(evenkeel.lb.lb_ha_group)."],
            "type": "dict",
            "required": True,
            "options": group,
        }
    }
    for name, (kind, text) in _LISTS.items():
        option: dict[str, Any] = {"description": [text], "type": "list", "elements": "dict"}
        option |= {"required": True} if name == "ha_pair_vips" else {"default": []}
        found[name] = {**option, "options": {**documented(KINDS[kind], "options"), "state": _STATE}}
    found["ha_pair_purge_limit"] = {
        "description": [
            "How many percent of all servers may leave their farms in one run, 0 to 100; see"
            " O(evenkeel.lb.lb_config#module:purge_limit).",
        ],
        "type": "int",
        "default": 50,
    }
    return {
        "argument_specs": {
            "main": {
                "short_description": "Makes directors share VIPs and balance virtual servers",
                "description": [
                    "Gives every director of the play the same HA group, VIPs, health checks, farms and virtual"
                    " servers, one director at a time, so that one of them always serves.",
                    "An object that is named is as it is said here and no more. One that is not named stays as it is.",
                    "The directors are prepared by the role P(evenkeel.lb.director#role).",
                ],
                "author": "the evenkeel.lb authors",
                "options": found,
            }
        }
    }
