# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter evenkeel.lb.vips_free; documented in vips_free.yml."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, Integer, shown
from ansible_collections.evenkeel.lb.plugins.plugin_utils import _addresses, _free
from ansible_collections.evenkeel.lb.plugins.plugin_utils._errors import refusing

LIMIT = Integer(1, 65536, "addresses")


@refusing
def vips_free(prefix: Any, used: Any = (), reserved: Any = (), limit: Any = 10) -> list[str]:
    """The first ``limit`` free VIPs of the prefix."""
    network = _addresses.prefix(prefix)
    if network.prefixlen == 0:
        raise BadValue(f"{shown(prefix)} is no network of one link", "a prefix length from 1")
    taken = _free.used(used) + _free.reserved(reserved)
    return list(itertools.islice(_free.free(network, taken), LIMIT.parse(limit)))


class FilterModule:
    """What Ansible asks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"vips_free": vips_free}
