# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab the story happens in, by the lab program's command line."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from evenkeel_demo import process
from evenkeel_demo.base import LOGS, REPOSITORY, NotAsTold

LAB = REPOSITORY / "tests" / "lab"
SPEC = LAB / "specs" / "demo.yml"

#: Milliseconds between the requests of a watching client, which is how finely an outage is measured.
INTERVAL = 20

#: Milliseconds an answer may take while a client watches.
TIMEOUT = 800


class Lab:
    """A lab of our own, by its own name."""

    def __init__(self, name: str) -> None:
        self.name = name
        #: Whether there is a lab to leave up.
        self.running = False

    def prepare(self, detail: Callable[[str], None]) -> None:
        """Have everything it is made of in the cache."""
        self._run("prepare", SPEC, log="prepare", detail=detail)

    def up(self, detail: Callable[[str], None]) -> None:
        """Boot every host and wait until it answers."""
        self._run("up", SPEC, "--name", self.name, log="boot", detail=detail)
        self.running = True

    def down(self, logs: Path | None) -> None:
        """End it and leave nothing of it; consoles and journals go to `logs` first when that is given."""
        words: list[str | Path] = [] if logs is None else ["--logs", logs]
        self._run("down", self.name, *words, log="down")

    def kill(self, host: str) -> None:
        """Power a host off at once. It is off when this returns."""
        self._run("kill", self.name, host, log="power")

    def boot(self, host: str) -> None:
        """Power it on again, with the files it had, and wait until it answers."""
        self._run("boot", self.name, host, log="power")

    def _run(self, verb: str, *words: str | Path, log: str, detail: Callable[[str], None] = lambda text: None) -> None:
        path = LOGS / f"{log}.log"

        def watch() -> None:
            lines = path.read_text(errors="replace").splitlines()
            if lines:
                detail(re.sub(r"^\[ *[\d.]+ s\] *", "", lines[-1]))

        process.checked([LAB / "lab", verb, *words], path, watch)

    def ssh(self, host: str, command: str, text: str = "") -> str:
        """What a shell command on a host prints; `text` is its input."""
        return process.output([LAB / "lab", "ssh", self.name, host, command], seconds=60, text=text)

    def _client(self, *words: str | Path) -> list[str | Path]:
        return [LAB / "lab", "ns", self.name, "client", sys.executable, *words]

    def ask(self, address: str, port: int, count: int, timeout: float = 2.0) -> dict[str, Any]:
        """`count` requests of the client, one after the other: {"sent", "failed", "by_server", "errors"}."""
        words = self._client(LAB / "traffic" / "client.py", "tcp", address, str(port), str(count))
        words += ["--timeout", str(timeout)]
        # Status 1 says that requests failed, which may be what is to be seen.
        return dict(json.loads(process.output(words, seconds=10 + count * timeout, accepted=(0, 1))))

    @contextlib.contextmanager
    def watched(self, services: list[tuple[str, int]]) -> Iterator[list[dict[str, Any]]]:
        """Have the client ask each service all the time; at the end the list holds what it saw of each, in order."""
        found: list[dict[str, Any]] = []
        with contextlib.ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            probers = []
            for number, (address, port) in enumerate(services):
                words = self._client(LAB / "traffic" / "prober.py", "tcp", address, str(port))
                words += ["--interval", str(INTERVAL), "--timeout", str(TIMEOUT), "--ready", place / str(number)]
                output = stack.enter_context((place / f"{number}.json").open("w+b"))
                probers.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, start_new_session=True))
                stack.callback(process.end, probers[-1])
            wait_for(
                lambda: all((place / str(number)).exists() for number in range(len(services))),
                20,
                "the client got no answer before anything was done",
            )
            yield found
            for number, (address, _port) in enumerate(services):
                probers[number].send_signal(signal.SIGTERM)
                if probers[number].wait(20):
                    raise NotAsTold(f"the client that watched {address} failed")
                found.append(json.loads((place / f"{number}.json").read_text()))


def wait_for(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Wait until something is so. Raises NotAsTold with `otherwise` when it is not so in time."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise NotAsTold(f"{otherwise} (waited {seconds:.0f} s)")
        time.sleep(0.05)
