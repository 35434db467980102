# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What processes, master and unit say, in words of HAProxy 2.6.12 and 3.0.11."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy import master, runtime, status, unit
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.pem import fingerprint, fingerprints
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

SERVERS = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status srv_check_result srv_check_health \
srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id \
srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port
5 web:http 1 s1 127.0.0.1 0 0 7 3 2 8 2 0 6 0 0 0 - 9001 - 0 0 - - 0
5 web:http 2 s2 fd20::2 0 5 1 1 2 1 0 0 8 0 0 0 - 9002 - 0 0 - - 0
5 web:http 3 s3 127.0.0.1 0 8 1 1 2 1 0 0 8 0 0 0 - 0 - 0 0 - - 0
5 web:http 4 s4 127.0.0.1 0 9 50 100 2 1 0 0 8 22 0 0 - 0 - 0 0 - - 99
6 theirs 1 one 127.0.0.1 2 0 1 1 2 1 0 2 0 0 0 0 - 7001 - 0 0 - - 0
"""
PROCESSES = """#<PID>          <type>          <reloads>       <uptime>        <version>
27063           master          2 [failed: 1]   0d00h00m35s     2.6.12-1+deb12u4
# workers
28035           worker          0               0d00h00m23s     2.6.12-1+deb12u4
# old workers
27076           worker          1               0d00h01m23s     2.6.12-1+deb12u4
# programs

