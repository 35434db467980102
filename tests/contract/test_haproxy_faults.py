# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault or a kill at any call of a run, on real directors with HAProxy 2.6 and 3.0: the director is as it was, or the
result says what is left; and the next run comes to where it should."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.expected import chosen_seed
from ansible_collections.evenkeel.lb.tests.contract.faults import KINDS
from ansible_collections.evenkeel.lb.tests.contract.haproxy_lab import FILE, HOSTS, reconcile
from ansible_collections.evenkeel.lb.tests.contract.proving_ground import cases

# On each director, of each kind of change; of each fault there are three ways.
FAULTS = cases(16, len(HOSTS))
KILLS = cases(8, len(HOSTS))
STATE = f"cat {FILE} /etc/evenkeel/lb.json; ls -A /etc/haproxy /etc/haproxy/evenkeel; systemctl is-active haproxy"


@pytest.fixture(params=HOSTS)
def director(haproxy_hosts: dict[str, Director], request: pytest.FixtureRequest) -> Director:
    return haproxy_hosts[request.param]


@pytest.fixture
def random() -> Random:
    return Random(chosen_seed())


def document(kind: str = "") -> dict[str, Any]:
    """A service with TLS; ``told`` differs by what a process can be told, ``reloaded`` by more."""
    servers = [{"name": f"s{number}", "address": "127.0.0.1", "port": 7000 + number} for number in (1, 2)]
    service = {"name": "web", "vip": "127.0.0.1", "port": 8080, "type": "layer7", "protocol": "https", "farm": "web"}
    service |= {"ssl_offload": True, "certificate_profiles": ["one"]}
    profile = {"certificate_file": "/etc/ssl/certs/one.pem", "key_file": "/etc/ssl/private/one.key"}
    found: dict[str, Any] = {
        "certificate_profiles": [{"name": "one", **profile}],
        "farms": [{"name": "web", "servers": servers}],
        "virtual_servers": [service],
    }
    if kind == "told":
        servers[0]["weight"] = 5
        servers.append({"name": "s3", "address": "127.0.0.1", "port": 7003})
    if kind == "reloaded":
        found["certificate_profiles"].append({"name": "two", **profile})
        found["virtual_servers"].append({**service, "name": "more", "port": 8082, "certificate_profiles": ["two"]})
    return found


def settled(director: Director, wish: dict[str, Any]) -> None:
    """The director holds a document, and nothing is left to do."""
    answer = reconcile(director, wish)
    assert answer["state"] in ("applied", "unchanged"), answer
    again = reconcile(director, wish)
    assert again["state"] == "unchanged", again


def places(director: Director, wish: dict[str, Any], count: int, random: Random) -> list[int]:
    """So many calls of a run that makes a wish true, from its first to its last; what it began with is there again."""
    settled(director, {})
    settled(director, document())
    run = director.drive("struck", {"document": wish, "at": 1 << 30, "kind": "before"})
    assert (run["state"], run["struck"]) == ("applied", False), run
    settled(director, document())
    calls = len(run["calls"])
    # one of each part of it, so that few are of the beginning, the middle and the end too
    return [int((number + random.random()) * calls / count) for number in range(count)]


@pytest.mark.parametrize("kind", ["told", "reloaded"])
def test_a_fault_at_any_call_leaves_the_director_as_it_was_or_says_what_is_left(
    director: Director, kind: str, random: Random
) -> None:
    wish = document(kind)
    chosen = places(director, wish, FAULTS, random)
    before = director.shell(STATE)
    ended: Counter[str] = Counter()
    for way, at in zip(itertools.cycle(KINDS), chosen, strict=False):
        answer = director.drive("struck", {"document": wish, "at": at, "kind": way})
        where = (kind, way, at, answer)
        ended[answer["state"] if answer["struck"] else "too late"] += 1
        if answer["state"] in ("restored", "refused", "fault"):
            assert director.shell(STATE) == before, where
            assert reconcile(director, document())["state"] == "unchanged", where
        elif answer["state"] == "failed":
            assert answer["left"], where
        else:
            assert answer["state"] == "applied", where
            assert reconcile(director, wish)["state"] == "unchanged", where
        settled(director, document())
    print(f"{kind}: {len(chosen)} faults, which ended as {dict(ended)}")
    # how often it is looked whether a reload is done is another number each time
    assert ended["too late"] < FAULTS / 2, ended
    assert FAULTS < 20 or {"restored", "fault"} <= set(ended), ended


@pytest.mark.parametrize("kind", ["told", "reloaded"])
def test_a_run_that_is_killed_is_ended_by_the_next(director: Director, kind: str, random: Random) -> None:
    kills = 0
    for number, at in enumerate(places(director, document(kind), KILLS, random)):
        kills += director.drive("killed", {"document": document(kind), "at": at})
        settled(director, document() if number % 2 else document(kind))
        assert director.shell("curl -sk https://127.0.0.1:8080/").startswith("700"), (kind, at)
        settled(director, document())
    print(f"{kind}: {kills} runs killed")
    assert kills > KILLS / 2
