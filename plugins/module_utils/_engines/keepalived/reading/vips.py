# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A line of virtual_ipaddress or static_ipaddress in keepalived.conf as the fields of a VIP. Pure.

Private to evenkeel.lb.

Source: keepalived.conf(5), "vrrp_instance"; keepalived/vrrp/vrrp_ipaddress.c.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ...._model.addresses import HostAddress
from ...._model.fields import BadValue
from ...reading import Findings
from .lost import LOST_OF_ADDRESS
from .tree import Statement

_WITH_VALUE = ("brd", "broadcast", "scope", "peer", "label", "dev", "preferred_lft", "track_group")


def read_vip(line: Statement, findings: Findings) -> Optional[Dict[str, Any]]:
    """The address with what is said of it; None where keepalived skips it, or the model knows no such address."""
    text = line.keyword
    if "/" not in text:
        text = f"{text}/{128 if ':' in text else 32}"
    try:
        vip: Dict[str, Any] = {"address": HostAddress().parse(text)}
    except BadValue as bad:
        findings.lose(line.place, line.shown, bad.message, bad.allowed)
        return None
    is_ipv6 = ":" in text
    words: List[str] = list(line.words[1:])
    lifetime = None
    while words:
        word = words.pop(0)
        value = words.pop(0) if word in _WITH_VALUE and words else ""
        if word == "dev":
            vip["interface"] = value
        elif word == "label" and not is_ipv6:
            vip["label"] = value
        elif word == "preferred_lft" and (is_ipv6 or value == "forever"):
            lifetime = value
        else:
            message = LOST_OF_ADDRESS.get(word, "is not understood here")
            findings.lose(line.place, line.shown, f"{word} {message}", "leave it out")
    if is_ipv6 and lifetime != "0" and not (lifetime is None and text.endswith("/128")):
        findings.note(line.place, line.shown, "may be the source of the director's own packets, which it never is here")
    return vip