"""
STOPPED = """MainPID=0
ExecStart={ path=/usr/sbin/haproxy ; argv[]=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE $EXTRAOPTS ; ignore_errors=no }
Environment=CONFIG=/etc/haproxy/haproxy.cfg PIDFILE=/run/haproxy.pid "EXTRAOPTS=-S /run/haproxy-master.sock"
EnvironmentFiles=/etc/default/haproxy (ignore_errors=yes)
"""


def test_servers_of_ours_alone() -> None:
    assert runtime.servers_in(SERVERS, {"web:http", "gone"}) == {
        "web:http": {
            "s1": ("127.0.0.1", 9001, 7, False, False),
            "s2": ("fd20::2", 9002, 1, True, False),
            "s3": ("127.0.0.1", 0, 1, False, True),
            "s4": ("127.0.0.1", 0, 100, False, False),  # drained to a half by its agent
        },
        "gone": {},
    }
    assert runtime.servers_in("", {"web"}) == {"web": {}}


def test_the_generation_that_was_told_last() -> None:
    table = "# table: evenkeel:lb, type: string, size:16, used:1\n0x7f: key=0123ab use=0 exp=0 gpt0=1\n"
    assert runtime._generation("EVENKEEL_LB=abc\n\n# table: evenkeel:lb, type: string, size:16, used:0\n") == "abc"
    assert runtime._generation(f"EVENKEEL_LB=abc\n\n{table}") == "0123ab"
    assert runtime._generation("\n") == ""


@pytest.mark.parametrize(
    "answer",
    [
        "'cookie' option is not accepted for dynamic server",
        "Server is not in maintenance mode, cannot be removed.\n",
        "No such server.\n",
        "Backend must use a consistent hashing",
    ],
)
def test_what_was_not_done_is_a_fault(answer: str) -> None:
    with pytest.raises(runtime.Refused, match="HAProxy does not take add server a/b"):
        runtime._look_at(answer, ["add server a/b 192.0.2.1"])


@pytest.mark.parametrize(
    "answer",
    [
        "\n\n",
        "New server registered.\n",
        "IP changed from '127.0.0.1' to '127.0.0.5', port changed from '9002' to '88' by 'stats socket command'\n",
        "Transaction created for certificate /etc/haproxy/evenkeel/a.pem!\n",
        "Committing /etc/haproxy/evenkeel/a.pem\nSuccess!\n",
    ],
)
def test_what_was_done_is_none(answer: str) -> None:
    runtime._look_at(answer, ["something"])


def test_the_processes_of_a_master() -> None:
    assert master.processes_in(PROCESSES) == (1, [28035], [27076])


@pytest.mark.parametrize(
    ("connections", "words"),
    [
        ({}, ""),
        ({12: 0}, ""),
        ({12: 1}, "; 1 worker of before goes on: 12 with 1 connection"),
        ({34: 2, 12: 1, 56: 0}, "; 2 workers of before go on: 12 with 1 connection, 34 with 2 connections"),
    ],
)
def test_what_workers_of_before_have_left_to_do(connections: dict[int, int], words: str) -> None:
    assert master.serving_on(connections) == words


def test_connections_of_workers_of_before_count_too() -> None:
    head = "# pxname,svname,qcur,scur,\n"
    now = {(row["pxname"], row["svname"]): row for row in runtime.statistics_in(f"{head}web,s1,1,2,\nweb,s2,0,0,\n")}
    found = status.with_those_of_before(
        now, [f"{head}web,s1,5,3,\ngone,s1,0,9,\n", f"{head}web,s1,0,4,\n", "no such\n"]
    )
    assert {key: (row["qcur"], row["scur"]) for key, row in found.items()} == {
        ("web", "s1"): ("1", "9"), ("web", "s2"): ("0", "0")
    }  # fmt: skip


def test_the_connections_of_a_worker() -> None:
    assert master.connections_in("Pid: 12\nMaxconn: 4000\nCurrConns: 2\nCumConns: 7\nStopping: 1\n\n") == 2
    assert master.connections_in("Can't find the target PID matching the prefix '@!1'\n") == 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("haproxy -Ws -f a -f b -p pid -S /run/m.sock,mode,600", (("a", "b"), True, "/run/m.sock")),
        ("haproxy -f a -- b c", (("a", "b", "c"), False, "")),
        ("haproxy -W -f a -x /run/x -sf 12", (("a",), True, "")),
    ],
)
def test_a_command_line(words: str, expected: tuple[object, ...]) -> None:
    assert unit.command_in(words.split()) == expected


def stopped(default: str) -> FakeSystem:
    """A director whose unit is as the distribution has it, with a file of variables."""
    system = FakeSystem()
    system.programs["haproxy"] = lambda _argv: Completed(0, "HAProxy version 2.6.12-1+deb12u4 2026/10/17\n", "")
    system.programs["systemctl"] = lambda _argv: Completed(0, STOPPED, "")
    system.files["/etc/default/haproxy"] = default
    return system


def test_a_unit_that_does_not_run_is_read_from_what_systemd_shows() -> None:
    system = stopped('# EXTRAOPTS="-f no"\nEXTRAOPTS="-S /run/m.sock -f /etc/haproxy/evenkeel.cfg"\n')
    assert unit.command(system) == (("/etc/haproxy/haproxy.cfg", "/etc/haproxy/evenkeel.cfg"), True, "/run/m.sock")
    assert unit.lacking(system) == []
    assert unit.version(system) == (2, 6, 12)


@pytest.mark.parametrize(
    ("default", "words"),
    [
        ("", "does not load /etc/haproxy/evenkeel.cfg"),
        ('EXTRAOPTS="-S /run/m.sock -f /etc/haproxy/evenkeel.cfg -f /last.cfg"\n', "loads /last.cfg after"),
        ('EXTRAOPTS="-f /etc/haproxy/evenkeel.cfg"\n', "has no socket of a master process"),
    ],
)
def test_what_the_unit_lacks_is_said_with_the_role(default: str, words: str) -> None:
    [problem] = unit.lacking(stopped(default))
    assert words in problem.message and "role evenkeel.lb.director sets that up" in problem.allowed


def test_where_haproxy_is_not_installed_nothing_is_held() -> None:
    system = FakeSystem()
    assert unit.version(system) is None and not unit.is_active(system)
    assert "is not installed" in unit.lacking(system)[0].message


def test_the_fingerprint_of_the_first_certificate() -> None:
    text = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n"
    assert fingerprint(f"key\n{text}{text}") == "A9993E364706816ABA3E25717850C26C9CD0D89D"
    assert fingerprint("nothing") is None
    other = text.replace("YWJj", "ZGVm")
    assert fingerprints(f"# one\n{text}{other}\n{text}") == {
        "A9993E364706816ABA3E25717850C26C9CD0D89D",
        "589C22335A381F122D129225F5C0BA3056ED5811",
    }
    told = (
        "Filename: /a\nStatus: Used\n\nCertificate #1:\nSHA1 FingerPrint: AB01\nCertificate #2:\nSHA1 FingerPrint: CD\n"
    )
    assert runtime.fingerprints_in(told) == {"AB01", "CD"}
    assert runtime.fingerprints_in("Can't display the CA file : Not found!\n") == frozenset()
    assert fingerprint(text.replace("YWJj", "YWJ")) is None
