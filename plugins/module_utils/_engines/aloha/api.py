# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to ALOHA's configuration API: when one is sent again, and what its answer means. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from ..base import EngineFault
from .objects import Values
from .settings import Settings
from .wire import CRITICAL, Answer, decoded_names, decoded_object, told

_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
_ATTEMPTS_TO_READ = 3

# Sends one request: method, path, attributes (None without a document). Raises NoAnswer.
Exchange = Callable[[str, str, Optional[Mapping[str, Any]]], Answer]


class NoAnswer(EngineFault):
    """The connection failed or the time was over: whether the request was carried out is not known."""


class Refused(EngineFault):
    """The appliance answered with an error."""

    def __init__(self, request: str, answer: Answer, hint: str = "") -> None:
        super().__init__(told(request, answer) + (f"; {hint}" if hint else ""))
        self.answer = answer

    @property
    def is_critical(self) -> bool:
        """Whether nothing more may be sent."""
        return self.answer.errno in CRITICAL


class Api:
    """The verbs of the API, by path. A request is sent again only while the appliance is locked, and where it only
    reads; what became of a write without an answer is for the caller to find out by reading."""

    def __init__(
        self,
        exchange: Exchange,
        settings: Settings,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._exchange = exchange
        self.settings = settings
        self._now = now
        self.sleep = sleep

    def object(self, path: str) -> Optional[Values]:
        """All attributes of an object; None when it is not there."""
        answer = self._sent("GET", path)
        if answer.is_missing:
            return None
        found = decoded_object(self._good("GET", path, answer).body)
        if found is None:
            raise EngineFault(f"GET {path}: the answer is no JSON object; is this the configuration API of an ALOHA?")
        return dict(found)

    def names(self, path: str) -> Optional[Tuple[str, ...]]:
        """The names in a directory, none of one that is not there; None where the answer cannot be made out."""
        answer = self._sent("GET", path)
        return () if answer.is_missing else decoded_names(self._good("GET", path, answer).body)

    def create(self, path: str, values: Mapping[str, Any]) -> None:
        """Make an object with these attributes."""
        method = self.settings.create_method
        if method == "put":
            self._done("PUT", path, values)
            return
        answer = self._sent("POST", path, values)
        if answer.status == 405 and method == "auto":
            self._done("PUT", path, values)
        else:
            self._good("POST", path, answer)

    def change(self, path: str, values: Mapping[str, Any]) -> None:
        """Set these attributes of an object, None resets one; the others stay."""
        self._done("PUT", path, values)

    def delete(self, path: str) -> None:
        """Delete an object."""
        if self.settings.delete_method == "refuse":
            raise EngineFault(f"DELETE {path}: aloha_delete_method is refuse; delete it by hand and run again")
        self._done("DELETE", path)

    def save(self) -> bool:
        """Send the user's request that saves the configuration; False where there is none."""
        settings = self.settings
        if not settings.save_path:
            return False
        self._done(settings.save_method, settings.save_path, settings.save_body or None)
        return True

    def _done(self, method: str, path: str, values: Optional[Mapping[str, Any]] = None) -> None:
        self._good(method, path, self._sent(method, path, values))

    @staticmethod
    def _good(method: str, path: str, answer: Answer) -> Answer:
        if not answer.is_good:
            raise Refused(f"{method} {path}", answer)
        return answer

    def _sent(self, method: str, path: str, values: Optional[Mapping[str, Any]] = None) -> Answer:
        end = self._now() + self.settings.lock_timeout
        pause = _FIRST_PAUSE
        attempts = _ATTEMPTS_TO_READ if method == "GET" else 1
        while True:
            try:
                answer = self._exchange(method, path, values)
            except NoAnswer:
                attempts -= 1
                if not attempts:
                    raise
            else:
                if not answer.is_busy:
                    return answer
                if self._now() + pause > end:
                    return answer
            self.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


def as_data(answer: Answer) -> Dict[str, Any]:
    """An answer as JSON, for another process."""
    return {"status": answer.status, "errno": answer.errno, "errstr": answer.errstr, "body": answer.body}
