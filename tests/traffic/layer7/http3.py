# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ask once by HTTP/3 and print what came: server (the body) and status.

usage: http3.py ADDRESS PORT SITE AUTHORITY

The exit status is not 0 when there is no answer, or the certificate is not one of AUTHORITY for SITE.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent

SECONDS = 10.0


class OneRequest(QuicConnectionProtocol):
    """A connection for one request."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._http = H3Connection(self._quic)
        self._status, self._body = "", b""
        self._answered: asyncio.Future[tuple[str, str]] = self._loop.create_future()

    def quic_event_received(self, event: QuicEvent) -> None:
        """Take what arrives."""
        if isinstance(event, ConnectionTerminated) and not self._answered.done():
            self._answered.set_exception(ConnectionError(event.reason_phrase or f"error {event.error_code}"))
        for of_http in self._http.handle_event(event):
            self._take(of_http)

    def _take(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            self._status = dict(event.headers).get(b":status", b"").decode() or self._status
        elif isinstance(event, DataReceived):
            self._body += event.data
        else:
            return
        if event.stream_ended and not self._answered.done():
            self._answered.set_result((self._status, self._body.decode()))

    async def get(self, site: str) -> tuple[str, str]:
        """Status and body."""
        stream = self._quic.get_next_available_stream_id()
        pseudo = {":method": "GET", ":scheme": "https", ":authority": site, ":path": "/"}
        headers = [(name.encode(), value.encode()) for name, value in pseudo.items()]
        self._http.send_headers(stream, headers, end_stream=True)
        self.transmit()
        return await asyncio.wait_for(self._answered, SECONDS)


async def ask(address: str, port: int, site: str, authority: str) -> dict[str, str]:
    """One answer."""
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=H3_ALPN, server_name=site, verify_mode=ssl.CERT_REQUIRED
    )
    configuration.load_verify_locations(authority)
    async with connect(address, port, configuration=configuration, create_protocol=OneRequest) as connection:
        assert isinstance(connection, OneRequest)
        status, body = await connection.get(site)
    return {"status": status, "server": body}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ask(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))))
