#!/usr/bin/env python3
# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep asking, and tell when nobody answered.

usage: prober.py tcp|tls|udp|sctp ADDRESS PORT [--interval MS] [--duration SECONDS] [--timeout MS] [--ready FILE]

Sends a new request every --interval, however long earlier ones take, for --duration or until SIGTERM or SIGINT, then
prints one JSON document:

    sent, failed        requests
    by_server           how many each server answered
    first_at, last_at   when each server first and last answered, in ms since the start
    outages             [{at_ms, length_ms, failed}]: from the sending of the last request that was answered before a
                        failure to the sending of the first that was answered after it; length_ms is null when none was
    errors              how requests failed

With --ready the file is made once the first request was answered, so that a script knows when to begin.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from request import PROTOCOLS, NoAnswer, ask


@dataclass(frozen=True)
class Probe:
    """One request: `at` is when it was sent, seconds since the start."""

    at: float
    server: str | None
    error: str = ""


def outages(probes: Iterable[Probe]) -> list[dict[str, Any]]:
    """The times without an answer, from probes in the order they were sent."""
    found: list[dict[str, Any]] = []
    last_answered = 0.0
    failed = 0
    for probe in probes:
        if probe.server is None:
            failed += 1
            continue
        if failed:
            found.append(_outage(last_answered, probe.at, failed))
        last_answered, failed = probe.at, 0
    if failed:
        found.append(_outage(last_answered, None, failed))
    return found


def _outage(start: float, end: float | None, failed: int) -> dict[str, Any]:
    length = None if end is None else round((end - start) * 1000)
    return {"at_ms": round(start * 1000), "length_ms": length, "failed": failed}


def report(probes: list[Probe]) -> dict[str, Any]:
    """What is printed."""
    probes = sorted(probes, key=lambda probe: probe.at)
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for probe in probes:
        if probe.server is not None:
            first.setdefault(probe.server, round(probe.at * 1000))
            last[probe.server] = round(probe.at * 1000)
    return {
        "sent": len(probes),
        "failed": sum(probe.server is None for probe in probes),
        "by_server": Counter(probe.server for probe in probes if probe.server is not None),
        "first_at": first,
        "last_at": last,
        "outages": outages(probes),
        "errors": Counter(probe.error for probe in probes if probe.server is None),
    }


class Prober:
    """Sends the requests, each in a thread of its own, so that one without an answer delays no other."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._probes: list[Probe] = []
        self._start = time.monotonic()
        self._stopped = False

    def stop(self, *_signal: Any) -> None:
        """Send no more. Only sets a flag, as befits a signal handler."""
        self._stopped = True

    def _probe(self) -> None:
        at = time.monotonic() - self._start
        chosen = self._chosen
        try:
            server = ask(chosen.protocol, chosen.address, chosen.port, chosen.timeout / 1000)
        except NoAnswer as error:
            self._probes.append(Probe(at, None, str(error)))
            return
        self._probes.append(Probe(at, server))
        if chosen.ready is not None:
            chosen.ready.touch()

    def run(self) -> list[Probe]:
        """Send until the time is over or it is stopped, then wait for the answers that are still under way."""
        interval = self._chosen.interval / 1000
        threads: list[threading.Thread] = []
        number = 0
        while not self._stopped:
            if self._chosen.duration is not None and number * interval >= self._chosen.duration:
                break
            threads.append(threading.Thread(target=self._probe))
            threads[-1].start()
            threads = [thread for thread in threads if thread.is_alive()]
            number += 1
            time.sleep(max(0.0, self._start + number * interval - time.monotonic()))
        for thread in threads:
            thread.join()
        return self._probes


def main() -> None:
    """Probe and print."""
    parser = argparse.ArgumentParser(description="Keep asking, and tell when nobody answered.")
    parser.add_argument("protocol", choices=PROTOCOLS)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--interval", type=float, default=20.0, help="milliseconds between requests (default 20)")
    parser.add_argument("--duration", type=float, help="seconds (default: until a signal)")
    parser.add_argument("--timeout", type=float, default=800.0, help="milliseconds an answer may take (default 800)")
    parser.add_argument("--ready", type=Path, help="file to make at the first answer")
    prober = Prober(parser.parse_args())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, prober.stop)
    print(json.dumps(report(prober.run())))


if __name__ == "__main__":
    main()
