# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection of a client in each protocol. `ask` makes a request on it and returns the name of the server.

NotAsked is raised where the protocol itself says that the request was not looked at and may be sent again on another
connection, as every browser does: HTTP/1.1 closed before an answer began (RFC 9112, 9.3.1), HTTP/2 and the GOAWAY of a
connection (RFC 9113, 6.8). All else that goes wrong is a failure.
"""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import queue
import socket
import ssl
from collections.abc import Coroutine
from typing import Any, NoReturn, Protocol, TypeVar

import grpc
import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
from content import CHUNK, CHUNKS, LONG, long_chunks
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake

SECONDS = 5.0

Done = TypeVar("Done")


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

    def connected(self) -> socket.socket:
        """A connection without TLS."""
        plain = socket.create_connection((self.address, self.port), timeout=SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plain

    def tls(self, alpn: str) -> ssl.SSLContext | None:
        """How TLS is spoken, if it is."""
        if self.authority is None:
            return None
        context = ssl.create_default_context(cafile=self.authority)
        if self.certificate is not None:
            context.load_cert_chain(self.certificate)
        context.set_alpn_protocols([alpn])
        return context

    def opened(self, alpn: str) -> socket.socket:
        """A connection, within TLS where that is spoken. The certificate has to be the site's."""
        plain, context = self.connected(), self.tls(alpn)
        if context is None:
            return plain
        with_tls = context.wrap_socket(plain, server_hostname=self.site)
        if with_tls.selected_alpn_protocol() not in (alpn, None):
            raise Failed(f"{with_tls.selected_alpn_protocol()} was agreed on instead of {alpn}")
        return with_tls


class Conversation(Protocol):
    """A connection of any protocol."""

    def __init__(self, place: Place) -> None: ...

    def ask(self) -> str:
        """The name of the server that answers. Raises NotAsked, Failed, OSError."""

    def end(self) -> None:
        """Nothing more is asked: wait for the rest of what was. Raises Failed, OSError."""

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

    def end(self) -> None:
        """Every answer was waited for."""

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


class LongDownload(Http1):
    """A download that goes on as long as is asked for more."""

    PATH = "/long"
    _PART = 4096

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        # or the kernel would take it all at once
        self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * self._PART)
        self._response: http.client.HTTPResponse | None = None
        self._digest, self._bytes = hashlib.sha256(), 0

    def ask(self) -> str:
        """Take a little."""
        if self._response is None:
            self._connection.request("GET", self.PATH)
            self._response = self._connection.getresponse()
        self._take(self._response.read(self._PART))
        return "a part"

    def _take(self, data: bytes) -> None:
        if not data:
            raise Failed(f"the download ended after {self._bytes} bytes")
        self._digest.update(data)
        self._bytes += len(data)

    def end(self) -> None:
        """Take the rest, and look at all of it."""
        while self._response is not None and self._bytes < LONG:
            self._take(self._response.read(1 << 20))
        _be_all_of_it(self._bytes, self._digest.hexdigest())


class _Answer:
    """What came of a stream so far."""

    def __init__(self) -> None:
        self.status, self.bytes, self.digest, self.text = "", 0, hashlib.sha256(), b""

    def take(self, data: bytes) -> None:
        self.bytes += len(data)
        self.digest.update(data)
        self.text = (self.text + data)[: len(CHUNK)]


class Http2:
    """HTTP/2 on a connection that is kept, one stream after the other.

    GOAWAY is looked at here: h2 would take it for the end of streams that are still answered.
    """

    #: How many streams are open, as long as the connection takes new ones.
    AT_ONCE = 1
    PATH = "/"
    _HEAD, _GOAWAY = 9, 7

    def __init__(self, place: Place) -> None:
        self._place = place
        self._socket = place.opened("h2")
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._http.initiate_connection()
        self._socket.sendall(self._http.data_to_send())
        self._unread = b""
        self._open: dict[int, _Answer] = {}
        self._ended: list[_Answer] = []
        self._has_answered = False
        #: What a GOAWAY says is the last stream that is answered.
        self._last: int | None = None

    def ask(self) -> str:
        """The body of an answer with status 200."""
        self._begin()
        while not self._ended:
            self._go_on()
        return self._ended.pop(0).text.decode()

    def end(self) -> None:
        """Wait for the streams that are open."""
        while self._open:
            self._go_on()

    def _begin(self) -> None:
        scheme = "https" if self._place.authority else "http"
        headers = [(":method", "GET"), (":path", self.PATH), (":scheme", scheme), (":authority", self._place.site)]
        while self._last is None and len(self._open) + len(self._ended) < self.AT_ONCE:
            stream = self._http.get_next_available_stream_id()
            self._http.send_headers(stream, headers, end_stream=True)
            self._open[stream] = _Answer()
            self._socket.sendall(self._http.data_to_send())
        if not self._open and not self._ended:
            raise NotAsked(foretold=True)

    def _go_on(self) -> None:
        """Look at the next frame."""
        try:
            events = self._http.receive_data(self._frame())
        except h2.exceptions.ProtocolError as error:
            raise Failed(str(error)) from error
        for event in events:
            if isinstance(event, h2.events.ResponseReceived):
                self._open[event.stream_id].status = dict(event.headers)[":status"]
            elif isinstance(event, h2.events.DataReceived):
                self._open[event.stream_id].take(event.data)
                self._http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
            elif isinstance(event, h2.events.StreamReset):
                if event.error_code == h2.errors.ErrorCodes.REFUSED_STREAM:
                    self._turned_away()
                raise Failed(f"the stream was reset: {event.error_code}")
            elif isinstance(event, h2.events.StreamEnded):
                answer = self._open.pop(event.stream_id)
                if answer.status != "200":
                    raise Failed(f"HTTP status {answer.status}")
                self._ended.append(answer)
                self._has_answered = True
        self._socket.sendall(self._http.data_to_send())

    def _frame(self) -> bytes:
        """The next frame that is no GOAWAY."""
        while True:
            length = self._HEAD + int.from_bytes(self._unread[:3], "big")
            if len(self._unread) < max(self._HEAD, length):
                self._unread += self._received()
                continue
            frame, self._unread = self._unread[:length], self._unread[length:]
            if frame[3] != self._GOAWAY:
                return frame
            self._last = int.from_bytes(frame[self._HEAD : self._HEAD + 4], "big") & 0x7FFFFFFF
            if self._last < max(self._open, default=0):
                self._turned_away()

    def _received(self) -> bytes:
        try:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionResetError("the connection ended")
        except ConnectionError:
            # a kept connection that ends before anything of an answer
            if self._has_answered and not any(answer.status for answer in self._open.values()):
                self._turned_away()
            raise
        return data

    def _turned_away(self) -> NoReturn:
        """A stream was not looked at; with others open beside it, one alone cannot be asked for again here."""
        if len(self._open) > 1:
            raise Failed(f"the connection did not look at one of {len(self._open)} streams")
        raise NotAsked

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class Streams(Http2):
    """HTTP/2 with several streams open at every moment, each of which the server thinks about."""

    AT_ONCE = 8
    PATH = "/slow"


