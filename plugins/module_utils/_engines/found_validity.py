# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was found in a text, without what the model does not allow, so that what is left is valid. Pure.

Private to evenkeel.lb. What has to go is told with the line it came from, as everything that a text says and the
configuration does not.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Set, Tuple

from .._model.configuration import KINDS
from .._model.problems import Problem
from .._model.validation import examine
from .found_services import Origins
from .reading import Document, Findings, Place

_PATH = re.compile(
    r"(?P<kind>\w+)\[(?P<name>[^\]]*)\](?:\.(?P<field>\w+)(?:\[(?P<item>[^\]]*)\])?(?:\.(?P<inner>\w+))?)?"
)
# Fields without which an object would be another one; where one of them is wrong, the object cannot stay.
_ESSENTIAL = {
    "virtual_servers": {"vip", "port", "ports", "fwmark", "protocol", "farm"},
    "vips": {"address", "interface"},
    "ha_groups": {"interface", "virtual_router_id", "members", "member"},
    "servers": {"address"},
    "sorry_server": {"address"},
    "members": {"priority", "address"},
}


def valid(document: Document, origins: Origins, findings: Findings) -> Document:
    """The document in canonical form without all that is not valid; each thing that had to go is entered in
    ``findings``."""
    while True:
        # each round takes something away, and what depends on it goes in the next one
        configuration, problems = examine(document)
        if not problems:
            return configuration.document()
        for problem in problems:
            _lose(problem, origins, findings)
        document = _without(document, problems)


def _lose(problem: Problem, origins: Origins, findings: Findings) -> None:
    place, text = _origin(problem.path, origins)
    findings.lose(place, text, f"{problem.path}: {problem.message}", problem.allowed)


def _origin(path: str, origins: Origins) -> Tuple[Place, str]:
    """Where the innermost object of a path came from."""
    for end in [len(path), *sorted((match.start() for match in re.finditer(r"\.", path)), reverse=True)]:
        if path[:end] in origins:
            return origins[path[:end]]
    return Place(1), ""


def _without(document: Document, problems: Tuple[Problem, ...]) -> Document:
    """The document without what each of the problems is about: one field, one member, or a whole object."""
    index = {kind: {str(thing["name"]): thing for thing in document.get(kind, [])} for kind in KINDS}
    gone: Set[Tuple[str, str]] = set()
    for path in dict.fromkeys(problem.path for problem in problems):
        match = _PATH.fullmatch(path)
        if match is None or match["name"] not in index.get(match["kind"], {}):
            raise AssertionError(f"nothing that was found can go because of {path}")
        if not _shrink(index[match["kind"]][match["name"]], match):
            gone.add((match["kind"], match["name"]))
    gone |= _orphans(index["virtual_servers"], gone)
    return {
        kind: [thing for name, thing in things.items() if (kind, name) not in gone] for kind, things in index.items()
    }


def _orphans(virtual_servers: Dict[str, Dict[str, Any]], gone: Set[Tuple[str, str]]) -> Set[Tuple[str, str]]:
    """The farms that only virtual servers which have to go are served by; a text has no others."""
    farms: Dict[bool, Set[str]] = {True: set(), False: set()}
    for name, thing in virtual_servers.items():
        farms[("virtual_servers", name) in gone].add(str(thing.get("farm")))
    return {("farms", name) for name in farms[True] - farms[False]}


def _shrink(thing: Dict[str, Any], match: "re.Match[str]") -> bool:
    """Take the field or the member that a path names out of an object; false where the object cannot be without. What
    went because of another problem is not there any more."""
    field, item, inner = match["field"], match["item"], match["inner"]
    if item is None and inner is None:
        return _drop(thing, field, _ESSENTIAL.get(match["kind"], set()))
    if item is None:
        holder = thing.get(field)
        return holder is None or _drop(holder, inner, _ESSENTIAL.get(field, set())) or _drop(thing, field, set())
    members: List[Any] = thing.get(field) or []
    if not all(isinstance(one, dict) for one in members):
        return _drop(thing, field, _ESSENTIAL.get(match["kind"], set()))
    member = next((one for one in members if one["name"] == item), None)
    if member is not None and not _drop(member, inner, _ESSENTIAL.get(field, set())):
        members.remove(member)
    return True


def _drop(thing: Dict[str, Any], field: Optional[str], essential: Set[str]) -> bool:
    if field is None or field not in thing or field in essential or field == "name":
        return False
    del thing[field]
    return True
