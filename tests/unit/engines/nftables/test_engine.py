# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nftables engine in whole transactions, on a fake host: what it does to a kernel is in tests/contract."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.engine import NftablesEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.host_checks import CONNTRACK, FILE, UNIT
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.parse import parse
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.steps import TABLE as SUBJECT
from ansible_collections.evenkeel.lb.plugins.module_utils._host.nftables import Nftables
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import Result, reconcile
from ansible_collections.evenkeel.lb.tests.unit.engines.nftables.fake_nft import TABLE, Host, listing
from ansible_collections.evenkeel.lb.tests.unit.engines.nftables.wishes import document, documents, everything, pool

WEB = {"name": "web", "vip": "10.10.0.50", "ports": [80, 443]}
ALL = {"name": "all", "vip": "10.10.0.51", "protocol": "any"}
ONE = {"name": "one", "vip": "10.10.0.52", "port": 80}
FROM_POOL = pool("198.51.100.0/29")
NOTHING: dict[str, Any] = {}


def run(host: Host, wish: dict[str, Any], check_mode: bool = False) -> Result:
    wanted = Configuration.from_document(wish)
    return reconcile(host, [NftablesEngine()], lambda _recorded: wanted, check_mode)


def held(host: Host) -> Any:
    """What the kernel has of ours."""
    return parse(listing(host.nft.tables[TABLE])) if TABLE in host.nft.tables else None


def wanted(wish: dict[str, Any]) -> Any:
    return NftablesEngine().compile(Configuration.from_document(wish)).ruleset


def told(result: Result) -> list[tuple[str, str, str]]:
    return [(step.action, step.subject, step.impact) for step in result.steps]


@pytest.fixture
def host() -> Host:
    """A host that holds web and one."""
    found = Host()
    assert run(found, document(WEB, ONE)).transaction.state == "applied"
    return found


# --- what it makes of a host ---


@given(documents(), documents())
def test_any_wish_becomes_any_other_and_what_is_not_ours_stays(first: dict[str, Any], second: dict[str, Any]) -> None:
    host = Host()
    others = copy.deepcopy(host.nft.tables)
    for wish in (first, second):
        planned = run(host, wish, check_mode=True)
        real = run(host, wish)
        assert (planned.changed, planned.steps) == (real.changed, real.steps)
        assert real.transaction.state in ("applied", "unchanged")
        desired = wanted(wish)
        assert held(host) == (desired if desired.elements else None)
        assert (FILE in host.files) == bool(desired.elements)
        assert {name: table for name, table in host.nft.tables.items() if name != TABLE} == others
        again = run(host, wish)
        assert not again.changed and not again.steps


def test_where_nobody_needs_it_nothing_is_run_and_nothing_written() -> None:
    host = Host()
    result = run(host, document(ONE))
    assert result.transaction.state == "applied" and not result.steps
    assert host.ran == []
    assert list(host.files) == ["/proc/sys/net/ipv4/vs/conntrack", "/etc/evenkeel/lb.json"]


def test_a_second_run_asks_once_and_writes_nothing(host: Host) -> None:
    host.ran.clear()
    assert run(host, document(WEB, ONE)).transaction.state == "unchanged"
    assert host.ran == [("nft", "--json", "--stateless", "--numeric", "list", "table", "inet", "evenkeel")]


def test_the_file_is_private_and_makes_the_table_by_itself(host: Host) -> None:
    assert host.modes[FILE] == 0o600
    host.nft.tables.clear()
    Nftables(host, TABLE).load(host.files[FILE])
    Nftables(host, TABLE).load(host.files[FILE])
    assert held(host) == wanted(document(WEB, ONE))


def test_only_our_table_is_ever_named(host: Host) -> None:
    run(host, everything())
    run(host, NOTHING)
    assert not [argv for argv in host.ran if "flush" in " ".join(argv)]
    assert set(host.nft.tables) == {"ip filter"}
    assert "flush" not in "".join(host.files.values())


# --- what it tells ---


def test_steps_are_told_by_virtual_server() -> None:
    host = Host()
    result = run(host, document(WEB, {**ALL, **FROM_POOL}, ONE))
    assert told(result) == [
        ("add", "packet marks of virtual server all", "none"),
        ("add", "source NAT of virtual server all", "none"),
        ("add", "packet marks of virtual server web", "none"),
        ("add", FILE, "none"),
    ]
    web = result.steps[2]
    mark = wanted(document(WEB)).elements
    assert web.before == ""
    assert web.after.splitlines() == [
        f'tcp_marks4: 10.10.0.50 . {port} comment "web" : {next(iter(mark.values())).value}' for port in (443, 80)
    ]


