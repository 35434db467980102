# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directors whose keepalived tests servers, and the servers: what the contract tests of health checks stand on."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.lb.tests.contract.director import LAB, REPOSITORY, Director
from ansible_collections.evenkeel.lb.tests.contract.targets import PORTS

# Says which virtual servers have a server, whenever that changes.
WATCH = """
import re, subprocess, sys, time
before = None
print("ready", flush=True)
while True:
    saved = subprocess.run(["ipvsadm", "-S", "-n"], capture_output=True, text=True).stdout
    now = sorted(set(re.findall(r"^-a -t \\S+:(\\d+) ", saved, re.M)))
    if now != before:
        print(" ".join(now), flush=True)
    before = now
    time.sleep(0.02)
"""


class Servers:
    """The servers of targets.py in the network of the lab's host ``web``."""

    def __init__(self, lab: str, certificate: Path) -> None:
        self._lab = lab
        self._process = subprocess.Popen(
            [LAB, "ns", self._lab, "web", sys.executable, REPOSITORY / "tests/contract/targets.py", certificate],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

        # tells everybody of every closed port, where it would be once a second
        self._set("net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")

    def tell(self, command: str, argument: Any = None) -> Any:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([command, argument]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def all(self, mode: str) -> None:
        """Let every server, and who answers to pings, be up, closed or silent."""
        self.tell("mode", dict.fromkeys(PORTS, mode))
        deaf = int(mode != "up")
        self._set(f"net.ipv4.icmp_echo_ignore_all={deaf}", f"net.ipv6.icmp.echo_ignore_all={deaf}")

    def forget_neighbours(self) -> None:
        """Ask anew who has which address."""
        self._run("ip", "neighbour", "flush", "all")

    def _set(self, *settings: str) -> None:
        self._run("sysctl", "-q", "-w", *settings)

    def _run(self, *command: str) -> None:
        subprocess.run([LAB, "ns", self._lab, "web", *command], check=True)

    def close(self) -> None:
        self._process.communicate(timeout=10)


def reconcile(director: Director, document: Any, check: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = director.drive(
        "converge", {"document": document, "check_mode": check, "all_engines": True}
    )
    return answer


def document(checks: dict[int, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """A virtual server on each port, with one server at the given address and its own health check."""
    return {
        "health_checks": [{"name": f"c{port}", **check} for port, (_address, check) in checks.items()],
        "farms": [
            {"name": f"f{port}", "health_check": f"c{port}", "servers": [{"name": "s", "address": address}]}
            for port, (address, _check) in checks.items()
        ],
        "virtual_servers": [
            {
                "name": f"v{port}",
                "vip": "fd10::50" if ":" in address else "10.10.0.50",
                "port": port,
                "farm": f"f{port}",
            }
            for port, (address, _check) in checks.items()
        ],
    }


def ports_with_servers(director: Director) -> set[int]:
    """The ports whose virtual server has its server in the kernel."""
    lines = [line.split() for line in director.shell("ipvsadm -Sn").splitlines()]
    return {int(words[2].rpartition(":")[2]) for words in lines if words[0] == "-a"}


def settled(director: Director, expected: set[int], seconds: float = 20) -> set[int]:
    """The ports with servers once they are as expected and stay so for a while, or when time is up."""
    end = time.monotonic() + seconds
    since = None
    while True:
        found = ports_with_servers(director)
        now = time.monotonic()
        since = (since or now) if found == expected else None
        if (since is not None and now - since > 2) or now > end:
            return found
        time.sleep(0.1)


class Watch:
    """When each virtual server of a director gains and loses its server."""

    def __init__(self, lab: str, host: str) -> None:
        self._process = subprocess.Popen(
            [LAB, "ssh", lab, host, f"exec python3 -c '{WATCH}'"], stdout=subprocess.PIPE, text=True
        )
        self._lines: queue.Queue[tuple[float, str]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self._lines.get(timeout=30)[1] == "ready\n"
        self._now = {int(port) for port in self._lines.get(timeout=30)[1].split()}

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put((time.monotonic(), line))

    def seconds_until(self, change: Callable[[], None], wanted: set[int], limit: float) -> dict[int, float]:
        """For each port that gains or loses its server after a change, after how long; until all are as wanted."""
        start = time.monotonic()
        change()
        moved: dict[int, float] = {}
        while self._now != wanted:
            try:
                moment, line = self._lines.get(timeout=max(0, start + limit - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self._now ^ wanted} did not move within {limit} s, only {moved}") from None
            ports = {int(port) for port in line.split()}
            moved.update(dict.fromkeys(ports ^ self._now, round(moment - start, 2)))
            self._now = ports
        return moved

    def close(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)
