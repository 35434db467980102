# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole configurations as filters take them. Private to evenkeel.lb."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration, Problem
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import examine

# Lists and mappings of a configuration lie at most this deep; what is deeper is wrong anyway.
_DEPTH = 8


def revealed(value: Any, depth: int = _DEPTH) -> Any:
    """The value with vaulted texts in the clear: ansible-core before 2.19 hands them to filters as they are."""
    if getattr(value, "__ENCRYPTED__", False):
        return str(value)
    if depth and isinstance(value, Mapping):
        return {key: revealed(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, (list, tuple)):
        return [revealed(item, depth - 1) for item in value]
    return value


def examined(value: Any) -> tuple[Configuration, tuple[Problem, ...]]:
    """What can be understood of a document, and everything that is wrong with it, in a stable order."""
    return examine(revealed(value))


def valid(value: Any) -> Configuration:
    """The configuration a document describes; raises InvalidConfiguration with all that is wrong with it."""
    configuration, problems = examined(value)
    if problems:
        raise InvalidConfiguration(problems)
    return configuration
