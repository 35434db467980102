# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directors that several files share, booted once for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.haproxy_lab import directors as with_haproxy
from ansible_collections.evenkeel.lb.tests.contract.proving_ground import directors


@pytest.fixture(scope="session")
def hosts() -> Iterator[dict[str, Director]]:
    """Directors on which any configuration may become any other."""
    with directors(f"proofs-{os.getpid()}") as found:
        yield found


@pytest.fixture(scope="session")
def haproxy_hosts() -> Iterator[dict[str, Director]]:
    """Directors with HAProxy, each of another distribution."""
    with with_haproxy() as found:
        yield found
