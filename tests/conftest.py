# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all of the project's own tests share: the collection importable under its full name, and how Hypothesis runs."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parent.parent

# A shared machine can stall for longer than any deadline that would still say something about the code.
# `make unit` is for fast feedback; `make test` asks for more examples.
EXAMPLES = int(os.environ.get("EVENKEEL_EXAMPLES", "10"))
settings.register_profile("evenkeel", deadline=None, print_blob=True, max_examples=EXAMPLES)
settings.load_profile("evenkeel")


def at_most(examples: int) -> settings:
    """For a property of which so many examples say enough: no more, also where more are asked for."""
    return settings(max_examples=min(examples, EXAMPLES))


# Tens of times what the slowest such work takes.
_SOON = 20


@contextmanager
def soon() -> Iterator[None]:
    """What is done in it does not multiply: its processor time tells, whatever else this machine does."""
    began = time.process_time()
    yield
    assert time.process_time() - began < _SOON


def _import_collection_from(directory: Path) -> None:
    """Make ansible_collections.evenkeel.lb importable from the working tree, without an export."""
    namespace = directory / "ansible_collections" / "evenkeel"
    namespace.mkdir(parents=True)
    (namespace / "lb").symlink_to(REPOSITORY)
    sys.path.insert(0, str(directory))


# At import time, not in a fixture: test modules import the collection while they are collected.
_collections = tempfile.TemporaryDirectory(prefix="evenkeel-collections-")
_import_collection_from(Path(_collections.name))


def pytest_unconfigure(config: pytest.Config) -> None:
    _collections.cleanup()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY
