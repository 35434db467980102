# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules that ``ipvsadm --save -n`` writes, written by whomever, as a configuration of the model. Pure.

Private to evenkeel.lb. The virtual servers are those of the engine ipvs: the rules know no health checks. What the
model has no word for is told by line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..._host.ipvs_table import (
    FLAG_ONE_PACKET,
    FLAG_PERSISTENT,
    FLAG_SCHEDULER_1,
    FLAG_SCHEDULER_2,
    FLAG_SCHEDULER_3,
    FULL_NETMASK,
    IPV6,
    PROTOCOL_NAMES,
    TUNNEL_GUE,
    TUNNEL_IPIP,
    Destination,
    Service,
    ServiceKey,
)
from ..found_services import FoundKey, FoundServer, FoundService, Origins, documents
from ..found_validity import valid
from ..reading import Findings, Place, Reading
from ..service_table import BALANCES, BALANCES_WITH_PORT, MODES, TUNNEL_CHECKSUMS, TUNNEL_TYPES
from .rules import parse_rule

_SHOWN = 100
_ENGINE = "ipvs"


def read_rules(text: str) -> Reading:
    """The configuration that rules of ipvsadm ask for."""
    return _Rules().read(text)


@dataclass
class _Entry:
    """A service as far as its rules were read."""

    service: Service
    found: FoundService
    keys: Dict[Tuple[str, int], Destination] = field(default_factory=dict)
    way: Optional[Tuple[int, ...]] = None


class _Rules:
    def __init__(self) -> None:
        self._findings = Findings()
        self._entries: Dict[ServiceKey, _Entry] = {}
        self._has_thresholds = False

    def read(self, text: str) -> Reading:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip() and not line.lstrip().startswith("#"):
                self._rule(Place(number), line.strip())
        if self._entries and not self._has_thresholds:
            self._findings.note(Place(1), "", "ipvsadm --save leaves out thresholds (max_connections, low_connections)")
        for key, entry in self._entries.items():
            if key.fwmark and key.family == IPV6 and not entry.keys:
                message = "has no servers, and the family of a firewall mark is here that of its servers"
                self._findings.lose(entry.found.place, entry.found.text, message, "its servers")
        origins: Origins = {}
        document = documents([entry.found for entry in self._entries.values()], {}, _ENGINE, origins)
        document = valid(document, origins, self._findings)
        left_out = sorted(self._findings.left_out, key=lambda finding: finding.place)
        return Reading(document, tuple(left_out), tuple(self._findings.notes), "")

    def _rule(self, place: Place, line: str) -> None:
        shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
        try:
            key, added = parse_rule(line)
        except ValueError as error:
            self._findings.lose(place, shown, str(error), "a rule as ipvsadm --save -n writes it")
            return
        if isinstance(added, Service):
            self._service(place, shown, added)
        elif key not in self._entries:
            self._findings.lose(place, shown, f"no line before adds virtual server {key}", "its -A line before it")
        else:
            self._destination(place, shown, self._entries[key], added)

    def _service(self, place: Place, shown: str, service: Service) -> None:
        if service.key in self._entries:
            self._findings.lose(place, shown, f"virtual server {service.key} is there already", "each once")
            return
        farm = {**self._balance(place, shown, service), **self._persistence(place, shown, service)}
        found = FoundService(place, shown, "", [FoundKey("", self._key(service))], farm)
        self._entries[service.key] = _Entry(service, found)

    def _key(self, service: Service) -> Dict[str, Any]:
        key = service.key
        if key.fwmark:
            # what does not fit TCP, which is assumed otherwise, fits whatever bears the mark
            needs_any = service.flags & FLAG_ONE_PACKET or service.pe
            return {"fwmark": key.fwmark, **({"protocol": "any"} if needs_any else {})}
        ports = {"port": key.port} if key.port else {"ports": ["1-65535"]}
        return {"vip": key.address, **ports, "protocol": PROTOCOL_NAMES[key.protocol]}

    def _balance(self, place: Place, shown: str, service: Service) -> Dict[str, Any]:
        scheduler, flags = service.scheduler, service.flags
        if scheduler not in BALANCES:
            message = f"the scheduler {scheduler[:20]} is not known here, wlc is taken"
            self._findings.lose(place, shown, message, ", ".join(sorted(BALANCES)))
            scheduler = "wlc"
        known = FLAG_SCHEDULER_1 | FLAG_SCHEDULER_2 if scheduler in BALANCES_WITH_PORT else 0
        if flags & (FLAG_SCHEDULER_1 | FLAG_SCHEDULER_2 | FLAG_SCHEDULER_3) & ~known:
            message = f"has flags that have no meaning for the scheduler {scheduler}"
            self._findings.lose(place, shown, message, "leave them out")
        flags &= known | FLAG_ONE_PACKET
        with_port = flags & FLAG_SCHEDULER_2
        return {
            "balance": BALANCES_WITH_PORT[scheduler] if with_port else BALANCES[scheduler],
            **({"hash_fallback": True} if flags & FLAG_SCHEDULER_1 else {}),
            **({"one_packet": True} if flags & FLAG_ONE_PACKET else {}),
        }

    def _persistence(self, place: Place, shown: str, service: Service) -> Dict[str, Any]:
        if not service.flags & FLAG_PERSISTENT:
            if service.pe:
                self._findings.lose(place, shown, "--pe has no effect without -p", "-p")
            return {}
        fields: Dict[str, Any] = {"persistence_timeout": service.timeout}
        if service.netmask != FULL_NETMASK[service.key.family]:
            fields["persistence_netmask"] = service.netmask
        if service.pe:
            fields["persistence_engine"] = service.pe
        return fields

    def _destination(self, place: Place, shown: str, entry: _Entry, destination: Destination) -> None:
        if destination.key in entry.keys:
            message = f"server {destination} of virtual server {entry.service.key} is there already"
            self._findings.lose(place, shown, message, "each once")
            return
        way = (destination.forward, *destination[6:])
        if entry.way is None:
            entry.way = way
            entry.found.farm.update(_way(destination))
        elif entry.way != way:
            message = "is reached in another way than the servers before it"
            self._findings.lose(place, shown, message, "one way for all of a virtual server")
            return
        key = entry.service.key
        if key.fwmark and (":" in destination.address) != (key.family == IPV6):
            message = "is not of the family of its firewall mark, which here is that of its servers"
            self._findings.lose(place, shown, message, "servers of that family")
        entry.keys[destination.key] = destination
        fields: Dict[str, Any] = {"weight": destination.weight}
        for name, value in (("max_connections", destination.u_threshold), ("low_connections", destination.l_threshold)):
            if value:
                fields[name] = value
                self._has_thresholds = True
        entry.found.servers.append(FoundServer(place, shown, "", destination.address, destination.port, fields))


def _way(destination: Destination) -> Mapping[str, Any]:
    """The fields of the farm that say how a server is reached."""
    mode = MODES[destination.forward]
    if mode != "tunnel":
        return {"mode": mode}
    fields: List[Tuple[str, Any]] = [("mode", mode), ("tunnel_type", TUNNEL_TYPES[destination.tunnel_type])]
    if destination.tunnel_type == TUNNEL_GUE:
        fields.append(("tunnel_port", destination.tunnel_port))
    if destination.tunnel_type != TUNNEL_IPIP:
        fields.append(("tunnel_checksum", TUNNEL_CHECKSUMS[destination.tunnel_flags]))
    return dict(fields)
