# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people copy first, the README's inventory and the one beside the playbook, is a valid configuration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems

REPOSITORY = Path(__file__).resolve().parents[2]


def readme_inventory() -> dict[str, Any]:
    blocks = re.findall(r"```yaml\n(.*?)```", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    groups: dict[str, Any] = yaml.safe_load(blocks[0])["all"]["children"]
    return groups


def example_inventory() -> dict[str, Any]:
    groups: dict[str, Any] = yaml.safe_load((REPOSITORY / "playbooks/examples/ha_pair.yml").read_text(encoding="utf-8"))
    return groups


@pytest.mark.parametrize("groups", [readme_inventory(), example_inventory()], ids=["README", "example"])
def test_inventory_is_a_valid_configuration(groups: dict[str, Any]) -> None:
    wishes = groups["directors"]["vars"]
    for director in groups["directors"]["hosts"]:
        group = {"member": director, **wishes["ha_pair_group"]}
        configuration = Configuration.from_document(
            {
                "ha_groups": [group],
                "vips": [{"ha_group": group["name"], **vip} for vip in wishes["ha_pair_vips"]],
                "health_checks": wishes["ha_pair_health_checks"],
                "farms": wishes["ha_pair_farms"],
                "virtual_servers": wishes["ha_pair_virtual_servers"],
            }
        )
        assert [problem.path for problem in all_problems(configuration)] == []
        assert {server.name for farm in configuration.farms.values() for server in farm.servers} == set(
            groups["servers"]["hosts"]
        )
