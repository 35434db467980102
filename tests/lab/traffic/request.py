# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one request is made and how its answer names the server."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl

#: tcp is HTTP, tls is HTTPS whoever's certificate it is.
PROTOCOLS = ("tcp", "tls", "udp", "sctp")

_SCTP = 132


class NoAnswer(Exception):
    """The request failed; the text says how."""


def ask(
    protocol: str, address: str, port: int, timeout: float, *, source: bool = False, local: str | None = None
) -> str:
    """The name of the server that answered one new request. `timeout` in seconds is for each wait.

    With `source` the name is followed by the address the server saw the request come from. `local` is the address it
    is sent from; without one the routes decide.
    """
    try:
        if protocol in ("tcp", "tls"):
            name = _http(connection(protocol, address, port, timeout, local), source)
        else:
            with opened(protocol, address, port, timeout, local) as sock:
                name = exchange(sock, source)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    if not name:
        raise NoAnswer("empty answer")
    return name


def connection(
    protocol: str, address: str, port: int, timeout: float, local: str | None = None
) -> http.client.HTTPConnection:
    """A connection for HTTP that is not open yet."""
    source = None if local is None else (local, 0)
    if protocol == "tcp":
        return http.client.HTTPConnection(address, port, timeout=timeout, source_address=source)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(address, port, timeout=timeout, source_address=source, context=context)


def _http(connection: http.client.HTTPConnection, source: bool) -> str:
    try:
        return get(connection, source, {"Connection": "close"})
    finally:
        connection.close()


def get(connection: http.client.HTTPConnection, source: bool = False, headers: dict[str, str] | None = None) -> str:
    """What is answered to one request on a connection."""
    connection.request("GET", "/source" if source else "/", headers=headers or {})
    response = connection.getresponse()
    if response.status != http.client.OK:
        raise NoAnswer(f"HTTP status {response.status}")
    return response.read(256).decode(errors="replace").strip()


def opened(protocol: str, address: str, port: int, timeout: float, local: str | None = None) -> socket.socket:
    """A socket of udp or sctp that speaks to that address only."""
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    if protocol == "udp":
        sock = socket.socket(family, socket.SOCK_DGRAM)
    else:
        sock = socket.socket(family, socket.SOCK_STREAM, _SCTP)
    try:
        sock.settimeout(timeout)
        if local is not None:
            sock.bind((local, 0))
        sock.connect((address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def exchange(sock: socket.socket, source: bool = False) -> str:
    """What is answered to one datagram or message."""
    sock.send(b"source?" if source else b"who?")
    return sock.recv(256).decode(errors="replace").strip()
