# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failed checks, lost quorums and the server of last resort under the keepalived of Debian 12 and 13.

The servers are addresses of the director itself, so that a test decides who listens.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import REPOSITORY, Director, lab

DIRECTORS = ("lb1", "lb2")
LAB_NAME = f"contract-lr-{os.getpid()}"
SPEC = REPOSITORY / "tests/contract/directors.yml"

ONE, TWO, SORRY = "127.0.1.1", "127.0.1.2", "127.0.1.9"
HEAD = "-A -t 10.10.0.50:80 -s wlc"

LISTEN = """\
import socket, threading, time
for address in {addresses!r}:
    listener = socket.create_server((address, 80))
    threading.Thread(target=lambda l=listener: [l.accept()[0].close() for _ in iter(int, 1)], daemon=True).start()
time.sleep(600)
"""


@pytest.fixture(scope="module")
def directors() -> Iterator[dict[str, Director]]:
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        hosts = {name: Director(LAB_NAME, name) for name in DIRECTORS}
        with ThreadPoolExecutor() as jobs:
            list(jobs.map(lambda host: host.equip("keepalived", "ipvsadm"), hosts.values()))
        for host in hosts.values():
            host.shell("modprobe ip_vs; echo 'include /etc/keepalived/evenkeel.conf' > /etc/keepalived/keepalived.conf")
        yield hosts
        for host in hosts.values():
            host.close()
    finally:
        lab("down", LAB_NAME)


@pytest.fixture(params=DIRECTORS)
def director(directors: dict[str, Director], request: pytest.FixtureRequest) -> Director:
    """A director that holds nothing of ours, and on which nobody listens."""
    host = directors[request.param]
    listen(host)
    assert converge(host, {})["state"] in ("applied", "unchanged")
    return host


def listen(director: Director, *addresses: str) -> None:
    """From now on, port 80 of these addresses answers and of no others."""
    director.shell("systemctl stop listener 2>/dev/null; systemctl reset-failed listener 2>/dev/null; true")
    if addresses:
        script = LISTEN.format(addresses=addresses)
        director.shell("cat > /root/listen.py", script.encode())
        director.shell("systemd-run --quiet --unit listener python3 /root/listen.py")


def document(**farm: Any) -> dict[str, Any]:
    servers = [{"name": "one", "address": ONE}, {"name": "two", "address": TWO}]
    return {
        "health_checks": [{"name": "alive", "interval": 0.2, "timeout": 0.5, "retries": 1}],
        "farms": [{"name": "web", "health_check": "alive", "servers": servers, **farm}],
        "virtual_servers": [{"name": "web", "vip": "10.10.0.50", "port": 80, "farm": "web"}],
    }


