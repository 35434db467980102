# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pair of Debian 12 and Debian 13 converges by the playbook that makes every pair, and fails over within the bound of
every pair (extensions/molecule/shared/vars/failover.yml)."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.evenkeel.lb.tests.contract.director import REPOSITORY, Director, lab
from ansible_collections.evenkeel.lb.tests.traffic.scene import HERE, SERVERS, UDP, Scene
from ansible_collections.evenkeel.lb.tests.traffic.watching import eventually

SPEC = HERE / "mixed_pair.yml"
NAME = f"mixed-pair-{os.getpid()}"
MOLECULE = REPOSITORY / "extensions/molecule"
PAIR = MOLECULE / "ha_pair_nat/pair.yml"
VIPS = ("10.10.0.50", "fd10::50")

GROUP = yaml.safe_load(PAIR.read_text())["directors"]["vars"]["ha_pair_group"]
# A silent master is given up after three intervals and a skew by the standby's priority; 300 ms are ours.
BOUND = 1000 * GROUP["advert_interval"] * (3 + (256 - 100) / 256) + 300


class Pair(Scene):
    """The lab of mixed_pair.yml, as nobody has touched it."""

    def settle(self, director: str) -> None:
        """Nothing: the role did, for every boot."""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    lab("up", str(SPEC), "--name", NAME)
    try:
        pair = Pair(NAME)
        for server in SERVERS:
            start = f"systemd-run -q --unit traffic python3 /share/traffic/server.py {server}"
            Director(NAME, server).shell(start)
        yield pair
    finally:
        lab("down", NAME)


@pytest.fixture(scope="module")
def runs(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, int]]:
    """How many tasks changed each host when the playbook ran, and when it ran again."""
    collections = REPOSITORY / "build/collections"
    subprocess.run([sys.executable, REPOSITORY / "tools/export.py", collections], check=True)
    return [play(tmp_path_factory.mktemp("run"), collections) for _time in range(2)]


def play(place: Path, collections: Path) -> dict[str, int]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment = {
        **others,
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_CONFIG": str(place / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "1",
        "MOLECULE_SCENARIO_NAME": NAME,
        "LAB_SPEC": str(SPEC),
        "SCENARIO_LOGS": str(place),
    }
    (place / "ansible.cfg").touch()
    program = Path(sys.executable).with_name("ansible-playbook")
    argv = [program, "-i", MOLECULE / "inventory/lab", "-i", PAIR, "evenkeel.lb.ha_pair"]
    done = subprocess.run(argv, env=environment, cwd=place, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {host: int(count) for host, count in re.findall(r"^(\S+) +: ok=.* changed=(\d+)", done.stdout, re.MULTILINE)}


def holds(pair: Pair, director: str) -> bool:
    return VIPS[0] in pair.directors[director].shell("ip -brief -4 address show")


@contextlib.contextmanager
def bounded(pair: Pair, director: str) -> Iterator[None]:
    """What is done meanwhile leaves the VIPs with that director; no gap in the service is longer than the bound."""
    clients = {address: pair.prober("tcp", address) for address in VIPS}
    with pair.watched(clients) as reports:
        yield
        eventually(lambda: holds(pair, director), 30, f"{director} holds the VIPs")
        time.sleep(BOUND / 1000 + 1)
    for address, report in reports.items():
        lengths = [outage["length_ms"] for outage in report["outages"]]
        assert report["sent"] > 50 and None not in lengths and max(lengths, default=0) <= BOUND, (address, report)


def test_the_pair_is_mixed(pair: Pair) -> None:
    releases = [director.shell(". /etc/os-release; echo $ID $VERSION_ID") for director in pair.directors.values()]
    assert releases == ["debian 12\n", "debian 13\n"]


def test_it_converges(pair: Pair, runs: list[dict[str, int]]) -> None:
    """The first run changes every host, the second none; one director serves, each server its share."""
    first, second = runs
    assert sorted(first) == ["lb1", "lb2", "web1", "web2"] and all(first.values()), first
    assert second == dict.fromkeys(first, 0)
    eventually(lambda: holds(pair, "lb1") and not holds(pair, "lb2"), 20, "lb1 alone holds the VIPs")
    share = dict.fromkeys(SERVERS, 5)
    for protocol in ("tcp", "udp"):
        for address in VIPS:

            def shared(protocol: str = protocol, address: str = address) -> bool:
                return pair.ask(protocol, address, 10, port=UDP if protocol == "udp" else 80)["by_server"] == share

            eventually(shared, 20, f"{protocol} to {address} is shared")


def test_both_hold_the_same(pair: Pair, runs: list[dict[str, int]]) -> None:
    """Whatever the release, one configuration is one table in the kernel and one record, but for who is who."""
    tables, records = [], []
    for director in pair.directors.values():
        tables.append(sorted(director.shell("ipvsadm -Sn").splitlines()))
        record: dict[str, Any] = json.loads(director.shell("cat /etc/evenkeel/lb.json"))
        records.append(json.dumps(record).replace('"member": "lb2"', '"member": "lb1"'))
    assert tables[0] == tables[1] != []
    assert records[0] == records[1]


def test_it_fails_over_and_back(pair: Pair, runs: list[dict[str, int]]) -> None:
    with bounded(pair, "lb2"):
        pair.kill("lb1")
    with bounded(pair, "lb1"):
        pair.boot("lb1")
