# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A virtual_server of keepalived.conf with its real_servers as a service, with keepalived's defaults said. Pure.

Private to evenkeel.lb. What keepalived rewrites in silence or with a line in its log is rewritten here in the same way,
and told. Sources: keepalived.conf(5), "virtual_server"; check_parser.c and check_data.c (2.2.7 to 2.4.3).
"""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple

from ...._model.healthcheck import WITHOUT_PORT
from ...found_services import FoundKey, FoundServer, FoundService
from ...reading import Findings
from ...service_table import BALANCES, BALANCES_WITH_PORT
from .checks import TIMES, Times
from .heads import Head
from .lost import LOST_IN_VIRTUAL_SERVER
from .methods import NAT, Method, keeps_ports, read_method
from .real_servers import RealServer
from .tree import Statement
from .values import address, number, port, sort_out

_SECONDS_OF_BARE_PERSISTENCE = 360
_MOST_PERSISTENCE = 2678400
# The keywords without a scheduler in them are those of both.
_FLAGS = {
    "flag-1": "fallback",
    "flag-2": "port",
    "sh-fallback": "fallback",
    "sh-port": "port",
    "mh-fallback": "fallback",
    "mh-port": "port",
}
# What the model says of a farm and keepalived of each server, by default as its virtual_server has it.
_OF_FARM = {"inhibit_on_failure": ("on_failure", "quiesce"), "alpha": ("initial_state", "down")}


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
        self._method: Method = NAT
        self._scheduler = "wlc"
        self._flags: Set[str] = set()
        self._real: List[Statement] = []

    def read(self) -> FoundService:
        handlers = {
            **dict.fromkeys(TIMES, self._time),
            **dict.fromkeys(("lvs_sched", "lb_algo"), self._balance),
            **dict.fromkeys(("lvs_method", "lb_kind"), self._forward),
            **dict.fromkeys(_FLAGS, self._flag),
            **dict.fromkeys((*_OF_FARM, "ops", "protocol", "snmp_name", "hashed", "nat_mask"), self._keep),
            **dict.fromkeys(("persistence_timeout", "persistence_granularity", "persistence_engine"), self._keep),
            **dict.fromkeys(("sorry_server", "sorry_server_lvs_method", "sorry_server_inhibit"), self._keep),
            **dict.fromkeys(("quorum", "hysteresis"), self._keep),
            **dict.fromkeys(("ip_family", "warmup"), self._keep),
            "weight": self._default_weight,
            "real_server": self._real.append,
        }
        sort_out(self._statement.inside(), handlers, LOST_IN_VIRTUAL_SERVER, self._findings)
        if "warmup" in self._said:
            self._lose(self._said["warmup"], "delays the first test by a time of its own; here by up to the interval")
        if "nat_mask" in self._said:
            self._note(self._said["nat_mask"], "is of IPVS before Linux 2.4 and has no effect")
        self._balance_fields()
        self._key_fields()
        self._persistence()
        servers = self._servers()
        self._farm.update(self._method)
        self._quorum(servers)
        self._sorry_server(servers)
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
        if statement.argument in BALANCES:
            self._scheduler = statement.argument
        else:
            message = f"is no scheduler, and keepalived stays with {self._scheduler}"
            self._lose(statement, message, ", ".join(sorted(BALANCES)))

    def _flag(self, statement: Statement) -> None:
        """keepalived drops flags of a hash that is not the scheduler at that point."""
        scheduler = statement.keyword.partition("-")[0]
        if scheduler in ("flag", self._scheduler):
            self._flags.add(_FLAGS[statement.keyword])
        else:
            self._note(statement, f"has no effect with the scheduler {self._scheduler} that is said before it")

    def _balance_fields(self) -> None:
        self._farm["balance"] = BALANCES[self._scheduler]
        if self._scheduler not in BALANCES_WITH_PORT:
            return
        if "port" in self._flags:
            self._farm["balance"] = BALANCES_WITH_PORT[self._scheduler]
        if "fallback" in self._flags:
            self._farm["hash_fallback"] = True

    def _forward(self, statement: Statement) -> None:
        self._method = read_method(statement, self._findings) or self._method

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
                self._note(self._said["ops"], "is for UDP, and keepalived drops it")
            else:
                self._farm["one_packet"] = True
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
                self._note(engine, "has no effect without persistence_timeout")
            return
        self._farm["persistence_timeout"] = seconds
        if mask is not None:
            self._farm["persistence_netmask"] = mask.argument
        if engine is not None:
            self._farm["persistence_engine"] = engine.argument

    def _servers(self) -> List[FoundServer]:
        found: Dict[Tuple[str, int], FoundServer] = {}
        real_servers: List[RealServer] = []
        for statement in self._real:
            real = RealServer(statement, self._times, self._weight, self._findings)
            server = real.read()
            if server is None:
                continue
            method = real.method or self._method
            if not found:
                self._method = method
            if method != self._method:
                message = "is reached in another way than the servers before it"
                self._lose(statement, message, "one way for all of a farm")
                continue
            self._fit_port(server, statement)
            if (server.address, server.port) in found:
                self._note(statement, "is there twice, and keepalived drops the second one")
                continue
            found[server.address, server.port] = server
            real_servers.append(real)
        for name in _OF_FARM:
            self._setting_of_all(name, real_servers)
        if not found:
            self._note(self._statement, "has no servers; keepalived drops it, and here it waits until there are some")
        return list(found.values())

    def _ports(self) -> Set[int]:
        """The ports of the virtual server; firewall marks and addresses as a whole have none."""
        return {key.fields["port"] for key in self._head.keys if "port" in key.fields}

    def _fit_port(self, server: FoundServer, statement: Statement) -> None:
        """Without NAT a packet keeps its port; keepalived puts that of the virtual server in place of another one. Its
        checker goes on testing the one that was said."""
        if not keeps_ports(self._method) or not server.port:
            return
        ports = self._ports()
        if ports != {server.port}:
            self._note(statement, "has a port, and keepalived puts that of the virtual server in its place without NAT")
        has_other = any(key.fields.get("port") != server.port for key in self._head.keys)
        if has_other and server.check is not None and server.check["type"] not in WITHOUT_PORT:
            server.check.setdefault("port", server.port)
        server.port = 0

    def _setting_of_all(self, name: str, real_servers: List[RealServer]) -> None:
        default = name in self._said
        values = [real.flags.get(name, default) for real in real_servers] or [default]
        for real, value in zip(real_servers, values):
            if value != values[0]:
                message = f"differs in {name} from the servers before it"
                self._lose(real.statement, message, "one setting for all of a farm")
        if values[0]:
            field, word = _OF_FARM[name]
            self._farm[field] = word

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
        if hysteresis > max(total, 1) - quorum:
            message = "leaves more to be gained than all servers weigh, and keepalived never has that quorum"
            self._note(self._said["hysteresis"], f"{message}; taken as {max(total, 1) - quorum}")
            hysteresis = max(total, 1) - quorum
        if quorum > 1:
            self._farm["quorum"] = quorum
        if hysteresis:
            self._farm["hysteresis"] = hysteresis

    def _number_of(self, keyword: str, least: int, otherwise: int) -> int:
        if keyword not in self._said:
            return otherwise
        value = number(self._said[keyword], least, 2**32 - 1, self._findings)
        return otherwise if value is None else value

    def _sorry_server(self, servers: List[FoundServer]) -> None:
        statement = self._said.get("sorry_server")
        if statement is None:
            return
        where = address(statement.argument, statement, self._findings)
        own_port = port(statement.words, 2, statement, self._findings)
        if where is None or own_port is None:
            return
        method = self._said.get("sorry_server_lvs_method")
        if method is not None and read_method(method, self._findings) not in (None, self._method):
            self._lose(method, "reaches the sorry server in another way than the servers; here in the same")
        if own_port and keeps_ports(self._method) and self._ports() != {own_port}:
            self._note(statement, "has a port, which packets do not go to without NAT")
        own_port = self._own_port(own_port)
        self._farm["sorry_server"] = {"address": where, **({"port": own_port} if own_port else {})}
        inhibit = self._said.get("sorry_server_inhibit")
        is_server = (where, own_port) in [(server.address, self._own_port(server.port)) for server in servers]
        if inhibit is not None and not (is_server and self._farm.get("on_failure") == "quiesce"):
            self._lose(
                inhibit, "keeps the sorry server in the kernel with weight 0; here it is there when it is needed"
            )

    def _own_port(self, said: int) -> int:
        """A port that is not that of the virtual server; 0 without one."""
        return 0 if not said or self._ports() == {said} or keeps_ports(self._method) else said