def test_more_ports_disturb_nobody_and_fewer_only_new_connections(host: Host) -> None:
    more = run(host, document({**WEB, "ports": [80, 443, 8080]}, ONE))
    assert told(more)[0] == ("change", "packet marks of virtual server web", "none")
    fewer = run(host, document({**WEB, "ports": [80, 8080]}, ONE))
    assert told(fewer)[0] == ("change", "packet marks of virtual server web", "new_connections")


def test_source_nat_of_a_running_service_is_for_new_connections(host: Host) -> None:
    begun = run(host, document(WEB, {**ONE, **FROM_POOL}))
    assert told(begun)[0] == ("add", "source NAT of virtual server one", "new_connections")
    moved = run(host, document(WEB, {**ONE, **pool("203.0.113.0/24")}))
    assert told(moved)[0] == ("change", "source NAT of virtual server one", "new_connections")
    ended = run(host, document({**WEB, "source_nat_type": "auto"}, ONE))
    assert told(ended) == [
        ("add", "source NAT of virtual server web", "new_connections"),
        ("remove", "source NAT of virtual server one", "new_connections"),
        ("change", FILE, "none"),
    ]


def test_the_last_source_nat_takes_the_rewriting_of_open_connections_with_it() -> None:
    host = Host()
    run(host, document({**ONE, **FROM_POOL}, WEB))
    assert ("remove", "source NAT of virtual server one", "reset") in told(run(host, document(ONE, WEB)))


def test_a_port_that_moves_between_virtual_servers_is_told_of_both(host: Host) -> None:
    moved = run(host, document({**WEB, "ports": [80, 8080]}, {"name": "tls", "vip": "10.10.0.50", "ports": [443, 444]}))
    assert told(moved)[:2] == [
        ("add", "packet marks of virtual server tls", "none"),
        ("change", "packet marks of virtual server web", "new_connections"),
    ]


def test_the_last_one_takes_table_and_file_with_it(host: Host) -> None:
    result = run(host, document(ONE))
    assert told(result) == [
        ("remove", "packet marks of virtual server web", "new_connections"),
        ("remove", FILE, "none"),
    ]
    assert TABLE not in host.nft.tables and FILE not in host.files


# --- drift ---


def test_a_flushed_table_is_put_back(host: Host) -> None:
    del host.nft.tables[TABLE]
    result = run(host, document(WEB, ONE))
    assert told(result) == [("repair", "packet marks of virtual server web", "none")]
    assert held(host) == wanted(document(WEB, ONE))


def test_a_changed_mark_is_put_back(host: Host) -> None:
    lines = host.nft.tables[TABLE]["map tcp_marks4"]["elements"]
    lines[0] = lines[0].rpartition(" : ")[0] + " : 0x00000001"
    result = run(host, document(WEB, ONE))
    assert told(result) == [("repair", "packet marks of virtual server web", "new_connections")]
    assert "0x00000001" in result.steps[0].before
    assert held(host) == wanted(document(WEB, ONE))


@pytest.mark.parametrize(
    ("thing", "part", "line"),
    [
        ("chain input", "", "accept"),
        ("map tcp_marks4", "elements", "10.9.9.9 . 1 : 0x00000001"),
        ("map tcp_marks4", "elements", '10.9.9.9 . 1 comment "other" : 0x00000001'),
        ("chain mine", "", "drop"),
    ],
)
def test_what_somebody_put_into_our_table_is_shown_and_taken_out(host: Host, thing: str, part: str, line: str) -> None:
    host.nft.tables[TABLE].setdefault(thing, {"": [], "elements": []})[part].append(line)
    result = run(host, document(WEB, ONE))
    assert told(result) == [("repair", SUBJECT, "new_connections")]
    assert line in result.steps[0].before and result.steps[0].after == ""
    assert held(host) == wanted(document(WEB, ONE))


def test_a_lost_rule_is_shown_and_put_back(host: Host) -> None:
    host.nft.tables[TABLE]["chain input"][""].pop()
    result = run(host, document(WEB, ONE))
    assert told(result) == [("repair", SUBJECT, "new_connections")]
    assert "@tcp_marks4" in result.steps[0].after
    assert held(host) == wanted(document(WEB, ONE))


