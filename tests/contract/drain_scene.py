# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A director with two servers and a client, for the tests of draining: what they do, and what the kernel counts."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.lb.tests.contract.director import LAB, REPOSITORY, Director

LAB_NAME = f"contract-drain-{os.getpid()}"
SPEC = REPOSITORY / "tests/contract/drain.yml"
TRAFFIC = REPOSITORY / "tests/lab/traffic"
VIP = "10.10.0.50"
ADDRESSES = {"web1": "10.20.0.21", "web2": "10.20.0.22"}
SETTINGS = {
    "net.ipv4.ip_forward": 1,
    "net.ipv4.vs.expire_nodest_conn": 1,
    "net.ipv4.vs.expire_quiescent_template": 1,
}
AS_THE_ROLE_DOES = """
echo 'include /etc/keepalived/evenkeel.conf' > /etc/keepalived/keepalived.conf
echo 'AUTO="true"' > /etc/default/ipvsadm
mkdir -p /etc/systemd/system/keepalived.service.d
printf '[Unit]\nAfter=ipvsadm.service\n' > /etc/systemd/system/keepalived.service.d/evenkeel-lb.conf
systemctl daemon-reload
sync
"""
# The module's process takes about half a second of its own here.
SECONDS_OF_A_RUN = 3.0

Answer = dict[str, Any]


class Scene:
    """The director, its servers and its client."""

    def __init__(self) -> None:
        self.director = Director(LAB_NAME)
        self.servers: dict[str, subprocess.Popen[bytes]] = {}
        self._runs = ThreadPoolExecutor()

    def prepare(self) -> None:
        self.director.equip("keepalived", "ipvsadm")
        self.director.bring_modules()
        self.director.shell(AS_THE_ROLE_DOES)
        self.settle()
        for server in ADDRESSES:
            self.inside(server, "ip", "route", "replace", "10.10.0.0/24", "via", "10.20.0.11")
            self.start(server)

    def settle(self) -> None:
        """What is gone after a boot."""
        words = [f"{name}={value}" for name, value in SETTINGS.items()]
        self.director.shell(
            f"modprobe ip_vs && sysctl -q -w {shlex.join(words)} && ip address replace {VIP}/32 dev eth1"
        )

    def inside(self, host: str, *words: str) -> str:
        """What a command prints in the network of a server or the client."""
        done = subprocess.run(_ns(host, *words), capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, server: str) -> None:
        argv = _ns(server, sys.executable, str(TRAFFIC / "server.py"), server)
        self.servers[server] = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)
        ready = f"import socket; socket.create_connection(('{ADDRESSES[server]}', 80), 1)"
        eventually(lambda: _succeeds(_ns(server, sys.executable, "-c", ready)), 10)

    def stop(self, server: str) -> None:
        os.killpg(self.servers.pop(server).pid, signal.SIGKILL)

    def converge(self, document: Answer) -> None:
        answer = self.director.drive("converge", {"document": document, "all_engines": True})
        assert answer["state"] in ("applied", "unchanged"), answer

    def run(self, module: str, **arguments: Any) -> Answer:
        """The result of a module on the director, and what it took as ``took``, in seconds."""
        began = time.monotonic()
        answer = self.director.module(module, **arguments)
        return {"took": time.monotonic() - began, **answer}

    def server(self, state: str, **arguments: Any) -> Answer:
        return self.run("lb_server", farm="web", name="web2", state=state, **arguments)

    def submit(self, state: str, **arguments: Any) -> Future[Answer]:
        """The same, while other things happen."""
        return self._runs.submit(self.server, state, **arguments)

    def begin(self, state: str, **arguments: Any) -> Future[Answer]:
        """The same; returns when the server takes no new connections."""
        running = self.submit(state, **arguments)
        eventually(lambda: running.done() or self.weight("web2") == 0, 30)
        return running

    def kernel(self) -> str:
        return self.director.shell("ipvsadm -Ln")

    def weight(self, server: str, port: int = 80) -> int | None:
        """What the kernel runs a server with; None when it is not there."""
        return self._column(server, port, 3)

    def active(self, server: str, port: int = 80) -> int | None:
        """The open connections the kernel counts."""
        return self._column(server, port, 4)

    def _column(self, server: str, port: int, number: int) -> int | None:
        found = re.search(rf"-> {ADDRESSES[server]}:{port} .*", self.kernel())
        return int(found[0].split()[number]) if found else None

    @contextlib.contextmanager
    def held(self, connections: int = 2) -> Iterator[Holder]:
        """A client that keeps connections to the VIP, and asks on each ten times a second."""
        with tempfile.TemporaryDirectory(prefix="drain-") as place, (Path(place) / "report").open("w+b") as report:
            ready = Path(place) / "ready"
            words = (VIP, "80", "--connections", str(connections), "--ready", str(ready))
            argv = _ns("client", sys.executable, str(TRAFFIC / "holder.py"), *words)
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=report, start_new_session=True)
            try:
                eventually(ready.exists, 20)
                yield Holder(process, Path(place) / "report")
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def close(self) -> None:
        for server in list(self.servers):
            self.stop(server)
        self._runs.shutdown()
        self.director.close()


class Holder:
    """A client that holds connections."""

    def __init__(self, process: subprocess.Popen[bytes], report: Path) -> None:
        self._process = process
        self._report = report

    def let_go(self) -> Answer:
        """Close all connections; what became of them."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0
        report: Answer = json.loads(self._report.read_text())
        return report


def _ns(host: str, *words: str) -> list[str]:
    return [str(LAB), "ns", LAB_NAME, host, *words]


def _succeeds(argv: list[str]) -> bool:
    return subprocess.run(argv, capture_output=True, timeout=30, check=False).returncode == 0


def eventually(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.05)


class Flow:
    """A client that sends all its datagrams from one port."""

    _TALK = (
        "import socket, sys\n"
        "sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sock.settimeout(1)\n"
        "def ask():\n"
        "    try: sock.send(b'?'); return sock.recv(99).decode()\n"
        "    except OSError as error: return 'none'\n"
        "for line in sys.stdin:\n"
        "    if line.strip() == 'new':\n"
        "        sock.close(); sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sock.settimeout(1)\n"
        f"        sock.connect(('{VIP}', 5353))\n"
        "    print(ask(), flush=True)\n"
    )

    def __init__(self, scene: Scene) -> None:
        argv = _ns("client", sys.executable, "-c", self._TALK)
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def ask(self, word: str = "again") -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def open_to(self, server: str) -> None:
        """A flow that the director gives to this server."""
        for _attempt in range(10):
            if self.ask("new") == server:
                return
        raise AssertionError(f"no flow came to {server}")

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
