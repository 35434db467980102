# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of keepalived.conf, written by whomever, as a configuration of the model. Pure. Private to evenkeel.lb.

What keepalived does without being told is said in the configuration, so that it is the same director afterwards. What
the model has no word for is told by line. Our own file comes back as what it was written from, as far as it says that.
"""

from __future__ import annotations

import bisect
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from ...._model.fields import Name
from ...._model.services import mark_of
from ...._model.virtual_server import VirtualServer
from ...blocks import MARK
from ...found_services import FoundKey, FoundService, Origins, documents
from ...found_validity import valid
from ...reading import Finding, Findings, Place, Reading
from ..hold import is_hold
from ..vrrp_text import CONNECTION_SYNC, CONNECTION_TIMEOUTS
from .heads import read_head
from .lines import Conf, read_lines
from .lost import STAYING
from .rest import rest
from .servers import read_virtual_server
from .tracking import Trackers
from .tree import Statement, read_tree
from .vrrp import Groups, read_instances, read_static_addresses, read_sync_groups

_VIRTUAL_SERVER = "virtual server "
_VIP = "VIP "
_TAKEN = (
    "virtual_server",
    "virtual_server_group",
    "vrrp_instance",
    "vrrp_sync_group",
    "vrrp_script",
    "vrrp_track_process",
    "static_ipaddress",
)


class _Marker(NamedTuple):
    """A comment of ours that says what the blocks below it are about; ``at`` is its physical line."""

    at: int
    subject: str

    def name(self, kind: str) -> str:
        """The name of the virtual server or VIP it is about; empty where it is about something else."""
        return self.subject[len(kind) :] if self.subject.startswith(kind) else ""


def read_conf(text: str, director: Optional[str] = None, files: Optional[Mapping[str, str]] = None) -> Reading:
    """The configuration that a text of keepalived.conf asks for.

    ``director`` is the name of the director it is for: conditional lines ask for it, and in HA groups it is the name of
    this member. ``files`` are the files it may include, by absolute path. Raises BadText where the text cannot be
    understood as a whole.
    """
    conf = read_lines(text, director, files)
    return _Conf(conf, read_tree(conf), director).read()


class _Conf:
    def __init__(self, conf: Conf, statements: List[Statement], director: Optional[str]) -> None:
        self._conf = conf
        self._findings = Findings()
        self._origins: Origins = {}
        self._of: Dict[str, List[Statement]] = {keyword: [] for keyword in (*_TAKEN, "global_defs")}
        self._statements = statements
        self._markers = _markers_of(conf)
        for statement in statements:
            self._of.setdefault(statement.keyword, []).append(statement)
        self._groups = Groups(director=director or self._router_id() or "director", version=self._vrrp_version())

    def read(self) -> Reading:
        trackers = Trackers(
            {statement.argument: statement for statement in self._of["vrrp_script"]},
            {statement.argument: statement for statement in self._of["vrrp_track_process"]},
        )
        for statement in self._of["static_ipaddress"]:
            marker = _above(self._markers, statement.at)
            name = marker.name(_VIP) if marker is not None else ""
            read_static_addresses(statement, name, self._groups, self._origins, self._findings)
        read_instances(self._of["vrrp_instance"], trackers, self._groups, self._origins, self._findings)
        read_sync_groups(self._of["vrrp_sync_group"], self._groups, self._findings)
        taken = [statement for keyword in _TAKEN for statement in self._of[keyword]]
        taken += self._own_globals()
        taken += [one for one in self._of.get("track_file", ()) if is_hold(one.argument, _file_of(one))]
        held = valid({"ha_groups": self._groups.ha_groups, "vips": self._groups.vips}, self._origins, self._findings)
        vips = {vip["address"].partition("/")[0]: vip["name"] for vip in held["vips"]}
        found = documents(list(self._services()), vips, "", self._origins)
        document = valid({**held, **found}, self._origins, self._findings)
        self._unknown()
        return Reading(
            document,
            self._in_order(self._findings.left_out),
            self._in_order(self._findings.notes),
            rest(self._conf, self._statements, taken),
        )

    def _in_order(self, findings: List[Finding]) -> Tuple[Finding, ...]:
        """Findings in the order of the text."""
        positions: Dict[Place, int] = {}
        for at, physical in enumerate(self._conf.physical):
            positions.setdefault(physical.place, at)
        return tuple(sorted(findings, key=lambda finding: positions[finding.place]))

    def _services(self) -> Iterator[FoundService]:
        groups = {statement.argument: statement for statement in self._of["virtual_server_group"]}
        before: Optional[Tuple[_Marker, FoundService]] = None
        for statement in self._of["virtual_server"]:
            marker = _above(self._markers, statement.at)
            name = marker.name(_VIRTUAL_SERVER) if marker is not None else ""
            head = read_head(statement, groups, name, self._findings)
            if head is None:
                continue
            service = read_virtual_server(statement, head, self._findings)
            self._marked_by_us(service, statement)
            if before is not None and name and before[0] == marker and _dns(before[1], service):
                before = None
                continue
            if marker is not None and name:
                before = (marker, service)
            yield service

    def _marked_by_us(self, service: FoundService, statement: Statement) -> None:
        """A service by a mark of ours is one of several ports, and those are not in this text."""
        for key in service.keys:
            wish = VirtualServer(name=key.name, protocol="any")
            if "fwmark" in key.fields and key.fields["fwmark"] == mark_of(wish):
                self._findings.lose(
                    statement.place,
                    statement.shown,
                    "is the mark of packets to ports of an address, which are in nftables rules and not in this text",
                    f"vip, protocol and ports of virtual server {key.name} in place of its fwmark",
                )

    def _own_globals(self) -> List[Statement]:
        """The global_defs that we wrote for HA groups; what they say is entered there."""
        taken = []
        for statement in self._of["global_defs"]:
            marker = _above(self._markers, statement.at)
            inside = statement.inside()
            if marker is None or len(inside) != 1:
                continue
            words = inside[0].words
            if marker.subject == CONNECTION_SYNC and len(words) == 6 and words[2] == "inst":
                group = self._groups.of_instance(words[3])
                if group is not None and (group.get("interface"), group.get("virtual_router_id")) == (
                    words[1],
                    words[5],
                ):
                    group["connection_sync"] = True
                    taken.append(statement)
            elif marker.subject == CONNECTION_TIMEOUTS and self._groups.ha_groups:
                first = min(self._groups.ha_groups, key=lambda group: str(group["name"]))
                names = {"tcp": "tcp", "tcpfin": "tcp_fin", "udp": "udp"}
                said = zip(words[1::2], words[2::2])
                first["connection_timeouts"] = {names[word]: value for word, value in said if word in names}
                taken.append(statement)
        return taken

    def _global(self, keyword: str) -> str:
        """What a word of global_defs says; empty when it is not there."""
        said = [inner for block in self._of["global_defs"] for inner in block.inside() if inner.keyword == keyword]
        return said[-1].argument if said else ""

    def _router_id(self) -> str:
        name = self._global("router_id")
        return name if Name().accepts(name) else ""

    def _vrrp_version(self) -> int:
        return 3 if self._global("vrrp_version") == "3" else 2

    def _unknown(self) -> None:
        for statement in self._statements:
            if statement.keyword not in (*_TAKEN, *STAYING):
                self._findings.note(statement.place, statement.shown, "is not known here and stays in keepalived.conf")


def _file_of(statement: Statement) -> str:
    """Which file a track_file is about."""
    return next((inner.argument for inner in statement.inside() if inner.keyword == "file"), "")


def _markers_of(conf: Conf) -> List[_Marker]:
    return [
        _Marker(at, physical.text[len(MARK) :].strip())
        for at, physical in enumerate(conf.physical)
        if physical.text.startswith(MARK)
    ]


def _above(markers: List[_Marker], at: int) -> Optional[_Marker]:
    """The last marker above a line."""
    place = bisect.bisect_left(markers, (at, ""))
    return markers[place - 1] if place else None


def _dns(first: FoundService, second: FoundService) -> bool:
    """Whether two services under one name are the two transports of DNS; the first one becomes both."""
    one, other = first.keys[0].fields, second.keys[0].fields
    if {one.get("protocol"), other.get("protocol")} != {"udp", "tcp"} or _without_place(first) != _without_place(
        second
    ):
        return False
    first.keys = [FoundKey(first.keys[0].name, {**one, "protocol": "dns"})]
    return True


def _without_place(service: FoundService) -> Tuple[Any, ...]:
    """What makes a service, but for its protocol and where it stands."""
    key = {name: value for name, value in service.keys[0].fields.items() if name != "protocol"}
    servers = [(one.name, one.address, one.port, one.fields, one.check) for one in service.servers]
    return key, service.farm, servers
