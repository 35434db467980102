#!/usr/bin/env python3
# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count which server answers.

usage: client.py tcp|tls|udp|sctp ADDRESS PORT COUNT [options]

    --timeout SECONDS  an answer may take (default 2)
    --tries TIMES      a request is made before it counts as failed (default 1): a network may lose a datagram
    --source           count by what servers see: "web1 10.20.0.11" is web1, asked from that address
    --from ADDRESS     one of the addresses to ask from, COUNT times from each
    --one-socket       send all datagrams from one port, as one client does that keeps its socket

Makes new requests one after the other and prints {"sent", "failed", "by_server", "errors"} as JSON; with --tries also
"retried", with --from also "by_client": {address: {server: count}}. The exit status is 0 when all were answered, 1
otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from request import PROTOCOLS, NoAnswer, ask, exchange, opened


def asker(chosen: argparse.Namespace, local: str | None) -> Callable[[], str]:
    """What makes one request from that address."""
    where = (chosen.protocol, chosen.address, chosen.port, chosen.timeout)
    if not chosen.one_socket:
        return lambda: ask(*where, source=chosen.source, local=local)
    sock = opened(*where, local)

    def again() -> str:
        try:
            return exchange(sock, chosen.source)
        except OSError as error:
            raise NoAnswer(str(error)) from error

    return again


def count(chosen: argparse.Namespace) -> dict[str, Any]:
    """Ask and count."""
    errors: Counter[str] = Counter()
    clients: dict[str, Counter[str]] = {}
    failed = retried = 0
    for local in chosen.local or [None]:
        servers = clients[local or ""] = Counter()
        request = asker(chosen, local)
        for _number in range(chosen.count):
            for attempt in range(1, chosen.tries + 1):
                try:
                    servers[request()] += 1
                except NoAnswer as error:
                    errors[str(error)] += 1
                    if attempt == chosen.tries:
                        failed += 1
                    else:
                        retried += 1
                else:
                    break
    report: dict[str, Any] = {
        "sent": chosen.count * len(clients),
        "failed": failed,
        "by_server": sum(clients.values(), Counter()),
        "errors": errors,
    }
    if chosen.tries > 1:
        report["retried"] = retried
    if chosen.local:
        report["by_client"] = clients
    return report


def main() -> int:
    """Ask, count, print."""
    parser = argparse.ArgumentParser(description="Count which server answers.")
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--timeout", type=float, default=2.0, help="seconds an answer may take (default 2)")
    parser.add_argument("--tries", type=int, default=1, help="times a request is made (default 1)")
    parser.add_argument("--source", action="store_true", help="count by the address that servers see, too")
    parser.add_argument("--from", dest="local", action="append", metavar="ADDRESS", help="an address to ask from")
    parser.add_argument("--one-socket", action="store_true", help="udp only: send all datagrams from one port")
    chosen = parser.parse_args()
    if chosen.one_socket and chosen.protocol != "udp":
        parser.error("--one-socket is for udp only")
    report = count(chosen)
    print(json.dumps(report))
    return 1 if report["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
