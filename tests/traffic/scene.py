# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab of traffic.yml, ready to balance: what its directors are told, what its clients ask, what its wires carry.

Every test has VIPs of its own (`vip(number, family)`), all of which the first director holds and all servers have on
their loopback: whichever way a packet is forwarded, they take it.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.evenkeel.lb.tests.contract.director import LAB, REPOSITORY, Director, lab
from ansible_collections.evenkeel.lb.tests.traffic.watching import watched

HERE = REPOSITORY / "tests/traffic"
SPEC = HERE / "traffic.yml"
TRAFFIC = REPOSITORY / "tests/lab/traffic"
ROLE = REPOSITORY / "roles/director"
NFTABLES_UNIT = "evenkeel-lb-nftables.service"

HTTP, HTTPS, UDP, SCTP = 80, 443, 5353, 2905
GUE_PORT = 6080
PORTS = {"tcp": HTTP, "tls": HTTPS, "udp": UDP, "sctp": SCTP}

SERVERS = {"web1": 21, "web2": 22}
#: Their third link, in the network all packets of directors take.
WIRES = {name: f"{name}.2" for name in SERVERS}
_VIPS = (50, 79)
#: The client's own and more, each a client to the director.
CLIENTS = {4: [f"10.10.0.{number}" for number in range(100, 108)], 6: [f"fd10::{number}" for number in range(100, 108)]}
CALLER = {4: "10.10.0.99", 6: "fd10::99"}
#: What servers that answer through the director have as their gateway.
INSIDE = {4: "10.20.0.254/24", 6: "fd20::254/64"}
#: As the VIPs of HA groups are: the director itself speaks from its own address. (IPv4 takes the first for that.)
NEVER_A_SOURCE = "nodad preferred_lft 0"

Document = dict[str, Any]


def vip(number: int, family: int) -> str:
    """One of the VIPs, 50 to 79."""
    assert _VIPS[0] <= number <= _VIPS[1]
    return f"10.10.0.{number}" if family == 4 else f"fd10::{number}"


def server_address(name: str, family: int, prefix: str = "") -> str:
    """Where a server is: by itself behind the director, with `prefix` 1 beside it, with 2 where gre has checksums."""
    return f"{'10.20.0.' if family == 4 else 'fd20::'}{prefix}{SERVERS[name]}"


def servers(family: int, prefix: str = "", **more: Any) -> list[Document]:
    """The servers of a farm."""
    return [{"name": name, "address": server_address(name, family, prefix), **more} for name in SERVERS]


