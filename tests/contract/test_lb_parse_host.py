# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A keepalived.conf that was brought over makes the director it was: asked of the real daemon and the real kernel.

Each text runs as its author wrote it, and again as this collection writes what it read in it. The kernel's table is the
same, and so is every health check as the daemon itself tells of it. The loops are so long that no check has run yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from ansible_collections.evenkeel.lb.plugins.filter.lb_parse import lb_parse
from ansible_collections.evenkeel.lb.plugins.filter.lb_render import lb_render
from ansible_collections.evenkeel.lb.tests.contract.director import SPEC, Director, lab

LAB_NAME = f"contract-parse-{os.getpid()}"

WEB = """\
! old words, defaults, and what keepalived rewrites by itself
global_defs {
    router_id LVS_MAIN
}
virtual_server 10.10.0.50 80 {
    delay_loop 86400
    delay_before_retry 86400
    lb_algo sh
    sh-port
    sh-fallback
    lb_kind NAT
    persistence_timeout
    persistence_granularity 255.255.255.0
    protocol TCP
    quorum 9
    inhibit_on_failure
    sorry_server 10.20.0.99 8080
    real_server 10.20.0.21 8080 { weight 3
        uthreshold 100
        lthreshold 50
        HTTP_GET {
            http_protocol 1.1
            url {
                path /health?full=1
                virtualhost www.example.com
                status_code 200 204 300-399
            }
            connect_port 8081
            connect_timeout 2.5
            nb_get_retry 4
        }
    }
    real_server 10.20.0.22 80 {
        SSL_GET {
            url { path / }
            retry 2
        }
    }
    real_server 10.20.0.23 80 {
        weight 0
        SMTP_CHECK {
            helo_name mx.example.com
            bindto 10.20.0.11
        }
    }
}
virtual_server fd10::50 443 {
    delay_loop 86400
    delay_before_retry 86400
    lvs_method DR
    protocol sctp
    real_server fd20::21 443 { PING_CHECK { } }
    real_server fd20::22 444 { TCP_CHECK { retry 9 } }
}
"""
DEFINED = """\
$RS= \\
    real_server 10.20.0.${N} 53 { \\
        delay_loop 86400 \\
        MISC_CHECK { \\
            misc_path "/bin/true 10.20.0.${N} 53" \\
            misc_timeout 7 \\
            user root root \\
        } \\
    }
virtual_server 10.10.0.53 53 {
    lvs_sched mh
    mh-port
    ops
    ~SEQ(N, 21, 23) $RS
}
virtual_server 10.10.0.53 53 {
    protocol TCP
    lvs_sched wrr
    delay_loop 86400
    ~SEQ(N, 21, 22) real_server 10.20.0.${N} 53 { DNS_CHECK { name example.com } }
}
virtual_server 10.10.0.54 514 {
    delay_loop 86400
    delay_before_retry 86400
    real_server 10.20.0.31 514 {
        UDP_CHECK {
            payload 50494e47
            require_reply 504f4e47
            min_reply_length 4
            max_reply_length 65535
        }
    }
}
"""
MARKED = """\
virtual_server_group many {
    10.10.0.60-62 80
    10.10.0.64/31 80
    fwmark 9
}
virtual_server group many {
    lvs_method DR
    lvs_sched nq
    protocol TCP
    real_server 10.20.0.21 80 { weight 10 }
    real_server 10.20.0.22 80 { weight 20 }
}
virtual_server fwmark 21 {
    lvs_sched wlc
    lvs_method NAT
    persistence_timeout 300
    real_server 10.20.0.21 0 { weight 1 }
    real_server 10.20.0.22 2121 { weight 2 }
}
virtual_server fwmark 22 {
    lvs_method TUN type gue port 6080 csum
    real_server fd20::21 { weight 1 }
}
"""
TEXTS = {"web": WEB, "defined": DEFINED, "marked": MARKED}

# What is of the moment, and not of the text.
OF_THE_MOMENT = (
    "Enabled =",
    "Up =",
    "Has run =",
    "Current weight =",
    "Retries iterations =",
    "Last errno =",
    "State =",
)

DUMP = """
kill -s "$(keepalived --signum=DATA)" "$(systemctl show --property=MainPID --value keepalived)"
for attempt in $(seq 50); do
    grep -q 'LVS Topology' /tmp/keepalived_check.data 2> /dev/null && break
    sleep 0.1
done
sleep 0.5
cat /tmp/keepalived_check.data
"""


