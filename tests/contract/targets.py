# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers for health checks: HTTP, HTTPS, SMTP and bare TCP, DNS and datagrams, over IPv4 and IPv6.

    python3 targets.py CERTIFICATE

The file holds a certificate and its key. Each line on standard input is a JSON list of a command and its argument, each
line on standard output the JSON of its result:

    ["mode", {"http": "closed", …}]  up; closed: nobody listens; silent: takes what comes and never answers
    ["asked", null]                  what was asked since the last time, each with the server's name and the asker

What a web server answers is in the path: /status/204; /body/68656c6c6f; /body/…/1, in pieces of one byte;
/host/www.example.com, /sni/…, /version/1.1 and /from/10.20.0.11 are 200 when that is what was said, else 404.
"""

from __future__ import annotations

import asyncio
import functools
import json
import socket
import ssl
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import Any

PORTS = {"tcp": 7000, "http": 8080, "https": 8443, "smtp": 2525, "dns": 5353, "udp": 7007}
DATAGRAMS = ("dns", "udp")
# What the name server has; to all else it answers that it will not tell.
RECORDS = {("www.example.com", 1), ("six.example.com", 28), ("", 6)}
NO_ERROR, REFUSED = 0, 5

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


class Targets:
    """All servers, and what they were asked."""

    def __init__(self, certificate: str) -> None:
        self._modes = dict.fromkeys(PORTS, "closed")
        self._open: dict[str, Any] = {}
        self._asked: list[list[str]] = []
        self._certificate = certificate

    async def set_modes(self, modes: dict[str, str]) -> None:
        for name, mode in modes.items():
            self._modes[name] = mode
            if mode == "closed" and name in self._open:
                self._open.pop(name).close()
            elif mode != "closed" and name not in self._open:
                self._open[name] = await self._listen(name)
        await asyncio.sleep(0.01)

    def take_asked(self) -> list[list[str]]:
        asked, self._asked = self._asked, []
        return asked

    async def _listen(self, name: str) -> Any:
        if name in DATAGRAMS:
            loop = asyncio.get_running_loop()
            mouth = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            mouth.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            mouth.bind(("::", PORTS[name]))
            factory = functools.partial(Datagrams, self, name)
            transport, _protocol = await loop.create_datagram_endpoint(factory, sock=mouth)
            return transport
        talk: dict[str, Callable[[Reader, Writer], Awaitable[None]]] = {
            "tcp": self._nothing,
            "http": self._http,
            "https": self._http,
            "smtp": self._smtp,
        }
        handler = functools.partial(self._talk, name, talk[name])
        tls = self._tls() if name == "https" else None
        mouth = socket.create_server(("::", PORTS[name]), family=socket.AF_INET6, dualstack_ipv6=True)
        return await asyncio.start_server(handler, sock=mouth, ssl=tls)

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificate)

        def remember(connection: Any, name: str | None, _context: ssl.SSLContext) -> None:
            connection.said_name = name

        context.sni_callback = remember
        return context

    def note(self, name: str, sender: Any, said: str) -> bool:
        """Remember what was asked; whether it shall be answered."""
        self._asked.append([name, str(sender[0]).removeprefix("::ffff:"), said])
        return self._modes[name] == "up"

    async def _talk(
        self, name: str, talk: Callable[[Reader, Writer], Awaitable[None]], reader: Reader, writer: Writer
    ) -> None:
        try:
            if self._modes[name] == "up":
                await talk(reader, writer)
            else:
                await reader.read()  # until the other side gives up
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _nothing(self, _reader: Reader, writer: Writer) -> None:
        self.note("tcp", writer.get_extra_info("peername"), "")

    async def _http(self, reader: Reader, writer: Writer) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        sender = writer.get_extra_info("peername")
        tls = writer.get_extra_info("ssl_object")
        self.note("https" if tls else "http", sender, request)
        line, *headers = request.split("\r\n")
        _method, path, version = line.split(" ", 2)
        said = {
            "host": dict(header.partition(": ")[::2] for header in headers).get("Host"),
            "version": version.removeprefix("HTTP/"),
            "from": str(sender[0]).removeprefix("::ffff:"),
            "sni": getattr(tls, "said_name", None) or "none",
        }
        _root, kind, value, *more = [*path.split("/"), ""]
        status, body = 200, b"hello"
        if kind == "status":
            status = int(value)
        elif kind == "body":
            body = bytes.fromhex(value)
        elif kind in said:
            status = 200 if value == said[kind] else 404
        writer.write(f"HTTP/1.1 {status} OK\r\nServer: secret\r\n\r\n".encode())
        if more and more[0]:
            for octet in body:
                await writer.drain()
                await asyncio.sleep(0.002)
                writer.write(bytes([octet]))
        else:
            writer.write(body)
        await writer.drain()

    async def _smtp(self, reader: Reader, writer: Writer) -> None:
        writer.write(b"220 web.example.com\r\n")
        hello = (await reader.readline()).decode().strip()
        self.note("smtp", writer.get_extra_info("peername"), hello)
        writer.write(b"550 go away\r\n" if "bad" in hello else b"250 web.example.com\r\n")
        await reader.readline()
        writer.write(b"221 bye\r\n")
        await writer.drain()


class Datagrams(asyncio.DatagramProtocol):
    """A name server, or one that answers ping with pong and what begins with ``say `` with the rest."""

    def __init__(self, targets: Targets, name: str) -> None:
        self._targets = targets
        self._name = name
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        said = question(data) if self._name == "dns" else data.hex()
        if self._targets.note(self._name, addr, str(said)):
            answer = name_answer(data) if self._name == "dns" else datagram_answer(data)
            if answer is not None:
                self._transport.sendto(answer, addr)


def question(data: bytes) -> tuple[str, int]:
    """The name and the type that a query asks for (RFC 1035)."""
    labels, position = [], 12
    while data[position]:
        labels.append(data[position + 1 : position + 1 + data[position]].decode("latin-1"))
        position += 1 + data[position]
    return ".".join(labels), struct.unpack_from("!H", data, position + 1)[0]


def name_answer(data: bytes) -> bytes:
    code = NO_ERROR if question(data) in RECORDS else REFUSED
    return data[:2] + struct.pack("!5H", 0x8180 | code, 1, 0, 0, 0) + data[12:]


def datagram_answer(data: bytes) -> bytes | None:
    if data == b"ping":
        return b"pong\x00\xff and more"
    return data[4:] if data.startswith(b"say ") else None


async def main(certificate: str) -> None:
    targets = Targets(certificate)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        command, argument = json.loads(line)
        result: Any = None
        if command == "mode":
            await targets.set_modes(argument)
        elif command == "asked":
            result = targets.take_asked()
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
