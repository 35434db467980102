# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection of a client in each protocol. `ask` makes a request on it and returns the name of the server.

NotAsked is raised where the protocol itself says that the request was not looked at and may be sent again on another
connection, as every browser does: HTTP/1.1 closed before an answer began (RFC 9112, 9.3.1), HTTP/2 and the GOAWAY of a
connection (RFC 9113, 6.8). All else that goes wrong is a failure.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import Protocol

import grpc
import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from content import CHUNK, CHUNKS
from websockets.sync.client import connect

SECONDS = 5.0


class NotAsked(Exception):
    """The request may be sent again on another connection; `foretold` when it was known before it was sent."""

    def __init__(self, foretold: bool = False) -> None:
        super().__init__()
        self.foretold = foretold


class Failed(Exception):
    """The request was not answered as it should be."""


class Place:
    """Where to ask: an address, a port, the name of the site, and the authority that vouches for it, if TLS is spoken;
    with a certificate of the client's own where the site wants one."""

    def __init__(
        self, address: str, port: int, site: str, authority: str | None = None, certificate: str | None = None
    ) -> None:
        self.address, self.port, self.site, self.authority = address, port, site, authority
        self.certificate = certificate

    def opened(self, alpn: str) -> socket.socket:
        """A connection, within TLS where that is spoken. The certificate has to be the site's."""
        plain = socket.create_connection((self.address, self.port), timeout=SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.authority is None:
            return plain
        context = ssl.create_default_context(cafile=self.authority)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate)
        context.set_alpn_protocols([alpn])
        with_tls = context.wrap_socket(plain, server_hostname=self.site)
        if with_tls.selected_alpn_protocol() not in (alpn, None):
            raise Failed(f"{with_tls.selected_alpn_protocol()} was agreed on instead of {alpn}")
        return with_tls


class Conversation(Protocol):
    """A connection of any protocol."""

    def __init__(self, place: Place) -> None: ...

    def ask(self) -> str:
        """The name of the server that answers. Raises NotAsked, Failed, OSError."""

    def close(self) -> None:
        """Give the connection up."""


class Http1:
    """HTTP/1.1 on a connection that is kept."""

    PATH = "/"

    def __init__(self, place: Place) -> None:
        self._connection = http.client.HTTPConnection(place.site, place.port, timeout=SECONDS)
        self._connection.sock = place.opened("http/1.1")
        self._used = False

    def ask(self) -> str:
        """The body of an answer with status 200."""
        if self._connection.sock is None:  # the last answer said that the connection ends
            raise NotAsked(foretold=True)
        try:
            self._connection.request("GET", self.PATH)
            response = self._connection.getresponse()
        except ConnectionError as error:
            if self._used:
                raise NotAsked from error
            raise
        self._used = True
        try:
            body = response.read()
        except http.client.HTTPException as error:
            raise Failed(f"the answer ended early: {error}") from error
        if response.status != http.client.OK:
            raise Failed(f"HTTP status {response.status}")
        return self._named(body)

    @staticmethod
    def _named(body: bytes) -> str:
        return body.decode()

    def close(self) -> None:
        """Close it."""
        self._connection.close()


class Download(Http1):
    """Downloads that take seconds, each looked at to its last byte."""

    PATH = "/download"

    @staticmethod
    def _named(body: bytes) -> str:
        if body != CHUNK * CHUNKS:
            raise Failed(f"{len(body)} bytes, not those that were sent")
        return "all of it"


