# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated appliance without HTTP between it and the engine, and configurations it can hold."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.api import Api, NoAnswer
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.engine import AlohaEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.projection import placed
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.settings import Settings
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.wire import Answer, encoded
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import Result, reconcile
from ansible_collections.evenkeel.lb.tests.aloha_simulator.appliance import Appliance, Dropped
from ansible_collections.evenkeel.lb.tests.aloha_simulator.switches import Switches
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

Document = Mapping[str, Any]


class Controller(FakeSystem):
    """The machine that configures an appliance, with the appliance it configures."""

    def __init__(self, appliance: Appliance | None = None, **settings: Any) -> None:
        super().__init__()
        self.appliance = appliance or Appliance()
        self.settings = Settings(**settings)

    def api(self) -> Api:
        return Api(self._exchange, self.settings, self.now, self.sleep)

    def _exchange(self, method: str, path: str, values: Mapping[str, Any] | None) -> Answer:
        body = "" if values is None else encoded(values)
        try:
            reply = self.appliance.answer(method, path, "application/json" if body else "", body)
        except Dropped:
            raise NoAnswer(f"{method} {path}: no answer") from None
        errno = reply.headers.get("X-Alctl-Errno")
        return Answer(
            reply.status, None if errno is None else int(errno), reply.headers.get("X-Alctl-Errstr", ""), reply.body
        )

    def run(self, document: Document, check: bool = False, **how: Any) -> Result:
        """One run that makes the appliance hold a document."""
        wanted = Configuration.from_document(document)
        try:
            return reconcile(self, [AlohaEngine(self.api())], lambda _recorded: placed(wanted), check, **how)
        finally:
            assert self.appliance.ignored == [], "only text and null may reach the wire"

    def applied(self, document: Document) -> Result:
        """The same, which has to succeed."""
        result = self.run(document)
        assert result.transaction.state in ("applied", "unchanged"), (result.fault, result.problems)
        return result

    def holds(self) -> dict[str, Any]:
        """All that the appliance has set."""
        return self.appliance.root.document()

    def fork(self) -> Controller:
        """Another machine and appliance that are as these are now."""
        other = Controller(Appliance(copy.deepcopy(self.appliance.switches)))
        other.settings = self.settings
        other.files = dict(self.files)
        for name, tree in self.appliance.scopes.items():
            other.appliance.scopes[name].roots = copy.deepcopy(tree.roots)
        return other


def with_switches(**switches: Any) -> Controller:
    return Controller(Appliance(Switches(**switches)))


def layer4(**fields: Any) -> dict[str, Any]:
    """One virtual server of layer 4 with two servers; ``fields`` are of the farm."""
    servers = [
        {"name": "web1", "address": "192.0.2.101", "port": 8080},
        {"name": "web2", "address": "192.0.2.102", "port": 8080},
    ]
    return {
        "health_checks": [{"name": "alive", "type": "tcp", "interval": 5, "timeout": 2}],
        "farms": [{"name": "web", "health_check": "alive", "servers": servers, **fields}],
        "virtual_servers": [{"name": "www", "vip": "192.0.2.80", "port": 80, "farm": "web"}],
    }


def layer7(**fields: Any) -> dict[str, Any]:
    """The same at layer 7; ``fields`` are of the virtual server."""
    document = layer4()
    document["health_checks"] = [{"name": "alive", "type": "tcp"}]
    document["virtual_servers"][0].update({"type": "layer7", "protocol": "http", **fields})
    return document
