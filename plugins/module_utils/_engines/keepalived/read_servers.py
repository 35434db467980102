# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtual_server of keepalived.conf with its real_servers as a service, with keepalived's defaults said. Pure.

Private to evenkeel.lb. What keepalived rewrites in silence or with a line in its log is rewritten here in the same way,
and told. Sources: keepalived.conf(5), "virtual_server"; check_parser.c and check_data.c (2.2.7 to 2.4.3).
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Tuple

from ..found_services import BALANCES, BALANCES_WITH_PORT, FoundKey, FoundServer, FoundService
from ..reading import Findings
from .conf_lost import LOST_IN_REAL_SERVER, LOST_IN_VIRTUAL_SERVER
from .conf_tree import Statement
from .conf_values import address, number, port, sort_out, switch
from .read_checks import CHECKERS, Times, read_check
from .read_heads import Head

_SECONDS_OF_BARE_PERSISTENCE = 360
_MOST_PERSISTENCE = 2678400
_MODES = {"NAT": "nat", "DR": "gateway", "TUN": "tunnel"}
_CHECKSUMS = {"nocsum": "none", "csum": "full", "remcsum": "remote"}
# keepalived ignores other pairs
_CHECKSUMS_OF_TUNNELS = {"ipip": ("none",), "gue": ("none", "full", "remote"), "gre": ("none", "full")}
_PLAIN_FLAGS = {"flag-1": "fallback", "flag-2": "port"}
_TIMES = ("delay_loop", "connect_timeout", "retry", "delay_before_retry", "virtualhost")

Method = Tuple[Tuple[str, Any], ...]


def read_virtual_server(statement: Statement, head: Head, findings: Findings) -> FoundService:
    """The service that a virtual_server stands for; ``head`` is what clients reach it by."""
    return _VirtualServer(statement, head, findings).read()


