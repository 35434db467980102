# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated ALOHA behind HTTP, and what tests and people do to it beside: /simulator/… needs no credentials.

GET /simulator/state tells what runs and whether it is saved, GET /simulator/requests counts requests by method. POST
/simulator/reboot forgets what is not saved, POST /simulator/fault with kind[:number] lets the next request meet a
fault, POST /simulator/end ends the program.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .appliance import Appliance, Dropped, Reply
from .switches import Fault

_SLOW_SECONDS = 3600.0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # the head of an answer does not wait for its body to be acknowledged
    disable_nagle_algorithm = True
    server: Simulator

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode("latin-1")
        appliance = self.server.appliance
        if self.path.startswith("/simulator/"):
            self._send(self.server.control(self.command, self.path, body))
            return
        wanted = base64.b64encode(f"{appliance.user}:{appliance.password}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self._send(Reply(401, {"WWW-Authenticate": 'Basic realm="aloha"'}))
            return
        if appliance.switches.delay:
            time.sleep(appliance.switches.delay)
        if appliance.is_slow(self.command, self.path):
            self.server.over.wait(_SLOW_SECONDS)
            self.close_connection = True
            return
        try:
            self._send(appliance.answer(self.command, self.path, self.headers.get("Content-Type", ""), body))
        except Dropped:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    do_POST = do_PUT = do_DELETE = do_GET

    def _send(self, reply: Reply) -> None:
        body = reply.body.encode("ascii")
        self.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Simulator(ThreadingHTTPServer):
    """One appliance at an address of this machine; ``connections`` counts those that were made to it."""

    daemon_threads = True

    def __init__(self, appliance: Appliance, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((address, port), _Handler)
        self.appliance = appliance
        self.connections = 0
        self.over = threading.Event()

    def get_request(self) -> tuple[socket.socket, Any]:
        accepted = super().get_request()
        self.connections += 1
        self._open = accepted[0]
        return accepted

    def hang_up(self) -> None:
        """End the connection that was made last, and return when the other side can know."""
        self._open.shutdown(socket.SHUT_RDWR)
        time.sleep(0.05)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def control(self, method: str, path: str, body: str) -> Reply:
        """What tests and people do to the appliance beside its API."""
        if (method, path) == ("GET", "/simulator/state"):
            state = {"running": self.appliance.root.document(), "saved": self.appliance.is_saved}
            return Reply(200, body=json.dumps(state))
        if (method, path) == ("GET", "/simulator/requests"):
            return Reply(200, body=json.dumps(Counter(request.method for request in self.appliance.requests)))
        if (method, path) == ("POST", "/simulator/reboot"):
            self.appliance.reboot()
            return Reply(200)
        if (method, path) == ("POST", "/simulator/end"):
            self.over.set()
            return Reply(200)
        if (method, path) == ("POST", "/simulator/fault"):
            self.appliance.strike(1, Fault.parsed(body.strip()))
            return Reply(200)
        return Reply(404)


@contextlib.contextmanager
def serving(
    appliance: Appliance, address: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None
) -> Iterator[Simulator]:
    """The appliance at an address of this machine while the block runs, port 0 is a free one; with TLS where a context
    is given."""
    with Simulator(appliance, address, port) as simulator:
        if context is not None:
            simulator.socket = context.wrap_socket(simulator.socket, server_side=True)
        thread = threading.Thread(target=simulator.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield simulator
        finally:
            simulator.over.set()
            simulator.shutdown()
            thread.join()
