# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the model says of a farm and HAProxy of each of its servers. Pure. Private to evenkeel.lb.

Where servers differ, the farm has what one of them has, and the others lose theirs.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, Dict, Iterator, Optional, Sequence

from ...._model.addresses import Address
from ...._model.fields import Seconds
from ...found_octets import said
from ...reading import Findings
from ..agents import LEAST_WEIGHT
from ..capabilities import MOST_WEIGHT
from ..farms import BALANCE_OF
from .servers import FoundServer, slow_start
from .values import number, parsed, seconds

_PACE = Seconds(0.1, 86400)
_MOST_CONNECTIONS = 2**31 - 1
_AGENT = ("agent-port", "agent-inter", "agent-addr", "agent-send")


def of_servers(servers: Sequence[FoundServer], balance: str, from_ours: bool, findings: Findings) -> Dict[str, Any]:
    """The fields of a farm that its servers have the words for. Weights grow where an agent could take no share."""
    return {
        **_on_failure(servers, findings),
        **_slow_start(servers, findings),
        **_queue_limit(servers, findings),
        **_agent(servers, balance, from_ours, findings),
    }


def _on_failure(servers: Sequence[FoundServer], findings: Findings) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    tested = [one for one in servers if "check" in one.said or "track" in one.said]
    cut = [one for one in tested if one.said.get("on-marked-down") == "shutdown-sessions"]
    if tested and not cut:
        found["on_failure"] = "quiesce"
    elif len(cut) < len(tested):
        odd = next(one for one in tested if one not in cut)
        odd.lose(findings, "keeps its connections when it fails, and others of the farm do not", "one way for all")
    down = [one for one in tested if one.said.get("init-state") == "down"]
    if down and len(down) == len(tested):
        found["initial_state"] = "down"
    for one in tested:
        state = one.said.get("init-state", "up")
        if state not in ("up", "down") or (state == "down") != (len(down) == len(tested)):
            one.lose(findings, f"init-state {state}: differs from other servers", "up or down, for all")
    return found


def _slow_start(servers: Sequence[FoundServer], findings: Findings) -> Dict[str, Any]:
    starts = {slow_start(one) for one in servers}
    longest = max((value for value in starts if value is not None), default=None)
    if longest is None:
        return {}
    for one in servers:
        if slow_start(one) != longest:
            one.lose(findings, "has another slowstart than others of the farm", "one for all")
    return {"slow_start": longest}


def _queue_limit(servers: Sequence[FoundServer], findings: Findings) -> Dict[str, Any]:
    """Nothing waits for a server without a limit of connections, and 0 is no limit of those that wait."""
    limits: Dict[str, int] = {}
    for one in servers:
        limit = one.whole_number("maxqueue", 0, _MOST_CONNECTIONS, findings) or 0
        if number(one.said.get("maxconn", ""), 1, _MOST_CONNECTIONS) is not None:
            limits[one.name] = limit
        elif limit:
            one.note(findings, f"maxqueue {limit}: limits nothing without maxconn")
    most = max(limits.values(), default=0)
    for one in servers:
        if limits.get(one.name, most) != most:
            one.lose(findings, "has another maxqueue than others of the farm", "one for all")
    return {"queue_limit": most} if most else {}


def _agent(
    servers: Sequence[FoundServer], balance: str, from_ours: bool, findings: Findings
) -> Dict[str, Dict[str, Any]]:
    agents = [(one, _agent_of(one, findings)) for one in servers]
    in_use = [(one, agent) for one, agent in agents if _is_in_use(one)]
    counted = Counter(json.dumps(agent, sort_keys=True) for _one, agent in in_use or agents if agent is not None)
    chosen: Optional[Dict[str, Any]] = json.loads(counted.most_common(1)[0][0]) if counted else None
    if chosen is not None and balance in BALANCE_OF.values():
        if not from_ours and not _shared(servers, findings):
            return {}
        _drain(servers)
    for one, agent in agents:
        # our own file gives those that serve nobody no agent
        if agent != chosen and not (from_ours and agent is None and not _is_in_use(one)):
            one.lose(findings, "asks another agent than others of the farm, or none", "one for all")
    return {"agent": chosen} if chosen is not None else {}


def _agent_of(server: FoundServer, findings: Findings) -> Optional[Dict[str, Any]]:
    """The agent that is asked about a server."""
    if "agent-check" not in server.said or "agent-port" not in server.said:
        idle = [word for word in ("agent-check", *_AGENT) if word in server.said]
        if idle:
            server.note(findings, f"{idle[0]}: asks no agent without agent-check and agent-port")
        return None
    found: Dict[str, Any] = {"port": server.whole_number("agent-port", 1, 65535, findings)}
    # without a pace of its own that of the test counts (init_srv_agent_check in check.c)
    pace = server.said.get("agent-inter", server.said.get("inter", "2s"))
    interval = parsed(_PACE, seconds(pace))
    if interval is not None:
        found["interval"] = interval
    else:
        server.lose(findings, f"asks its agent every {pace[:20]}; here at another pace", "seconds, in steps of 0.01")
    if "agent-addr" in server.said:
        found["address"] = parsed(Address(), server.said["agent-addr"])
    if "agent-send" in server.said:
        found["send"] = said(server.said["agent-send"].encode("utf-8", "surrogateescape"))
    if None in found.values():
        server.lose(findings, "asks an agent that cannot be said", "a port, an address, and a line to send")
        return None
    return found


def _is_in_use(server: FoundServer) -> bool:
    return not {"disabled", "drained"} & set(server.said) and server.said.get("weight") != "0"


def _shared(servers: Sequence[FoundServer], findings: Findings) -> bool:
    """Make all weights as many times as large as an agent needs to take shares of the least; false where the largest
    would be too large then."""
    weights = {at: weight for at, weight in enumerate(_weights(servers)) if weight}
    least, most = min(weights.values(), default=LEAST_WEIGHT), max(weights.values(), default=0)
    times = -(-LEAST_WEIGHT // least)
    if most * times > MOST_WEIGHT:
        message = f"asks an agent, which could take no share of a weight of {least} here"
        servers[0].lose(findings, message, f"weights of {LEAST_WEIGHT} to {MOST_WEIGHT}")
        return False
    if times > 1:
        servers[0].note(findings, f"and all others weigh {times} times as much here: an agent takes shares of that")
        for at, weight in weights.items():
            servers[at].said["weight"] = str(weight * times)
    return True


def _drain(servers: Sequence[FoundServer]) -> None:
    """Give servers that take nothing now a weight to come back with, of which an agent can take a share."""
    for one in servers:
        if one.said.get("weight") == "0" and "disabled" not in one.said:
            one.said.update(drained="", weight=str(LEAST_WEIGHT))


def _weights(servers: Sequence[FoundServer]) -> Iterator[Optional[int]]:
    return (number(one.said.get("weight", "1"), 0, MOST_WEIGHT) for one in servers)
