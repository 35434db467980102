# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The netlink codec on a real kernel: crowds of objects, tables that others change, and what is beside the table."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.tests.contract.director import FOLDER, SPEC, Director, lab

HERE = Path(__file__).resolve().parent
LAB_NAME = f"contract-netlink-{os.getpid()}"
OBJECTS = 55_000


@pytest.fixture(scope="module")
def director() -> Iterator[Director]:
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        host = Director(LAB_NAME)
        host.equip("ipvsadm")
        for name in ("crowds.py", "settings.py"):
            host.shell(f"cat > {FOLDER}/{name}", (HERE / name).read_bytes())
        yield host
        host.close()
    finally:
        lab("down", LAB_NAME)


def done(director: Director, program: str, *arguments: object) -> Any:
    words = " ".join(
        f"'{json.dumps(argument)}'" if not isinstance(argument, str) else argument for argument in arguments
    )
    return json.loads(director.shell(f"cd {FOLDER} && PYTHONPATH=. python3 {program} {words}"))


def test_no_answer_is_lost_among_55000_objects(director: Director) -> None:
    assert done(director, "crowds.py", "many") == {
        "filled": True,
        "added_again": {str(errno.EEXIST): OBJECTS},
        "emptied": True,
        # the servers of services that are gone are refused for the lack of those
        "removed_again": {str(errno.ESRCH): OBJECTS},
    }


def test_services_that_stay_are_read_while_others_come_and_go(director: Director) -> None:
    told = done(director, "crowds.py", "restless")
    assert told["torn"] == 0
    assert told["changed"] > told["reads"] / 3


def settings(director: Director, command: str, *arguments: object) -> Any:
    return done(director, "settings.py", command, list(arguments))


@pytest.fixture
def without_daemons(director: Director) -> Director:
    director.shell("ipvsadm --stop-daemon master; ipvsadm --stop-daemon backup; ipvsadm -C; true")
    return director


MASTER = ["master", "eth1", 51]
BACKUP = ["backup", "eth2", 0, 1400, "ff02::81", 9000, 5]


def test_daemons_are_started_read_and_stopped(without_daemons: Director) -> None:
    assert settings(without_daemons, "read_daemons") == []
    settings(without_daemons, "start_daemon", BACKUP)
    settings(without_daemons, "start_daemon", MASTER)
    seen = without_daemons.shell("ipvsadm --list --daemon")
    assert "master sync daemon (mcast=eth1, syncid=51, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)" in seen
    assert "backup sync daemon (mcast=eth2, syncid=0, maxlen=1400, group=ff02::81, port=9000, ttl=5)" in seen
    master, backup = settings(without_daemons, "read_daemons")
    assert master == [*MASTER, 1472, "224.0.0.81", 8848, 1]
    assert backup == BACKUP
    settings(without_daemons, "stop_daemon", "master")
    assert settings(without_daemons, "read_daemons") == [BACKUP]


def test_daemons_of_ipvsadm_are_read(without_daemons: Director) -> None:
    without_daemons.shell("ipvsadm --start-daemon master --mcast-interface eth2 --syncid 7 --sync-maxlen 1000")
    assert settings(without_daemons, "read_daemons") == [["master", "eth2", 7, 1000, "224.0.0.81", 8848, 1]]


@pytest.mark.parametrize(
    ("command", "argument", "sentence"),
    [
        (
            "start_daemon",
            ["master", "eth9", 1],
            "cannot start the sync daemon master on eth9: there is no such interface",
        ),
        ("start_daemon", [*MASTER, 0, "10.0.0.1"], "on eth1: 10.0.0.1 is no multicast group"),
        ("stop_daemon", "backup", "cannot stop the sync daemon backup: none runs"),
        ("set_timeouts", [1 << 31], "cannot set the timeouts 2147483648, 0 and 0: they are more than the kernel takes"),
        ("zero_counters", [2, 6, "10.0.0.9", 80], "virtual server tcp 10.0.0.9:80: there is no such virtual server"),
    ],
)
def test_refusals_say_what_could_not_be_done_and_why(
    without_daemons: Director, command: str, argument: object, sentence: str
) -> None:
    assert sentence in settings(without_daemons, command, argument)


def test_a_daemon_runs_once_and_bears_no_server_of_another_family(without_daemons: Director) -> None:
    settings(without_daemons, "start_daemon", MASTER)
    assert settings(without_daemons, "start_daemon", MASTER).endswith("one of that role runs already")
    without_daemons.shell("ipvsadm -A -t 10.10.0.50:80")
    mixed = settings(without_daemons, "add_tunnel", "fd20::21")
    assert mixed.endswith("no server of another family while a sync daemon runs")
    settings(without_daemons, "stop_daemon", "master")
    assert settings(without_daemons, "add_tunnel", "fd20::21") is None
    assert "is in the table, which daemons cannot tell of" in settings(without_daemons, "start_daemon", MASTER)
    without_daemons.shell("ipvsadm -C")
    assert settings(without_daemons, "start_daemon", MASTER) is None


def test_timeouts_are_set_one_by_one(director: Director) -> None:
    settings(director, "set_timeouts", [900, 120, 300])
    assert settings(director, "read_timeouts") == [900, 120, 300]
    settings(director, "set_timeouts", [0, 60, 0])
    assert settings(director, "read_timeouts") == [900, 60, 300]
    assert "900 60 300" in director.shell("ipvsadm --list --timeout")


def test_counters_are_zeroed_and_the_table_is_emptied(without_daemons: Director) -> None:
    host = without_daemons

    def connections(port: int) -> int:
        return int(host.shell(f"ipvsadm -Ln --stats -t 10.10.0.50:{port}").splitlines()[-2].split()[2])

    host.shell("ip addr replace 10.10.0.50/32 dev lo")
    for port in (80, 81):
        host.shell(f"ipvsadm -A -t 10.10.0.50:{port} && ipvsadm -a -t 10.10.0.50:{port} -r 127.0.0.1:22 -m")
        host.shell(f"timeout 5 bash -c '</dev/tcp/10.10.0.50/{port}'")
    assert (connections(80), connections(81)) == (1, 1)
    settings(host, "zero_counters", [2, 6, "10.10.0.50", 80])
    assert (connections(80), connections(81)) == (0, 1)
    settings(host, "zero_counters")
    assert (connections(80), connections(81)) == (0, 0)
    settings(host, "flush")
    assert host.shell("ipvsadm -Sn") == ""
