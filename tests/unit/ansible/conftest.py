# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of modules share."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible import module as room
from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.module import Module
from ansible_collections.evenkeel.lb.tests.unit.ansible.estate import Estate


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the module warns of; Ansible itself keeps warnings of earlier modules of the same process."""
    said: list[str] = []
    monkeypatch.setattr(Module, "warn", lambda _module, text: said.append(text))
    return said


@pytest.fixture
def estate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Estate:
    made = Estate(capsys)
    monkeypatch.setattr(room, "System", lambda: made.system)
    monkeypatch.setattr(room, "engines", lambda: [made.engine])
    return made
