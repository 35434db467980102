# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole director made of dictionaries: files, a kernel with IPVS, systemd's and keepalived's programs."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.daemon import FILE
from ansible_collections.evenkeel.lb.plugins.module_utils._host.generic_netlink import NETLINK_GENERIC
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.tests.unit.engines.nftables.fake_nft import FakeNft
from ansible_collections.evenkeel.lb.tests.unit.fake_keepalived import MAIN, FakeKeepalived
from ansible_collections.evenkeel.lb.tests.unit.fake_kernel import FakeKernel
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

OWN_CONFIGURATION = """\
# by hand
virtual_server 10.10.0.99 25 {
    protocol TCP
    lvs_sched rr
    real_server 10.20.0.9 25 {
    }
}
"""


class FakeDirector(FakeSystem):
    """A Debian 12 director whose keepalived has a virtual server of the user's own beside our file."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = FakeKernel()
        self.nft = FakeNft()
        self.files = {
            MAIN: f"{OWN_CONFIGURATION}include {FILE}\n",
            "/proc/net/ip_vs": "",
            "/run/checkers.pid": "77\n",
            "/proc/sys/kernel/osrelease": "6.1.0-40-amd64\n",
            "/proc/sys/net/ipv4/vs/conntrack": "1\n",
        }
        self.keepalived = FakeKeepalived(self.kernel, self.files)
        # what systemd says of keepalived first, one answer after the other
        self.in_between: list[str] = []
        self.programs = {
            "ip": self._ip,
            "keepalived": self._keepalived,
            "kill": self._kill,
            "modprobe": lambda argv: Completed(0, "", ""),
            "nft": self._nft,
            "systemctl": self._systemctl,
            # every script is a program of root's
            "head": lambda argv: Completed(0, "\x7fELF", ""),
            "realpath": lambda argv: Completed(0, f"{argv[-1]}\n", ""),
            "stat": lambda argv: Completed(0, "".join(map(_looked_at, argv[argv.index("--") + 1 :])), ""),
        }

    def which(self, program: str) -> str | None:
        return program if program.startswith("/") else super().which(program)

    def read(self, path: str) -> str | None:
        if path == "/proc/77/status":
            return f"Name:\tkeepalived\nPPid:\t{1000 + self.keepalived.starts}\nTracerPid:\t0\n"
        return super().read(path)

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        assert (family, kind) in ((socket.AF_NETLINK, socket.SOCK_RAW), (socket.AF_NETLINK, socket.SOCK_DGRAM))
        if protocol == NETLINK_GENERIC:
            return self.kernel.connect()  # type: ignore[return-value]
        return ProcessEvents()  # type: ignore[return-value]

    def _ip(self, argv: Sequence[str]) -> Completed:
        addresses = self.keepalived.addresses
        if argv[1:] == ["-json", "address", "show"]:
            links = [
                {"ifname": interface, "addr_info": [{"local": ip, "prefixlen": int(length)}]}
                for interface, address in addresses
                for ip, _slash, length in [address.partition("/")]
            ]
            return Completed(0, json.dumps(links), "")
        _ip, _address, action, address, _dev, interface, *_attributes = argv
        if action == "replace":
            addresses[interface, address] = None
        else:
            assert action == "delete", argv
            addresses.pop((interface, address))
        return Completed(0, "", "")

    def _keepalived(self, argv: Sequence[str]) -> Completed:
        if "--version" in argv:
            return Completed(0, "", "Keepalived v2.2.7 (01/16,2022)\n")
        if "--signum=JSON" in argv:
            return Completed(0, "36\n", "")
        assert argv[1:3] == ["-t", "-f"], argv
        complaints = self.keepalived.test(argv[3])
        return Completed(5 if complaints else 0, "", "".join(f"{line}\n" for line in complaints))

    def _nft(self, argv: Sequence[str]) -> Completed:
        return self.nft.run(argv, self.given)

    def _systemctl(self, argv: Sequence[str]) -> Completed:
        verb = argv[1]
        running = self.keepalived.running
        if verb == "is-active":
            state = self.in_between.pop(0) if self.in_between else "active" if running else "inactive"
            return Completed(0 if state == "active" else 3, f"{state}\n", "")
        if verb == "show":
            return Completed(0, f"{1000 + self.keepalived.starts if running else 0}\n", "")
        if verb in ("stop", "restart"):
            self.keepalived.stop()
        if verb in ("start", "restart") and not self.keepalived.running:
            self.keepalived.start()
        if verb == "reload":
            self.keepalived.reload()
        assert verb in ("start", "stop", "reload", "restart", "reset-failed", "is-enabled"), argv
        return Completed(0, "", "")

    def _kill(self, argv: Sequence[str]) -> Completed:
        if argv[:3] == ["kill", "-s", "USR1"]:
            assert argv[3] == "77"
            self.files["/tmp/keepalived_check.data"] = self.keepalived.dump_of_checkers()
            return Completed(0, "", "")
        assert argv[:3] == ["kill", "-s", "36"], argv
        self.files["/tmp/keepalived.json"] = self.keepalived.dump()
        return Completed(0, "", "")


class ProcessEvents:
    """The kernel's end that tells of processes, and acknowledges who listens."""

    def __enter__(self) -> ProcessEvents:
        return self

    def __exit__(self, *details: object) -> None:
        return None

    def bind(self, address: tuple[int, int]) -> None:
        assert address == (0, 1)

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def send(self, request: bytes) -> int:
        self._said = request
        return len(request)

    def recv(self, size: int) -> bytes:
        return self._said


def _looked_at(path: str) -> str:
    """Mode, user and group, as ``stat --format '%f %u %g'`` prints them."""
    return f"{'81ed' if path.startswith('/usr/bin/') else '41ed'} 0 0\n"
