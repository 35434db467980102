# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A director of the lab that carries the engines' code, for tests against a real kernel and a real keepalived."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import Director


@pytest.fixture(scope="session")
def director(repository: Path) -> Iterator[Director]:
    """A booted director with keepalived and ipvsadm installed; gone when the tests end."""
    host = Director(repository, f"contract-{os.getpid()}")
    try:
        host.boot()
        yield host
    finally:
        host.down()
