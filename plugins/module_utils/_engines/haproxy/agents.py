# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents: programs beside servers that tell HAProxy how much a server can take. Pure. Private to evenkeel.lb.

An agent changes weight and state of a server in the running process, as a person on its socket would. What is compared
of such a server is therefore the weight it began with (``srv_iweight``), of which the agent takes a share, and no
state; and what has to change of these is a reload, as the running process cannot be told another weight to begin with.
"""

from __future__ import annotations

from typing import Iterator

from ..._model.agent import Agent
from ..._model.objects import with_defaults
from ..._model.octets import octets
from .words import milliseconds

_ASKED = "agent-check"
# Below it, the share that an agent takes is too coarse, and soon 0 (server_parse_weight_change_request in server.c).
LEAST_WEIGHT = 10


def server_words(agent: Agent) -> Iterator[str]:
    """What a server is told of its agent."""
    said = with_defaults(agent)
    yield f"{_ASKED} agent-port {said.port} agent-inter {milliseconds(said.interval)}"
    if said.address is not None:
        yield f"agent-addr {said.address}"
    if said.send is not None:
        yield f"agent-send {''.join(f'{chr(92)}x{byte:02x}' for byte in octets(said.send))}"


def is_asked(words: str) -> bool:
    """Whether the words of a server give it an agent."""
    return _ASKED in words.split()
