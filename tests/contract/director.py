# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lab host that runs the collection's own code, for the contract tests of the engines."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import ansible.module_utils
import pyroute2

REPOSITORY = Path(__file__).resolve().parents[2]
LAB = REPOSITORY / "tests/lab/lab"
SPEC = REPOSITORY / "tests/contract/director.yml"
UNIT = REPOSITORY / "roles/director/files/evenkeel-lb-nftables.service"
HOST = "lb1"
FOLDER = "/root/contract"
MODULES = "ansible_collections/evenkeel/lb/plugins/modules"
UTILS = "ansible_collections/evenkeel/lb/plugins/module_utils"
CONTRACT = "ansible_collections/evenkeel/lb/tests/contract"
SECONDS_OF_A_COMMAND = 120


class Director:
    """A host of a lab that is up. ``close`` ends what runs there on its behalf."""

    def __init__(self, lab: str, host: str = HOST) -> None:
        self._lab = lab
        self._host = host
        self._driver: subprocess.Popen[str] | None = None

    def shell(self, script: str, given: bytes = b"") -> str:
        """What a shell script prints; an AssertionError with its last words when it fails."""
        done = subprocess.run(
            [LAB, "ssh", self._lab, self._host, script],
            input=given,
            capture_output=True,
            timeout=SECONDS_OF_A_COMMAND,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{script!r} ended with {done.returncode}: {done.stderr.decode()}")
        return done.stdout.decode()

    def drive(self, command: str, argument: Any = None) -> Any:
        """The result of a command of driver.py; what the driver says when it fails goes to our stderr."""
        if self._driver is None:
            script = f"PYTHONPATH={FOLDER} exec python3 {FOLDER}/driver.py"
            self._driver = subprocess.Popen(
                [LAB, "ssh", self._lab, self._host, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._driver.stdin is not None and self._driver.stdout is not None
        self._driver.stdin.write(json.dumps([command, argument]) + "\n")
        self._driver.stdin.flush()
        answer = self._driver.stdout.readline()
        if not answer:
            self.close()
            raise AssertionError(f"the driver ended while it did {command!r}")
        return json.loads(answer)

    def equip(self, *packages: str) -> None:
        """Bring the collection's code, the driver and pyroute2 onto the host, packages of its own distribution, and the
        unit that the role director installs."""
        self.bring()
        script = f"""
            set -e
            cat > /etc/systemd/system/{UNIT.name}
            sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq {" ".join(packages)}
            systemctl daemon-reload
            systemctl enable --quiet --now {UNIT.name}
        """
        self.shell(script, UNIT.read_bytes())

    def bring(self) -> None:
        """Bring the collection's code, the driver and pyroute2 onto the host."""
        self.shell(f"mkdir -p {FOLDER} && tar -x -z -C {FOLDER}", _bundle())

    def bring_modules(self) -> None:
        """Bring the modules onto a host that is equipped, with what they need of Ansible."""
        self.shell(f"tar -x -z -C {FOLDER}", _modules())

    def module(self, name: str, /, **arguments: Any) -> dict[str, Any]:
        """What a module that was brought prints, in a process of its own."""
        script = f"PYTHONPATH={FOLDER} exec python3 {FOLDER}/run_module.py {name}"
        answer: dict[str, Any] = json.loads(self.shell(script, json.dumps(arguments).encode()))
        return answer

    def close(self) -> None:
        if self._driver is not None:
            self._driver.communicate(timeout=SECONDS_OF_A_COMMAND)
            self._driver = None


def lab(*arguments: str) -> None:
    """Run the lab program; a CalledProcessError when it fails."""
    subprocess.run([LAB, *arguments], check=True)


def _without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in entry.name else entry


def _modules() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        archive.addfile(tarfile.TarInfo("ansible/__init__.py"))
        archive.add(Path(ansible.module_utils.__path__[0]), "ansible/module_utils", filter=_without_caches)
        archive.add(REPOSITORY / "plugins/modules", MODULES, filter=_without_caches)
        archive.add(REPOSITORY / "tests/contract/run_module.py", "run_module.py")
    return packed.getvalue()


def _bundle() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        archive.add(REPOSITORY / "plugins/module_utils", UTILS, filter=_without_caches)
        archive.add(Path(pyroute2.__file__).parent, "pyroute2", filter=_without_caches)
        archive.add(REPOSITORY / "tests/contract/driver.py", "driver.py")
        for name in ("answering", "faults", "prover", "victim", "witnesses"):
            archive.add(REPOSITORY / f"tests/contract/{name}.py", f"{CONTRACT}/{name}.py")
    return packed.getvalue()
