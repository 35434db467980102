# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text of haproxy.cfg, written by whomever, as a configuration of the model. Pure. Private to evenkeel.lb.

What HAProxy does without being told is said in the configuration; lines that the model has no word for go along as
``extra_config`` where they mean the same there; all else is told by line. A section that cannot be said as a whole
stays in the text that is left, with what it needs. Our own file comes back as what it was written from, as far as it
says that.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Sequence, Set

from ...._model.fields import Name
from ...blocks import MARK
from ...found_names import Names, of_service
from ...found_services import Origins
from ...found_validity import valid
from ...reading import Findings, Reading
from ..farms import TESTING
from ..programs import marked_in
from . import farms, frontends
from .backends import FoundBackend, read_backend
from .farms import Checks, FoundFarm, subject_farm, tests_of
from .frontends import FoundFrontend, read_frontend, serves_servers
from .lines import read_lines
from .profiles import Profiles
from .proxies import OURS
from .rest import rest
from .sections import PROXIES, Section, read_sections
from .values import Unsaid

_STAYS = "so the section stays in haproxy.cfg"
_ASSUMED = f"sections of this collection also have, where nothing else is said: {', '.join(OURS)}"


def read_conf(text: str, vip: Optional[str] = None) -> Reading:
    """The configuration that a text of haproxy.cfg asks for. ``vip`` is the address of virtual servers that listen on
    every address. Raises BadText where the text cannot be understood as a whole."""
    return _Conf(text, read_sections(read_lines(text)), vip).read()


