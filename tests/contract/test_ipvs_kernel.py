# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ipvs engine on a real kernel: a lab host does what we say, ipvsadm and pyroute2 are the witnesses."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import seed as seeded

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import parse, render
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    IPV6,
    MASQUERADE,
    TCP,
    Destination,
    Service,
    ServiceKey,
    Table,
)
from ansible_collections.evenkeel.lb.tests.contract.director import SPEC, Director, lab
from ansible_collections.evenkeel.lb.tests.contract.driver import table_from_json, table_to_json
from ansible_collections.evenkeel.lb.tests.contract.expected import (
    by_key,
    chosen_seed,
    joined,
    saved_lines,
    witness_of,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.tables import KERNEL_KEYS, kernel_tables

TRANSITIONS = 100
RESTORES = 20
LAB_NAME = f"contract-ipvs-{os.getpid()}"

# What somebody else has in the same kernel: never ours, never touched.
FOREIGN = """\
-A -t 192.0.2.9:25 -s fo -b flag-2
-a -t 192.0.2.9:25 -r 192.0.2.10:2525 -m -w 7 -x 9 -y 3
-a -t 192.0.2.9:25 -r 127.0.0.1:26 -m -w 0
-A -u [2001:db8::9]:5353 -s ovf -p 77 -M 48 -o
-A -f 99 -6 -s lblcr -p 60
-a -f 99 -6 -r [2001:db8::10]:0 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
"""


@pytest.fixture(scope="module")
def director() -> Iterator[Director]:
    """A freshly booted host with ipvsadm; its kernel has not loaded IPVS yet."""
    lab("up", str(SPEC), "--name", LAB_NAME)
    try:
        host = Director(LAB_NAME)
        host.equip("ipvsadm")
        yield host
        host.close()
    finally:
        lab("down", LAB_NAME)


@pytest.fixture
def foreign() -> Table:
    """Services of somebody else."""
    return parse(FOREIGN)


@pytest.fixture
def empty(director: Director) -> Director:
    """The host, with the services of somebody else in its kernel and nothing of ours anywhere."""
    director.shell(
        "umount -q /etc/ipvsadm.rules; umount -q /etc; ipvsadm -C && ipvsadm --restore && "
        "echo '# by hand' > /etc/ipvsadm.rules && rm -f /etc/evenkeel/lb.json",
        FOREIGN.encode(),
    )
    return director


def walk_of(tables: list[Table]) -> dict[str, Any]:
    return {"keys": KERNEL_KEYS, "tables": [table_to_json(table) for table in tables]}


def look(director: Director) -> Table:
    return table_from_json(director.drive("look")["table"])


def random_tables(count: int, seed: int) -> list[Table]:
    """The same tables for the same seed."""
    found: list[Table] = []

    @seeded(seed)
    @settings(max_examples=count, phases=[Phase.generate], database=None)
    @given(kernel_tables())
    def draw(table: Table) -> None:
        found.append(table)

    draw()
    return found


def test_reading_and_planning_do_not_load_the_module(director: Director) -> None:
    assert director.drive("look") == {"table": [], "loaded": False}
    planned = director.drive("converge", {"document": document(), "check_mode": True})
    assert (planned["state"], planned["changed"]) == ("planned", True)
    assert director.drive("look") == {"table": [], "loaded": False}
    assert "evenkeel" not in director.shell("ls /etc")


def test_the_first_write_loads_the_module(director: Director) -> None:
    version = director.drive("info")[0]
    assert version >= [1, 2, 1]
    assert director.drive("look")["loaded"]


def test_what_others_put_there_is_read(empty: Director, foreign: Table) -> None:
    assert look(empty) == foreign


def test_any_table_becomes_any_other_and_everybody_sees_it(empty: Director, foreign: Table) -> None:
    seed = chosen_seed()
    tables = random_tables(TRANSITIONS + 1, seed)
    assert len(tables) == TRANSITIONS + 1
    for number, (wanted, seen) in enumerate(zip(tables, empty.drive("walk", walk_of(tables)), strict=True)):
        where = f"table {number} of EVENKEEL_SEED={seed}"
        whole = joined(foreign, wanted)
        assert table_from_json(seen["read"]) == whole, where
        assert sorted(seen["saved"].splitlines()) == saved_lines(whole), where
        assert by_key(seen["witnessed"]) == witness_of(whole), where


def test_our_rules_make_ipvsadm_build_the_same_table(empty: Director) -> None:
    seed = chosen_seed()
    tables = random_tables(RESTORES, seed)
    restored = empty.drive("restore", [render(table) for table in tables])
    for number, (wanted, seen) in enumerate(zip(tables, restored, strict=True)):
        assert table_from_json(seen) == wanted, f"table {number} of EVENKEEL_SEED={seed}"


def test_connections_of_a_server_survive_its_edit(empty: Director) -> None:
    """An edit keeps the kernel's object: its counters go on, which deleting and adding would have set to zero."""
    key = KERNEL_KEYS[0]
    service = Service(key, "rr")
    before = Table([(service, [Destination("127.0.0.1", 22, MASQUERADE, 1)])])
    after = Table([(service._replace(scheduler="wlc"), [Destination("127.0.0.1", 22, MASQUERADE, 5)])])
    empty.drive("walk", walk_of([before]))
    empty.shell(f"ip addr replace {key.address}/32 dev lo && timeout 5 bash -c '</dev/tcp/{key.address}/{key.port}'")
    connected = f"ipvsadm -Lnc | grep -c '{key.address}:{key.port}'"
    assert int(empty.shell(connected)) == 1
    empty.drive("walk", walk_of([after]))
    assert int(empty.shell(connected)) == 1
    listed = empty.shell(f"ipvsadm -Ln -t {key.address}:{key.port}")
    active, inactive = listed.splitlines()[-1].split()[-2:]
    assert int(active) + int(inactive) == 1, listed


def test_refusals_in_a_batch_are_told_apart(empty: Director) -> None:
    key = list(KERNEL_KEYS[0])
    web1 = ["10.99.0.1", 80, MASQUERADE, 1]
    web2 = ["10.99.0.2", 80, MASQUERADE, 1]
    operations = [
        ["add", key, False, None, [key, "wrr"]],
        ["add", key, True, None, web1],
        ["add", key, True, None, web1],
        ["edit", key, True, web2, web2],
        ["add", key, True, None, ["10.99.0.3", 80, MASQUERADE, 1, 5, 6]],
        ["add", key, True, None, ["fd99::1", 80, MASQUERADE, 1]],
        ["add", key, True, None, web2],
        ["add", list(KERNEL_KEYS[1]), True, None, web1],
        ["edit", key, False, [key, "wrr"], [key, "tortoise"]],
        ["remove", list(KERNEL_KEYS[1]), False, [list(KERNEL_KEYS[1]), "rr"], None],
    ]
    # Equal operations have one place when they are looked up: the second is told by the place of the first.
    told = empty.drive("operate", operations)
    assert told["left"] == []
    assert told["done"] == [0, 1, 6]
    web = "virtual server tcp 10.10.0.50:80"
    assert told["refused"] == [
        [1, errno.EEXIST, f"cannot add server 10.99.0.1:80 of {web}: it is there already"],
        [3, errno.ENOENT, f"cannot edit server 10.99.0.2:80 of {web}: there is no such server in it"],
        [
            4,
            errno.ERANGE,
            f"cannot add server 10.99.0.3:80 of {web}: the kernel takes no weight 1 or no thresholds 6 and 5",
        ],
        [
            5,
            errno.EINVAL,
            f"cannot add server [fd99::1]:80 of {web}: only a tunnel leads to a server of another family",
        ],
        [
            7,
            errno.ESRCH,
            "cannot add server 10.99.0.1:80 of virtual server tcp 10.10.0.50:443: there is no such virtual server",
        ],
        [8, errno.ENOENT, f"cannot edit {web}: the kernel has no scheduler tortoise"],
        [
            9,
            errno.ESRCH,
            "cannot remove virtual server tcp 10.10.0.50:443: there is no such virtual server",
        ],
    ]
    servers = look(empty)[KERNEL_KEYS[0]].destinations
    assert [server.address for server in servers] == ["10.99.0.1", "10.99.0.2"]


def test_a_send_full_of_refusals_loses_no_answer(empty: Director) -> None:
    key = list(KERNEL_KEYS[0])
    removals = [["remove", key, True, ["10.99.0.1", port, MASQUERADE, 1], None] for port in range(1, 1001)]
    told = empty.drive("operate", removals)
    refused = [place for place, _number, _sentence in told["refused"]]
    assert told["done"] == []
    assert len(refused) > 100
    assert refused + told["left"] == list(range(1000))


def test_a_large_table_is_written_and_read_whole(empty: Director) -> None:
    services = [ServiceKey.of_address(TCP, f"10.{number >> 8}.{number & 255}.1", 80) for number in range(300)]
    servers = [Destination(f"10.99.0.{number}", 80, MASQUERADE, number) for number in range(1, 11)]
    many = [Destination(f"10.{98}.{number >> 8}.{number & 255}", 80, MASQUERADE, 1) for number in range(1, 2001)]
    table = Table([(Service(key, "wrr"), servers if number else many) for number, key in enumerate(services)])
    assert empty.drive("measure", table_to_json(table))["equal"]
    assert not set(look(empty)) & set(services)


# --- the engine, in whole transactions ---

WEB1 = {"name": "web1", "address": "10.99.0.1", "weight": 3}
WEB2 = {"name": "web2", "address": "10.99.0.2"}


def document(*servers: dict[str, Any], **farm: Any) -> dict[str, Any]:
    return {
        "farms": [{"name": "web", "servers": servers or [WEB1, WEB2], **farm}, {"name": "web6", "mode": "tunnel"}],
        "virtual_servers": [
            {"name": "web", "vip": "10.10.0.50", "port": 80, "farm": "web", "engine": "ipvs"},
            {"name": "dns", "vip": "fd10::50", "port": 53, "protocol": "udp", "farm": "web6", "engine": "ipvs"},
        ],
    }


@pytest.fixture
def converged(empty: Director) -> Director:
    """The host, with the document's virtual servers in kernel, boot rules and record."""
    assert empty.drive("converge", {"document": document()})["state"] == "applied"
    return empty


def ours(director: Director, foreign: Table) -> Table:
    table = look(director)
    assert table.only(foreign) == foreign
    return table.only(set(table) - set(foreign))


def boot_rules(director: Director) -> str:
    return director.shell("cat /etc/ipvsadm.rules")


def test_a_second_run_finds_nothing_to_do(converged: Director) -> None:
    again = converged.drive("converge", {"document": document()})
    assert (again["state"], again["changed"], again["steps"]) == ("unchanged", False, [])


def test_check_mode_tells_the_steps_of_the_real_run_and_does_none(converged: Director, foreign: Table) -> None:
    wish = document({**WEB1, "state": "drained"}, {"name": "web3", "address": "10.99.0.3"}, balance="maglev")
    before = (ours(converged, foreign), boot_rules(converged))
    planned = converged.drive("converge", {"document": wish, "check_mode": True})
    assert (ours(converged, foreign), boot_rules(converged)) == before
    real = converged.drive("converge", {"document": wish})
    assert (planned["state"], real["state"]) == ("planned", "applied")
    assert planned["steps"] == real["steps"]
    assert [step[:2] for step in real["steps"]] == [
        ["change", "virtual server web"],
        ["add", "server web3 of virtual server web"],
        ["change", "server web1 of virtual server web"],
        ["remove", "server web2 of virtual server web"],
        ["change", "/etc/ipvsadm.rules"],
    ]
    servers = ours(converged, foreign)[KERNEL_KEYS[0]].destinations
    assert [(server.address, server.weight) for server in servers] == [("10.99.0.1", 0), ("10.99.0.3", 1)]


def test_what_somebody_changed_is_put_back(converged: Director, foreign: Table) -> None:
    wanted = ours(converged, foreign)
    converged.shell(
        "ipvsadm -D -u [fd10::50]:53 && ipvsadm -e -t 10.10.0.50:80 -r 10.99.0.1:80 -m -w 9 && "
        "ipvsadm -a -t 10.10.0.50:80 -r 10.99.0.66:80 -m && "
        "sed -i '/-r 10.99.0.1/d' /etc/ipvsadm.rules && echo '-A -f 5' >> /etc/ipvsadm.rules"
    )
    repaired = converged.drive("converge", {"document": document()})
    assert [step[:2] for step in repaired["steps"]] == [
        ["repair", "virtual server dns"],
        ["repair", "server web1 of virtual server web"],
        ["repair", "server 10.99.0.66:80 of virtual server web"],
        ["repair", "/etc/ipvsadm.rules"],
    ]
    assert ours(converged, foreign) == wanted
    assert "-A -f 5\n" in boot_rules(converged)


def test_the_next_boot_makes_what_runs_now(converged: Director, foreign: Table) -> None:
    wanted = ours(converged, foreign)
    converged.shell("ipvsadm -C && grep -v '^#' /etc/ipvsadm.rules | ipvsadm -R")
    assert look(converged) == wanted


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        ("mount --bind /etc/ipvsadm.rules /etc/ipvsadm.rules", "cannot write /etc/ipvsadm.rules"),
        ("mount --bind /etc /etc && mount -o remount,bind,ro /etc", "cannot write /etc/evenkeel/lb.json.new"),
    ],
)
def test_a_run_that_cannot_end_leaves_the_host_as_it_was(
    converged: Director, foreign: Table, spoil: str, complaint: str
) -> None:
    before = (ours(converged, foreign), boot_rules(converged), converged.shell("cat /etc/evenkeel/lb.json"))
    converged.shell(spoil)
    failed = converged.drive("converge", {"document": document(WEB2, balance="round_robin")})
    assert failed["state"] == "restored"
    assert complaint in failed["fault"]
    after = (ours(converged, foreign), boot_rules(converged), converged.shell("cat /etc/evenkeel/lb.json"))
    assert after == before
    assert converged.shell("ls /etc/evenkeel").split() == ["lb.json"]


def test_removing_everything_leaves_what_others_have(converged: Director, foreign: Table) -> None:
    converged.shell("echo '-A -f 6 -s rr' >> /etc/ipvsadm.rules")
    assert converged.drive("converge", {"document": {}})["state"] == "applied"
    assert look(converged) == foreign
    assert "-A -f 6 -s rr\n" in boot_rules(converged)
    assert "10.10.0.50" not in boot_rules(converged)


def test_a_persistent_ipv6_service_keeps_its_prefix_length(empty: Director, foreign: Table) -> None:
    wish = document(persistence_timeout=300)
    servers = [{"name": "a", "address": "10.99.0.9"}]
    wish["farms"][1].update(persistence_timeout=60, persistence_netmask="64", servers=servers)
    assert empty.drive("converge", {"document": wish})["state"] == "applied"
    service = ours(empty, foreign)[KERNEL_KEYS[5]].service
    assert (service.key.family, service.timeout, service.netmask) == (IPV6, 60, "64")
