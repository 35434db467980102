# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab for the proofs of layer 7."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.lb.tests.traffic.layer7.scene import DIRECTORS, Layer7, staged


@pytest.fixture(scope="session")
def layer7() -> Iterator[Layer7]:
    """Directors and servers, ready for any configuration."""
    with staged(f"layer7-{os.getpid()}") as scene:
        yield scene


@pytest.fixture(params=DIRECTORS, ids=[f"haproxy {version}" for version in DIRECTORS.values()])
def director(request: pytest.FixtureRequest) -> str:
    """A director of each version of HAProxy in turn."""
    return str(request.param)