def test_a_changed_or_lost_file_is_put_back(host: Host) -> None:
    whole = host.files[FILE]
    host.files[FILE] = whole.replace("443", "444")
    changed = run(host, document(WEB, ONE))
    assert told(changed) == [("repair", FILE, "none")]
    assert host.files[FILE] == whole
    del host.files[FILE]
    lost = run(host, document(WEB, ONE))
    assert ("repair", FILE, "none") in told(lost)
    assert host.files[FILE] == whole and held(host) == wanted(document(WEB, ONE))


def test_what_an_interrupted_run_left_is_taken_away(host: Host) -> None:
    del host.files["/etc/evenkeel/lb.json"]
    result = run(host, NOTHING)
    assert [step.subject for step in result.steps] == [SUBJECT, FILE]
    assert TABLE not in host.nft.tables and FILE not in host.files


def test_drift_and_a_wish_at_once(host: Host) -> None:
    host.nft.tables[TABLE]["chain input"][""].append("accept")
    result = run(host, document(WEB, {**ONE, "source_nat_type": "auto"}))
    assert told(result) == [
        ("add", "source NAT of virtual server one", "new_connections"),
        ("repair", SUBJECT, "new_connections"),
        ("change", FILE, "none"),
    ]
    assert result.steps[1].before == "chain input: accept\n"


@pytest.mark.parametrize("more", [[], [WEB]], ids=["alone", "beside a change"])
def test_a_kernel_parameter_that_somebody_reset_is_put_back(more: list[dict[str, Any]]) -> None:
    host = Host()
    wish = document({**ONE, "source_nat_type": "auto"})
    run(host, wish)
    host.files["/proc/sys/net/ipv4/vs/conntrack"] = "0\n"
    wish = document({**ONE, "source_nat_type": "auto"}, *more)
    planned = run(host, wish, check_mode=True)
    assert ("repair", CONNTRACK, "new_connections") in told(planned)
    result = run(host, wish)
    assert (result.transaction.state, result.steps) == ("applied", planned.steps)
    assert host.files["/proc/sys/net/ipv4/vs/conntrack"] == "1\n"
    assert not run(host, wish).changed


def test_when_ipvs_is_not_loaded_there_is_no_parameter_to_put_back() -> None:
    host = Host()
    wish = document({**ONE, "source_nat_type": "auto"})
    run(host, wish)
    del host.files["/proc/sys/net/ipv4/vs/conntrack"]
    result = run(host, wish)
    assert result.transaction.state == "refused"
    assert [problem.allowed for problem in result.problems] == [
        "director_source_nat: true of role evenkeel.lb.director"
    ]


def test_a_parameter_that_was_put_back_in_vain_is_as_it_was() -> None:
    host = Host()
    run(host, document({**ONE, "source_nat_type": "auto"}))
    host.files["/proc/sys/net/ipv4/vs/conntrack"] = "0\n"
    host.full_disk.add("/etc/evenkeel/lb.json")
    result = run(host, document({**ONE, "source_nat_type": "auto"}, WEB))
    assert result.transaction.state == "restored"
    assert host.files["/proc/sys/net/ipv4/vs/conntrack"] == "0\n"


# --- check ---


def refused(host: Host, wish: dict[str, Any]) -> dict[str, str]:
    result = run(host, wish)
    assert result.transaction.state == "refused"
    assert set(host.nft.tables) == {"ip filter"} and FILE not in host.files
    return {problem.path: str(problem) for problem in result.problems}


def test_without_nft_the_role_is_named() -> None:
    host = Host()
    del host.programs["nft"]
    problems = refused(host, document(WEB))
    assert "role evenkeel.lb.director installs it" in problems["nft"]


@pytest.mark.parametrize("conntrack", ["0", None])
def test_source_nat_without_connection_tracking_is_refused(conntrack: str | None) -> None:
    problems = refused(Host(conntrack), document({**ONE, **FROM_POOL}, WEB))
    assert list(problems) == ["virtual_servers[one].source_nat_type"]
    assert "director_source_nat: true" in next(iter(problems.values()))


def test_marks_need_no_connection_tracking() -> None:
    assert run(Host(None), document(WEB)).transaction.state == "applied"


def test_a_unit_that_would_not_bring_the_table_back_is_a_problem() -> None:
    problems = refused(Host(is_enabled=False), document(WEB))
    assert list(problems) == [UNIT]
    assert "after a reboot" in problems[UNIT]


