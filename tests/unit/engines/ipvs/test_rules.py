# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The text of ipvsadm: tables as rules and back, and our lines among those of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import (
    RulesError,
    holds,
    lines_of,
    parse,
    render,
    replaced,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    DIRECT_ROUTE,
    FLAG_PERSISTENT,
    IPV4,
    LOCAL,
    MASQUERADE,
    TCP,
    TUNNEL,
    TUNNEL_GUE,
    Destination,
    Service,
    ServiceKey,
    Table,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.tables import KERNEL_KEYS, kernel_tables

WEB = ServiceKey.of_address(TCP, "10.10.0.50", 80)

# What ipvsadm 1.31 printed with --save -n on a kernel 6.1 that held such a table.
SAVED = """\
-A -t 1.2.3.4:80 -s rr
-a -t 1.2.3.4:80 -r 5.6.7.8:80 -m -w 1
-a -t 1.2.3.4:80 -r 5.6.7.9:80 -i -w 1 --tun-type ipip
-a -t 1.2.3.4:80 -r 5.6.7.20:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 1.2.3.4:80 -r 5.6.7.21:80 -i -w 1 --tun-type gre --tun-csum
-a -t 1.2.3.4:80 -r 5.6.7.22:80 -i -w 1 --tun-type gre --tun-nocsum
-a -t 1.2.3.4:80 -r 127.0.0.1:80 -g -w 1
-a -t 1.2.3.4:80 -r 127.0.0.1:82 -m -w 0
-A -t 1.2.3.6:0 -s rr -p 100
-A -t 1.2.3.7:80 -s none
-A -t 1.2.3.8:80 -s wrr -b flag-2,flag-3
-A -u 1.2.3.4:53 -s rr -p 360 -M 255.255.255.0
-A -u 1.2.3.4:5060 -s rr -p 60 -M 255.255.255.0 --pe sip -o -b flag-1
-A --sctp-service 1.2.3.4:80 -s sh -b sh-fallback
-A -t [2001:db8::1]:80 -s mh -p 300 -M 64 -b mh-fallback,mh-port
-a -t [2001:db8::1]:80 -r 1.2.3.9:80 -i -w 2 --tun-type gue --tun-port 6080 --tun-csum
-a -t [2001:db8::1]:80 -r [2001:db8::2]:80 -i -w 2 --tun-type ipip
-A -f 7 -s wlc -o
-a -f 7 -r 127.0.0.1:0 -g -w 1
-A -f 7 -6 -s wlc -p 100
"""


def test_what_ipvsadm_saved_is_rendered_the_same() -> None:
    assert sorted(render(parse(SAVED)).splitlines()) == sorted(SAVED.splitlines())


@given(kernel_tables())
def test_rules_give_back_the_table_they_were_rendered_from(table: Table) -> None:
    assert parse(render(table)) == table


@given(st.text() | st.lists(st.sampled_from(["-A", "-a", "-t", "-f", "-p", "-6", "-r", "1.2.3.4:80", "7", "=", " "])))
def test_any_text_gives_a_table_or_an_error_of_its_own(text: str | list[str]) -> None:
    try:
        table = parse(text if isinstance(text, str) else " ".join(text))
    except RulesError as error:
        assert str(error).startswith("line ")
    else:
        assert isinstance(table, Table)


def test_thresholds_are_kept() -> None:
    server = Destination("10.20.0.21", 80, MASQUERADE, 1, 200, 150)
    table = Table([(Service(WEB, "rr"), [server])])
    assert render(table).splitlines()[1] == "-a -t 10.10.0.50:80 -r 10.20.0.21:80 -m -w 1 -x 200 -y 150"
    assert parse(render(table)) == table


