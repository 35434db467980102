# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What guides have people write is a configuration that the engines take."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.engine import HaproxyEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration

GUIDES = Path(__file__).resolve().parents[2] / "docs/guides"
LISTS = ("certificate_profiles", "health_checks", "farms", "virtual_servers")


def first_inventory(guide: str) -> dict[str, Any]:
    """What the first block of YAML in a guide says of directors."""
    match = re.search(r"```yaml\n(.*?)```", (GUIDES / guide).read_text(), re.DOTALL)
    assert match is not None
    found: dict[str, Any] = yaml.safe_load(match[1])["directors"]["vars"]
    return found


def test_the_site_of_layer7_is_carried_by_haproxy() -> None:
    said = first_inventory("layer7.md")
    assert said["director_engines"] == ["keepalived", "haproxy"]
    group = {**said["ha_pair_group"], "member": "lb1", "tracked_services": ["haproxy"]}
    configuration = Configuration.from_document(
        {
            "ha_groups": [group],
            "vips": [{"ha_group": group["name"], **vip} for vip in said["ha_pair_vips"]],
            **{kind: said[f"ha_pair_{kind}"] for kind in LISTS},
        }
    )
    proxied = HaproxyEngine().compile(configuration)
    names = [wish["name"] for wish in said["ha_pair_virtual_servers"]]
    assert [f"virtual server {name}" for name in sorted(names)] == [
        subject for subject in sorted(proxied.blocks) if subject.startswith("virtual server ")
    ]
    assert not KeepalivedEngine().beyond(configuration)
