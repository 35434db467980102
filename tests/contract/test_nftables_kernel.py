# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nftables engine on a real kernel, with the nft of three distributions."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import seed as seeded

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.engine import NftablesEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.host_checks import FILE, UNIT
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.render import element
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.contract.director import REPOSITORY, SPEC, Director, lab
from ansible_collections.evenkeel.lb.tests.unit.engines.nftables.wishes import document, documents, everything, pool

DIRECTORS = ("lb1", "lb2", "lb3")
TRANSITIONS = 70
LAB_NAME = f"contract-nft-{os.getpid()}"
WITH_ALL = REPOSITORY / "tests/contract/director_own.yml"

# What somebody else has in the same kernel: never ours, never touched. `evenkeel` of another family is not ours either.
FOREIGN = """\
table inet by_hand {
  chain prerouting { type filter hook prerouting priority mangle; ip daddr 10.10.0.66 meta mark set 7; }
  chain postrouting { type nat hook postrouting priority srcnat; oifname "lo" masquerade; }
}
table ip evenkeel { chain input { type filter hook input priority 0; policy accept; }; }
"""
WEB = {"name": "web", "vip": "10.10.0.50", "ports": [80, 443]}
ONE = {"name": "one", "vip": "10.10.0.52", "port": 80, **pool("10.20.0.240/29")}


@pytest.fixture(scope="module")
def directors() -> Iterator[dict[str, Director]]:
    """Three directors on one kernel, each with its distribution's nft."""
    lab("up", str(WITH_ALL), "--name", LAB_NAME)
    try:
        hosts = {name: Director(LAB_NAME, name) for name in DIRECTORS}
        with ThreadPoolExecutor() as jobs:
            list(jobs.map(lambda host: host.equip("ipvsadm"), hosts.values()))
        for host in hosts.values():
            host.shell("modprobe ip_vs && sysctl -q -w net.ipv4.vs.conntrack=1")
        yield hosts
        for host in hosts.values():
            host.close()
    finally:
        lab("down", LAB_NAME)


@pytest.fixture(params=DIRECTORS)
def director(directors: dict[str, Director], request: pytest.FixtureRequest) -> Director:
    """A director with somebody else's tables and nothing of ours."""
    host = directors[request.param]
    host.shell(f"nft flush ruleset; rm -rf /etc/evenkeel; mkdir /etc/evenkeel; umount -q {FILE} || true")
    host.shell("nft -f -", FOREIGN.encode())
    return host


def chosen_seed() -> int:
    """A new seed, printed; or the one of a run that shall be repeated, from EVENKEEL_SEED."""
    seed = int(os.environ.get("EVENKEEL_SEED") or secrets.randbits(32))
    print(f"EVENKEEL_SEED={seed}")
    return seed


def random_documents(count: int, seed: int) -> list[dict[str, Any]]:
    """The same documents for the same seed; the first asks for everything there is, the last for nothing."""
    found: list[dict[str, Any]] = []

    @seeded(seed)
    @settings(max_examples=count - 2, phases=[Phase.generate], database=None)
    @given(documents())
    def draw(wish: dict[str, Any]) -> None:
        found.append(wish)

    draw()
    return [everything(), *found, document()]


def converge(director: Director, wish: dict[str, Any], check_mode: bool = False) -> dict[str, Any]:
    answer: dict[str, Any] = director.drive(
        "converge", {"document": wish, "engines": ["nftables"], "check_mode": check_mode}
    )
    return answer


def elements_in(listed: str) -> set[str]:
    """The elements of our table in what nft lists, in numbers; nothing of our code has a hand in this."""
    ours = re.search(r"^table inet evenkeel \{$(.*?)^\}$", listed, re.MULTILINE | re.DOTALL)
    found = re.findall(r"elements = \{(.*?)\}", ours[1], re.DOTALL) if ours else []
    lines = (line.strip() for block in found for line in block.split(","))
    return {re.sub(r"\s+", " ", line) for line in lines}


def elements_of(wish: dict[str, Any]) -> set[str]:
    """The elements that are wanted, as nft prints them without /etc/protocols."""
    held = NftablesEngine().compile(Configuration.from_document(wish)).ruleset.elements
    numbers = {"tcp": "6", "udp": "17", "sctp": "132"}
    lines = (element(key, value) for key, value in held.items())
    return {re.sub(r"\b(tcp|udp|sctp) \.|\. (tcp|udp|sctp)\b", _number(numbers), line) for line in lines}


