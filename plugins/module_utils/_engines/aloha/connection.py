# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One connection to ALOHA's web interface, kept open between requests. Private to evenkeel.lb.

Credentials go into the Authorization header of each request and nowhere else: not into messages, URLs or logs.
"""

from __future__ import annotations

import base64
import http.client
import ssl
from typing import Any, Mapping, Optional

from .api import NoAnswer
from .wire import Answer, encoded

_HEADERS = {"Accept": "application/json"}
_LONGEST_BODY = 64 * 1024 * 1024


class HttpConnection:
    """Sends requests to one appliance, with HTTP Basic authentication. ``context`` is the TLS context; None speaks
    plain HTTP. A kept connection that the appliance closed meanwhile is opened anew before the request is sent, not
    after: a request is never sent twice here."""

    def __init__(
        self, host: str, port: int, user: str, password: str, timeout: float, context: Optional[ssl.SSLContext]
    ) -> None:
        self._where = f"{host} port {port}"
        secret = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        self._authorization = f"Basic {secret}"
        self._connection = (
            http.client.HTTPConnection(host, port, timeout=timeout)
            if context is None
            else http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
        )

    def exchange(self, method: str, path: str, values: Optional[Mapping[str, Any]] = None) -> Answer:
        """One request and its answer. Raises NoAnswer."""
        body = None if values is None else encoded(values).encode("ascii")
        headers = {**_HEADERS, "Authorization": self._authorization}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._forget_if_closed()
        try:
            self._connection.request(method, path, body=body, headers=headers)
            response = self._connection.getresponse()
            text = response.read(_LONGEST_BODY).decode("ascii", "replace")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(f"{method} {path}: no answer from {self._where}: {_reason(error)}") from None
        errno = response.getheader("X-Alctl-Errno", "")
        number = int(errno) if errno.strip().isdigit() else None
        return Answer(response.status, number, response.getheader("X-Alctl-Errstr", ""), text)

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        self._connection.close()

    def _forget_if_closed(self) -> None:
        """What can be read from an idle connection is its end."""
        sock = self._connection.sock
        if sock is None:
            return
        timeout = sock.gettimeout()
        try:
            sock.settimeout(0.0)
            sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            sock.settimeout(timeout)
            return
        except OSError:
            pass
        self.close()


def tls_context(
    verify: bool, ca_path: Optional[str] = None, client_cert: Optional[str] = None, client_key: Optional[str] = None
) -> ssl.SSLContext:
    """TLS as asked for; certificates of the system's authorities, and of those in ``ca_path``, are trusted."""
    context = ssl.create_default_context()
    if ca_path:
        context.load_verify_locations(cafile=ca_path)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if client_cert:
        context.load_cert_chain(client_cert, client_key)
    return context


def _reason(error: Exception) -> str:
    text = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error) or type(error).__name__
    return " ".join(str(text).split())[:200]
