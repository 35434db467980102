# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed with SIGKILL wherever it is: the next one comes to where it should, every file is whole, and the
lock is free."""

from __future__ import annotations

import json
import re
from collections import Counter
from random import Random
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import parse as parse_keepalived
from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.edits import Document
from ansible_collections.evenkeel.lb.tests.contract.expected import chosen_seed, saved_lines
from ansible_collections.evenkeel.lb.tests.contract.meaning import (
    meaning,
    misfits,
    seen_by_ipvsadm,
    seen_by_pyroute2,
)
from ansible_collections.evenkeel.lb.tests.contract.proving_ground import (
    CANDIDATES,
    FOREIGN,
    FOREIGN_RULES,
    USERS_CONFIGURATION,
    cases,
    documents,
    in_parallel,
    own_seed,
    versions_of,
    where,
    without_health,
)

# For each engine on each director, all at the same time: half at a random moment, half at a call.
KILLS = cases(100)
KILLS_OF_A_PAIR = 5
SIGKILL = -9

FILES = ("/etc/evenkeel/lb.json", "/etc/evenkeel/lb.nft", "/etc/ipvsadm.rules", "/etc/keepalived/evenkeel.conf")
# A file that is being written has a beginning beside it; of a run that was killed there it stays until the next writes.
BEGINNINGS = {
    re.sub(r"([^/]+)$", r".evenkeel-\1", path)
    for path in (*FILES, *CANDIDATES, "/etc/evenkeel/lb.json.new", "/etc/evenkeel/lb.json.begun")
}


RELIEF = re.compile(r"\n    real_server (?P<address>\S+) (?P<port>\d+) \{\n        weight 2\n    \}\n\}\n\Z")
QUORUM = re.compile(r"^    (?:quorum|hysteresis) \d+\n", re.MULTILINE)


@pytest.fixture(scope="module")
def seed() -> int:
    return chosen_seed()


@pytest.mark.parametrize("names", [["ipvs"], ["keepalived", "ipvs"]], ids=["ipvs", "keepalived"])
def test_a_killed_run_is_made_good_by_the_next(hosts: dict[str, Director], seed: int, names: list[str]) -> None:
    told = in_parallel(hosts, lambda name, host: killed(host, name, names, seed))
    kills = sum((one["kills"] for one in told.values()), Counter())
    print(f"{names[0]}: {kills.total()} runs killed; files then were {told}")
    assert kills.total() == KILLS * len(hosts)


def killed(host: Director, name: str, names: list[str], seed: int) -> dict[str, Counter[str]]:
    """Kill runs from one configuration to the next until there are enough; what of each file was found."""
    own = own_seed(seed, name)
    random = Random(own)
    kills: Counter[str] = Counter()
    states: Counter[str] = Counter()
    former: Document = {}
    for number, document in enumerate(documents(10 * KILLS, own, names, versions_of(host))):
        wanted = without_health(document)
        brought(host, former)
        calls, lasted = measured(host, wanted)
        new, old = held(host, wanted), held(host, former)
        for _kill in range(KILLS_OF_A_PAIR if calls else 0):
            brought(host, former)
            way = random.choice([{"seconds": random.uniform(0, lasted)}, {"at": random.randrange(calls)}])
            found = host.drive("kill", {"document": wanted, **way})
            problem = where(seed, name, number, former, wanted, way, found["status"], found["said"])
            assert found["is_free"], problem
            for path in FILES:
                state = state_of(path, found["files"][path], old["files"][path], new["files"][path])
                assert state != "half", (problem, path, found["files"][path])
                states[f"{path} {state}"] += 1
            # where it was going to, back, or somewhere else
            end = random.choice([wanted, former, {}])
            assert_holds(end, held(host, end), problem)
            if found["status"] == SIGKILL:
                kills["at a moment" if "seconds" in way else "at a call"] += 1
            if kills.total() == KILLS:
                return {"kills": kills, "states": states}
        former = wanted
    return {"kills": kills, "states": states}


def brought(host: Director, document: Document) -> None:
    """Let the director hold the document."""
    told = host.drive("tell", {"document": document})
    assert told["state"] in ("applied", "unchanged"), (told, document)


def held(host: Director, document: Document) -> dict[str, Any]:
    """What there is to see once the director holds the document."""
    brought(host, document)
    again = host.drive("tell", {"document": document, "check_mode": True})
    assert not again["changed"], (again, document)
    seen: dict[str, Any] = host.drive("look_around")
    return seen


def measured(host: Director, document: Document) -> tuple[int, float]:
    """How many calls a run makes, and how many seconds it takes; no calls where there is nothing to do."""
    found = host.drive("kill", {"document": document})
    said = json.loads(found["said"])
    assert said["state"] in ("applied", "unchanged"), said
    return (said["calls"] if said["state"] == "applied" else 0), found["lasted"]


def state_of(path: str, found: str | None, old: str | None, new: str | None) -> str:
    """Whether a file is the old one, the new one, another whole one on the way from the one to the other, or half."""
    if found in (old, new):
        return "new" if found == new else "old"
    if path.endswith("evenkeel.conf") and found is not None:
        # what the kernel lost leaves keepalived's file before it comes back
        before, after = parse_keepalived(old or "")[1], parse_keepalived(new or "")[1]
        whole = parse_keepalived(found)[1]
        others = {subject: block for subject, block in whole.items() if not is_relief(block, before.get(subject, ""))}
        return "between" if others.items() <= {**before, **after}.items() else "half"
    return "half"


def is_relief(block: str, before: str) -> bool:
    """Whether it is a block in which the sorry server, which serves and is to go, is a server like others at first."""
    server = RELIEF.search(block)
    if server is None or f"    sorry_server {server['address']} {server['port']}\n" not in before:
        return False
    return f"{block[: server.start()]}}}\n" == QUORUM.sub("", before)


def assert_holds(document: Document, seen: dict[str, Any], problem: str) -> None:
    """The kernel holds what the document means, nothing is lost of what is not ours, nothing is left of the run."""
    for witness, table in (
        ("ipvsadm", seen_by_ipvsadm(seen["saved"])),
        ("pyroute2", seen_by_pyroute2(seen["witnessed"])),
    ):
        ours = {key: service for key, service in table.items() if key not in seen_by_ipvsadm(saved_lines(FOREIGN))}
        assert misfits(meaning(document), ours, witness) == [], problem
        assert len(table) - len(ours) == len(FOREIGN), problem
    assert seen["files"]["/etc/ipvsadm.rules"].startswith(FOREIGN_RULES), problem
    assert seen["files"]["/etc/keepalived/keepalived.conf"] == USERS_CONFIGURATION, problem
    assert seen["unit"] == ["NRestarts=0", "ActiveState=active"], problem
    assert set(seen["litter"]) <= {*BEGINNINGS, *CANDIDATES}, (problem, seen["litter"])
