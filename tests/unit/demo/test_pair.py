# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the demo expects follows from its inventory."""

from __future__ import annotations

import pytest
import yaml
from evenkeel_demo import pair
from evenkeel_demo.base import REPOSITORY

INVENTORY = REPOSITORY / "demo" / "inventory"


@pytest.fixture
def read() -> tuple[dict, dict]:
    directors = INVENTORY / "group_vars" / "directors.yml"
    return yaml.safe_load((INVENTORY / "hosts.yml").read_text()), yaml.safe_load(directors.read_text())


def test_the_inventory_of_the_demo():
    found = pair.load(INVENTORY)
    assert found.directors == ("lb1", "lb2")
    assert found.servers == {"web1": ("10.20.0.21", "fd20::21"), "web2": ("10.20.0.22", "fd20::22")}
    assert found.services == (("10.10.0.50", 80), ("fd10::50", 80))
    assert found.vips == ("10.10.0.50", "fd10::50", "10.20.0.254", "fd20::254")
    assert found.hosts == ["lb1", "lb2", "web1", "web2"]


def test_the_director_with_the_highest_priority_comes_first(read):
    hosts, variables = read
    variables["ha_pair_group"]["members"] = [{"name": "a", "priority": 10}, {"name": "b", "priority": 20}]
    assert pair.parse(hosts, variables).directors == ("b", "a")


def test_failover_may_take_three_adverts_the_standbys_skew_and_a_little(read):
    # 3 x 1000 + (256 - 100) / 256 x 1000 + 300
    assert pair.parse(*read).failover_limit == 3909
    read[1]["ha_pair_group"]["advert_interval"] = 0.5
    assert pair.parse(*read).failover_limit == 2105


def test_removal_may_take_as_long_as_the_checks(read):
    # The next check comes after 1 s at most and takes 1 s, the second after another second, and a little.
    assert pair.parse(*read).removal_limit == 4300
    read[1]["ha_pair_health_checks"].append({"interval": 5, "timeout": 2, "retries": 3})
    assert pair.parse(*read).removal_limit == 21300
