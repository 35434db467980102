# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""HA groups as their directors together see them. Private to evenkeel.lb."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# States in which a director has its part of the group's work, or could take it over.
_FIT = ("master", "backup")


@dataclass
class _Group:
    """One HA group: all members that its directors know of, and what each director that answered says."""

    name: str
    members: set[str]
    # By the name of the member: the director, what it was told of the group, and how the group runs there.
    seen: dict[str, tuple[str, Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)


def groups(infos: Mapping[str, Mapping[str, Any]], silent: Collection[str]) -> list[dict[str, Any]]:
    """Every HA group with its state on each director and what is wrong between them; sorted by name.

    `infos` are results of lb_info by director, `silent` the directors that gave none. A name is used by other pairs
    too: directors are of one group when it has one name and they share a member.
    """
    found: list[_Group] = []
    for one in _seen(infos):
        joined = [other for other in found if other.name == one.name and other.members & one.members]
        for other in joined:
            one.members |= other.members
            one.seen = {**other.seen, **one.seen}
        found = [*(other for other in found if other not in joined), one]
    return [_entry(group, silent) for group in sorted(found, key=lambda group: (group.name, sorted(group.members)))]


def _seen(infos: Mapping[str, Mapping[str, Any]]) -> Iterator[_Group]:
    for director, info in infos.items():
        running = {group["name"]: group for group in info.get("ha_groups", [])}
        for told in info.get("config", {}).get("ha_groups", []):
            name = told["name"]
            if name in running:
                itself = told.get("member", director)
                members = {itself, *(member["name"] for member in told.get("members", []))}
                yield _Group(name, members, {itself: (director, told, running[name])})


def _entry(group: _Group, silent: Collection[str]) -> dict[str, Any]:
    members = [
        {
            "director": director,
            "state": runs["state"],
            "since": runs.get("since"),
            "priority": runs.get("priority"),
            "interface": runs.get("interface", told.get("interface")),
        }
        for _member, (director, told, runs) in sorted(group.seen.items())
    ]
    absent = sorted(group.members - set(group.seen))
    running = [runs for _director, _told, runs in group.seen.values()]
    problem, message = _problem(members, absent, silent)
    return {
        "name": group.name,
        "virtual_router_ids": sorted({runs["virtual_router_id"] for runs in running}),
        "vips": sorted({vip for runs in running for vip in runs["vips"]}),
        "members": members,
        "absent": absent,
        "problem": problem,
        "message": message,
    }


def _problem(members: list[dict[str, Any]], absent: list[str], silent: Collection[str]) -> tuple[str, str]:
    """What is wrong, as a word and as a sentence; empty both when nothing is."""
    masters = [member["director"] for member in members if member["state"] == "master"]
    if len(masters) > 1:
        return "two_masters", f"{' and '.join(masters)} are master at the same time"
    if not masters:
        # The master may be one that nobody asked; one that was asked and is silent may as well be dead.
        if any(name not in silent for name in absent):
            return "", ""
        without = f"; {' and '.join(absent)} did not answer" if absent else ""
        return "no_master", f"no director is master{without}"
    unfit = [f"{member['director']} ({member['state']})" for member in members if member["state"] not in _FIT]
    return ("not_ready", f"cannot take over: {', '.join(unfit)}") if unfit else ("", "")