def converge(director: Director, wish: Any, check: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = director.drive("converge", {"document": wish, "check_mode": check, "all_engines": True})
    return answer


def becomes(director: Director, *servers: str) -> None:
    """Wait until the kernel holds the service with these servers, as ``127.0.1.1 -w 0``."""
    wanted = {HEAD, *(f"-a -t 10.10.0.50:80 -r {line.replace(' ', ':80 -m ', 1)}" for line in servers)}
    seen: set[str] = set()
    for _attempt in range(50):
        seen = set(director.shell("ipvsadm -Sn; sleep 0.1").splitlines())
        if seen == wanted:
            return
    raise AssertionError(f"wanted {sorted(wanted)}, saw {sorted(seen)}")


def restarts(director: Director) -> str:
    """What changes when keepalived is restarted, or when its checker dies and is started again."""
    return director.shell("pgrep -x keepalived | sort | tr '\\n' ' '")


def is_settled(director: Director, wish: Any) -> None:
    """Neither a second run nor one in check mode finds anything to do."""
    for check in (True, False):
        answer = converge(director, wish, check)
        assert (answer["state"], answer["steps"]) == ("unchanged", []), answer


@pytest.mark.parametrize(("on_failure", "both_failed"), [("remove", ()), ("quiesce", (f"{ONE} -w 0", f"{TWO} -w 0"))])
def test_failed_servers_leave_or_stay_quiet_and_that_is_no_change(
    director: Director, on_failure: str, both_failed: tuple[str, ...]
) -> None:
    wish = document(on_failure=on_failure)
    listen(director, ONE, TWO)
    assert converge(director, wish)["state"] == "applied"
    becomes(director, f"{ONE} -w 1", f"{TWO} -w 1")
    listen(director)
    becomes(director, *both_failed)
    is_settled(director, wish)
    listen(director, ONE)
    becomes(director, f"{ONE} -w 1", *[line for line in both_failed if not line.startswith(ONE)])
    is_settled(director, wish)


def test_the_sorry_server_stands_in_for_a_lost_quorum_and_that_is_no_change(director: Director) -> None:
    wish = document(quorum=2, sorry_server={"address": SORRY})
    listen(director, ONE, TWO)
    assert converge(director, wish)["state"] == "applied"
    becomes(director, f"{ONE} -w 1", f"{TWO} -w 1")
    listen(director, TWO)
    becomes(director, f"{SORRY} -w 1")
    is_settled(director, wish)
    listen(director, ONE, TWO)
    becomes(director, f"{ONE} -w 1", f"{TWO} -w 1")
    is_settled(director, wish)


def test_a_sorry_server_that_serves_can_be_taken_away_and_changed(director: Director) -> None:
    wish = document(sorry_server={"address": SORRY})
    assert converge(director, wish)["state"] == "applied"
    becomes(director, f"{SORRY} -w 1")
    before = restarts(director)
    other = document(sorry_server={"address": "127.0.1.8"})
    assert converge(director, other)["state"] == "applied"
    becomes(director, "127.0.1.8 -w 1")
    is_settled(director, other)
    assert restarts(director) == before
    assert converge(director, document())["state"] == "applied"
    becomes(director)
    is_settled(director, document())
    assert restarts(director) == before
    listen(director, ONE)
    becomes(director, f"{ONE} -w 1")


def test_servers_that_are_tested_no_more_take_over_from_the_sorry_server(director: Director) -> None:
    """keepalived takes them for healthy then; nothing will ever tell it so anew."""
    assert converge(director, document(sorry_server={"address": SORRY}))["state"] == "applied"
    becomes(director, f"{SORRY} -w 1")
    before = restarts(director)
    untested = document(sorry_server={"address": SORRY})
    del untested["farms"][0]["health_check"]
    assert converge(director, untested)["state"] == "applied"
    becomes(director, f"{ONE} -w 1", f"{TWO} -w 1")
    is_settled(director, untested)
    # and it still stands in for them when they are tested again
    assert converge(director, document(sorry_server={"address": SORRY}))["state"] == "applied"
    becomes(director, f"{SORRY} -w 1")
    listen(director, TWO)
    becomes(director, f"{TWO} -w 1")
    assert restarts(director) == before


def test_a_lower_quorum_brings_the_servers_back(director: Director) -> None:
    listen(director, ONE)
    assert converge(director, document(quorum=2, sorry_server={"address": SORRY}))["state"] == "applied"
    becomes(director, f"{SORRY} -w 1")
    fewer = document(quorum=1, sorry_server={"address": SORRY})
    assert converge(director, fewer)["state"] == "applied"
    becomes(director, f"{ONE} -w 1")
    is_settled(director, fewer)


def test_when_all_servers_drain_they_stay_and_the_sorry_server_takes_new_connections(director: Director) -> None:
    listen(director, ONE, TWO)
    wish = document(sorry_server={"address": SORRY})
    assert converge(director, wish)["state"] == "applied"
    becomes(director, f"{ONE} -w 1", f"{TWO} -w 1")
    drained = document(sorry_server={"address": SORRY})
    for server in drained["farms"][0]["servers"]:
        server["state"] = "drained"
    assert converge(director, drained)["state"] == "applied"
    becomes(director, f"{ONE} -w 0", f"{TWO} -w 0", f"{SORRY} -w 1")
    is_settled(director, drained)
    assert converge(director, wish)["state"] == "applied"
    becomes(director, f"{ONE} -w 1", f"{TWO} -w 1")
    is_settled(director, wish)


def test_servers_that_begin_down_serve_after_their_first_check(director: Director) -> None:
    wish = document(initial_state="down")
    wish["health_checks"][0]["interval"] = 1
    listen(director, TWO)
    assert converge(director, wish)["state"] == "applied"
    is_settled(director, wish)
    becomes(director, f"{TWO} -w 1")
    is_settled(director, wish)


def test_thresholds_are_changed_in_place(director: Director) -> None:
    listen(director, ONE, TWO)
    wish = document()
    assert converge(director, wish)["state"] == "applied"
    for high, low in ((100, 50), (200, None), (None, None)):
        wish["farms"][0]["servers"][0] |= {"max_connections": high, "low_connections": low}
        before = restarts(director)
        assert converge(director, wish)["state"] == "applied"
        line = next(line for line in director.shell("ipvsadm -Ln --thresholds").splitlines() if ONE in line)
        assert line.split()[2:4] == [str(high or 0), str(low or 0)]
        is_settled(director, wish)
        assert restarts(director) == before


def test_a_virtual_server_whose_sorry_server_serves_can_go(director: Director) -> None:
    other = {"name": "other", "vip": "10.10.0.51", "port": 80, "farm": "plain"}
    wish = document(sorry_server={"address": SORRY})
    wish["farms"].append({"name": "plain", "servers": [{"name": "one", "address": ONE}]})
    wish["virtual_servers"].append(other)
    assert converge(director, wish)["state"] == "applied"
    director.shell(f"for i in $(seq 50); do ipvsadm -Sn | grep -q 'r {SORRY}:80' && exit 0; sleep 0.1; done; exit 1")
    before = restarts(director)
    wish["virtual_servers"] = [other]
    assert converge(director, wish)["state"] == "applied"
    assert director.shell("ipvsadm -Sn | grep -c 10.10.0.50; true").strip() == "0"
    assert restarts(director) == before
