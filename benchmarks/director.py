# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A freshly booted lab host to measure on, and modules in the form in which Ansible sends them there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ansible
from common import REPOSITORY

LAB = REPOSITORY / "tests/lab/lab"
SPEC = REPOSITORY / "benchmarks/director.yml"
HOST = "lb1"
FOLDER = "/root/bench"
PLUGINS = "ansible_collections/evenkeel/lb/plugins"


class Director:
    """The host of a lab that is up; ``do`` is a command of on_director.py."""

    def __init__(self, lab: str) -> None:
        self.lab = lab
        self._ssh = [str(LAB), "ssh", lab, HOST]
        self.shell(f"mkdir -p {FOLDER} && tar -x -z -C {FOLDER}", _bundle())
        self.shell("sysctl -q -w net.ipv4.ip_forward=1")
        script = f"cd {FOLDER} && PYTHONPATH=. exec python3 on_director.py"
        self._driver = subprocess.Popen([*self._ssh, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def shell(self, script: str, given: bytes = b"") -> str:
        done = subprocess.run([*self._ssh, script], input=given, stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()

    def install(self, *packages: str) -> None:
        self.shell("apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq " + " ".join(packages))

    def write(self, name: str, data: bytes) -> None:
        """A file in the directory of on_director.py."""
        self.shell(f"cat > {FOLDER}/{name}", data)

    @staticmethod
    def path(name: str) -> str:
        """Where such a file is on the host."""
        return f"{FOLDER}/{name}"

    def do(self, command: str, argument: Any = None) -> Any:
        assert self._driver.stdin is not None and self._driver.stdout is not None
        self._driver.stdin.write(json.dumps([command, argument]) + "\n")
        self._driver.stdin.flush()
        answer = self._driver.stdout.readline()
        if not answer:
            raise SystemExit(f"on_director.py ended while it did {command!r}")
        return json.loads(answer)

    def close(self) -> None:
        self._driver.communicate(timeout=60)


@contextlib.contextmanager
def director() -> Iterator[Director]:
    """A host that was booted for this and is gone afterwards."""
    name = f"bench-{os.getpid()}"
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit("ended by a signal"))
    subprocess.run([LAB, "up", SPEC, "--name", name], check=True)
    try:
        host = Director(name)
        yield host
        host.close()
    finally:
        subprocess.run([LAB, "down", name], check=True)


def start_keepalived(host: Director, file: str) -> None:
    """keepalived, which is to read one file that others write; the file is empty."""
    # with something of its own, or keepalived never says that it is ready
    configuration = f"printf 'static_routes {{\\n}}\\ninclude {file}\\n' > /etc/keepalived/keepalived.conf"
    host.shell(f"{configuration} && : > {file} && systemctl reset-failed && systemctl restart keepalived.service")


def sent_by_ansible(module: Path, options: dict[str, Any]) -> bytes:
    """The program that Ansible writes to a host and starts there: the module with all it imports, and its options."""
    # in a process of its own: Ansible wants to be the first to import from collections
    packing = [sys.executable, REPOSITORY / "benchmarks/sent_by_ansible.py", module]
    done = subprocess.run(packing, input=json.dumps(options).encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout


def _bundle() -> bytes:
    def without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if "__pycache__" in entry.name else entry

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        for name in ("module_utils", "modules"):
            archive.add(REPOSITORY / "plugins" / name, f"{PLUGINS}/{name}", filter=without_caches)
        for name in ("on_director.py", "start_module.py", "whole_configuration.py", "nothing.py"):
            archive.add(REPOSITORY / "benchmarks" / name, name)
        package = Path(ansible.__file__).parent
        for name in ("__init__.py", "release.py", "_vendor", "module_utils"):
            archive.add(package / name, f"ansible/{name}", filter=without_caches)
    return packed.getvalue()
