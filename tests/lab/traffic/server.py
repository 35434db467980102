#!/usr/bin/env python3
# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that says who it is: HTTP on TCP port 80, and any datagram on UDP port 5353, over IPv4 and IPv6.

usage: server.py NAME

Every HTTP answer is 200 with the name and a newline as its body. Ends on SIGTERM. Runs on the hosts, so the standard
library of Python 3.9 is all it uses.
"""

from __future__ import annotations

import http.server
import socket
import socketserver
import sys
import threading
from typing import Any

HTTP_PORT = 80
UDP_PORT = 5353

# Not in every release's socket module.
IP_PKTINFO = 8


class Answer(http.server.BaseHTTPRequestHandler):
    """Says the server's name, whatever is asked for."""

    name = ""
    # A client that connects and says nothing, as TCP health checks do, does not hold a thread for long.
    timeout = 3

    def do_GET(self) -> None:
        """Answer with the name."""
        body = f"{self.name}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: a prober asks a hundred times a second."""


class Server(socketserver.ThreadingTCPServer):
    """Takes IPv4 as well: an IPv6 socket bound to :: does unless told not to."""

    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left before its answer is no fault; anything else is shown."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, socket.timeout)):
            super().handle_error(request, client_address)


def serve_udp(family: socket.AddressFamily, name: bytes) -> None:
    """Answer each datagram with the name, from the address it was sent to: with direct routing that is the VIP."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        sock.bind(("::", UDP_PORT))
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        sock.bind(("0.0.0.0", UDP_PORT))
    while True:
        _question, ancillary, _flags, sender = sock.recvmsg(2048, 256)
        source = [(level, kind, _source(level, data)) for level, kind, data in ancillary]
        try:
            sock.sendmsg([name], source, 0, sender)
        except OSError as error:  # the asked address left this host meanwhile: no answer, as with any server
            print(f"no answer to {sender[0]}: {error}", file=sys.stderr)


def _source(level: int, info: bytes) -> bytes:
    """Packet info as sendmsg wants it: the address asked, and the route decides the interface."""
    if level == socket.IPPROTO_IPV6:
        return info[:16] + bytes(4)
    return bytes(4) + info[8:12] + bytes(4)


def main() -> None:
    """Serve until killed."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    Answer.name = sys.argv[1]
    for family in (socket.AF_INET, socket.AF_INET6):
        threading.Thread(target=serve_udp, args=(family, Answer.name.encode()), daemon=True).start()
    with Server(("::", HTTP_PORT), Answer) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
