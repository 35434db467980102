# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual servers: what clients connect to. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass

from .fields import Address, BadValue, Boolean, Choice, FieldType, Integer, Name, Reference
from .objects import option


class VipOrAddress(FieldType):
    """The name of a VIP, or an address that something else brings up."""

    def parse(self, value: object) -> str:
        try:
            return Address().parse(value)
        except BadValue as bad:
            # what looks like an address but is none must not pass as a name
            if isinstance(value, str) and (":" in value or value.replace(".", "").replace("/", "").isdigit()):
                raise BadValue(bad.message, f"{bad.allowed}, or the name of a VIP") from None
            return Reference().parse(value)


@dataclass(frozen=True)
class VirtualServer:
    """A VIP, port and protocol, served by a farm."""

    WORD = "virtual server"

    name: str = option(Name(), required=True)
    vip: str = option(VipOrAddress(), required=True)
    port: int = option(Integer(1, 65535), required=True)
    protocol: str = option(Choice("tcp", "udp"), default="tcp")
    farm: str = option(Reference(), required=True)
    enabled: bool = option(Boolean(), default=True)
    engine: str = option(Choice("auto", "ipvs", "keepalived"), default="auto")
