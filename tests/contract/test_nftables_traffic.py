# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the nftables engine's chains are where they are: packets that a rule in another place would miss.

Which server answers whom, and from which address it was asked, over all protocols and ways of forwarding, is in
tests/traffic. Here are the packets in odd clothes, and what happens to open connections.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import LAB, REPOSITORY, Director, lab

LAB_NAME = f"contract-nftw-{os.getpid()}"
SPEC = REPOSITORY / "tests/contract/director_own.yml"
TRAFFIC = REPOSITORY / "tests/lab/traffic"
SERVERS = {"web1": 21, "web2": 22}
FAMILIES = pytest.mark.parametrize("family", [4, 6], ids=["IPv4", "IPv6"])

SEVERAL, ANY, NAT, SILENT, REDIRECTED = 50, 51, 52, 53, 54
SOURCES = {4: ("10.20.0.200", "10.20.0.201"), 6: ("fd20::200", "fd20::201")}

# What a firewall may well do: restore marks from connections, forget marks, masquerade all that leaves, forward a port.
BY_HAND = f"""
table inet by_hand {{
  chain restore {{ type filter hook prerouting priority mangle; meta mark set ct mark; }}
  chain forget {{ type filter hook input priority mangle; meta mark set 0; }}
  chain leave {{ type nat hook postrouting priority srcnat; masquerade; }}
  chain redirect {{
    type nat hook prerouting priority dstnat
    ip daddr 10.10.0.{REDIRECTED} tcp dport 8080 dnat ip to 10.10.0.{SEVERAL}:8050
    ip6 daddr fd10::{REDIRECTED} tcp dport 8080 dnat ip6 to [fd10::{SEVERAL}]:8050
  }}
}}
"""

# Asks with datagrams that take several packets, and prints who answered.
LARGE = """
import socket, sys
for size in (100, 4000, 9000):
    sock = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(2)
    sock.connect((sys.argv[1], 5353))
    sock.send(b"x" * size)
    print(sock.recv(100).decode())
"""


def vip(number: int, family: int) -> str:
    return f"10.10.0.{number}" if family == 4 else f"fd10::{number}"


def document(ports: tuple[int, ...] = (80, 8050), source: int | None = 0) -> dict[str, Any]:
    """What is balanced; ``source`` is which of the addresses servers see of the one virtual server that changes it."""
    farms, virtual_servers = [], []
    for family, back in ((4, "10.20.0."), (6, "fd20::")):
        farm = f"web-{family}"
        servers = [{"name": name, "address": f"{back}{number}"} for name, number in SERVERS.items()]
        farms.append({"name": farm, "balance": "round_robin", "servers": servers})

        def serve(name: str, number: int, family: int = family, farm: str = farm, **wish: Any) -> None:
            wish = {"name": f"{name}-{family}", "vip": vip(number, family), "farm": farm, "engine": "ipvs", **wish}
            virtual_servers.append(wish)

        rewritten: dict[str, Any] = {}
        if source is not None:
            rewritten = {"source_nat_type": "static", "source_nat_pool": SOURCES[family][source]}
        serve("several", SEVERAL, ports=list(ports))
        serve("any", ANY, protocol="any")
        serve("nat", NAT, port=80, **rewritten)
        serve("silent", SILENT, port=5999, protocol="udp", **rewritten)
    return {"farms": farms, "virtual_servers": virtual_servers}


class Lab:
    """A director between a client and two servers, whose answers go back through it."""

    def __init__(self) -> None:
        self.director = Director(LAB_NAME, "lb1")
        self._servers: list[subprocess.Popen[bytes]] = []

    def prepare(self) -> None:
        self.director.equip("ipvsadm")
        lines = [f"address replace {vip(number, 4)}/32 dev eth1" for number in range(50, 60)]
        lines += [f"address replace {vip(number, 6)}/128 dev eth1 nodad" for number in range(50, 60)]
        lines += [f"address replace {address}/32 dev eth2" for address in SOURCES[4]]
        lines += [f"address replace {address}/128 dev eth2 nodad" for address in SOURCES[6]]
        self.director.shell("ip -batch -", "\n".join(lines).encode())
        forwarding = "net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.vs.conntrack=1"
        self.director.shell(f"modprobe ip_vs && sysctl -q -w {forwarding}")
        for name in SERVERS:
            self.ns(name, "ip", "route", "replace", "10.10.0.0/24", "via", "10.20.0.11")
            self.ns(name, "ip", "-6", "route", "replace", "fd10::/64", "via", "fd20::11")
            argv = [str(LAB), "ns", LAB_NAME, name, sys.executable, str(TRAFFIC / "server.py"), name]
            self._servers.append(subprocess.Popen([*argv, "--http", "8050", "--http", "8051"]))

    def close(self) -> None:
        for process in self._servers:
            process.terminate()
            process.wait(timeout=10)
        self.director.close()

    def ns(self, host: str, *words: str) -> str:
        argv = [str(LAB), "ns", LAB_NAME, host, *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 1), f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def converge(self, wish: dict[str, Any]) -> list[list[str]]:
        answer = self.director.drive("converge", {"document": wish, "engines": ["ipvs", "nftables"]})
        assert answer["state"] in ("applied", "unchanged"), answer
        steps: list[list[str]] = answer["steps"]
        return steps

    def ask(self, protocol: str, address: str, port: int, *more: str) -> dict[str, Any]:
        """Four requests of the client; one may be lost while neighbours are learnt, but not twice."""
        words = [protocol, address, str(port), "4", "--tries", "2", *more]
        report: dict[str, Any] = json.loads(self.ns("client", sys.executable, str(TRAFFIC / "client.py"), *words))
        return report

    def holder(self, address: str, port: int) -> subprocess.Popen[str]:
        """A client that keeps a connection and talks on it."""
        argv = [str(LAB), "ns", LAB_NAME, "client", sys.executable, str(TRAFFIC / "holder.py"), address, str(port)]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def told(holder: subprocess.Popen[str]) -> dict[str, Any]:
    """End a holder; what it reports."""
    holder.send_signal(signal.SIGTERM)
    output, _errors = holder.communicate(timeout=30)
    report: dict[str, Any] = json.loads(output)
    return report


