# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault or a kill at any call of a run, on real directors with HAProxy 2.6 and 3.0: the director is as it was, or the
result says what is left; and the next run comes to where it should."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.faults import KINDS
from ansible_collections.evenkeel.lb.tests.contract.haproxy_lab import FILE, HOSTS, directors, reconcile

RANDOM = Random(int(os.environ["EVENKEEL_SEED"])) if "EVENKEEL_SEED" in os.environ else Random()
# Every so many calls are tried, from another one on each time, so that all are in the end.
STRIDE = {"told": 5, "reloaded": 6}
STATE = f"cat {FILE} /etc/evenkeel/lb.json; ls -A /etc/haproxy /etc/haproxy/evenkeel; systemctl is-active haproxy"


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, Director]]:
    with directors() as found:
        yield found


@pytest.fixture(params=HOSTS)
def director(hosts: dict[str, Director], request: pytest.FixtureRequest) -> Director:
    return hosts[request.param]


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


@pytest.mark.parametrize("kind", ["told", "reloaded"])
def test_a_fault_at_any_call_leaves_the_director_as_it_was_or_says_what_is_left(director: Director, kind: str) -> None:
    settled(director, {})
    settled(director, document())
    before = director.shell(STATE)
    ended: Counter[str] = Counter()
    for way in KINDS:
        at = RANDOM.randrange(STRIDE[kind])
        while True:
            answer = director.drive("struck", {"document": document(kind), "at": at, "kind": way})
            if not answer["struck"]:
                break
            where = (kind, way, at, answer["calls"][at], answer)
            ended[answer["state"]] += 1
            if answer["state"] in ("restored", "refused", "fault"):
                assert director.shell(STATE) == before, where
                assert reconcile(director, document())["state"] == "unchanged", where
            elif answer["state"] == "failed":
                assert answer["left"], where
            else:
                assert answer["state"] == "applied", where
                assert reconcile(director, document(kind))["state"] == "unchanged", where
            settled(director, document())
            at += STRIDE[kind]
        settled(director, document())
    assert {"restored", "fault"} <= set(ended), ended
    print(kind, dict(ended))


@pytest.mark.parametrize("kind", ["told", "reloaded"])
def test_a_run_that_is_killed_is_ended_by_the_next(director: Director, kind: str) -> None:
    settled(director, {})
    settled(director, document())
    at, kills = RANDOM.randrange(STRIDE[kind]), 0
    while director.drive("killed", {"document": document(kind), "at": at}):
        kills += 1
        settled(director, document(kind) if kills % 2 else document())
        assert director.shell("curl -sk https://127.0.0.1:8080/").startswith("700"), (kind, at)
        settled(director, document())
        at += STRIDE[kind]
    assert kills > 5
