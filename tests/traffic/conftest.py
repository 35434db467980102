# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab for all traffic proofs. Needs root and our own kernel, which is built when there is none in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.scene import Scene, staged

#: The engines that fill the kernel's table of virtual servers.
ENGINES = ("ipvs", "keepalived")


@pytest.fixture(scope="session")
def scene() -> Iterator[Scene]:
    """Directors and servers, ready for any configuration."""
    with staged(f"traffic-{os.getpid()}") as scene:
        yield scene


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine in turn."""
    return str(request.param)
