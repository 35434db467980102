# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for the HAProxy engine whatever is asked of it, on real directors with HAProxy 2.6 and 3.0."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.edits import mended, shuffled
from ansible_collections.evenkeel.lb.tests.contract.expected import chosen_seed
from ansible_collections.evenkeel.lb.tests.contract.haproxy_lab import FILE, HOSTS, USERS, reconcile
from ansible_collections.evenkeel.lb.tests.contract.proving_ground import cases
from ansible_collections.evenkeel.lb.tests.contract.strategies import raw_document

# On each director: configurations that its HAProxy is asked about, and those that it is made to hold.
CHECKED = cases(20, len(HOSTS))
WALKED = cases(8, len(HOSTS))
MOST_PORTS = {"1-65535": "8200-8210"}
LINES = {
    "virtual_servers": ["timeout client 9s", "option tcpka", "description 'a \"quoted\" one' # here"],
    "farms": ["timeout server 9s", "option redispatch", "retries 2"],
}


@pytest.fixture(params=HOSTS)
def director(haproxy_hosts: dict[str, Director], request: pytest.FixtureRequest) -> Director:
    host = haproxy_hosts[request.param]
    answer = reconcile(host, {})
    assert answer["state"] in ("applied", "unchanged"), answer
    return host


@pytest.fixture
def seed() -> int:
    return chosen_seed()


def any_document(random: Random) -> dict[str, Any]:
    """Any configuration that HAProxy carries, with the certificates that the directors have."""
    document = raw_document(random, ["haproxy"])
    document["certificate_profiles"] = [
        {"name": name, "certificate_file": f"/etc/ssl/certs/{name}.pem", "key_file": f"/etc/ssl/private/{name}.key"}
        for name in ("one", "two")
    ]
    document["certificate_profiles"] += [
        {
            **document["certificate_profiles"][0],
            "name": "asks",
            "type": "mutual_tls",
            "chain_file": "/etc/ssl/certs/two.pem",
        }
    ]
    document["certificate_profiles"][1]["minimum_tls"] = random.choice(["1.2", "1.3"])
    for service in document["virtual_servers"]:
        service["ports"] = [MOST_PORTS.get(port, port) for port in service["ports"]] if "ports" in service else None
        service["extra_config"] = random.sample(LINES["virtual_servers"], random.choice([0, 0, 1, 2]))
        if random.randrange(2):
            service.update(type="layer7", ssl_offload=True)
            service["certificate_profiles"] = random.sample(["one", "two", "asks"], random.choice([1, 2, 3]))
    for farm in document["farms"]:
        farm["extra_config"] = random.sample(LINES["farms"], random.choice([0, 0, 1, 2]))
        if random.randrange(3) == 0:
            farm["persistence_cookie"] = random.choice(["SERVERID", "A-1._b"])
        for server in farm["servers"]:
            if random.randrange(4) == 0:
                server.update(ssl_offload=True, certificate_profiles=random.choice([[], ["asks"]]))
    return mended(document)


def test_whatever_compiles_is_taken_by_the_real_haproxy(director: Director, seed: int) -> None:
    """And by nothing of ours refused: what a configuration says is never more than HAProxy can."""
    random = Random(seed)
    documents = [any_document(random) for _number in range(CHECKED)]
    without_quic = [_without_quic(document) for document in documents]
    found = director.drive("refused", without_quic)
    wrong = [(document, problems) for document, problems in zip(without_quic, found, strict=True) if problems]
    assert not wrong, (seed, wrong[0])
    print(f"{CHECKED} configurations")
    assert sum(len(document["virtual_servers"]) for document in documents) > CHECKED / 2


def _without_quic(document: dict[str, Any]) -> dict[str, Any]:
    """Not every build has it."""
    document = copy.deepcopy(document)
    for service in document["virtual_servers"]:
        if service.get("protocol") == "quic":
            service["protocol"] = "https"
    return mended(document)


