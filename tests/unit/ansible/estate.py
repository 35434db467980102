# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host made of dictionaries on which modules run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.config import run_config
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import Store
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS, Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import serialise
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair_document
from ansible_collections.evenkeel.lb.tests.unit.night import Night

Answer = dict[str, Any]
SECRET = "s3cret"


class Estate:
    """A host on which modules run, with the pair of tests, whose HA group has a password."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.system = Night()
        self.engine = MemoryEngine()
        self.document = pair_document()
        self.document["ha_groups"][0]["password"] = SECRET
        self.wish(self.document)
        self.printed = ""

    def wish(self, document: Any) -> None:
        wanted = Configuration.from_document(document)
        assert reconcile(self.system, [self.engine], lambda _recorded: wanted).transaction.state == "applied"

    def run(self, entry: Callable[[], None] = run_config, **arguments: Any) -> Answer:
        with patch_module_args(copy.deepcopy(arguments)), pytest.raises(SystemExit):
            entry()
        self.printed = self._capsys.readouterr().out
        answer: Answer = json.loads(self.printed)
        return answer

    def shown(self) -> dict[str, Any]:
        """What is recorded, as lb_info shows it."""
        held = self.recorded()
        return {kind: [serialise(thing, hide_secrets=True) for thing in held.of(kind).values()] for kind in KINDS}

    def recorded(self) -> Configuration:
        return Store(self.system).load()

    def state(self) -> Any:
        return dict(self.system.files), dict(self.engine.held)