def _number(numbers: dict[str, str]) -> Any:
    return lambda match: match[0].replace(match[1] or match[2], numbers[match[1] or match[2]])


def others(listed: str) -> str:
    """All but our table."""
    return re.sub(r"^table inet evenkeel \{$.*?^\}$\n?", "", listed, flags=re.MULTILINE | re.DOTALL).strip()


def ruleset(director: Director) -> str:
    return director.shell("nft -s -n list ruleset")


def test_any_wish_becomes_any_other_and_what_is_not_ours_stays(director: Director) -> None:
    seed = chosen_seed()
    wishes = random_documents(TRANSITIONS, seed)
    foreign = ruleset(director).strip()
    for number, (wish, seen) in enumerate(zip(wishes, director.drive("nft_walk", wishes), strict=True)):
        where = f"wish {number} of EVENKEEL_SEED={seed}: {wish}"
        assert seen["done"]["state"] in ("applied", "unchanged"), (where, seen["done"])
        assert seen["again"] == [], where
        assert elements_in(seen["listed"]) == elements_of(wish), where
        assert others(seen["listed"]) == foreign, where
        assert (seen["file"] is None) == (not elements_of(wish)), where
    assert "inet evenkeel" not in ruleset(director)


def test_check_mode_tells_what_the_real_run_does_and_does_nothing(director: Director) -> None:
    converge(director, document(WEB))
    before = (ruleset(director), director.shell(f"cat {FILE}"))
    wish = document({**WEB, "ports": [80, 8080]}, ONE)
    planned = converge(director, wish, check_mode=True)
    assert (ruleset(director), director.shell(f"cat {FILE}")) == before
    real = converge(director, wish)
    assert (planned["state"], real["state"]) == ("planned", "applied")
    assert planned["steps"] == real["steps"]
    assert [step[:2] for step in real["steps"]] == [
        ["add", "source NAT of virtual server one"],
        ["change", "packet marks of virtual server web"],
        ["change", FILE],
    ]


@pytest.mark.parametrize(
    "drift",
    [
        "nft flush table inet evenkeel",
        "nft delete table inet evenkeel",
        "nft flush ruleset",
        "nft flush map inet evenkeel tcp_marks4",
        "nft flush chain inet evenkeel input",
        "nft insert rule inet evenkeel postrouting counter accept",
        "nft add rule inet evenkeel input ip saddr 10.9.9.9 meta mark set 9",
        "nft add set inet evenkeel mine '{ type ipv4_addr; }'",
        "nft add element inet evenkeel tcp_marks4 '{ 10.9.9.9 . 1-2 : 9 }'",
        "nft delete element inet evenkeel tcp_marks4 '{ 10.10.0.50 . 80 }'",
        "nft add chain inet evenkeel input '{ policy drop; }'",
        "sysctl -q -w net.ipv4.vs.conntrack=0",
        f"sed -i s/443/444/ {FILE}",
        f"rm {FILE}",
    ],
)
def test_what_somebody_changed_is_seen_and_put_back(director: Director, drift: str) -> None:
    wish = document(WEB, ONE)
    assert converge(director, wish)["state"] == "applied"
    whole, text = ruleset(director), director.shell(f"cat {FILE}")
    director.shell(drift)
    seen = converge(director, wish, check_mode=True)["steps"]
    assert seen and {action for action, _subject, _impact in seen} == {"repair"}
    assert converge(director, wish)["steps"] == seen
    assert elements_in(ruleset(director)) == elements_of(wish)
    if drift != "nft flush ruleset":
        assert ruleset(director) == whole
    assert director.shell(f"cat {FILE}") == text
    assert converge(director, wish, check_mode=True)["steps"] == []


def test_a_run_that_cannot_end_leaves_the_kernel_as_it_was(director: Director) -> None:
    """Also what somebody else had put into our table: it was there before."""
    converge(director, document(WEB))
    director.shell("nft add rule inet evenkeel input ip saddr 10.9.9.9 counter accept")
    before = (ruleset(director), director.shell(f"cat {FILE}"))
    director.shell(
        "chattr +i /etc/evenkeel/lb.json 2>/dev/null || mount --bind /etc/evenkeel/lb.json /etc/evenkeel/lb.json"
    )
    try:
        result = converge(director, everything())
    finally:
        director.shell("chattr -i /etc/evenkeel/lb.json 2>/dev/null || umount /etc/evenkeel/lb.json")
    assert result["state"] == "restored", result
    assert (ruleset(director), director.shell(f"cat {FILE}")) == before


