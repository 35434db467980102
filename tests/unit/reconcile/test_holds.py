# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hold of an HA group beside transactions: they leave it alone, unless the group goes or begins."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import EngineFault
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived import engine as room
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import Result, reconcile
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector

HOLD = "/etc/keepalived/evenkeel-main.away"
MEMBERS = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
GROUP = {"name": "main", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": MEMBERS}
VIP = {"name": "public", "address": "192.0.2.50/24", "ha_group": "main"}


def made(host: FakeDirector, **group: Any) -> Result:
    wanted = Configuration.from_document({"ha_groups": [{**GROUP, **group}], "vips": [VIP]} if group else {})
    return reconcile(host, engines(), lambda _recorded: wanted)


@pytest.fixture
def host() -> FakeDirector:
    host = FakeDirector()
    assert made(host, preempt=True).transaction.state == "applied"
    host.files[HOLD] = "-253\n"
    return host


def test_a_run_that_changes_the_group_leaves_its_hold_and_tells_no_drift(host: FakeDirector) -> None:
    assert made(host, preempt=True).transaction.state == "unchanged"
    assert made(host, preempt=False).transaction.state == "applied"
    assert made(host, preempt=False).steps == ()
    assert host.files[HOLD] == "-253\n"


def test_a_group_that_goes_takes_its_hold_along(host: FakeDirector) -> None:
    assert made(host).transaction.state == "applied"
    assert HOLD not in host.files


def test_a_group_that_begins_is_not_held_by_what_was_left(host: FakeDirector) -> None:
    assert made(host).transaction.state == "applied"
    host.files[HOLD] = "-253\n"
    assert made(host, preempt=True).transaction.state == "applied"
    assert HOLD not in host.files


def test_a_removal_that_fails_brings_the_hold_back(host: FakeDirector, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_details: object) -> None:
        raise EngineFault("no")

    with monkeypatch.context() as patch:
        patch.setattr(room.KeepalivedEngine, "_settle", fails)
        assert made(host).transaction.state == "restored"
    assert host.files[HOLD] == "-253\n"
    assert "HA group main" in host.files["/etc/keepalived/evenkeel.conf"]
