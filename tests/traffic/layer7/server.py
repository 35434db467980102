# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server of layer 7 that says who it is, in every protocol that a director may speak to it.

usage: server.py NAME CERTIFICATE AUTHORITY --ready FILE

    80     HTTP/1.1: the name; at /slow after a moment; at /download bytes for some seconds, at /long as many as the
           client can take; at /ws a WebSocket that answers with the name; at /told what the request was told by the
           director, as JSON
    443    the same within TLS, with the certificate and key of CERTIFICATE
    8443   the same, for clients alone whose certificate AUTHORITY signed
    50051  gRPC without TLS: every method of any service answers with the name, and each called Talk to every message
           of a stream with the name and its number in that stream
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
from aiohttp import WSMsgType, web
from content import CHUNK, CHUNKS, LONG, THOUGHT, long_chunks

PAUSE = 0.05


class AnyMethod(grpc.GenericRpcHandler):
    """Answers every method with the name."""

    def __init__(self, name: str) -> None:
        self._answer = name.encode()

    def service(self, handler_call_details: Any) -> Any:
        async def answer(_request: bytes, _context: Any) -> bytes:
            return self._answer

        async def talk(messages: AsyncIterator[bytes], _context: Any) -> AsyncIterator[bytes]:
            number = 0
            async for _message in messages:
                number += 1
                yield b"%s %d" % (self._answer, number)

        if handler_call_details.method.endswith("/Talk"):
            return grpc.stream_stream_rpc_method_handler(talk)
        return grpc.unary_unary_rpc_method_handler(answer)


def application(name: str) -> web.Application:
    """What is answered by HTTP."""

    async def who(_request: web.Request) -> web.Response:
        return web.Response(text=name)

    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(THOUGHT)
        return web.Response(text=name)

    async def told(request: web.Request) -> web.Response:
        transport = request.transport
        peer = transport.get_extra_info("peercert") if transport is not None else None
        return web.Response(text=json.dumps({"server": name, "headers": dict(request.headers), "peer": bool(peer)}))

    async def download(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = CHUNKS * len(CHUNK)
        await response.prepare(request)
        for _number in range(CHUNKS):
            await response.write(CHUNK)
            await asyncio.sleep(PAUSE)
        return response

    async def long(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = LONG
        await response.prepare(request)
        for chunk in long_chunks():
            await response.write(chunk)
        return response

    async def converse(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                await socket.send_str(name)
        return socket

    served = web.Application()
    served.add_routes(
        [
            web.get("/", who),
            web.get("/slow", slow),
            web.get("/told", told),
            web.get("/download", download),
            web.get("/long", long),
            web.get("/ws", converse),
        ]
    )
    return served


def tls(certificate: str, authority: str | None = None) -> ssl.SSLContext:
    """The rules of TLS; with an authority, clients have to show what it signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if authority is not None:
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def serve(chosen: argparse.Namespace) -> None:
    """Serve until killed."""
    runner = web.AppRunner(application(chosen.name), access_log=None, keepalive_timeout=3600)
    await runner.setup()
    # Python takes "::" for IPv6 alone
    for address in ("0.0.0.0", "::"):
        await web.TCPSite(runner, address, 80).start()
        await web.TCPSite(runner, address, 443, ssl_context=tls(chosen.certificate)).start()
        await web.TCPSite(runner, address, 8443, ssl_context=tls(chosen.certificate, chosen.authority)).start()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((AnyMethod(chosen.name),))
    server.add_insecure_port("[::]:50051")
    await server.start()
    chosen.ready.touch()
    await asyncio.Event().wait()


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description="A server of layer 7 that says who it is.")
    parser.add_argument("name")
    parser.add_argument("certificate")
    parser.add_argument("authority")
    parser.add_argument("--ready", type=Path, required=True, help="file to make once it serves")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
