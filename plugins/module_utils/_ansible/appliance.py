# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other door: a module that speaks to an appliance through Ansible's httpapi connection. Private to evenkeel.lb."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass
from typing import Any, List, Mapping, Optional, Tuple

from ansible.module_utils.connection import Connection, ConnectionError

from .._engines.aloha.api import Api, NoAnswer
from .._engines.aloha.engine import AlohaEngine
from .._engines.aloha.projection import placed
from .._engines.aloha.settings import Settings
from .._engines.aloha.wire import Answer, encoded
from .._engines.base import Engine, EngineFault
from .._host.system import System
from .._reconcile import Wish

_OTHER = (
    "the connection of this host is for appliances, and only for those with ansible_network_os: evenkeel.lb.aloha;"
    " a Linux director is reached by ssh"
)

_ENDED = "Ansible's own connection process ended, or does not answer; ansible_connect_timeout may be too short"
# Of JSON-RPC: the plugin on the other side is another one.
_NO_SUCH_METHOD = -32601

# Ansible ends a connection of which it hears nothing for persistent_connect_timeout, 30 s unless somebody sets less.
_SECONDS_OF_SILENCE = 5.0


@dataclass(frozen=True)
class Door:
    """The way to one appliance, where on this machine the record of what is wanted there lies, and what to warn of."""

    connection: Any
    settings: Settings
    folder: str
    cautions: Tuple[str, ...] = ()

    @classmethod
    def at(cls, socket_path: str) -> Door:
        """The door behind the socket of Ansible's connection process. Raises EngineFault."""
        connection = Connection(socket_path)
        try:
            told = json.loads(connection.aloha_settings())
        except ConnectionError as error:
            why = _OTHER if getattr(error, "code", None) == _NO_SUCH_METHOD else _ENDED
            raise EngineFault(f"{why} ({error})") from None
        if "fault" in told:
            raise EngineFault(told["fault"])
        threading.Thread(target=_keep_up, args=(Connection(socket_path),), daemon=True).start()
        return cls(connection, Settings(**told["settings"]), told["folder"], tuple(told["cautions"]))

    def director(self) -> Tuple[System, List[Engine[Any, Any]]]:
        """This machine with the record of the appliance, and the appliance's engine, new."""
        system = System.keeping(self.folder)
        return system, [AlohaEngine(Api(self._exchange, self.settings, system.now, system.sleep))]

    @staticmethod
    def placing(wish: Wish) -> Wish:
        """A wish whose virtual servers are carried by the appliance, unless they name another engine."""
        return lambda recorded: placed(wish(recorded))

    def _exchange(self, method: str, path: str, values: Optional[Mapping[str, Any]] = None) -> Answer:
        document = "" if values is None else encoded(values)
        try:
            told = json.loads(self.connection.aloha_exchange(method, path, document))
        except ConnectionError as error:
            raise NoAnswer(f"{method} {path}: {error}") from None
        if "no_answer" in told:
            raise NoAnswer(told["no_answer"])
        if "fault" in told:
            raise EngineFault(told["fault"])
        return Answer(**told)


def _keep_up(connection: Any) -> None:
    """Let Ansible's connection process hear something as long as this module runs, also while it plans or waits."""
    silence = threading.Event()
    with contextlib.suppress(ConnectionError):  # the next request says so
        while not silence.wait(_SECONDS_OF_SILENCE):
            connection.aloha_settings()
