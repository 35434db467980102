#!/usr/bin/env python3
# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep connections open and keep talking on them, and tell whether they lived.

usage: holder.py ADDRESS PORT [--connections NUMBER] [--pause MS] [--life SECONDS] [--timeout SECONDS] [--ready FILE]

Holds --connections HTTP connections at a time and asks on each every --pause, until SIGTERM or SIGINT. A connection is
closed and followed by a new one after --life, or never. Then it prints one JSON document:

    opened       connections
    requests     answers on them
    failed       connections that broke: refused, reset, closed by the other side, or silent for --timeout
    by_server    answers of each server
    errors       how connections broke
    longest_ms   the longest wait for an answer

With --ready the file is made once each of the first connections had its first answer.
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from request import NoAnswer, connection, get


class Holder:
    """Threads that hold one connection each."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._answered = 0
        self._opened = 0
        self._servers: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._longest = 0.0

    def stop(self, *_signal: Any) -> None:
        """Ask no more."""
        self._stopped.set()

    def run(self) -> dict[str, Any]:
        """Hold until it is stopped; then the report."""
        threads = [threading.Thread(target=self._hold) for _number in range(self._chosen.connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return {
            "opened": self._opened,
            "requests": self._servers.total(),
            "failed": self._errors.total(),
            "by_server": self._servers,
            "errors": self._errors,
            "longest_ms": round(self._longest * 1000),
        }

    def _hold(self) -> None:
        answered = False
        while not self._stopped.is_set():
            held = connection("tcp", self._chosen.address, self._chosen.port, self._chosen.timeout)
            # Never a new one in place of one that broke without that being told.
            held.auto_open = 0
            end = float("inf") if self._chosen.life is None else time.monotonic() + self._chosen.life
            with self._lock:
                self._opened += 1
            try:
                held.connect()
                while not self._stopped.is_set() and time.monotonic() < end:
                    self._ask(held, first=not answered)
                    answered = True
                    self._stopped.wait(self._chosen.pause / 1000)
            except (OSError, http.client.HTTPException, NoAnswer) as error:
                with self._lock:
                    self._errors[str(error) or type(error).__name__] += 1
                self._stopped.wait(self._chosen.pause / 1000)
            finally:
                held.close()

    def _ask(self, held: http.client.HTTPConnection, first: bool) -> None:
        asked = time.monotonic()
        server = get(held)
        with self._lock:
            self._servers[server] += 1
            self._longest = max(self._longest, time.monotonic() - asked)
            self._answered += first
            if first and self._answered == self._chosen.connections and self._chosen.ready is not None:
                self._chosen.ready.touch()


def main() -> None:
    """Hold and print."""
    parser = argparse.ArgumentParser(description="Keep connections open and keep talking on them.")
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=1, help="held at a time (default 1)")
    parser.add_argument("--pause", type=float, default=100.0, help="milliseconds between requests (default 100)")
    parser.add_argument("--life", type=float, help="seconds of each connection (default: for ever)")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds an answer may take (default 10)")
    parser.add_argument("--ready", type=Path, help="file to make when each connection was answered")
    holder = Holder(parser.parse_args())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, holder.stop)
    print(json.dumps(holder.run()))


if __name__ == "__main__":
    main()