def test_what_nft_has_against_the_candidate_is_told() -> None:
    host = Host()

    def complaining(argv: Sequence[str]) -> Completed:
        said = (
            "/dev/stdin:5:1-24: Error: Could not process rule: Operation not supported\n"
            "table inet evenkeel {\n^^^^^^^^^^^^^^^^^^^^^^^^\n"
        )
        return Completed(1, "", said if "--check" in argv else "Error: No such file or directory\n")

    host.programs["nft"] = complaining
    problems = refused(host, document(WEB))
    assert "line 5: Could not process rule: Operation not supported" in problems[SUBJECT]
    assert "CONFIG_NF_TABLES_INET" in problems[SUBJECT]


# --- faults ---


def calls(wish: dict[str, Any]) -> int:
    """How often nft is called for this change of the host of these tests."""
    found = Host()
    run(found, document(WEB, ONE))
    found.ran.clear()
    run(found, wish)
    return sum(argv[0] == "nft" for argv in found.ran)


WISHES = [document(WEB, {**ONE, **FROM_POOL}), document({**WEB, "ports": [80, 81]}), document(ONE)]


@pytest.mark.parametrize("wish", WISHES, ids=["more", "other", "nothing"])
def test_whichever_call_fails_everything_is_as_it_was(host: Host, wish: dict[str, Any]) -> None:
    before = (copy.deepcopy(host.nft.tables), dict(host.files))
    # the first is the reading, before the transaction
    for number in range(2, calls(wish) + 1):
        host.ran.clear()

        def spoiled(argv: Sequence[str], number: int = number) -> bool:
            return sum(argv[0] == "nft" for argv in host.ran) == number

        host.nft.spoiled = spoiled
        result = run(host, wish)
        host.nft.spoiled = lambda argv: False
        assert result.failed and result.transaction.left == ()
        assert (host.nft.tables, host.files) == before, f"call {number}: {host.ran[-1]}"
    assert run(host, wish).transaction.state == "applied"


@pytest.mark.parametrize("path", [FILE, "/etc/evenkeel/lb.json"])
def test_a_full_disk_leaves_everything_as_it_was(host: Host, path: str) -> None:
    before = (copy.deepcopy(host.nft.tables), dict(host.files))
    host.full_disk.add(path)
    assert run(host, document({**WEB, "ports": [80, 81]})).transaction.state == "restored"
    host.full_disk.clear()
    assert (host.nft.tables, host.files) == before


class Killed(BaseException):
    """The process is gone: nothing catches this."""


class Mortal(Host):
    """A host whose process is killed when it has changed or asked the host so many times; then nothing works."""

    left = 1000

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        self._live()
        super().write(path, text, mode)

    def remove(self, path: str) -> None:
        self._live()
        super().remove(path)

    def run(self, argv: Sequence[str], timeout: float = 30.0, given: str = "") -> Completed:
        self._live()
        return super().run(argv, timeout, given)


@pytest.mark.parametrize("wish", WISHES, ids=["more", "other", "nothing"])
def test_wherever_a_run_is_killed_the_next_one_ends_it(wish: dict[str, Any]) -> None:
    desired = wanted(wish)
    for number in range(100):
        host = Mortal()
        run(host, document(WEB, ONE))
        host.left = number
        try:
            run(host, wish)
        except Killed:
            host.left = 1000
            assert run(host, wish).transaction.state in ("applied", "unchanged")
            assert held(host) == (desired if desired.elements else None)
            assert (FILE in host.files) == bool(desired.elements)
        else:
            assert number > 4
            return
    raise AssertionError("no run came to its end")


def test_a_listing_that_nobody_understands_is_a_fault_that_says_so(host: Host) -> None:
    host.programs["nft"] = lambda argv: Completed(0, "hello", "")
    with pytest.raises(HostFault, match="table inet evenkeel in a way that is not understood"):
        run(host, document(WEB))


def test_nft_that_may_not_list_is_a_fault(host: Host) -> None:
    host.programs["nft"] = lambda argv: Completed(1, "", "Error: Operation not permitted (you must be root)\n")
    with pytest.raises(HostFault, match="Operation not permitted"):
        run(host, document(WEB))


def test_a_kernel_without_nftables_holds_nothing(host: Host) -> None:
    said = "netlink: Error: cache initialization failed: Protocol not supported\n"
    host.programs["nft"] = lambda argv: Completed(1, "", said)
    result = run(host, document(ONE))
    assert result.transaction.state == "applied"
    assert FILE not in host.files
