# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a backend of haproxy.cfg tests its servers, as fields of health checks. Pure. Private to evenkeel.lb.

Sources: configuration.txt, "option httpchk", "http-check", "tcp-check", "timeout check", and 5.2 "inter".
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ...._model.fields import HostName, UserName
from ...._model.healthcheck import PARAMETERS
from ...found_octets import said
from ...reading import Findings
from ..programs import Program
from .lines import Statement
from .proxies import CHECK_OPTIONS
from .values import seconds, whole

# Types that an option has all to do for.
_BY_OPTION = {
    "option mysql-check": "mysql",
    "option pgsql-check": "postgresql",
    "option redis-check": "redis",
    "option ldap-check": "ldap",
}
_OCTETS = re.compile(r"(?:[A-Za-z0-9]|\\x[0-9a-f]{2})*\\x[0-9a-f]{2}(?:[A-Za-z0-9]|\\x[0-9a-f]{2})*")
_LONGER = "does more than ask once and look at the answer"
_STEPS = ("http-check", "tcp-check", "external-check")
# What HAProxy takes for healthy unless told otherwise.
_HEALTHY = ["200-399"]


def is_of_checks(line: Statement) -> bool:
    """Whether a line is about tests."""
    return line.keyword in CHECK_OPTIONS or line.keyword == "timeout check" or line.words[0] in _STEPS