def test_long_options_and_defaults_are_understood() -> None:
    text = """
# by hand
--add-service --tcp-service=10.10.0.50:80 --persistent --netmask 255.255.0.0
--add-server --tcp-service 10.10.0.50:80 --real-server=10.20.0.21 --weight=5 --u-threshold 9
-a -t 10.10.0.50:80 -r 10.20.0.22:8080 --masquerading
-a -t 10.10.0.50:80 -r 10.20.0.23:8080 --gatewaying
"""
    service = Service(WEB, "wlc", FLAG_PERSISTENT, 360, "255.255.0.0")
    servers = [
        Destination("10.20.0.21", 80, DIRECT_ROUTE, 5, 9),
        Destination("10.20.0.22", 8080, MASQUERADE, 1),
        Destination("10.20.0.23", 80, DIRECT_ROUTE, 1),
    ]
    assert parse(text) == Table([(service, servers)])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-A -t 10.10.0.50:http -s rr", r"line 1 \(-A -t 10.10.0.50:http -s rr\): 'http' is not a number"),
        ("-A -t vip:80", "'vip' is not an IP address"),
        ("-A -t 10.10.0.50:70000", "'70000' is not a number from 0 to 65535"),
        ("-A -t [fd10::50", r"is not \[address\]:port"),
        ("-A -s rr", "one of -t, -u, -f, --sctp-service is needed"),
        ("-A -t 10.10.0.50:80 -f 7", "one of -t, -u, -f, --sctp-service is needed"),
        ("-A -t 10.10.0.50:80 -t 10.10.0.50:80", "-t is there twice"),
        ("-A -t 10.10.0.50:80 -s", "-s lacks its value"),
        ("-A -t 10.10.0.50:80 --nonsense", "--nonsense is not known here"),
        ("-A -t 10.10.0.50:80 -s sh -b mh-port", "'mh-port' is none of"),
        ("-E -t 10.10.0.50:80", "-E is not known here"),
        ("-t 10.10.0.50:80", "neither -A nor -a"),
        ("-A -t 10.10.0.50:80\n-A -t 10.10.0.50:80", "line 2 .*: virtual server tcp 10.10.0.50:80 is there twice"),
        ("-a -t 10.10.0.50:80 -r 1.2.3.4", "no line before adds virtual server tcp 10.10.0.50:80"),
        ("-A -t 10.10.0.50:80\n-a -t 10.10.0.50:80", "-r is needed"),
        ("-A -f 0", "'0' is not a number from 1 to"),
        ("-A -t 10.10.0.50:80 -s größe", "'größe' is no name"),
        ("-A -t 10.10.0.50:80 --pe 0123456789abcdef", "'0123456789abcdef' is no name"),
        ("-A -t 10.10.0.50:80 -p 60 -M 64", "'64' is no netmask"),
        ("-A -t [10.10.0.50]:80", r"is not \[address\]:port"),
        ("-A -f 00000000007", "'00000000007' is not a number"),
        ("-A -t [fd10::50]:80 -p 60 -M 129", "'129' is not a number from 1 to 128"),
        ("-A -t 10.10.0.50:80 -w 3", "-w does not go with -A"),
        ("-A -t 10.10.0.50:80 -a", "-a does not go with -A"),
        ("-A -t 10.10.0.50:80\n-a -t 10.10.0.50:80 -r 1.2.3.4 -s rr", "-s does not go with -a"),
        ("-A -t 10.10.0.50:80\n-a -t 10.10.0.50:80 -r 1.2.3.4 -g -m", "one of -m, -i, -g"),
        ("-A -t 10.10.0.50:80\n-a -t 10.10.0.50:80 -r 1.2.3.4 -i --tun-csum --tun-nocsum", "one of --tun-nocsum"),
        ("-A -t 10.10.0.50:80 -6", "-6 goes with -f alone"),
        ("-A -t 10.10.0.50:80\u00a0-s rr", "rr is not known here"),
        (
            "-A -t 10.10.0.50:80\n-a -t 10.10.0.50:80 -r 1.2.3.4\n-a -t 10.10.0.50:80 -r 1.2.3.4:80",
            "server 1.2.3.4:80 of virtual server tcp 10.10.0.50:80 is there twice",
        ),
    ],
)
def test_lines_that_are_not_understood_are_named(text: str, complaint: str) -> None:
    with pytest.raises(RulesError, match=complaint):
        parse(text)


@pytest.mark.parametrize(
    ("service", "server", "what"),
    [
        (Service(WEB._replace(protocol=1), "rr"), None, "protocol 1"),
        (Service(WEB, "rr"), Destination("10.20.0.21", 80, LOCAL, 1), "forwarding method 1"),
        (Service(WEB, "rr"), Destination("10.20.0.21", 80, TUNNEL, 1, tunnel_type=9), "tunnel type 9"),
        (
            Service(WEB, "rr"),
            Destination("10.20.0.21", 80, TUNNEL, 1, tunnel_type=TUNNEL_GUE, tunnel_flags=3),
            "tunnel flags 3",
        ),
    ],
)
def test_what_the_text_cannot_say_is_an_error(service: Service, server: Destination | None, what: str) -> None:
    with pytest.raises(RulesError, match=f"no word for the {what}"):
        render(Table([(service, [server] if server else [])]))