class Scene:
    """A lab that is up, with everything on its hosts that does not depend on what is balanced."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.directors = {host: Director(name, host) for host in ("lb1", "lb2")}
        self.servers = {host: Director(name, host) for host in SERVERS}
        self._off: set[str] = set()

    def prepare(self) -> None:
        """Make directors and servers of the hosts, all at the same time."""
        certificate = _certificate()

        def server(name: str) -> None:
            self.servers[name].shell("umask 077; cat > /root/certificate.pem", certificate)
            words = (name, str(SERVERS[name]), *map(str, _VIPS))
            self.servers[name].shell(f"sh -s {shlex.join(words)}", (HERE / "real_server.sh").read_bytes())

        def director(name: str) -> None:
            self.directors[name].equip("keepalived", "ipvsadm")
            self.directors[name].shell("echo 'include /etc/keepalived/evenkeel.conf' > /etc/keepalived/keepalived.conf")
            unit = (ROLE / "files" / NFTABLES_UNIT).read_bytes()
            self.directors[name].shell(f"cat > /etc/systemd/system/{NFTABLES_UNIT}", unit)
            self.directors[name].shell(f"systemctl -q enable {NFTABLES_UNIT}")
            self.settle(name)

        with ThreadPoolExecutor() as pool:
            jobs = [pool.submit(server, name) for name in SERVERS]
            jobs += [pool.submit(director, name) for name in self.directors]
            for job in jobs:
                job.result()
        self.hold("lb1")
        more = [f"ip address add {address}/24 dev eth1" for address in CLIENTS[4][1:]]
        more += [f"ip address add {address}/64 dev eth1 nodad" for address in CLIENTS[6][1:]]
        self.run("ns", "client", "sh", "-ec", "\n".join(more))

    def settle(self, director: str) -> None:
        """What the role evenkeel.lb.director gives a director's kernel until its next boot."""
        sysctls = yaml.safe_load((ROLE / "defaults/main.yml").read_text())["director_sysctls"]
        words = [f"{name}={value}" for name, value in sysctls.items()]
        self.directors[director].shell(f"modprobe ip_vs && sysctl -q -w {shlex.join(words)}")

    def hold(self, director: str) -> None:
        """Give a director the VIPs, and the address that servers answer through."""
        lines = [f"address replace {vip(number, 4)}/32 dev eth1" for number in range(_VIPS[0], _VIPS[1] + 1)]
        lines += [f"address replace {vip(number, 6)}/128 dev eth1 nodad" for number in range(_VIPS[0], _VIPS[1] + 1)]
        lines += [f"address replace {INSIDE[4]} dev eth2", f"address replace {INSIDE[6]} dev eth2 {NEVER_A_SOURCE}"]
        self.directors[director].shell("ip -batch -", "\n".join(lines).encode())

    def let_go(self, director: str) -> None:
        """Take from a director what `hold` gave it."""
        lines = [f"address del {vip(number, 4)}/32 dev eth1" for number in range(_VIPS[0], _VIPS[1] + 1)]
        lines += [f"address del {vip(number, 6)}/128 dev eth1" for number in range(_VIPS[0], _VIPS[1] + 1)]
        lines += [f"address del {address} dev eth2" for address in INSIDE.values()]
        self.directors[director].shell("ip -batch -", "\n".join(lines).encode())

    def kill(self, director: str) -> None:
        """Cut a director's power."""
        self.directors[director].close()
        lab("kill", self.name, director)
        self._off.add(director)

    def boot(self, director: str) -> None:
        """Power it on again, if it is off."""
        if director in self._off:
            lab("boot", self.name, director)
            self._off.remove(director)
            self.settle(director)

    def close(self) -> None:
        for host in (*self.directors.values(), *self.servers.values()):
            host.close()

    def converge(self, document: Document, director: str = "lb1") -> dict[str, Any]:
        """Make a director hold a configuration, by all its engines; what was done."""
        wanted = {"document": document, "all_engines": True}
        answer: dict[str, Any] = self.directors[director].drive("converge", wanted)
        assert answer["state"] in ("applied", "unchanged"), answer
        return answer

    def run(self, verb: str, host: str, *words: str, accepted: tuple[int, ...] = (0,)) -> str:
        """What a command prints in the network of `client` or of the lab itself (verb ns), or on a host (verb ssh)."""
        argv = [str(LAB), verb, self.name, host, *words]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode in accepted, f"{argv}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def ask(self, protocol: str, address: str, count: int, *more: str, port: int | None = None) -> dict[str, Any]:
        """What client.py reports of so many requests. One may be lost while neighbours are learnt, but not twice."""
        words = [protocol, address, str(port or PORTS[protocol]), str(count), "--tries", "2", *more]
        if protocol == "sctp":
            words += ["--from", CALLER[6 if ":" in address else 4]]
            told = self.run(
                "ssh", "caller", shlex.join(["python3", "/share/traffic/client.py", *words]), accepted=(0, 1)
            )
        else:
            told = self.run("ns", "client", sys.executable, str(TRAFFIC / "client.py"), *words, accepted=(0, 1))
        report: dict[str, Any] = json.loads(told)
        return report

    def prober(self, protocol: str, address: str, *more: str, port: int | None = None) -> list[str]:
        """The command of a client that asks anew all the time."""
        return self._client("prober.py", protocol, address, str(port or PORTS[protocol]), *more)

    def holder(self, address: str, *more: str, port: int = HTTP) -> list[str]:
        """The command of a client that keeps connections and talks on them."""
        return self._client("holder.py", address, str(port), *more)

    def _client(self, program: str, *words: str) -> list[str]:
        return [str(LAB), "ns", self.name, "client", sys.executable, str(TRAFFIC / program), *words]

    def wire(self, server: str) -> list[str]:
        """The command of the witness of what arrives at a server."""
        words = ("ns", self.name, "-", sys.executable, str(TRAFFIC / "wire.py"), WIRES[server])
        return [str(LAB), *words, "--gue", str(GUE_PORT)]

    def watched(self, commands: Mapping[str, list[str]]) -> AbstractContextManager[dict[str, Any]]:
        """See watching.watched."""
        return watched(commands)


def _certificate() -> bytes:
    """A certificate for anything, made by its own key, and the key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return certificate.public_bytes(pem) + key.private_bytes(pem, pkcs8, serialization.NoEncryption())


@contextlib.contextmanager
def staged(name: str) -> Iterator[Scene]:
    """The lab, from its start to its end."""
    lab("up", str(SPEC), "--name", name)
    try:
        scene = Scene(name)
        scene.prepare()
        yield scene
        scene.close()
    finally:
        lab("down", name)
