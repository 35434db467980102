# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A configuration as the text of the objects that an appliance would hold. Pure. Private to evenkeel.lb."""

from __future__ import annotations

from ..._model.configuration import Configuration
from . import text
from .projection import compiled, placed


def at_home(configuration: Configuration) -> Configuration:
    """The configuration as it is on an appliance, which carries every virtual server that names no other engine."""
    return placed(configuration)


def rendered(configuration: Configuration) -> str:
    """The objects of an appliance that is asked for a configuration which is at home there. Raises InvalidConfiguration
    with all that it cannot express."""
    return text.document(compiled(configuration).objects)