def test_the_file_alone_makes_the_table_however_often(director: Director) -> None:
    wish = everything()
    converge(director, wish)
    whole = ruleset(director)
    director.shell(f"nft delete table inet evenkeel && nft -f {FILE} && nft -f {FILE}")
    assert ruleset(director) == whole
    assert director.shell(f"stat -c %a {FILE}").strip() == "600"


def test_the_table_survives_what_nftables_service_does(director: Director) -> None:
    """Its rules begin with flush ruleset, on Debian and Red Hat alike."""
    converge(director, document(WEB, ONE))
    wanted = elements_of(document(WEB, ONE))
    director.shell("printf 'flush ruleset\\ntable inet filter {}\\n' > /etc/nftables.conf")
    try:
        for verb in ("start", "reload", "restart"):
            director.shell(f"systemctl {verb} nftables && sleep 0.5")
            assert "table inet filter" in ruleset(director), verb
            assert elements_in(ruleset(director)) == wanted, verb
        director.shell("systemctl stop nftables; systemctl start nftables && sleep 0.5")
        assert elements_in(ruleset(director)) == wanted
    finally:
        director.shell("systemctl stop nftables")


@pytest.mark.parametrize("with_nftables", [False, True], ids=["alone", "beside nftables.service"])
def test_the_table_is_back_after_loss_of_power(directors: dict[str, Director], with_nftables: bool) -> None:
    director = directors["lb1"]
    director.shell("nft flush ruleset; rm -rf /etc/evenkeel; mkdir /etc/evenkeel")
    assert converge(director, document(WEB))["state"] == "applied"
    director.shell("printf 'flush ruleset\\ntable inet filter {}\\n' > /etc/nftables.conf")
    director.shell(f"systemctl {'enable' if with_nftables else 'disable'} --quiet nftables && sync")
    director.close()
    lab("kill", LAB_NAME, "lb1")
    lab("boot", LAB_NAME, "lb1")
    director.shell("systemctl is-system-running --wait || true")
    listed = ruleset(director)
    assert ("table inet filter" in listed) == with_nftables
    assert elements_in(listed) == elements_of(document(WEB))
    assert converge(director, document(WEB), check_mode=True)["steps"] == []
    order = director.shell(f"systemctl show --property=Before {UNIT}")
    assert "keepalived.service" in order and "ipvsadm.service" in order
    director.shell("modprobe ip_vs && sysctl -q -w net.ipv4.vs.conntrack=1; systemctl disable --quiet nftables")


def test_source_nat_without_connection_tracking_is_refused(director: Director) -> None:
    director.shell("sysctl -q -w net.ipv4.vs.conntrack=0")
    try:
        before = ruleset(director)
        result = converge(director, document(ONE))
        assert result["state"] == "refused"
        assert "director_source_nat: true of role evenkeel.lb.director" in result["problems"][0]
        assert ruleset(director) == before
    finally:
        director.shell("sysctl -q -w net.ipv4.vs.conntrack=1")


def test_a_thousand_services_are_checked_loaded_and_read(directors: dict[str, Director]) -> None:
    director = directors["lb1"]
    many = [
        {"name": f"v{number}", "vip": f"10.10.{1 + number // 250}.{number % 250 + 1}", "ports": [80, 443, "8000-8100"]}
        for number in range(1000)
    ]
    director.shell("nft flush ruleset; rm -rf /etc/evenkeel; mkdir /etc/evenkeel")
    assert converge(director, document(*many))["state"] == "applied"
    assert len(elements_in(ruleset(director))) == 3000
    assert converge(director, document(*many))["state"] == "unchanged"
    assert converge(director, document())["state"] == "applied"


def test_a_kernel_without_the_inet_family_is_a_problem_that_says_so() -> None:
    """Packaged user-mode kernels are such: they have nftables without ip, ip6 and inet."""
    name = f"{LAB_NAME}-bare"
    lab("up", str(SPEC), "--name", name)
    try:
        director = Director(name)
        director.equip("ipvsadm")
        assert converge(director, document({"name": "plain", "vip": "10.10.0.50", "port": 80}))["state"] == "applied"
        result = converge(director, document(WEB))
        assert result["state"] == "refused", result
        assert "CONFIG_NF_TABLES_INET" in result["problems"][0]
        assert "No such file" in director.shell(f"ls {FILE} 2>&1 || true")
        director.close()
    finally:
        lab("down", name)
