# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role director does for HAProxy on real directors, and takes back when the engine is no longer wanted; and
what it refuses, before anything is changed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import LAB, REPOSITORY, Director
from ansible_collections.evenkeel.lb.tests.contract.haproxy_lab import (
    FILE,
    HOSTS,
    SPEC,
    USERS,
    lab_name,
    reconcile,
    set_up,
)

SETTINGS = "/etc/systemd/system/haproxy.service.d"
DEFAULT = "/etc/default/haproxy"
WITH, WITHOUT = ["keepalived", "haproxy"], ["keepalived"]
PLAY = """
- hosts: directors
  gather_facts: false
  roles: [evenkeel.lb.director]
"""
STATE = f"""
for file in {SETTINGS}/* {FILE} {USERS} {DEFAULT}; do echo "== $file"; cat $file; done 2>&1
find {SETTINGS} /etc/haproxy -type f 2>/dev/null | sort; systemctl show -p ActiveState -p MainPID haproxy
"""
SERVICE = {"name": "web", "vip": "127.0.0.1", "port": 8080, "type": "layer7", "protocol": "http", "farm": "web"}
WEB = {
    "farms": [{"name": "web", "servers": [{"name": "s1", "address": "127.0.0.1", "port": 7001}]}],
    "virtual_servers": [SERVICE],
}


class Play:
    """The part of the role that is about HAProxy, run by ansible-playbook on both directors."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._collections = place / "collections"
        subprocess.run([sys.executable, REPOSITORY / "tools/export.py", self._collections], check=True)
        inventory = subprocess.run([LAB, "inventory", SPEC, "--name", lab_name()], check=True, stdout=subprocess.PIPE)
        (place / "hosts.json").write_bytes(inventory.stdout)
        (place / "hosts").write_text(f"#!/bin/sh\ncat {place}/hosts.json\n")
        (place / "hosts").chmod(0o755)
        (place / "play.yml").write_text(PLAY)
        (place / "ansible.cfg").touch()

    def run(self, engines: list[str], *arguments: str) -> tuple[dict[str, tuple[int, int]], str]:
        """How many tasks changed and how many failed on each director; and what was said."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment = {
            **others,
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "ANSIBLE_CONFIG": str(self._place / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_PIPELINING": "1",
        }
        told = json.dumps({"director_engines": engines})
        program = Path(sys.executable).with_name("ansible-playbook")
        argv = [program, "-i", "hosts", "play.yml", "--tags", "director_haproxy", "-e", told, *arguments]
        done = subprocess.run(
            argv, env=environment, cwd=self._place, capture_output=True, text=True, timeout=300, check=False
        )
        recap = re.findall(r"^(\S+) +: ok=.* changed=(\d+) .* failed=(\d+)", done.stdout, re.MULTILINE)
        found = {host: (int(changed), int(failed)) for host, changed, failed in recap}
        assert sorted(found) == sorted(HOSTS), done.stdout + done.stderr
        return found, done.stdout


@pytest.fixture(scope="module")
def play(haproxy_hosts: dict[str, Director], tmp_path_factory: pytest.TempPathFactory) -> Play:
    return Play(tmp_path_factory.mktemp("role"))


@pytest.fixture
def hosts(haproxy_hosts: dict[str, Director]) -> Iterator[dict[str, Director]]:
    """Directors whose HAProxy the role has not seen: as the distribution starts it."""
    bare = f"rm -rf {SETTINGS} {FILE} /etc/haproxy/evenkeel; systemctl daemon-reload; systemctl restart haproxy"
    for host in haproxy_hosts.values():
        assert reconcile(host, {})["state"] in ("applied", "unchanged")
        host.shell(bare)
    yield haproxy_hosts
    for host in haproxy_hosts.values():
        host.shell(bare)
        set_up(host)


def states(hosts: dict[str, Director]) -> dict[str, str]:
    return {name: host.shell(STATE) for name, host in hosts.items()}


def every(value: Any) -> dict[str, Any]:
    return dict.fromkeys(HOSTS, value)


def test_what_is_set_up_is_taken_back_when_it_carries_nothing(hosts: dict[str, Director], play: Play) -> None:
    before = states(hosts)
    done, said = play.run(WITH)
    assert all(changed and not failed for changed, failed in done.values()), said
    assert play.run(WITH)[0] == every((0, 0))
    for host in hosts.values():
        assert reconcile(host, WEB)["state"] == "applied"
        assert host.shell("curl -s http://127.0.0.1:8080/").startswith("7001")
    # what it carries is not cut
    serving = states(hosts)
    refused, said = play.run(WITHOUT)
    assert refused == every((0, 1)), said
    assert "haproxy is not in director_engines, but carries frontend web" in " ".join(said.split()), said
    assert states(hosts) == serving
    for host in hosts.values():
        assert reconcile(host, {})["state"] == "applied"
    predicted, _said = play.run(WITHOUT, "--check")
    assert all(changed and not failed for changed, failed in predicted.values()), predicted
    done, said = play.run(WITHOUT)
    assert all(changed and not failed for changed, failed in done.values()), said
    assert play.run(WITHOUT)[0] == every((0, 0))
    for name, host in hosts.items():
        assert FILE not in host.shell("tr '\\0' ' ' < /proc/$(systemctl show -P MainPID haproxy)/cmdline")
        assert host.shell("curl -s http://127.0.0.1:9999/").startswith("7001")
        after = host.shell(STATE)
        assert re.sub("MainPID=.*", "", after) == re.sub("MainPID=.*", "", before[name])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f'CONFIG="{USERS}"', f"CONFIG in {DEFAULT} leaves out what haproxy needs here: add -f {FILE} to it."),
        ('EXTRAOPTS="-n 100"', f"EXTRAOPTS in {DEFAULT} leaves out what haproxy needs here: add -S /run/"),
    ],
)
def test_a_start_of_the_users_own_is_left_to_the_user(
    hosts: dict[str, Director], play: Play, line: str, words: str
) -> None:
    for host in hosts.values():
        host.shell(f"cp {DEFAULT} /root/default && cat >> {DEFAULT}", f"{line}\n".encode())
    try:
        before = states(hosts)
        refused, said = play.run(WITH)
        assert refused == every((0, 1)), said
        assert words in " ".join(said.split()), said
        assert states(hosts) == before
    finally:
        for host in hosts.values():
            host.shell(f"cp /root/default {DEFAULT}")
