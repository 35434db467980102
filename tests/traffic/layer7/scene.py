# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab of layer7.yml, ready to proxy: directors with HAProxy as the role sets it up, servers and clients that speak
all protocols of layer 7, and an authority whose certificates they trust."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from jinja2 import Environment

from ansible_collections.evenkeel.lb.tests.contract.director import LAB, REPOSITORY, Director, lab
from ansible_collections.evenkeel.lb.tests.traffic import watching
from ansible_collections.evenkeel.lb.tests.traffic.layer7.authority import Authority

HERE = REPOSITORY / "tests/traffic/layer7"
SPEC = REPOSITORY / "tests/traffic/layer7.yml"
ROLE = REPOSITORY / "roles/director"

#: Each has another HAProxy, and VIPs of its own.
DIRECTORS = {"lb1": "2.6", "lb2": "2.8", "lb3": "3.0"}
SERVERS = {"web1": 21, "web2": 22}
HTTP, HTTPS, MUTUAL, GRPC = 80, 443, 8443, 50051
#: Every certificate of the tests is for some of these.
WWW, SHOP, SERVER, CLIENT = "www.example.com", "shop.example.com", "server.example.com", "client.example.com"

Document = dict[str, Any]


def vip(director: str, family: int) -> str:
    """The VIP of a director."""
    number = 50 + int(director[-1])
    return f"10.10.0.{number}" if family == 4 else f"fd10::{number}"


def server(name: str, port: int, family: int = 4, **more: Any) -> Document:
    """A server of a farm."""
    address = f"10.20.0.{SERVERS[name]}" if family == 4 else f"fd20::{SERVERS[name]}"
    return {"name": name, "address": address, "port": port, **more}


class Layer7:
    """A lab that is up, with everything on its hosts that does not depend on what is balanced."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.directors = {host: Director(name, host) for host in DIRECTORS}
        self.authority = Authority(folder)
        self._running: list[subprocess.Popen[bytes]] = []

    def prepare(self) -> None:
        """Make directors and servers of the hosts, all at the same time."""
        for name in (SERVER, CLIENT):
            (self.folder / f"{name}.pem").write_bytes(self.authority.certificate(name)[0])
        for name in SERVERS:
            self._serve(name)
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._direct, self.directors))
        watching.eventually(lambda: all((self.folder / name).exists() for name in SERVERS), 20, "servers serve")

    def _serve(self, name: str) -> None:
        own = str(self.folder / f"{SERVER}.pem")
        words = [name, own, str(self.authority.file), "--ready", str(self.folder / name)]
        argv = [str(LAB), "ns", self.name, name, sys.executable, str(HERE / "server.py"), *words]
        self._running.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True))

    def _direct(self, name: str) -> None:
        told = yaml.safe_load((ROLE / "vars/main.yml").read_text())
        template = (ROLE / "templates/haproxy.service.conf.j2").read_text()
        settings = Environment(trim_blocks=True, autoescape=False).from_string(template)
        text = settings.render(told, ansible_facts={"pkg_mgr": "apt"})
        director = self.directors[name]
        file, drop_in = told["director_haproxy_file"], told["director_haproxy_settings"]
        director.shell(f"mkdir -p $(dirname {file} {drop_in}) && : > {file} && cat > {drop_in}", text.encode())
        director.equip("haproxy")
        lines = [f"{sysctl}={value}" for sysctl, value in told["director_haproxy_sysctls"].items()]
        director.shell(f"sysctl -q -w {' '.join(lines)}")
        for family, length in ((4, 24), (6, 64)):
            director.shell(f"ip address add {vip(name, family)}/{length} dev eth1 {'nodad' if family == 6 else ''}")
        director.shell("cat > /etc/ssl/authority.pem", self.authority.file.read_bytes())
        director.shell("umask 077; cat > /etc/ssl/client.pem", (self.folder / f"{CLIENT}.pem").read_bytes())

    def give(self, director: str, profile: str, *sites: str) -> int:
        """Put a new certificate for these sites where the profile of that name has its file; its serial number."""
        text, serial = self.authority.certificate(*sites)
        self.directors[director].shell(f"umask 077; cat > /etc/ssl/{profile}.pem", text)
        return serial

    def converge(self, director: str, document: Document) -> dict[str, Any]:
        """Make a director hold a configuration; what was done."""
        wanted = {"document": document, "engines": ["haproxy"]}
        answer: dict[str, Any] = self.directors[director].drive("converge", wanted)
        assert answer["state"] in ("applied", "unchanged"), (answer["fault"], answer["problems"], answer["steps"])
        return answer

    def client(self, protocol: str, address: str, port: int, *more: str, tls: str = "") -> list[str]:
        """The command of a client that asks all the time; `tls` is the site to ask for within TLS."""
        trusted = ["--authority", str(self.authority.file)] if tls else []
        return self._program("client.py", protocol, address, str(port), tls or WWW, *trusted, *more)

    def ask(self, protocol: str, address: str, port: int, *more: str, tls: str = "", count: int = 4) -> dict[str, Any]:
        """What that client reports of so many requests."""
        command = self.client(protocol, address, port, "--count", str(count), *more, tls=tls)
        report: dict[str, Any] = json.loads(
            subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True).stdout
        )
        return report

    def shown(self, address: str, port: int, site: str) -> x509.Certificate:
        """The certificate that a client is shown who asks for a site."""
        host = f"[{address}]" if ":" in address else address
        words = ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", site]
        return x509.load_pem_x509_certificate(_said([str(LAB), "ns", self.name, "client", *words]))

    def ask_http3(self, address: str, port: int, site: str) -> dict[str, str]:
        """What is answered to one request by HTTP/3."""
        command = self._program("http3.py", address, str(port), site, str(self.authority.file))
        answer: dict[str, str] = json.loads(
            subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True).stdout
        )
        return answer

    def _program(self, program: str, *words: str) -> list[str]:
        return [str(LAB), "ns", self.name, "client", sys.executable, str(HERE / program), *words]

    def close(self) -> None:
        for process in self._running:
            watching.end(process)
        for director in self.directors.values():
            director.close()


def _said(command: list[str]) -> bytes:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@contextlib.contextmanager
def staged(name: str) -> Iterator[Layer7]:
    """The lab, from its start to its end."""
    lab("up", str(SPEC), "--name", name)
    try:
        with tempfile.TemporaryDirectory(prefix="layer7-") as folder:
            scene = Layer7(name, Path(folder))
            try:
                scene.prepare()
                yield scene
            finally:
                scene.close()
    finally:
        lab("down", name)