class _VirtualServer:
    def __init__(self, statement: Statement, head: Head, findings: Findings) -> None:
        self._statement = statement
        self._head = head
        self._findings = findings
        self._farm: Dict[str, Any] = {}
        self._said: Dict[str, Statement] = {}
        self._times = Times()
        self._weight = 1
        self._method: Method = (("mode", "nat"),)
        self._scheduler = "wlc"
        self._real: List[Statement] = []

    def read(self) -> FoundService:
        handlers = {
            **dict.fromkeys(_TIMES, self._time),
            **dict.fromkeys(("lvs_sched", "lb_algo"), self._balance),
            **dict.fromkeys(("lvs_method", "lb_kind"), self._forward),
            **dict.fromkeys(("flag-1", "flag-2", "sh-port", "sh-fallback", "mh-port", "mh-fallback"), self._flag),
            **dict.fromkeys(("inhibit_on_failure", "alpha", "ops", "protocol", "snmp_name", "hashed"), self._keep),
            **dict.fromkeys(("persistence_timeout", "persistence_granularity", "persistence_engine"), self._keep),
            **dict.fromkeys(("sorry_server", "sorry_server_lvs_method", "quorum", "hysteresis"), self._keep),
            **dict.fromkeys(("ip_family", "warmup"), self._keep),
            "weight": self._default_weight,
            "real_server": self._real.append,
        }
        sort_out(self._statement.inside(), handlers, LOST_IN_VIRTUAL_SERVER, self._findings)
        if "warmup" in self._said:
            self._lose(self._said["warmup"], "delays the first test by a time of its own; here by up to the interval")
        self._farm["balance"] = self._farm.get("balance", BALANCES["wlc"])
        self._key_fields()
        self._persistence()
        servers = self._servers()
        self._farm.update(self._method)
        self._quorum(servers)
        self._sorry_server()
        return FoundService(
            self._statement.place, self._statement.shown, self._head.name, self._keys(), self._farm, servers
        )

    def _lose(self, statement: Statement, message: str, allowed: str = "leave it out") -> None:
        self._findings.lose(statement.place, statement.shown, message, allowed)

    def _note(self, statement: Statement, message: str) -> None:
        self._findings.note(statement.place, statement.shown, message)

    def _keep(self, statement: Statement) -> None:
        self._said[statement.keyword] = statement

    def _time(self, statement: Statement) -> None:
        self._times = self._times.but(statement, self._findings)

    def _default_weight(self, statement: Statement) -> None:
        self._weight = number(statement, 1, 65535, self._findings) or self._weight

    def _balance(self, statement: Statement) -> None:
        if statement.argument not in BALANCES:
            allowed = ", ".join(sorted(BALANCES))
            self._lose(statement, "is no scheduler, and keepalived goes on with the last one or wlc", allowed)
            return
        self._scheduler = statement.argument
        self._farm["balance"] = BALANCES[self._scheduler]
        self._farm.pop("hash_fallback", None)

    def _flag(self, statement: Statement) -> None:
        """Flags of a hash; keepalived drops those that come before their scheduler or belong to the other one."""
        scheduler, _dash, flag = statement.keyword.partition("-")
        flag = _PLAIN_FLAGS.get(statement.keyword, flag)
        if self._scheduler not in BALANCES_WITH_PORT or scheduler not in ("flag", self._scheduler):
            self._lose(statement, f"has no effect with the scheduler {self._scheduler} that is said before it")
        elif flag == "port":
            self._farm["balance"] = BALANCES_WITH_PORT[self._scheduler]
        else:
            self._farm["hash_fallback"] = True

    def _forward(self, statement: Statement) -> None:
        self._method = self._method_of(statement) or self._method

    def _method_of(self, statement: Statement) -> Optional[Method]:
        """The fields of a forwarding method; None where keepalived ignores the line."""
        words = list(statement.words[2:])
        mode = _MODES.get(statement.argument)
        found = {"type": "ipip", "port": "", "checksum": "none"}
        while words and mode is not None:
            word = words.pop(0)
            if word in ("type", "port") and words:
                found[word] = words.pop(0)
            elif word in _CHECKSUMS:
                found["checksum"] = _CHECKSUMS[word]
            else:
                mode = None
        tunnel, port_of_tunnel, checksum = found["type"], found["port"], found["checksum"]
        possible = checksum in _CHECKSUMS_OF_TUNNELS.get(tunnel, ()) and (tunnel == "gue") == bool(port_of_tunnel)
        if mode is None or not possible or not re.fullmatch("[0-9]{0,5}", port_of_tunnel):
            allowed = "NAT, DR, or TUN with type ipip, type gue port N or type gre, and nocsum, csum or remcsum"
            self._lose(statement, "is not understood, and keepalived ignores it", allowed)
            return None
        fields: List[Tuple[str, Any]] = [("mode", mode)]
        if mode == "tunnel":
            fields.append(("tunnel_type", tunnel))
            if tunnel == "gue":
                fields.append(("tunnel_port", int(port_of_tunnel)))
            if tunnel != "ipip":
                fields.append(("tunnel_checksum", checksum))
        return tuple(fields)

    def _keys(self) -> List[FoundKey]:
        """What clients reach it by. The fields that only all lines together tell are here already."""
        name = self._said["snmp_name"].argument if "snmp_name" in self._said else ""
        if name and not self._head.name:
            self._note(self._said["snmp_name"], "is the name of the virtual server; SNMP is not told of it")
        return [
            FoundKey(key.name or (name if len(self._head.keys) == 1 else ""), {**key.fields, **self._protocol(key)})
            for key in self._head.keys
        ]

    def _protocol(self, key: FoundKey) -> Dict[str, Any]:
        if "fwmark" not in key.fields:
            return {"protocol": self._transport}
        # what does not fit TCP, which is assumed otherwise, fits whatever bears the mark
        return {"protocol": "any"} if {"one_packet", "persistence_engine"} & set(self._farm) else {}

    def _key_fields(self) -> None:
        by_address = any("fwmark" not in key.fields for key in self._head.keys)
        said = self._said.get("protocol")
        self._transport = said.argument.lower() if said is not None else "udp"
        if said is None and by_address:
            self._note(self._statement, "has no protocol, which is UDP to keepalived")
        elif said is not None and self._transport not in ("tcp", "udp", "sctp"):
            self._lose(said, "is not understood, and keepalived takes UDP instead", "TCP, UDP or SCTP")
            self._transport = "udp"
        if "ops" in self._said:
            if by_address and self._transport != "udp":
                self._lose(self._said["ops"], "is for UDP, and keepalived drops it")
            else:
                self._farm["one_packet"] = True
        if "alpha" in self._said:
            self._farm["initial_state"] = "down"
        if "inhibit_on_failure" in self._said:
            self._farm["on_failure"] = "quiesce"
        if "ip_family" in self._said:
            self._family(self._said["ip_family"])

    def _family(self, statement: Statement) -> None:
        """The family of a firewall mark is that of its servers, as it is in keepalived unless they are tunnelled."""
        wanted = {"inet": False, "inet6": True}.get(statement.argument)
        addresses = [real.argument for real in self._real]
        if any((":" in one) != wanted for one in addresses):
            self._lose(statement, "is not the family of the servers, which is taken here", "servers of that family")

    def _persistence(self) -> None:
        timeout, mask, engine = (self._said.get(f"persistence_{name}") for name in ("timeout", "granularity", "engine"))
        if timeout is not None and timeout.argument:
            seconds = number(timeout, 1, _MOST_PERSISTENCE, self._findings)
        else:
            seconds = _SECONDS_OF_BARE_PERSISTENCE if timeout is not None or mask is not None else None
        if seconds is None and self._head.every_port:
            self._note(self._statement, "has no port, which keepalived takes with a persistence of 360 s only")
            seconds = _SECONDS_OF_BARE_PERSISTENCE
        if seconds is None:
            if engine is not None:
                self._lose(engine, "has no effect without persistence_timeout")
            return
        self._farm["persistence_timeout"] = seconds
        if mask is not None:
            self._farm["persistence_netmask"] = mask.argument
        if engine is not None:
            self._farm["persistence_engine"] = engine.argument

    def _servers(self) -> List[FoundServer]:
        found: Dict[Tuple[str, int], FoundServer] = {}
        methods: List[Method] = []
        flags: List[Tuple[Dict[str, bool], Statement]] = []
        for statement in self._real:
            real = _RealServer(statement, self._times, self._weight, self._findings)
            server = real.read()
            if server is None:
                continue
            method = self._method_of(real.method) if real.method is not None else None
            methods.append(method or self._method)
            if len(methods) == 1:
                self._method = methods[0]
            if methods[-1] != self._method:
                self._lose(
                    statement, "is reached in another way than the servers before it", "one way for all of a farm"
                )
                continue
            self._fit_port(server, statement)
            if (server.address, server.port) in found:
                self._lose(statement, "is there twice, and keepalived drops the second one")
                continue
            found[server.address, server.port] = server
            flags.append((real.flags, statement))
        self._flags_of_all(flags)
        if not found:
            self._note(self._statement, "has no servers; keepalived drops it, and here it waits until there are some")
        return list(found.values())

    def _fit_port(self, server: FoundServer, statement: Statement) -> None:
        """Without NAT a packet keeps its port; keepalived puts that of the virtual server in place of another one."""
        if dict(self._method)["mode"] == "nat" or not server.port:
            return
        ports = {key.fields.get("port", 0) for key in self._head.keys}
        if ports != {server.port}:
            self._lose(
                statement, "has another port than its virtual server, which keepalived puts in its place without NAT"
            )
            server.port = 0

    def _flags_of_all(self, flags: List[Tuple[Dict[str, bool], Statement]]) -> None:
        """What the model says of a farm and keepalived of each server."""
        for name, fields in (
            ("inhibit_on_failure", {"on_failure": "quiesce"}),
            ("alpha", {"initial_state": "down"}),
        ):
            default = name in self._said
            values = [(of_server.get(name, default), statement) for of_server, statement in flags]
            if not values:
                continue
            for value, statement in values:
                if value != values[0][0]:
                    self._lose(
                        statement, f"differs in {name} from the servers before it", "one setting for all of a farm"
                    )
            for field, word in fields.items():
                if values[0][0]:
                    self._farm[field] = word
                else:
                    self._farm.pop(field, None)

    def _quorum(self, servers: List[FoundServer]) -> None:
        quorum = self._number_of("quorum", 1, 1)
        hysteresis = self._number_of("hysteresis", 0, 0)
        total = sum(server.fields["weight"] for server in servers)
        if quorum > max(total, 1):
            self._note(self._said["quorum"], f"is more than the weight of all servers, and keepalived takes {total}")
            quorum = max(total, 1)
        if hysteresis >= quorum:
            if hysteresis:
                self._note(self._said["hysteresis"], f"is not below the quorum, and keepalived takes {quorum - 1}")
            hysteresis = quorum - 1
        if quorum > 1:
            self._farm["quorum"] = quorum
        if hysteresis:
            self._farm["hysteresis"] = hysteresis

    def _number_of(self, keyword: str, least: int, otherwise: int) -> int:
        if keyword not in self._said:
            return otherwise
        value = number(self._said[keyword], least, 2**32 - 1, self._findings)
        return otherwise if value is None else value

    def _sorry_server(self) -> None:
        statement = self._said.get("sorry_server")
        if statement is None:
            return
        where = address(statement.argument, statement, self._findings)
        own_port = port(statement.words, 2, statement, self._findings)
        if where is None or own_port is None:
            return
        method = self._said.get("sorry_server_lvs_method")
        if method is not None and self._method_of(method) != self._method:
            self._lose(method, "reaches the sorry server in another way than the servers; here in the same")
        ports = {key.fields.get("port", 0) for key in self._head.keys}
        keeps = not own_port or ports == {own_port} or dict(self._method)["mode"] != "nat"
        self._farm["sorry_server"] = {"address": where, **({} if keeps else {"port": own_port})}


