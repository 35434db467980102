# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one request is made and how its answer names the server."""

from __future__ import annotations

import http.client
import ipaddress
import socket


class NoAnswer(Exception):
    """The request failed; the text says how."""


def ask(protocol: str, address: str, port: int, timeout: float) -> str:
    """The name of the server that answered one new request (tcp is HTTP). `timeout` in seconds is for each wait."""
    try:
        name = _tcp(address, port, timeout) if protocol == "tcp" else _udp(address, port, timeout)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error
    if not name:
        raise NoAnswer("empty answer")
    return name


def _tcp(address: str, port: int, timeout: float) -> str:
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", "/", headers={"Connection": "close"})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise NoAnswer(f"HTTP status {response.status}")
        return response.read(256).decode(errors="replace").strip()
    finally:
        connection.close()


def _udp(address: str, port: int, timeout: float) -> str:
    family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect((address, port))
        sock.send(b"who?")
        return sock.recv(256).decode(errors="replace").strip()
