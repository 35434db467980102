# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the wire to ALOHA's configuration API, and what its answers mean. Pure. Private to evenkeel.lb.

Documents are flat JSON objects in US-ASCII whose values are strings or null: the appliance ignores numbers and booleans
without a word, so none may ever be sent. Errors stand in the headers X-Alctl-Errno and X-Alctl-Errstr.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

from ..base import EngineFault

_LONGEST_QUOTE = 200
LOCKED = 100
MISSING = (21, 22)
# The configuration that runs is none that anybody wanted: nothing is to be tried any more.
CRITICAL = (120, 121)
# Of a proxy or of the appliance's web server while it cannot take a request.
_BUSY_STATUSES = (409, 423, 503)

_RESTORED = "the appliance put its former configuration back"
_APPLIED_AGAIN = "the appliance put its former configuration back and applied it again"
_UNTOUCHED = "its configuration is as it was"
_UNSURE = (
    "its configuration is neither the former nor the new one: look at it in its web interface before anything else;"
    " nothing more is sent"
)

# Source: ALOHA documentation, Configuration API, API command line, exit codes.
WORDS: Mapping[int, Tuple[str, str]] = {
    1: ("does not understand the request", _UNTOUCHED),
    2: ("misses a scope in the request", _UNTOUCHED),
    3: ("misses a transaction in the request", _UNTOUCHED),
    4: ("misses a scope or a transaction in the request", _UNTOUCHED),
    20: ("knows no such transaction", _UNTOUCHED),
    21: ("has no defaults object", _UNTOUCHED),
    22: ("has no such object", _UNTOUCHED),
    23: ("has such an object already", _UNTOUCHED),
    24: ("misses a mandatory attribute", _UNTOUCHED),
    25: ("refuses the value of an attribute", _UNTOUCHED),
    LOCKED: ("is locked by somebody else who configures it", _UNTOUCHED),
    101: ("finds the new configuration invalid", _RESTORED),
    102: ("could not apply the new configuration", _APPLIED_AGAIN),
    110: ("finds the transaction damaged", _UNTOUCHED),
    111: ("could not begin a transaction", _UNTOUCHED),
    112: ("could not prepare a module for the transaction", _UNTOUCHED),
    113: ("could not prepare to commit", _UNTOUCHED),
    114: ("could not back up its configuration before the change", _UNTOUCHED),
    115: ("could not install the new configuration", _UNTOUCHED),
    120: ("could not put its former configuration back after a failure", _UNSURE),
    121: ("could not apply its former configuration after a failure", _UNSURE),
    122: (
        "could not save its configuration on flash, or send it to its peer",
        "the change runs and is lost at the next reboot",
    ),
}


class NotAscii(EngineFault):
    """A text that cannot be sent."""


@dataclass(frozen=True)
class Answer:
    """What came back: the HTTP status, the two error headers and the body."""

    status: int
    errno: Optional[int] = None
    errstr: str = ""
    body: str = ""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300 and not self.errno

    @property
    def is_missing(self) -> bool:
        """Whether there is no such object."""
        return (self.status == 404 and self.errno in (None, *MISSING)) or self.errno in MISSING

    @property
    def is_busy(self) -> bool:
        """Whether the same request may be sent again later, as nothing was done with it."""
        return self.errno == LOCKED or (self.errno is None and self.status in _BUSY_STATUSES)


def encoded(values: Mapping[str, Any]) -> str:
    """The document to send. Raises EngineFault for everything but ASCII strings and null."""
    for name, value in values.items():
        for text in (name, value):
            if text is not None and not isinstance(text, str):
                kind = type(text).__name__
                raise EngineFault(f"attribute {name}: a value of type {kind} may not be sent, only text or nothing")
            if text is not None and not (text.isascii() and text.isprintable()):
                raise NotAscii(
                    f"attribute {name}: {text[:60]!a} is not printable US-ASCII, which is all that can be sent"
                )
    return json.dumps(dict(values), sort_keys=True, ensure_ascii=True)


def decoded_object(text: str) -> Optional[Mapping[str, Any]]:
    """The attributes in the body of an answer; None where that is no JSON object."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def decoded_names(text: str) -> Optional[Tuple[str, ...]]:
    """The names in the body of a directory's answer; None where they cannot be made out.

    The documentation prints arrays in braces, which is not JSON; both forms are read.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        bare = re.fullmatch(r'\s*\{\s*((?:"[A-Za-z0-9._-]+"\s*,\s*)*"[A-Za-z0-9._-]+")?\s*\}\s*', text)
        return tuple(re.findall(r'"([^"]+)"', text)) if bare else None
    if document == {}:
        return ()
    if isinstance(document, list) and all(isinstance(item, str) for item in document):
        return tuple(document)
    return None


def told(request: str, answer: Answer) -> str:
    """An answer that is no success, in words: what the appliance said, and what became of its configuration."""
    where = f"{request}: status {answer.status}"
    if answer.errno is not None:
        words, fate = WORDS.get(answer.errno, ("failed with a code that is not documented", ""))
        said = f" ({_quoted(answer.errstr)})" if answer.errstr else ""
        return f"the appliance {words}{said}; {fate or 'look at it before the next run'}; {where}, errno {answer.errno}"
    if answer.status == 401:
        return f"the appliance refuses the user or the password (ansible_user, ansible_password); {where}"
    if answer.status == 403:
        return f"the appliance does not let this user use its configuration API; {where}"
    if answer.status == 404:
        return f"the appliance knows nothing of that name; {where}"
    if answer.status == 405:
        return f"the appliance does not offer this method for the object; {where}"
    if answer.status == 415:
        return f"the appliance does not take this type of document; {where}"
    quote = f": {_quoted(answer.body)}" if answer.body.strip() else ""
    return f"the appliance answered without a word of its own{quote}; {where}"


def _quoted(text: str) -> str:
    return re.sub(r"[^ -~]+", " ", text)[:_LONGEST_QUOTE].strip()