class Downloads(Http2):
    """Downloads in several streams of one HTTP/2 connection, which go on as long as is asked for more."""

    AT_ONCE = 4
    PATH = "/long"

    def ask(self) -> str:
        """Take a little."""
        self._begin()
        self._go_on()
        return "a part"

    def end(self) -> None:
        """Take the rest, and look at all of it."""
        while self._open:
            self._go_on()
        for answer in self._ended:
            _be_all_of_it(answer.bytes, answer.digest.hexdigest())
        if len(self._ended) != self.AT_ONCE:
            raise Failed(f"{len(self._ended)} of {self.AT_ONCE} downloads ended")


def _be_all_of_it(count: int, digest: str) -> None:
    wanted = hashlib.sha256()
    for chunk in long_chunks():
        wanted.update(chunk)
    if (count, digest) != (LONG, wanted.hexdigest()):
        raise Failed(f"{count} bytes, not those {LONG} that were sent")


class WebSocket:
    """A WebSocket that is kept: the connection itself is what must not end.

    One thread does it all. The library's client for threads reads TLS in one and writes in another at once, and of a
    thousand of its connections a few broke, with nothing between it and a server (Python 3.11).
    """

    def __init__(self, place: Place) -> None:
        self._loop = asyncio.new_event_loop()
        self._socket = self._done(self._opened(place))

    @staticmethod
    async def _opened(place: Place) -> ClientConnection:
        plain, context = place.connected(), place.tls("http/1.1")
        plain.setblocking(False)
        address = f"{'ws' if context is None else 'wss'}://{place.site}/ws"
        within = {} if context is None else {"ssl": context, "server_hostname": place.site}
        patience = {"open_timeout": SECONDS, "close_timeout": SECONDS, "ping_interval": None}
        try:
            return await connect(address, sock=plain, **patience, **within)
        except InvalidHandshake as error:
            raise Failed(f"no WebSocket was opened: {error!r}") from error

    def _done(self, what: Coroutine[Any, Any, Done]) -> Done:
        return self._loop.run_until_complete(asyncio.wait_for(what, SECONDS))

    def ask(self) -> str:
        """The answer to a message."""
        try:
            self._done(self._socket.send("who?"))
            return str(self._done(self._socket.recv()))
        except Exception as error:
            raise Failed(f"the WebSocket ended: {error!r}") from error

    def end(self) -> None:
        """Every answer was waited for."""

    def close(self) -> None:
        """Close it, also when nobody answers any more."""
        self._loop.run_until_complete(self._socket.close())
        self._loop.close()


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

    def end(self) -> None:
        """Every answer was waited for."""

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


class GrpcStream(Grpc):
    """One call of gRPC in which messages go to and fro, for as long as somebody asks: it must not end before."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._count = 0
        self._heard = self._channel.stream_stream("/evenkeel.Test/Talk")(iter(self._said.get, None))

    def ask(self) -> str:
        """The answer to a message, which has to be that to this one."""
        self._said.put(b"who?")
        self._count += 1
        try:
            name, number = bytes(next(self._heard)).decode().split()
        except StopIteration:
            raise Failed(f"the stream ended after {self._count} messages") from None
        except grpc.RpcError as error:
            raise Failed(f"{error.code()}: {error.details()}") from error
        if int(number) != self._count:
            raise Failed(f"message {self._count} was answered as the {number}.")
        return name

    def end(self) -> None:
        """Say no more, whereupon the server has to end it too."""
        self._said.put(None)
        try:
            for more in self._heard:
                raise Failed(f"{more!r} was not asked for")
        except grpc.RpcError as error:
            raise Failed(f"{error.code()}: {error.details()}") from error


CONVERSATIONS: dict[str, type[Conversation]] = {
    "http1": Http1,
    "http2": Http2,
    "streams": Streams,
    "download": Download,
    "long-download": LongDownload,
    "long-downloads": Downloads,
    "websocket": WebSocket,
    "grpc": Grpc,
    "grpc-stream": GrpcStream,
}