class Running(NamedTuple):
    """What a text made of the director."""

    table: Any
    checkers: list[str]


@pytest.fixture(scope="module")
def director() -> Iterator[Director]:
    """A freshly booted host with keepalived and ipvsadm, and nothing of ours."""
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        host = Director(LAB_NAME)
        host.equip("keepalived", "ipvsadm")
        host.shell("modprobe ip_vs")
        yield host
        host.close()
    finally:
        lab("down", LAB_NAME)


def run(director: Director, text: str, services: int) -> Running:
    """Run keepalived with this text alone, until the kernel has all services."""
    director.shell("systemctl stop keepalived; ipvsadm --clear; rm -f /tmp/keepalived_check.data")
    director.shell("cat > /etc/keepalived/keepalived.conf", text.encode())
    director.shell("systemctl reset-failed keepalived; systemctl start keepalived")
    director.shell(
        f"for i in $(seq 100); do [ $(ipvsadm -Sn | grep -c '^-A') = {services} ] && exit 0; sleep 0.1; done;"
        " ipvsadm -Sn >&2; exit 1"
    )
    table = director.drive("look")["table"]
    dump = director.shell(DUMP)
    return Running(sorted(table), checkers(dump))


def checkers(dump: str) -> list[str]:
    """The health checks of a dump, each as one text, without order."""
    _before, _heading, section = dump.partition("------< Health checkers >------\n")
    found: list[str] = []
    for line in section.splitlines():
        if line.startswith(" ") and not line.startswith("  "):
            found.append(line)
        elif found and line.startswith("  ") and not line.strip().startswith(OF_THE_MOMENT):
            found[-1] += f"\n{line}"
        elif not line.startswith(" "):
            break
    return sorted(found)


@pytest.mark.parametrize(
    ("name", "services", "checks"), [("web", 2, 5), ("defined", 3, 6), ("marked", 8, 0)], ids=TEXTS
)
def test_the_director_is_the_same_afterwards(director: Director, name: str, services: int, checks: int) -> None:
    brought_over = lb_render(lb_parse(TEXTS[name], "keepalived"), "keepalived")
    before = run(director, TEXTS[name], services)
    after = run(director, brought_over, services)
    assert len(before.checkers) == checks
    assert after.checkers == before.checkers
    assert after.table == before.table
    # keepalived has no complaint about what we write, whatever it said about the original. That scripts are run by root
    # without script security is for the user's own global_defs to say.
    complaints = director.shell("keepalived -t -f /etc/keepalived/keepalived.conf 2>&1 || true").splitlines()
    assert [line for line in complaints if "script_security not enabled" not in line] == []


def test_rules_that_the_kernel_saves_make_the_same_table(director: Director) -> None:
    run(director, MARKED, 8)
    saved = director.shell("ipvsadm --save -n")
    table = director.drive("look")["table"]
    director.shell("systemctl stop keepalived; ipvsadm --clear")
    brought_over = lb_render(lb_parse(saved, "ipvsadm", on_loss="report")["configuration"], "ipvsadm")
    director.shell("ipvsadm --restore", brought_over.encode())
    assert sorted(director.drive("look")["table"]) == sorted(table)


def test_changing_over_keeps_the_services_that_are_there(director: Director) -> None:
    """As docs/guides/bring_over.md has it: the rest of the text in its place, and then the modules, with one reload."""
    director.shell("ip address replace 10.10.0.50/32 dev lo")
    run(director, f"{WEB}include /etc/keepalived/evenkeel.conf\n", 2)
    director.shell("timeout 1 bash -c '< /dev/tcp/10.10.0.50/80' || true")
    counted = connections(director)
    assert counted > 0
    text = director.shell("cat /etc/keepalived/keepalived.conf")
    found = lb_parse(text, "keepalived", on_loss="report")
    assert found["left_out"] == []
    director.shell("cat > /etc/keepalived/keepalived.conf", found["rest"].encode())
    answer = director.drive("converge", {"document": found["configuration"], "all_engines": True})
    assert (answer["state"], answer["reload"]) == ("applied", ["keepalived reload"]), answer
    assert connections(director) == counted
    again = director.drive("converge", {"document": found["configuration"], "all_engines": True})
    assert again["state"] == "unchanged", again


def connections(director: Director) -> int:
    """How many connections the kernel has counted for the web service since it has it."""
    lines = director.shell("ipvsadm -Ln --stats --exact").splitlines()
    return next(int(line.split()[2]) for line in lines if line.startswith("TCP") and "10.10.0.50:80" in line)
