# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How keepalived's services look in the kernel, and where they differ from the wanted ones. Private to evenkeel.lb.

A server that is missing in the kernel is no difference: keepalived took it out because its health check failed.
"""

from __future__ import annotations

from typing import List

from ..._host.ipvs_table import ADD, Operation, Table, difference


def differences(kernel: Table, wanted: Table) -> List[Operation]:
    """The operations from the kernel's services to the wanted ones; services nobody here wants are left out."""
    return [
        operation
        for operation in difference(kernel.only(wanted), wanted)
        if not (operation.on_destination and operation.action == ADD)
    ]


def shown(operation: Operation) -> "tuple[str, str]":
    """What an operation finds and leaves, for people."""

    def text(value: object) -> str:
        if value is None:
            return ""
        fields = value._asdict()  # type: ignore[attr-defined]
        return "".join(f"{name}: {field}\n" for name, field in fields.items())

    return text(operation.before), text(operation.after)
