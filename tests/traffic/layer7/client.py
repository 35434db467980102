# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of layer 7 that never stops to ask, on connections that it keeps as long as it may.

usage: client.py PROTOCOL ADDRESS PORT SITE [--authority FILE [--certificate FILE]] [--count N] [--interval MS]
                 [--ready FILE]

PROTOCOL is one of conversations.py. Asks --count times, or until SIGTERM, and prints one JSON document: sent, failed,
by_server, errors, connections (how many were opened), and again (how many requests the protocol had sent on another
connection, as the one that was kept ended meanwhile). The file --ready is made at the first answer.
"""

from __future__ import annotations

import argparse
import json
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

from conversations import CONVERSATIONS, Conversation, Failed, NotAsked, Place


class Client:
    """Asks one thing after the other."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._place = Place(chosen.address, chosen.port, chosen.site, chosen.authority, chosen.certificate)
        self._conversation: Conversation | None = None
        self._connections = self._again = 0
        self._stopped = False

    def stop(self, *_signal: Any) -> None:
        """Ask no more. Only sets a flag, as befits a signal handler."""
        self._stopped = True

    def _ask(self) -> str:
        for _attempt in range(2):
            if self._conversation is None:
                self._conversation = CONVERSATIONS[self._chosen.protocol](self._place)
                self._connections += 1
            try:
                return self._conversation.ask()
            except NotAsked as reason:
                self._again += not reason.foretold
                self._leave()
        raise Failed("two connections one after the other were closed without an answer")

    def _leave(self) -> None:
        if self._conversation is not None:
            self._conversation.close()
            self._conversation = None

    def run(self) -> dict[str, Any]:
        """Ask until stopped, and tell."""
        servers: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        sent = 0
        while not self._stopped and sent != self._chosen.count:
            sent += 1
            try:
                servers[self._ask()] += 1
            except (Failed, OSError) as error:
                errors[f"{type(error).__name__}: {error}"] += 1
                self._leave()
            else:
                if self._chosen.ready is not None:
                    self._chosen.ready.touch()
            time.sleep(self._chosen.interval / 1000)
        try:
            if self._conversation is not None:
                self._conversation.end()
        except (Failed, OSError) as error:
            errors[f"{type(error).__name__}: {error}"] += 1
        self._leave()
        return {
            "sent": sent,
            "failed": sum(errors.values()),
            "by_server": servers,
            "errors": errors,
            "connections": self._connections,
            "again": self._again,
        }


def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description="A client of layer 7 that never stops to ask.")
    parser.add_argument("protocol", choices=sorted(CONVERSATIONS))
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("site", help="the name to ask for, also in TLS")
    parser.add_argument("--authority", metavar="FILE", help="speak TLS, and trust what this authority signed alone")
    parser.add_argument("--certificate", metavar="FILE", help="the client's own, with its key")
    parser.add_argument("--count", type=int, help="how often (default: until a signal)")
    parser.add_argument("--interval", type=float, default=5.0, help="milliseconds between two requests (default 5)")
    parser.add_argument("--ready", type=Path, help="file to make at the first answer")
    client = Client(parser.parse_args())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, client.stop)
    print(json.dumps(client.run()))


if __name__ == "__main__":
    main()