@pytest.fixture(scope="module")
def scene() -> Iterator[Lab]:
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        found = Lab()
        found.prepare()
        yield found
        found.close()
    finally:
        lab("down", LAB_NAME)


@pytest.fixture
def served(scene: Lab) -> Lab:
    """Everything of the document, and nothing else."""
    scene.director.shell("nft list table inet by_hand >/dev/null 2>&1 && nft delete table inet by_hand; true")
    scene.converge(document())
    return scene


def both_answered(report: dict[str, Any], source: str = "") -> None:
    expected = {f"{name} {source}".strip(): 2 for name in SERVERS}
    assert (report["failed"], report["by_server"]) == (0, expected), report


@FAMILIES
def test_what_the_director_itself_asks_is_balanced_and_rewritten_too(served: Lab, family: int) -> None:
    def own(port: int, number: int) -> dict[str, Any]:
        words = f"tcp {vip(number, family)} {port} 4 --tries 2 --source"
        report: dict[str, Any] = json.loads(served.director.shell(f"python3 /share/traffic/client.py {words}"))
        return report

    both_answered(own(8050, SEVERAL), vip(SEVERAL, family))
    both_answered(own(80, NAT), SOURCES[family][0])


@FAMILIES
def test_fragments_bear_the_mark_of_their_datagram(served: Lab, family: int) -> None:
    answers = served.ns("client", sys.executable, "-c", LARGE, vip(ANY, family)).split()
    assert len(answers) == 3 and set(answers) <= set(SERVERS), answers


@FAMILIES
def test_an_error_that_a_server_sends_reaches_the_client_through_source_nat(served: Lab, family: int) -> None:
    """Nobody listens there: an ICMP error, which quotes the packet as the server saw it."""
    report = served.ask("udp", vip(SILENT, family), 5999)
    assert report["errors"] == {"[Errno 111] Connection refused": 8}, report


@FAMILIES
def test_the_rules_of_others_do_not_undo_ours(served: Lab, family: int) -> None:
    served.director.shell("nft -f -", BY_HAND.encode())
    both_answered(served.ask("tcp", vip(SEVERAL, family), 8050))
    both_answered(served.ask("tcp", vip(NAT, family), 80, "--source"), SOURCES[family][0])


@FAMILIES
def test_what_others_redirect_to_the_vip_is_balanced(served: Lab, family: int) -> None:
    served.director.shell("nft -f -", BY_HAND.encode())
    both_answered(served.ask("tcp", vip(REDIRECTED, family), 8080))


@FAMILIES
def test_an_open_connection_outlives_its_mark(served: Lab, family: int) -> None:
    """Whether the port is no longer meant, or somebody empties the whole ruleset."""
    holder = served.holder(vip(SEVERAL, family), 8050)
    time.sleep(1)
    steps = served.converge(document(ports=(80, 8051)))
    assert ["change", f"packet marks of virtual server several-{family}", "new_connections"] in steps
    assert served.ask("tcp", vip(SEVERAL, family), 8050)["failed"] == 4
    served.director.shell("nft flush ruleset")
    time.sleep(1)
    report = told(holder)
    assert (report["opened"], report["failed"]) == (1, 0) and report["requests"] > 20, report


@FAMILIES
def test_an_open_connection_keeps_its_source(served: Lab, family: int) -> None:
    holder = served.holder(vip(NAT, family), 80)
    time.sleep(1)
    served.converge(document(source=1))
    both_answered(served.ask("tcp", vip(NAT, family), 80, "--source"), SOURCES[family][1])
    time.sleep(1)
    report = told(holder)
    assert (report["opened"], report["failed"]) == (1, 0) and report["requests"] > 20, report


@FAMILIES
def test_the_first_source_nat_leaves_open_connections_alone(served: Lab, family: int) -> None:
    """Although connection tracking, which begins to look only then, takes them for new."""
    served.converge(document(source=None))
    holder = served.holder(vip(NAT, family), 80)
    time.sleep(1)
    steps = served.converge(document())
    assert ["add", f"source NAT of virtual server nat-{family}", "new_connections"] in steps
    time.sleep(1)
    report = told(holder)
    assert (report["opened"], report["failed"]) == (1, 0) and report["requests"] > 20, report


@FAMILIES
def test_the_end_of_all_source_nat_is_a_reset_and_is_said_to_be(served: Lab, family: int) -> None:
    holder = served.holder(vip(NAT, family), 80)
    time.sleep(1)
    steps = served.converge(document(source=None))
    assert ["remove", f"source NAT of virtual server nat-{family}", "reset"] in steps
    time.sleep(1)
    assert told(holder)["failed"] > 0
