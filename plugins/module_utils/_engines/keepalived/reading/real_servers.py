# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real_server of keepalived.conf as a server with its health check. Pure. Private to evenkeel.lb.

Source: keepalived.conf(5), "real_server"; keepalived/check/check_parser.c and check_data.c (2.2.7 to 2.4.3).
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ...found_services import FoundServer
from ...reading import Findings
from .checks import CHECKERS, TIMES, Times, read_check
from .lost import LOST_IN_REAL_SERVER
from .methods import Method, read_method
from .tree import Statement
from .values import address, number, port, sort_out, switch


class RealServer:
    """A real_server; what ``read`` leaves beside the server is for the whole farm."""

    def __init__(self, statement: Statement, times: Times, weight: int, findings: Findings) -> None:
        self.statement = statement
        self._times = times
        self._weight = weight
        self._findings = findings
        self._thresholds = {"uthreshold": 0, "lthreshold": 0}
        self._checkers: List[Statement] = []
        self._name = ""
        # how packets reach it, and its inhibit_on_failure and alpha; where it says so itself
        self.method: Optional[Method] = None
        self.flags: Dict[str, bool] = {}

    def read(self) -> Optional[FoundServer]:
        """The server; None where its head is not valid."""
        where = address(self.statement.argument, self.statement, self._findings)
        own_port = port(self.statement.words, 2, self.statement, self._findings)
        handlers = {
            **dict.fromkeys(TIMES, self._time),
            **dict.fromkeys(("uthreshold", "lthreshold"), self._threshold),
            **dict.fromkeys(("inhibit_on_failure", "alpha"), self._flag),
            **dict.fromkeys(CHECKERS, self._checkers.append),
            "weight": self._own_weight,
            "lvs_method": self._forward,
            "snmp_name": self._snmp_name,
        }
        sort_out(self.statement.inside(), handlers, LOST_IN_REAL_SERVER, self._findings)
        if where is None or own_port is None:
            return None
        fields: Dict[str, Any] = {"weight": self._weight}
        most, low = self._thresholds["uthreshold"], self._thresholds["lthreshold"]
        if most:
            fields["max_connections"] = most
        if low:
            fields["low_connections"] = low
        return FoundServer(
            self.statement.place,
            self.statement.shown,
            self._name,
            where,
            own_port,
            fields,
            self._check(where, own_port),
        )

    def _time(self, statement: Statement) -> None:
        self._times = self._times.but(statement, self._findings)

    def _threshold(self, statement: Statement) -> None:
        self._thresholds[statement.keyword] = number(statement, 0, 2**32 - 1, self._findings) or 0

    def _flag(self, statement: Statement) -> None:
        self.flags[statement.keyword] = switch(statement, self._findings)

    def _own_weight(self, statement: Statement) -> None:
        weight = number(statement, 0, 65535, self._findings)
        self._weight = self._weight if weight is None else weight

    def _forward(self, statement: Statement) -> None:
        self.method = read_method(statement, self._findings) or self.method

    def _snmp_name(self, statement: Statement) -> None:
        self._name = statement.argument
        self._findings.note(statement.place, statement.shown, "is the name of the server; SNMP is not told of it")

    def _check(self, server: str, own_port: int) -> Optional[Dict[str, Any]]:
        for more in self._checkers[1:]:
            self._findings.lose(
                more.place, more.shown, "is one more checker that has to succeed, and a server has one health check", ""
            )
        if not self._checkers:
            return None
        for inner in self._checkers[0].inside():
            if inner.keyword == "alpha":
                self.flags.setdefault("alpha", switch(inner, self._findings))
        return read_check(self._checkers[0], server, own_port, self._times, self._findings)