def test_from_any_configuration_to_any_other(director: Director, seed: int) -> None:
    """Check mode says what then is done; there is nothing left to do then, nor in another order; what runs is what the
    file says, and what that was made of is what lb_info says; and what is the user's is as it was."""
    random = Random(seed)
    users = director.shell(f"cat {USERS}; curl -s http://127.0.0.1:9999/")
    document: dict[str, Any] = {}
    reloads = changes = 0
    for number in range(WALKED):
        document = _edited(random, document) if number % 3 else _without_quic(any_document(random))
        planned = reconcile(director, document, check=True)
        applied = reconcile(director, document)
        where = (seed, number, document, applied)
        assert applied["state"] in ("applied", "unchanged"), where
        assert applied["steps"] == planned["steps"], where
        assert any(step[1] == "haproxy" for step in applied["steps"]) == bool(applied["reload"]), where
        again = reconcile(director, shuffled(document, random))
        assert again["state"] == "unchanged", (*where, again)
        assert runs(director) == written(director), where
        reloads += bool(applied["reload"])
        changes += applied["state"] == "applied"
    print(f"{WALKED} configurations, {changes} changes, {reloads} reloads")
    assert WALKED < 20 or 0 < reloads < changes
    told = director.module("lb_info", gather_subset=["config"])["config"]
    again = director.module("lb_config", config=told, state="overridden", _ansible_check_mode=True)
    assert (again["changed"], again["steps"]) == (False, []), (seed, again)
    text = director.shell(f"cat {FILE}")
    director.shell("systemctl restart haproxy")
    assert reconcile(director, document)["state"] == "unchanged"
    assert director.shell(f"cat {FILE}") == text
    assert reconcile(director, {})["state"] in ("applied", "unchanged")
    assert director.shell(f"cat {USERS}; curl -s http://127.0.0.1:9999/") == users
    assert director.shell("ls -A /etc/haproxy/evenkeel 2>/dev/null || true") == ""


# A server by backend and name: its address and port, its weight, and whether it is in maintenance.
Servers = dict[tuple[str, str], tuple[str, str, str, bool]]


def runs(director: Director) -> Servers:
    """The servers of our backends in the words of the running process."""
    said = director.shell("echo show servers state | python3 /root/ask.py")
    head, *lines = [line.lstrip("# ").split() for line in said.splitlines()[1:] if line.strip()]
    rows = [dict(zip(head, words, strict=True)) for words in lines]
    return {
        (row["be_name"], row["srv_name"]): (
            row["srv_addr"], row["srv_port"], row["srv_uweight"], bool(int(row["srv_admin_state"]) & 1)
        )
        for row in rows
        if ":" in row["be_name"]
    }  # fmt: skip


def written(director: Director) -> Servers:
    """The same in the words of our file."""
    found: Servers = {}
    backend = ""
    for words in map(str.split, director.shell(f"cat {FILE}").splitlines()):
        if words[:1] == ["backend"]:
            backend = words[1]
        elif words[:1] == ["server"]:
            address, _colon, port = words[2].removeprefix("ipv6@").rpartition(":")
            weight = words[words.index("weight") + 1]
            found[backend, words[1]] = (address, port or "0", weight, "disabled" in words)
    return found


def _edited(random: Random, document: dict[str, Any]) -> dict[str, Any]:
    """The document with some servers changed, added or taken out: what a process can be told, mostly."""
    document = copy.deepcopy(document)
    for farm in document["farms"]:
        for server in list(farm["servers"]):
            choice = random.randrange(6)
            if choice == 0:
                server["weight"] = random.choice([0, 1, 7, 256])
            elif choice == 1:
                server["state"] = random.choice(["enabled", "drained", "disabled"])
            elif choice == 2 and len(farm["servers"]) > 1:
                farm["servers"].remove(server)
        if random.randrange(2):
            number = random.randrange(1, 6)
            new = {"name": f"new{number}", "address": f"10.20.0.{150 + number}"}
            farm["servers"] = [server for server in farm["servers"] if server["name"] != new["name"]] + [new]
    return mended(document)
