#!/usr/bin/env python3
# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that says who it is: HTTP on TCP port 80, and any datagram on UDP port 5353, over IPv4 and IPv6.

usage: server.py NAME [--http PORT]… [--tls FILE] [--sctp ADDRESS]…

    --http PORT      HTTP on this port too
    --tls FILE       HTTPS on port 443, with the certificate and key in this file
    --sctp ADDRESS   any message on SCTP port 2905 of this address, which the host must have already

Every HTTP answer is 200 with the name and a newline as its body; at /source, and to a message that says "source?",
it is the name and the address the request came from. Ends on SIGTERM. Runs on the hosts, so the standard library of
Python 3.9 is all it uses.
"""

from __future__ import annotations

import argparse
import http.server
import socket
import socketserver
import ssl
import sys
import threading
from typing import Any

HTTP_PORT = 80
TLS_PORT = 443
UDP_PORT = 5353
SCTP_PORT = 2905

# Not in every release's socket module.
IP_PKTINFO = 8
IPPROTO_SCTP = 132


def source_of(sender: Any) -> str:
    """The address of a client, as people write it also when it came over IPv4 to an IPv6 socket."""
    return str(sender[0]).rpartition("::ffff:")[2] if "." in sender[0] else str(sender[0]).partition("%")[0]


def answer(name: str, question: bytes, sender: Any) -> bytes:
    """What is said to a datagram or message."""
    return (f"{name} {source_of(sender)}" if question == b"source?" else name).encode()


class Answer(http.server.BaseHTTPRequestHandler):
    """Says the server's name, whatever is asked for."""

    name = ""
    # Clients may ask again on the same connection.
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # For a client that is gone without a word.
    timeout = 30

    def do_GET(self) -> None:
        """Answer with the name."""
        told = f"{self.name} {source_of(self.client_address)}" if self.path == "/source" else self.name
        body = f"{told}\n".encode()
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
        if not isinstance(sys.exc_info()[1], (ConnectionError, socket.timeout, ssl.SSLError)):
            super().handle_error(request, client_address)


def serve_http(port: int, certificate: str | None = None) -> None:
    """Answer HTTP, within TLS when there is a certificate."""
    with Server(("::", port), Answer) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # Not while it accepts: a client that says nothing would hold all others up.
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.serve_forever()


def serve_udp(family: socket.AddressFamily, name: str) -> None:
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
        question, ancillary, _flags, sender = sock.recvmsg(2048, 256)
        source = [(level, kind, _source(level, data)) for level, kind, data in ancillary]
        try:
            sock.sendmsg([answer(name, question, sender)], source, 0, sender)
        except OSError as error:  # the asked address left this host meanwhile: no answer, as with any server
            print(f"no answer to {sender[0]}: {error}", file=sys.stderr)


def _source(level: int, info: bytes) -> bytes:
    """Packet info as sendmsg wants it: the address asked, and the route decides the interface."""
    if level == socket.IPPROTO_IPV6:
        return info[:16] + bytes(4)
    return bytes(4) + info[8:12] + bytes(4)


def sctp_socket(address: str) -> socket.socket:
    """A socket that listens on one address and tells clients of no other: a director knows only the one it balances."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM, IPPROTO_SCTP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, SCTP_PORT))
    sock.listen(64)
    return sock


def serve_sctp(sock: socket.socket, name: str) -> None:
    """Take associations, each in a thread of its own."""
    while True:
        association, sender = sock.accept()
        threading.Thread(target=_converse, args=(association, sender, name), daemon=True).start()


def _converse(association: socket.socket, sender: Any, name: str) -> None:
    with association:
        association.settimeout(Answer.timeout)
        try:
            while question := association.recv(2048):
                association.send(answer(name, question, sender))
        except OSError as error:
            print(f"an association with {sender[0]} ended: {error}", file=sys.stderr)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="A server that says who it is.")
    parser.add_argument("name")
    parser.add_argument("--http", type=int, action="append", default=[], metavar="PORT", help="HTTP on this port too")
    parser.add_argument("--tls", metavar="FILE", help="HTTPS, with the certificate and key in this file")
    parser.add_argument("--sctp", action="append", default=[], metavar="ADDRESS", help="SCTP on this address")
    chosen = parser.parse_args()
    Answer.name = chosen.name
    threads = [
        *(
            threading.Thread(target=serve_udp, args=(family, chosen.name))
            for family in (socket.AF_INET, socket.AF_INET6)
        ),
        *(threading.Thread(target=serve_http, args=(port,)) for port in chosen.http),
        *(threading.Thread(target=serve_sctp, args=(sctp_socket(address), chosen.name)) for address in chosen.sctp),
    ]
    if chosen.tls is not None:
        threads.append(threading.Thread(target=serve_http, args=(TLS_PORT, chosen.tls)))
    for thread in threads:
        thread.daemon = True
        thread.start()
    serve_http(HTTP_PORT)


if __name__ == "__main__":
    main()