class Rules:
    """What the lines of a backend say of its tests: ``fields`` of a health check without times, and the ``timeout``.
    ``programs`` are those that marks of ours tell of; the ``name`` of a test by one of them is in the text."""

    def __init__(self, lines: Sequence[Statement], programs: Mapping[str, Program], findings: Findings) -> None:
        self._findings = findings
        self.fields: Dict[str, Any] = {"type": "tcp"}
        self.timeout: Optional[float] = None
        self.name = ""
        self.said = bool(lines)
        self._expects: List[Statement] = []
        option = next((line for line in reversed(lines) if line.keyword in CHECK_OPTIONS), None)
        if option is not None and option.keyword == "option external-check" and option.words[0] != "no":
            self._program(option, lines, programs)
        else:
            self._option(option)
        for line in lines:
            if line.keyword == "timeout check" and not self.name:
                self.timeout = seconds(line.words[2]) if len(line.words) > 2 else None
            elif line.words[0] in ("http-check", "tcp-check"):
                self._step(line)
            elif line.words[0] == "external-check" and (option is None or option.keyword != "option external-check"):
                self._findings.note(line.place, line.raw, "has no effect with the test that is chosen")
        self._expected()

    def _lose(self, line: Statement, message: str, allowed: str = "leave it out") -> None:
        self._findings.lose(line.place, line.raw, message, allowed)

    def _option(self, line: Optional[Statement]) -> None:
        words = line.words[2:] if line is not None else ()
        if line is None or line.words[0] == "no" or line.keyword == "option tcp-check":
            return
        if line.keyword == "option httpchk":
            self.fields = {"type": "http", "method": "OPTIONS", "uri": "/", "http_version": "1.0"}
            if len(words) == 1:
                self.fields["uri"] = words[0]
            elif words:
                self.fields.update(method=words[0], uri=words[1])
                self._old_version(line, " ".join(words[2:]))
            return
        if line.keyword == "option smtpchk":
            name = words[1] if len(words) > 1 else "localhost"
            self.fields = {"type": "smtp", **({"host": name} if name != "localhost" else {})}
            if words and words[0] != "HELO":
                self._findings.note(line.place, line.raw, "says hello by HELO here")
            return
        kind = _BY_OPTION.get(line.keyword)
        if kind is None:
            self._lose(
                line, "is a test that there is no health check for; servers are connected to", "type: tcp or http"
            )
        elif "user" not in PARAMETERS[kind]:
            self.fields = {"type": kind}
        elif len(words) < 2 or words[0] != "user" or not UserName().accepts(words[1]):
            message = "is a test as no user, or as one that cannot be said; servers are connected to"
            self._lose(line, message, f"{line.raw.split(' user ')[0][:60]} user NAME")
        else:
            self.fields = {"type": kind, "user": words[1]}
            # how clients since 4.1 do, which is so anyway
            if words[2:] not in ((), ("post-41",)):
                self._lose(line, "begins the session in another way than clients do today", "post-41")

    def _program(self, option: Statement, lines: Sequence[Statement], programs: Mapping[str, Program]) -> None:
        """A program that tests: one of ours starts that of the user, with what the model says it is started with."""
        told = [line for line in lines if line.words[0] == "external-check"]
        commands = [line.words[2] for line in told if line.words[1:2] == ("command",) and len(line.words) > 2]
        program = programs.get(commands[-1]) if commands else None
        if program is None:
            message = "runs a program with four arguments of HAProxy's; servers are connected to"
            allowed = "type: script with a program that is told the address of the server and the port to test"
            for line in (option, *told):
                self._lose(line, message, allowed)
            return
        port = {"port": int(program.port)} if program.port != "-" else {}
        self.fields = {"type": "script", "script": program.script, **port}
        self.name, self.timeout = program.check, float(program.timeout)

    def _old_version(self, line: Statement, text: str) -> None:
        """The version of HTTP, behind which old texts have headers."""
        version, _end, headers = text.partition("\r\n")
        self._version(line, version or "HTTP/1.0")
        host = re.fullmatch(r"(?i)host:\s*(\S+)\s*", headers)
        if host is not None and HostName().accepts(host[1]):
            self.fields["host"] = host[1]
        elif headers.strip():
            self._lose(line, "asks with a header", "http-check send hdr Host NAME")

    def _version(self, line: Statement, text: str) -> None:
        match = re.fullmatch(r"HTTP/(1\.[01])", text)
        if match is not None:
            self.fields["http_version"] = match[1]
        else:
            self._lose(line, f"{text[:20]} is no version to test with", "HTTP/1.0, HTTP/1.1")

    def _step(self, line: Statement) -> None:
        words = line.words
        is_http = words[0] == "http-check"
        verb = words[1] if len(words) > 1 else ""
        if is_http != (self.fields["type"] == "http") or (not is_http and self.fields["type"] != "tcp"):
            self._findings.note(line.place, line.raw, "has no effect with the test that is chosen")
        elif verb == "expect":
            self._expects.append(line)
        elif is_http and verb == "send":
            self._request(line)
        elif not is_http and verb in ("send", "send-binary") and len(words) > 2:
            self._sent(line, words[2], verb == "send-binary")
        elif is_http and verb in ("disable-on-404", "send-state"):
            self._lose(line, "makes the server tell of more than health")
        elif verb != "comment":
            self._lose(line, _LONGER)

    def _request(self, line: Statement) -> None:
        words = list(line.words[2:])
        while words:
            word = words.pop(0)
            if word in ("meth", "uri") and words:
                self.fields["method" if word == "meth" else "uri"] = words.pop(0)
            elif word == "ver" and words:
                self._version(line, words.pop(0))
            elif word == "hdr" and len(words) > 1 and words[0].lower() == "host":
                self.fields["host"] = words[1]
                words = words[2:]
            else:
                self._lose(line, f"asks with {word} {' '.join(words[:2])}".rstrip(), "meth, uri, ver and hdr Host")
                words = words[2 if word == "hdr" else 1 :]

    def _sent(self, line: Statement, text: str, binary: bool) -> None:
        octets = _from_hexadecimal(text) if binary else text.encode("utf-8", "surrogateescape")
        sent = said(octets) if octets is not None else None
        if sent is None or "send" in self.fields or self._expects:
            self._lose(line, _LONGER if sent is not None else "sends what is too long or cannot be said in one line")
        else:
            self.fields["send"] = sent

    def _expected(self) -> None:
        status = False
        for line in self._expects:
            words = [word for word in line.words[2:] if word != "!"]
            kind, value = (words[0], words[1]) if len(words) == 2 else ("", "")
            if "!" in line.words or not kind:
                self._lose(
                    line, "looks for something in another way than that it is there", "status, string or rstring"
                )
            elif kind == "status" and self.fields["type"] == "http" and not status:
                self.fields["status_codes"] = value.split(",")
                status = True
            elif "expect" in self.fields:
                self._lose(line, _LONGER)
            else:
                self._contained(line, kind, value)
        if self.fields["type"] == "http" and not status:
            # who looks at something else does not look at the status
            self.fields["status_codes"] = ["100-599"] if self._expects else _HEALTHY

    def _contained(self, line: Statement, kind: str, value: str) -> None:
        octets: Optional[bytes] = None
        if kind == "rstring" and not (
            _OCTETS.fullmatch(value) and self.fields["type"] == "http" and _unprintable(value)
        ):
            self.fields.update(expect=value, regex=True)
            return
        if kind == "rstring":
            octets = _from_pattern(value)
        elif kind == "string":
            octets = value.encode("utf-8", "surrogateescape")
        elif kind == "binary" and self.fields["type"] == "tcp":
            octets = _from_hexadecimal(value)
        expected = said(octets) if octets is not None else None
        if expected is None:
            self._lose(line, "looks for what cannot be said in one line", "string or rstring")
        else:
            self.fields["expect"] = expected


def _from_hexadecimal(text: str) -> Optional[bytes]:
    return bytes.fromhex(text) if re.fullmatch("(?:[0-9A-Fa-f]{2})+", text) else None


def _from_pattern(text: str) -> bytes:
    return b"".join(
        bytes.fromhex(part[2:]) if part.startswith("\\") else part.encode()
        for part in re.findall(r"\\x[0-9a-f]{2}|[A-Za-z0-9]", text)
    )


def _unprintable(pattern: str) -> bool:
    """Whether bytes are no text that could have been looked for as such."""
    plain = _from_pattern(pattern)
    text = plain.decode("utf-8", "replace")
    return text.encode() != plain or not text.isprintable()


def times(inter: Optional[float], fall: Optional[int], rise: Optional[int], timeout: Optional[float]) -> Dict[str, Any]:
    """The times of a test, with what HAProxy takes where nothing is said."""
    interval = 2.0 if inter is None else inter
    return {
        "interval": whole(interval),
        "timeout": whole(interval if timeout is None else timeout),
        "retries": 3 if fall is None else fall,
        "rise": 2 if rise is None else rise,
    }