class Http2:
    """HTTP/2 on a connection that is kept, one stream after the other.

    GOAWAY is looked at here: h2 would take it for the end of streams that are still answered.
    """

    _HEAD, _GOAWAY = 9, 7

    def __init__(self, place: Place) -> None:
        self._place = place
        self._socket = place.opened("h2")
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._http.initiate_connection()
        self._socket.sendall(self._http.data_to_send())
        self._unread = b""
        #: What a GOAWAY says is the last stream that is answered.
        self._last: int | None = None

    def ask(self) -> str:
        """The body of an answer with status 200."""
        if self._last is not None:
            raise NotAsked(foretold=True)
        stream = self._http.get_next_available_stream_id()
        scheme = "https" if self._place.authority else "http"
        headers = [(":method", "GET"), (":path", "/"), (":scheme", scheme), (":authority", self._place.site)]
        self._http.send_headers(stream, headers, end_stream=True)
        try:
            self._socket.sendall(self._http.data_to_send())
            return self._answer(stream)
        except h2.exceptions.ProtocolError as error:
            raise Failed(str(error)) from error

    def _answer(self, stream: int) -> str:
        status, body = "", b""
        while True:
            for event in self._http.receive_data(self._frame(stream, bool(status))):
                if isinstance(event, h2.events.ResponseReceived):
                    status = dict(event.headers)[":status"]
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                    self._http.acknowledge_received_data(event.flow_controlled_length or 0, stream)
                elif isinstance(event, h2.events.StreamReset):
                    if event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM:
                        raise NotAsked
                    raise Failed(f"the stream was reset: {event.error_code}")
                elif isinstance(event, h2.events.StreamEnded):
                    if status != "200":
                        raise Failed(f"HTTP status {status}")
                    return body.decode()
            self._socket.sendall(self._http.data_to_send())

    def _frame(self, stream: int, begun: bool) -> bytes:
        """The next frame that is no GOAWAY."""
        while True:
            length = self._HEAD + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < max(self._HEAD, length):
                self._unread += self._received(stream, begun)
                continue
            frame, self._unread = self._unread[:length], self._unread[length:]
            if frame[3] != self._GOAWAY:
                return frame
            self._last = int.from_bytes(frame[self._HEAD : self._HEAD + 4], "big") & 0x7FFFFFFF
            if self._last < stream:
                raise NotAsked

    def _received(self, stream: int, begun: bool) -> bytes:
        try:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionResetError("the connection ended")
        except ConnectionError as error:
            # a kept connection that ends before anything of an answer
            if stream > 1 and not begun:
                raise NotAsked from error
            raise
        return data

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class WebSocket:
    """A WebSocket that is kept: the connection itself is what must not end."""

    def __init__(self, place: Place) -> None:
        self._socket = connect(f"ws://{place.site}/ws", sock=place.opened("http/1.1"), open_timeout=SECONDS)

    def ask(self) -> str:
        """The answer to a message."""
        try:
            self._socket.send("who?")
            return str(self._socket.recv(timeout=SECONDS))
        except Exception as error:
            raise Failed(f"the WebSocket ended: {error}") from error

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class Grpc:
    """gRPC by its own library, which keeps to GOAWAY by itself."""

    def __init__(self, place: Place) -> None:
        host = f"[{place.address}]" if ":" in place.address else place.address
        options = [("grpc.ssl_target_name_override", place.site), ("grpc.use_local_subchannel_pool", 1)]
        if place.authority is None:
            self._channel = grpc.insecure_channel(f"{host}:{place.port}", options=options)
        else:
            with open(place.authority, "rb") as file:
                trusted = grpc.ssl_channel_credentials(root_certificates=file.read())
            self._channel = grpc.secure_channel(f"{host}:{place.port}", trusted, options=options)
        self._call = self._channel.unary_unary("/evenkeel.Test/Who")

    def ask(self) -> str:
        """The answer to a call."""
        try:
            return bytes(self._call(b"who?", timeout=SECONDS)).decode()
        except grpc.RpcError as error:
            raise Failed(f"{error.code()}: {error.details()}") from error

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


CONVERSATIONS: dict[str, type[Conversation]] = {
    "http1": Http1,
    "http2": Http2,
    "download": Download,
    "websocket": WebSocket,
    "grpc": Grpc,
}
