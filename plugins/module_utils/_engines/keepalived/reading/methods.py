# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How keepalived.conf says that packets reach servers: lvs_method, lb_kind. Pure. Private to evenkeel.lb.

Source: keepalived.conf(5), "virtual_server"; keepalived/check/check_parser.c (svr_forwarding_handler).
"""

from __future__ import annotations

import re
from typing import Any, List, Optional, Tuple

from ...reading import Findings
from .tree import Statement

# The fields of a farm that say it.
Method = Tuple[Tuple[str, Any], ...]

NAT: Method = (("mode", "nat"),)
_MODES = {"NAT": "nat", "DR": "gateway", "TUN": "tunnel"}
_CHECKSUMS = {"nocsum": "none", "csum": "full", "remcsum": "remote"}
# keepalived ignores other pairs
_CHECKSUMS_OF_TUNNELS = {"ipip": ("none",), "gue": ("none", "full", "remote"), "gre": ("none", "full")}
_ALLOWED = "NAT, DR, or TUN with type ipip, type gue port N or type gre, and nocsum, csum or remcsum"


def read_method(statement: Statement, findings: Findings) -> Optional[Method]:
    """The fields of a forwarding method; None where keepalived ignores the line."""
    words = list(statement.words[2:])
    mode = _MODES.get(statement.argument)
    found = {"type": "ipip", "port": "", "checksum": "none"}
    while words and mode is not None:
        word = words.pop(0)
        if word in ("type", "port") and words:
            found[word] = words.pop(0)
        elif word in _CHECKSUMS:
            found["checksum"] = _CHECKSUMS[word]
        else:
            mode = None
    tunnel, port, checksum = found["type"], found["port"], found["checksum"]
    possible = checksum in _CHECKSUMS_OF_TUNNELS.get(tunnel, ()) and (tunnel == "gue") == bool(port)
    if mode is None or not possible or not re.fullmatch("[0-9]{0,5}", port):
        findings.lose(statement.place, statement.shown, "is not understood, and keepalived ignores it", _ALLOWED)
        return None
    fields: List[Tuple[str, Any]] = [("mode", mode)]
    if mode == "tunnel":
        fields.append(("tunnel_type", tunnel))
        if tunnel == "gue":
            fields.append(("tunnel_port", int(port)))
        if tunnel != "ipip":
            fields.append(("tunnel_checksum", checksum))
    return tuple(fields)


def keeps_ports(method: Method) -> bool:
    """Whether packets reach servers with the port that they came to."""
    return method != NAT