class _Conf:
    def __init__(self, text: str, sections: List[Section], vip: Optional[str]) -> None:
        self._text = text
        self._raw = text.split("\n")
        self._sections = sections
        self._vip = vip
        self._findings = Findings()
        self._origins: Origins = {}
        self._profiles = Profiles(text, self._origins)
        self._programs = marked_in(text)
        self._proxies = [one for one in sections if one.kind in PROXIES and not one.own]
        self._names = {one.name for one in self._proxies}
        self._backends: Dict[str, FoundBackend] = {}
        self._subjects: Dict[str, str] = {}
        self._unsaid: Set[str] = set()

    def read(self) -> Reading:
        found = self._frontends()
        farms_found = self._farms(found)
        farm_of = {backend.section.name: farm for farm in farms_found for backend in farm.backends}
        for farm in farms_found:
            tests_of(farm, self._backends)
        checks = Checks(farms_found, self._origins)
        documents = []
        for farm in farms_found:
            document = farms.document_of(farm, self._profiles, self._origins, self._findings)
            checks.assign(farm, document)
            documents.append(document)
        virtual_servers = self._virtual_servers(found, farm_of)
        document = valid(
            {
                "certificate_profiles": self._profiles.documents(virtual_servers, documents),
                "health_checks": checks.documents(),
                "farms": documents,
                "virtual_servers": virtual_servers,
            },
            self._origins,
            self._findings,
        )
        for one in [*found, *(self._backends[name] for name in self._used(found))]:
            self._findings.left_out += one.findings.left_out
            self._findings.notes += one.findings.notes
        taken = self._taken(found)
        if any(not one.section.from_ours for one in found):
            self._findings.note(found[0].section.head.place, found[0].section.head.raw, _ASSUMED)
        return Reading(
            document,
            tuple(sorted(self._findings.left_out, key=lambda finding: finding.place)),
            tuple(sorted(self._findings.notes, key=lambda finding: finding.place)),
            rest(self._text, self._sections, taken),
        )

    # --- what can be said ---

    def _frontends(self) -> List[FoundFrontend]:
        """The frontends that can be said, with all backends that they need."""
        for section in self._proxies:
            self._subjects[f"{section.kind} {section.name}"] = self._subject(section)
        found = []
        for section in self._proxies:
            if section.kind == "backend":
                continue
            if not serves_servers(section):
                message = "has no servers and stays in haproxy.cfg"
                self._findings.note(section.head.place, section.head.raw, message)
                continue
            try:
                listed = self._raw[section.head.at : self._end(section)]
                one = read_frontend(section, listed, self._vip, self._names, self._profiles)
                for name in filter(None, (one.backend, one.sorry)):
                    self._backend(name, one)
                found.append(one)
            except Unsaid as unsaid:
                line = unsaid.statement
                self._findings.lose(line.place, line.raw, f"{unsaid.message}, {_STAYS}", unsaid.allowed)
        return found

    def _backend(self, name: str, frontend: FoundFrontend) -> None:
        """Read a backend, and those by which its servers are tested. Raises Unsaid."""
        if name in self._backends:
            return
        sections = [one for one in self._proxies if one.name == name and one.kind != "frontend"]
        if not sections:
            raise Unsaid(frontend.section.head, f"there is no backend {name[:60]}", "the name of a backend")
        (section,) = sections
        self._backends[name] = read_backend(section, self._names, self._programs)
        for server in self._backends[name].servers:
            if server.followed and server.followed in self._names:
                self._backend(server.followed, frontend)

    def _used(self, found: Sequence[FoundFrontend]) -> List[str]:
        """The names of the backends that frontends use, and of those by which their servers are tested."""
        names: Dict[str, None] = {}
        open_ = [name for one in found for name in (one.backend, one.sorry) if name]
        while open_:
            name = open_.pop()
            if name not in names:
                names[name] = None
                followed = [server.followed for server in self._backends[name].servers]
                open_ += [other for other in followed if other in self._backends]
        return sorted(names)

    def _farms(self, found: List[FoundFrontend]) -> List[FoundFarm]:
        by_subject: Dict[str, FoundFarm] = {}
        ours = {subject_farm(self._subjects.get(f"backend {name}", "")) for name in self._used(found)}
        names = Names(ours)
        farms_found: List[FoundFarm] = []
        for name in sorted({one.backend for one in found}, key=lambda name: self._backends[name].section.head.at):
            backend = self._backends[name]
            subject = subject_farm(self._subjects.get(f"backend {name}", ""))
            if not subject or subject not in by_subject:
                wanted = re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-") or "farm"
                farms_found.append(FoundFarm(subject if Name().accepts(subject) else names.take(wanted[:64])))
                by_subject[subject] = farms_found[-1]
            farm = by_subject[subject]
            farm.backends.append(backend)
            for sorry in sorted({one.sorry for one in found if one.backend == name and one.sorry}):
                server = self._backends[sorry].servers
                if len(server) == 1:
                    farm.sorry.append((server[0], backend.way))
                else:
                    head = self._backends[sorry].section.head
                    self._findings.lose(head.place, head.raw, "is no sorry server, which is one server", "one server")
        return farms_found

    def _virtual_servers(self, found: List[FoundFrontend], farm_of: Dict[str, FoundFarm]) -> List[Dict[str, Any]]:
        names = Names()
        written = []
        for one in found:
            farm = farm_of[one.backend]
            backend = self._backends[one.backend]
            source = backend.source
            for place, bind in enumerate(one.binds):
                key = {
                    "vip": bind.address,
                    "protocol": "tcp",
                    **({"port": bind.ports[0]} if len(bind.ports) == 1 else {}),
                }
                name = names.take(one.section.name if place == 0 else "", of_service(key))
                document = frontends.document_of(
                    one, bind, name, farm.name, backend.grpc, str(backend.fields["balance"])
                )
                if source is not None:
                    kind = "static" if source.endswith(("/32", "/128")) else "pool"
                    document.update(source_nat_type=kind, source_nat_pool=source)
                written.append(document)
                self._origins[f"virtual_servers[{name}]"] = (bind.statement.place, bind.statement.raw)
        return written

    # --- where things stand ---

    def _subject(self, section: Section) -> str:
        """What a comment of ours right above a section says it is for."""
        above = self._raw[section.head.at - 2] if section.head.at > 1 else ""
        return above[len(MARK) :].strip() if above.startswith(MARK) else ""

    def _end(self, section: Section) -> int:
        """The line of the next section, counted from 1."""
        return next((one.head.at for one in self._sections if one.head.at > section.head.at), len(self._raw) + 1)

    def _taken(self, found: Sequence[FoundFrontend]) -> Set[int]:
        """The first lines of the sections that are in the configuration, and of those that only our own file needs.
        What a section that stays is about stays with it."""
        staying = {f"{one.kind} {one.name}" for one in self._proxies}
        staying -= {f"{one.section.kind} {one.section.name}" for one in found}
        used = [self._backends[name].section for name in self._used(found)]
        candidates = {one.name: one for one in used if one.kind == "backend"}
        open_ = [one for one in self._proxies if f"{one.kind} {one.name}" in staying and one.name not in candidates]
        needed: Set[str] = set()
        while open_:
            section = open_.pop()
            words = set(re.findall(r"[A-Za-z0-9_.:-]+", "\n".join(line.raw for line in section.lines)))
            for name in sorted(words & set(candidates) - needed):
                needed.add(name)
                open_.append(candidates[name])
        for section in self._proxies:
            if section.kind == "backend" and section.name not in candidates and TESTING not in section.name:
                self._findings.note(
                    section.head.place, section.head.raw, "is in no virtual server and stays in haproxy.cfg"
                )
        gone = {one.section.head.at for one in found} | {
            one.head.at for name, one in candidates.items() if name not in needed
        }
        return gone | {one.head.at for one in self._sections if one.own}
