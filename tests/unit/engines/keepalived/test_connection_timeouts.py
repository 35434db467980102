# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the kernel remembers idle connections: what is written, what differs, and how many adverts may be missed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.connection_timeouts import (
    UNSAID,
    repairs,
    wanted,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.impact import impact_of_change
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.render import blocks
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_settings import Timeouts
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair_document

KERNEL = Timeouts(900, 120, 300)


def pair_with(**said: Any) -> Configuration:
    document = pair_document()
    document["ha_groups"][0] |= said
    return Configuration.from_document(document)


@pytest.mark.parametrize(
    ("said", "line", "timeouts"),
    [
        ({"tcp": 3600, "tcp_fin": 60, "udp": 30}, "lvs_timeouts tcp 3600 tcpfin 60 udp 30", Timeouts(3600, 60, 30)),
        ({"udp": 30}, "lvs_timeouts udp 30", Timeouts(udp=30)),
    ],
)
def test_what_keepalived_and_the_kernel_are_told(said: dict[str, int], line: str, timeouts: Timeouts) -> None:
    configuration = pair_with(connection_timeouts=said)
    assert blocks(configuration)["connection timeouts"] == f"global_defs {{\n    {line}\n}}\n"
    assert wanted(configuration) == timeouts


def test_nothing_is_told_where_nothing_is_said() -> None:
    assert "connection timeouts" not in blocks(pair_with())
    assert wanted(pair_with()) == UNSAID
    assert repairs("keepalived", UNSAID, KERNEL) == []
    without_vip = pair_with(connection_timeouts={"udp": 30}).document() | {"vips": [], "virtual_servers": []}
    assert blocks(Configuration.from_document(without_vip)) == {}


def test_only_what_is_said_is_compared() -> None:
    assert repairs("keepalived", Timeouts(udp=300), KERNEL) == []
    assert repairs("keepalived", Timeouts(udp=30), None) == []
    (step,) = repairs("keepalived", Timeouts(udp=30), KERNEL)
    assert (step.before, step.after) == ("tcp 900, tcp_fin 120, udp 300\n", "tcp 900, tcp_fin 120, udp 30\n")
    assert (step.action, step.impact) == ("repair", "none")


def test_groups_of_one_director_have_to_agree() -> None:
    document = pair_with(connection_timeouts={"udp": 30}).document()
    other = {**document["ha_groups"][0], "name": "other", "virtual_router_id": 52}
    document["ha_groups"].append(other)
    assert all_problems(Configuration.from_document(document)) == ()
    other["connection_timeouts"] = {"udp": 31}
    (problem,) = all_problems(Configuration.from_document(document))
    assert problem.path == "ha_groups[other].connection_timeouts"
    assert problem.message == "are not those of HA group 'main', and a director has one set of them"


def test_a_change_of_timeouts_disturbs_nobody() -> None:
    before, after = (blocks(pair_with(connection_timeouts={"udp": udp})) for udp in (30, 31))
    changed = [subject for subject in after if before[subject] != after[subject]]
    assert changed == ["connection timeouts"]
    assert impact_of_change(changed[0], before[changed[0]], after[changed[0]]) == "none"


def test_how_many_adverts_may_be_missed() -> None:
    assert "down_timer_adverts" not in blocks(pair_with(missed_adverts=3))["HA group main"]
    assert "    down_timer_adverts 9\n" in blocks(pair_with(missed_adverts=9))["HA group main"]