OTHERS = """\
# kept by hand
-A -t 192.0.2.9:25 -s rr
-a -t 192.0.2.9:25 -r 192.0.2.10:25 -m -w 1

--start-daemon master
-A -t mail.example.com:smtp -s rr
"""


def test_lines_of_others_stay_as_they_are() -> None:
    ours = Table([(Service(WEB, "rr"), [Destination("10.20.0.21", 80, MASQUERADE, 1)])])
    written = replaced(OTHERS, {WEB}, ours)
    assert written == OTHERS + render(ours)
    assert lines_of(written, {WEB}) == render(ours)
    assert replaced(written, {WEB}, Table()) == OTHERS


def test_only_a_line_feed_ends_a_line() -> None:
    """A part of a comment must not become a rule."""
    text = "".join(f"# kept{sign}-A -t 192.0.2.9:26 -s rr\n" for sign in "\v\f\r\x1c\x1d\x1e\x85\u2028\u2029")
    assert replaced(text, {WEB}, Table()) == text
    assert parse(text) == Table()
    assert parse("-A\t-t 10.10.0.50:80 -s\v rr \r\n") == Table([(Service(WEB, "rr"), [])])


def test_a_comment_may_begin_after_space() -> None:
    text = " \t# -A -t 10.10.0.50:80 -s rr\n"
    assert parse(text) == Table()
    assert lines_of(text, {WEB}) == ""


def test_lines_of_ours_go_also_when_they_are_not_understood() -> None:
    old = "-A --tcp-service=10.10.0.50:80 -s rr --new-option 1\n-f 7 -6 -A\n# -A -t 10.10.0.50:80\n"
    assert replaced(old, {WEB}, Table()) == "-f 7 -6 -A\n# -A -t 10.10.0.50:80\n"


def test_marks_of_both_families_are_told_apart() -> None:
    assert lines_of("-A -f 7\n-A -f 7 -6\n", {ServiceKey.of_fwmark(IPV4, 7)}) == "-A -f 7\n"


@given(kernel_tables(), kernel_tables(), st.sets(st.sampled_from(KERNEL_KEYS)))
def test_replacing_touches_only_the_given_services_and_does_so_once(
    held: Table, new: Table, keys: set[ServiceKey]
) -> None:
    new = new.only(keys)
    written = replaced(render(held), keys, new)
    assert parse(written).only(keys) == new
    others = set(KERNEL_KEYS) - keys
    assert parse(written).only(others) == held.only(others)
    assert replaced(written, keys, new) == written


def read_through(text: str, keys: set[ServiceKey], table: Table) -> bool:
    """What ``holds`` tells, by reading every line."""
    try:
        return parse(lines_of(text, keys)) == table
    except RulesError:
        return False


@given(kernel_tables(), kernel_tables(), st.sets(st.sampled_from(KERNEL_KEYS)), st.data())
def test_whether_a_text_holds_a_table_is_told_without_reading_what_we_wrote(
    held: Table, new: Table, keys: set[ServiceKey], data: st.DataObject
) -> None:
    new = new.only(keys)
    written = replaced(OTHERS + render(held), keys, new)
    assert holds(written, keys, new)
    lines = written.splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines)))
    extra = data.draw(st.sampled_from(["", " ", "\n", "x ", "-A ", *render(held).splitlines(keepends=True)]))
    text = "".join([*lines[:place], extra, *lines[place + data.draw(st.integers(0, 1)) :]])
    assert holds(text, keys, new) == read_through(text, keys, new)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("-A -t 10.10.0.50:80 -s rr\n", True),
        ("# x\n-A -t 10.10.0.50:80 -s rr\n", True),
        ("--add-service --tcp-service=10.10.0.50:80 -s rr", True),
        ("x -A -t 10.10.0.50:80 -s rr\n", False),
        ("-A -t 10.10.0.50:80 -s rr\n-A -t 10.10.0.50:80 -s rr\n", False),
        ("-a -t 10.10.0.50:80 -r 10.20.0.1:80\n-A -t 10.10.0.50:80 -s rr\n", False),
        ("-A -t 10.10.0.50:443 -s rr\n-A -t 10.10.0.50:80 -s rr\n", False),
        ("", False),
    ],
)
def test_a_text_holds_a_table_when_it_makes_all_of_it_and_nothing_else_of_its_services(text: str, held: bool) -> None:
    table = Table([(Service(WEB, "rr"), [])])
    assert holds(text, {WEB, WEB._replace(port=443)}, table) is held


def test_what_has_no_words_is_held_by_no_text() -> None:
    assert not holds("", {WEB}, Table([(Service(WEB._replace(protocol=1), "rr"), [])]))
