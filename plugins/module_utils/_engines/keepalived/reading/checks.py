# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checker of a real_server as a health check of the model, with keepalived's defaults said. Pure.

Private to evenkeel.lb. A checker takes what it is not told from its real_server, that from its virtual_server, and that
from defaults which differ by checker. Sources: keepalived.conf(5), "real_server"; keepalived/check (2.2.7 to 2.4.3).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from ...._model.fields import BadValue, DomainName, FreeText, HostName, UriPath
from ...._model.healthcheck import HealthCheck
from ...._model.lists import StatusCodes
from ...._model.octets import octets
from ...reading import Findings
from ..checkers import BODY_ONLY, expression
from .lost import LOST_IN_CHECKER, LOST_IN_URL
from .octets import from_hexadecimal, literal
from .tree import Statement, split_quoted
from .values import address, number, seconds, sort_out, switch

CHECKERS = {
    "TCP_CHECK": "tcp",
    "HTTP_GET": "http",
    "SSL_GET": "https",
    "SMTP_CHECK": "smtp",
    "DNS_CHECK": "dns",
    "MISC_CHECK": "script",
    "UDP_CHECK": "udp",
    "PING_CHECK": "icmp",
}
# keepalived/check/check_api.c, and check_dns.c, check_http.c and check_misc.c where they differ
_RETRY = {"dns": 3, "script": 0}
_DELAY_BEFORE_RETRY = {"http": 3.0, "https": 3.0}
_LONGEST_REPLY = 65535
_OF_CHECKER = ("delay_loop", "connect_timeout", "retry", "delay_before_retry")
# The keywords whose values a checker inherits.
TIMES = (*_OF_CHECKER, "virtualhost")


@dataclass(frozen=True)
class Times:
    """When a checker tests, as said for a virtual_server or a real_server; None is not said."""

    delay_loop: float = 60.0
    connect_timeout: float = 5.0
    retry: Optional[int] = None
    delay_before_retry: Optional[float] = None
    virtualhost: Optional[str] = None

    def but(self, statement: Statement, findings: Findings) -> Times:
        """With what one line says."""
        keyword = statement.keyword
        value: Any
        if keyword == "virtualhost":
            value = statement.argument
        elif keyword == "retry":
            value = number(statement, 0, 2**32 - 1, findings)
        else:
            value = seconds(statement, 0 if keyword == "delay_before_retry" else 0.000001, findings)
        return self if value in (None, "") else dataclasses.replace(self, **{keyword: value})


def read_check(
    statement: Statement, server: str, port: int, times: Times, findings: Findings
) -> Optional[Dict[str, Any]]:
    """The fields of the health check that a checker stands for; None where the model has none that is like it.

    ``server`` and ``port`` are those of the real_server.
    """
    return _Check(statement, server, port, times, findings).read()


