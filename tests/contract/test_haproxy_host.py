# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HAProxy engine on real directors with HAProxy 2.6 and 3.0: files, process, connections, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import Director
from ansible_collections.evenkeel.lb.tests.contract.haproxy_lab import FILE, HOSTS, USERS, directors, reconcile

STATE = f"""
for file in {FILE} {USERS} /etc/haproxy/evenkeel/* /etc/evenkeel/lb.json; do echo "== $file"; cat $file; done 2>&1
ls -A /etc/haproxy; systemctl show -p ActiveState -p MainPID -p NRestarts haproxy; ss -H -l -t -n | awk '{{print $4}}' | sort
"""
SERVERS = "echo 'show servers state' | python3 /root/ask.py"
ASK = """
import socket, sys
door = socket.socket(socket.AF_UNIX); door.connect('/run/haproxy/evenkeel.sock'); door.sendall(sys.stdin.read().encode())
while part := door.recv(65536): sys.stdout.write(part.decode())
"""


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, Director]]:
    with directors() as found:
        for host in found.values():
            host.shell("cat > /root/ask.py", ASK.encode())
        yield found


@pytest.fixture(params=HOSTS)
def director(hosts: dict[str, Director], request: pytest.FixtureRequest) -> Director:
    """Each test begins with a director that holds nothing of ours."""
    host = hosts[request.param]
    answer = reconcile(host, {})
    assert answer["state"] in ("applied", "unchanged"), answer
    return host


def web() -> dict[str, Any]:
    """An HTTP service with two servers and a test of them."""
    servers = [{"name": f"s{number}", "address": "127.0.0.1", "port": 7000 + number, "weight": 10} for number in (1, 2)]
    return {
        "health_checks": [{"name": "http", "type": "http", "interval": 0.5, "retries": 2}],
        "farms": [{"name": "web", "health_check": "http", "balance": "weighted_round_robin", "servers": servers}],
        "virtual_servers": [
            {"name": "web", "vip": "127.0.0.1", "port": 8080, "type": "layer7", "protocol": "http", "farm": "web"}
        ],
    }


def answers(director: Director, url: str = "http://127.0.0.1:8080/", count: int = 20) -> dict[str, int]:
    """Which servers answered, by their ports."""
    script = f"for i in $(seq {count}); do curl -sk --max-time 5 {url} || echo none; echo; done"
    found: dict[str, int] = {}
    for line in director.shell(script).split("\n"):
        if line:
            found[line.split()[0]] = found.get(line.split()[0], 0) + 1
    return found


def worker(director: Director) -> str:
    """The process that serves."""
    return director.shell("echo 'show info' | python3 /root/ask.py | grep ^Pid:")


def test_from_nothing_to_a_service_and_again(director: Director) -> None:
    planned = reconcile(director, web(), check=True)
    assert planned["state"] == "planned"
    applied = reconcile(director, web())
    assert (applied["state"], applied["steps"]) == ("applied", planned["steps"]), applied
    assert [entry.partition(";")[0] for entry in applied["reload"]] == ["haproxy reload"]
    assert answers(director) == {"7001": 10, "7002": 10}
    assert director.shell(f"stat -c %a {FILE} /etc/evenkeel/lb.json").split() == ["600", "600"]
    again = reconcile(director, web())
    assert again["state"] == "unchanged", again
    assert director.shell("curl -s http://127.0.0.1:9999/").startswith("7001")