class _RealServer:
    def __init__(self, statement: Statement, times: Times, weight: int, findings: Findings) -> None:
        self._statement = statement
        self._times = times
        self._weight = weight
        self._findings = findings
        self._thresholds = {"uthreshold": 0, "lthreshold": 0}
        self._checkers: List[Statement] = []
        self._name = ""
        self.method: Optional[Statement] = None
        self.flags: Dict[str, bool] = {}

    def read(self) -> Optional[FoundServer]:
        """The server; None where its head is not valid."""
        where = address(self._statement.argument, self._statement, self._findings)
        own_port = port(self._statement.words, 2, self._statement, self._findings)
        handlers = {
            **dict.fromkeys(_TIMES, self._time),
            **dict.fromkeys(("uthreshold", "lthreshold"), self._threshold),
            **dict.fromkeys(("inhibit_on_failure", "alpha"), self._flag),
            **dict.fromkeys(CHECKERS, self._checkers.append),
            "weight": self._own_weight,
            "lvs_method": self._forward,
            "snmp_name": self._snmp_name,
        }
        sort_out(self._statement.inside(), handlers, LOST_IN_REAL_SERVER, self._findings)
        if where is None or own_port is None:
            return None
        fields: Dict[str, Any] = {"weight": self._weight}
        most, low = self._thresholds["uthreshold"], self._thresholds["lthreshold"]
        if most:
            fields["max_connections"] = most
        if low:
            fields["low_connections"] = low
        return FoundServer(
            self._statement.place,
            self._statement.shown,
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
        self.method = statement

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