class _Check:
    def __init__(self, statement: Statement, server: str, port: int, times: Times, findings: Findings) -> None:
        self._statement = statement
        self._type = CHECKERS[statement.keyword]
        self._server = server
        self._port = port
        self._times = times
        self._vs_delay_loop = times.delay_loop
        self._findings = findings
        self._fields: Dict[str, Any] = {"type": self._type}
        self._said: Dict[str, Statement] = {}
        self._lacks = ""
        self._misc_timeout: Optional[int] = None

    def read(self) -> Optional[Dict[str, Any]]:
        handlers = {
            **dict.fromkeys(_OF_CHECKER, self._time),
            "connect_port": self._connect_port,
            "bindto": self._bind,
            "alpha": self._nothing,  # is looked at with those of the whole farm
        }
        of_type = {
            "http": {
                "url": self._url,
                "virtualhost": self._time,
                "http_protocol": self._http,
                "nb_get_retry": self._old_retry,
            },
            "smtp": {"helo_name": self._helo},
            "dns": {"type": self._record, "name": self._query},
            "script": {"misc_path": self._script, "misc_timeout": self._timeout, "user": self._user},
            "udp": {
                "payload": self._payload,
                "require_reply": self._reply,
                "min_reply_length": self._lengths,
                "max_reply_length": self._lengths,
            },
        }
        of_type["http"].update(enable_sni=self._nothing)
        of_type["https"] = {**of_type["http"], "enable_sni": self._sni, "sni_name": self._sni}
        handlers.update(of_type.get(self._type, {}))
        sort_out(self._statements(), handlers, LOST_IN_CHECKER, self._findings)
        self._finish()
        if self._lacks:
            self._lose(self._statement, f"{self._lacks}; its server is left without a health check", "")
            return None
        return self._fields

    def _statements(self) -> List[Statement]:
        """What is in the block; the hosts that old texts have in a SMTP_CHECK say no more than the checker itself."""
        inside = self._statement.inside()
        hosts = [one for one in inside if one.keyword == "host" and one.block is not None]
        if self._type != "smtp" or len(hosts) != 1:
            return inside
        return [one for one in inside if one is not hosts[0]] + hosts[0].inside()

    def _lose(self, statement: Statement, message: str, allowed: str) -> None:
        self._findings.lose(statement.place, statement.shown, message, allowed)

    def _note(self, statement: Statement, message: str) -> None:
        self._findings.note(statement.place, statement.shown, message)

    def _nothing(self, statement: Statement) -> None:
        pass

    def _time(self, statement: Statement) -> None:
        self._said[statement.keyword] = statement
        self._times = self._times.but(statement, self._findings)

    def _old_retry(self, statement: Statement) -> None:
        retry = number(statement, 0, 2**32 - 1, self._findings)
        if retry is not None:
            self._times = dataclasses.replace(self._times, retry=retry)

    def _connect_port(self, statement: Statement) -> None:
        port = number(statement, 1, 65535, self._findings)
        if port is not None and port != self._port:
            self._fields["port"] = port

    def _bind(self, statement: Statement) -> None:
        source = address(statement.argument, statement, self._findings)
        if source is not None:
            self._fields["source"] = source

    def _url(self, statement: Statement) -> None:
        if "uri" in self._fields:
            self._lose(statement, "is a second page to ask for, and there is one", "one url in a checker")
            return
        self._fields.update(uri="", status_codes=["200-299"])
        handlers = {
            "path": self._path,
            "status_code": self._codes,
            "virtualhost": self._time,
            "regex": self._regex,
        }
        sort_out(statement.inside(), handlers, LOST_IN_URL, self._findings)

    def _path(self, statement: Statement) -> None:
        self._fields["uri"] = statement.argument

    def _codes(self, statement: Statement) -> None:
        try:
            self._fields["status_codes"] = list(StatusCodes().parse(statement.words[1:]))
        except BadValue as bad:
            self._lose(statement, bad.message, bad.allowed)

    def _regex(self, statement: Statement) -> None:
        words = split_quoted(statement.raw, escapes=True)
        pattern = words[1].encode("utf-8", "surrogateescape") if len(words) == 2 else b""
        if pattern.startswith(BODY_ONLY):
            pattern = pattern[len(BODY_ONLY) :]
        else:
            self._note(statement, "is looked for in the headers too; here in the body alone")
        text = literal(pattern)
        if text is not None and expression(HealthCheck(expect=text)) == pattern:
            self._fields["expect"] = text
            return
        expected = pattern.decode("utf-8", "replace")
        if not FreeText().accepts(expected) or expected.encode() != pattern:
            self._lacks = "looks for something that cannot be said in a line of text"
        self._fields.update(expect=expected, regex=True)

    def _http(self, statement: Statement) -> None:
        if statement.argument in ("1.0", "1.1"):
            self._fields["http_version"] = statement.argument
        else:
            self._lose(statement, "asks for the connection to be closed", "1.0 or 1.1")

    def _sni(self, statement: Statement) -> None:
        if statement.keyword == "sni_name" or switch(statement, self._findings):
            self._said["sni"] = statement

    def _helo(self, statement: Statement) -> None:
        self._fields["host"] = statement.argument

    def _record(self, statement: Statement) -> None:
        self._fields["record_type"] = statement.argument.upper()

    def _query(self, statement: Statement) -> None:
        self._fields["query"] = statement.argument

    def _script(self, statement: Statement) -> None:
        words = split_quoted(statement.raw, escapes=False)[1:]
        # a command in quotes is one word, which keepalived takes apart again
        command = words[0].split() if len(words) == 1 else list(words)
        self._fields["script"] = command[0] if command else ""
        arguments = command[1:]
        if not arguments:
            self._note(statement, "is called with the address and the port of the server as arguments")
        elif len(arguments) == 2 and arguments[0] == self._server and arguments[1].isdigit() and len(arguments[1]) < 6:
            if int(arguments[1]) != self._port:
                self._fields["port"] = int(arguments[1])
        else:
            self._lacks = "has arguments, and a script is called with the address and the port of the server"

    def _timeout(self, statement: Statement) -> None:
        self._misc_timeout = number(statement, 0, 2**32 - 1, self._findings)

    def _user(self, statement: Statement) -> None:
        if statement.argument != "root":
            self._lose(statement, "runs the script as another user; here it is run by root", "root")

    def _payload(self, statement: Statement) -> None:
        text = from_hexadecimal(" ".join(statement.words[1:]))
        if text is None:
            self._lacks = "sends something that is no text"
        else:
            self._fields["send"] = text

    def _reply(self, statement: Statement) -> None:
        if len(statement.words) == 1:
            self._lacks = "takes any reply"
            return
        text = from_hexadecimal(" ".join(statement.words[1:]))
        if text is None:
            self._lacks = "expects something that is no text"
        else:
            self._fields["expect"] = text

    def _lengths(self, statement: Statement) -> None:
        self._said[statement.keyword] = statement

    def _finish(self) -> None:
        """Say what follows from all lines together."""
        times, type_ = self._times, self._type
        retry = _RETRY.get(type_, 1) if times.retry is None else times.retry
        self._fields.update(interval=times.delay_loop, retries=min(retry, 2**31) + 1)
        self._fields["timeout"] = times.connect_timeout
        if type_ == "script":
            self._fields["timeout"] = float(self._misc_timeout or self._vs_delay_loop)
        pause = times.delay_before_retry
        if pause is None:
            pause = times.delay_loop if type_ == "dns" else _DELAY_BEFORE_RETRY.get(type_, 1.0)
        if retry and pause != times.delay_loop:
            where = self._said.get("delay_before_retry", self._statement)
            said = "" if where is not self._statement else "without delay_before_retry "
            message = f"{said}repeats a test that failed after {pause:g} s; here it is, as all tests, every"
            self._lose(where, f"{message} {times.delay_loop:g} s", f"delay_before_retry {times.delay_loop:g}")
        if type_ in ("http", "https"):
            self._finish_http()
        if type_ == "dns":
            self._finish_dns()
        if type_ == "udp":
            self._finish_udp()
        if type_ == "script" and not self._fields.get("script", "").startswith("/"):
            self._lacks = self._lacks or "has no program with an absolute path"
        if type_ == "smtp" and "host" in self._fields:
            self._keep_if_valid("host", HostName())

    def _finish_http(self) -> None:
        uri = self._fields.get("uri")
        if not uri or not UriPath().accepts(uri):
            self._lacks = (
                f"asks for {uri!r}, which is no path that can be asked for" if uri else "has no path to ask for"
            )
        host = self._times.virtualhost
        if host is not None:
            self._fields["host"] = host
            self._keep_if_valid("host", HostName())
        sni = self._said.get("sni")
        if sni is not None and (host is None or (sni.words[0] == "sni_name" and sni.words[1:] not in ((), (host,)))):
            self._lose(sni, "says a name in the TLS handshake that is not in the request", "virtualhost of that name")
        elif sni is None and host is not None and self._type == "https":
            self._note(self._statement, "says no name in the TLS handshake; here it says that of the request")

    def _finish_dns(self) -> None:
        self._fields.setdefault("query", ".")
        self._fields.setdefault("record_type", "SOA")
        if not DomainName().accepts(self._fields["query"]):
            self._lacks = f"asks for {self._fields['query'][:60]!r}, which is no domain name"

    def _finish_udp(self) -> None:
        """Here a reply may be of any length from what is expected on."""
        least, most = self._said.get("min_reply_length"), self._said.get("max_reply_length")
        if "expect" not in self._fields:
            for statement in filter(None, (least, most)):
                self._lose(statement, "has no effect without require_reply", "leave it out")
            return
        length = len(octets(self._fields["expect"]))
        if least is not None and least.argument != str(length):
            self._lose(least, f"wants another length than the {length} bytes that are expected", f"{length}")
        if most is not None and most.argument != str(_LONGEST_REPLY):
            self._lose(most, "refuses longer replies", f"{_LONGEST_REPLY}")
        if least is None or most is None:
            self._note(self._statement, f"takes replies of up to 255 bytes; here of {length} to {_LONGEST_REPLY}")

    def _keep_if_valid(self, name: str, type_: HostName) -> None:
        value = self._fields[name]
        if not type_.accepts(value):
            del self._fields[name]
            self._lose(
                self._statement, f"{name} {value[:60]!r} is not valid here", "a host name such as www.example.com"
            )
