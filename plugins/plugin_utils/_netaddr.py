# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to netaddr: its types, or an error that names it where it is not installed. Private to evenkeel.lb.

Addresses and lengths are taken apart here instead of by netaddr's constructors, whose leniency differs between its
versions: before 1.0 they read ``10`` as 0.0.0.10.
"""

from __future__ import annotations

import re
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue, shown

try:
    import netaddr
except ImportError:
    netaddr = None

EXAMPLES = "such as 192.0.2.10 or 2001:db8::10"


def required() -> Any:
    """The package netaddr; raises AnsibleFilterError when it is not installed."""
    if netaddr is None:
        raise AnsibleFilterError(
            "The Python package netaddr is missing on the control node. Install it into the environment of Ansible."
        )
    return netaddr


def address(text: str, allowed: str) -> Any:
    """The netaddr.IPAddress that ``text`` is, in the full notation of inet_pton(3); raises BadValue."""
    package = required()
    if "%" in text:
        raise BadValue(f"{shown(text)} carries a zone", allowed)
    try:
        return package.IPAddress(text, flags=package.INET_PTON)
    except (package.AddrFormatError, ValueError):
        raise BadValue(f"{shown(text)} is not an IP address", allowed) from None


def with_length(value: Any, allowed: str) -> tuple[Any, int | None]:
    """Address and prefix length of ``address`` or ``address/length``, an IPv4 netmask counting as its length."""
    required()
    if not isinstance(value, str):
        raise BadValue(f"{shown(value)} is not text", allowed)
    host, slash, length = value.partition("/")
    found = address(host, allowed)
    return found, _length(value, found, length, allowed) if slash else None


def _length(value: str, host: Any, length: str, allowed: str) -> int:
    bits = 32 if host.version == 4 else 128
    if re.fullmatch("[0-9]{1,3}", length) and int(length) <= bits:
        return int(length)
    if host.version == 4 and "." in length:
        mask = address(length, allowed)
        if mask.version == 4 and mask.is_netmask():
            return int(mask.netmask_bits())
    raise BadValue(f"{shown(value)} has no prefix length from 0 to {bits} behind its slash", allowed)


def network(host: Any, length: int) -> Any:
    """The netaddr.IPNetwork of that length around an address; its ``ip`` is the address."""
    return required().IPNetwork((int(host), length), version=host.version)
