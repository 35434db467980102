# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Directors with HAProxy as the distribution has it, beside a configuration of somebody else, and servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible_collections.evenkeel.lb.tests.contract.director import REPOSITORY, Director, lab
from ansible_collections.evenkeel.lb.tests.contract.haproxy_servers import GREETERS, PROGRAM

SPEC = REPOSITORY / "tests/contract/haproxy.yml"
HOSTS = ("lb1", "lb2")
FILE = "/etc/haproxy/evenkeel.cfg"
USERS = "/etc/haproxy/haproxy.cfg"

# As a role sets it up: our file after the user's own.
DROP_IN = """[Service]
Environment="EXTRAOPTS=-S /run/haproxy-master.sock -f /etc/haproxy/evenkeel.cfg"
"""
# What somebody else has in the distribution's file, where HAProxy may run programs.
FOREIGN = """
global
    external-check
    insecure-fork-wanted
frontend theirs
    mode http
    bind 127.0.0.1:9999
    default_backend theirs
backend theirs
    mode http
    server one 127.0.0.1:7001
"""
# A server that says who it is, on each of some ports.
SERVER = """
import http.server, sys, threading
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        body = f'{self.server.server_address[1]} {self.client_address[0]}'.encode()
        self.send_response(200); self.send_header('Content-Length', str(len(body))); self.end_headers()
        self.wfile.write(body)
    do_HEAD = do_OPTIONS = do_GET
    def log_message(self, *words): pass
for port in map(int, sys.argv[1:]):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler)
    threading.Thread(target=server.serve_forever).start()
"""
# What it says on its socket, or the master on its own.
ASK = """
import socket, sys
door = socket.socket(socket.AF_UNIX)
door.connect(sys.argv[1] if sys.argv[1:] else '/run/haproxy/evenkeel.sock')
door.sendall(sys.stdin.read().encode())
while part := door.recv(65536): sys.stdout.write(part.decode())
"""
CERTIFICATE = (
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN={name}"
    " -keyout /etc/ssl/private/{name}.key -out /etc/ssl/certs/{name}.pem 2>/dev/null"
)


def lab_name() -> str:
    return f"contract-ha-{os.getpid()}"


def set_up(host: Director) -> None:
    """Have HAProxy read our file, which says nothing yet, after the user's own."""
    host.shell(f"mkdir -p /etc/systemd/system/haproxy.service.d && : > {FILE}")
    host.shell("cat > /etc/systemd/system/haproxy.service.d/evenkeel.conf", DROP_IN.encode())
    host.shell("systemctl daemon-reload && systemctl restart haproxy")


@contextmanager
def directors() -> Iterator[dict[str, Director]]:
    """A freshly booted host of each distribution; what runs there is gone afterwards."""
    name = lab_name()
    lab("up", str(SPEC), "--name", name)
    try:
        found = {host: Director(name, host) for host in HOSTS}
        for host in found.values():
            host.bring()
            host.bring_modules()
            host.shell(
                "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq haproxy openssl curl"
            )
            host.shell("sysctl -q -w net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1")
            host.shell(f"sed -i '/chroot/d' {USERS}; cat >> {USERS}", FOREIGN.encode())
            set_up(host)
            host.shell("cat > /root/server.py", SERVER.encode())
            host.shell("cat > /root/ask.py", ASK.encode())
            host.shell("systemd-run --quiet --unit servers python3 /root/server.py 7001 7002 7003")
            host.shell("cat > /root/greeters.py", GREETERS.encode())
            host.shell("systemd-run --quiet --unit greeters python3 /root/greeters.py")
            host.shell("cat > /usr/local/bin/tested; chmod 755 /usr/local/bin/tested", PROGRAM.encode())
            for certificate in ("one", "two"):
                host.shell(CERTIFICATE.format(name=certificate))
        yield found
        for host in found.values():
            host.close()
    finally:
        lab("down", name)


def reconcile(director: Director, document: Any, check: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = director.drive(
        "converge", {"document": document, "check_mode": check, "engines": ["haproxy"]}
    )
    return answer
