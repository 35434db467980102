# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of ipvsadm, as it saves them or as people write them, as configurations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.read_rules import read_rules
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import render
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.reading import Reading
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.service_table import table_of
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import examine

SAVED = """\
-A -t 192.0.2.10:80 -s wlc -p 300 -M 255.255.255.0
-a -t 192.0.2.10:80 -r 10.0.0.1:8080 -m -w 1
-a -t 192.0.2.10:80 -r 10.0.0.2:80 -m -w 0
-A -u [2001:db8::53]:53 -s sh -o -b sh-fallback,sh-port
-a -u [2001:db8::53]:53 -r [fd00::1]:53 -g -w 2
-A -f 7 -s rr
-a -f 7 -r 10.0.0.3:0 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
"""


def left_out(reading: Reading) -> list[tuple[int, str]]:
    return [(finding.place.line, finding.message) for finding in reading.left_out]


def test_what_ipvsadm_saves() -> None:
    reading = read_rules(SAVED)
    assert reading.left_out == ()
    assert reading.document["virtual_servers"] == [
        {"name": "fwmark-7", "fwmark": 7, "farm": "fwmark-7", "engine": "ipvs"},
        {
            "name": "tcp-192.0.2.10-80", "vip": "192.0.2.10", "port": 80, "protocol": "tcp",
            "farm": "tcp-192.0.2.10-80", "engine": "ipvs",
        },
        {
            "name": "udp-2001-db8--53-53", "vip": "2001:db8::53", "port": 53, "protocol": "udp",
            "farm": "udp-2001-db8--53-53", "engine": "ipvs",
        },
    ]  # fmt: skip
    assert reading.document["farms"] == [
        {
            "name": "fwmark-7", "balance": "round_robin", "mode": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080,
            "tunnel_checksum": "full", "servers": [{"name": "10.0.0.3", "address": "10.0.0.3", "weight": 1}],
        },
        {
            "name": "tcp-192.0.2.10-80", "balance": "weighted_least_connections", "mode": "nat",
            "persistence_timeout": 300, "persistence_netmask": "255.255.255.0",
            "servers": [
                {"name": "10.0.0.1-8080", "address": "10.0.0.1", "port": 8080, "weight": 1},
                {"name": "10.0.0.2", "address": "10.0.0.2", "weight": 0},
            ],
        },
        {
            "name": "udp-2001-db8--53-53", "balance": "source_port_hash", "hash_fallback": True, "mode": "gateway",
            "one_packet": True, "servers": [{"name": "fd00--1", "address": "fd00::1", "weight": 2}],
        },
    ]  # fmt: skip
    assert reading.document["health_checks"] == []
    assert [str(note) for note in reading.notes] == [
        "line 1: ipvsadm --save leaves out thresholds (max_connections, low_connections)"
    ]


def test_it_makes_the_same_table() -> None:
    configuration = Configuration.from_document(read_rules(SAVED).document)
    assert sorted(render(table_of(services(configuration, "ipvs"))).splitlines()) == sorted(SAVED.splitlines())


def test_rules_as_people_write_them() -> None:
    text = """
# web
--add-service --tcp-service 192.0.2.10:80 --scheduler=rr --persistent
-a -t 192.0.2.10:80 -r 10.0.0.1 --masquerading --u-threshold 10 --l-threshold 5
"""
    reading = read_rules(text)
    assert (reading.left_out, reading.notes) == ((), ())
    farm = reading.document["farms"][0]
    assert farm["persistence_timeout"] == 360
    assert farm["servers"] == [
        {"name": "10.0.0.1", "address": "10.0.0.1", "weight": 1, "max_connections": 10, "low_connections": 5}
    ]


def test_every_port_of_an_address() -> None:
    document = read_rules("-A -t 192.0.2.10:0 -s rr -p 60\n-a -t 192.0.2.10:0 -r 10.0.0.1:0 -m -w 1\n").document
    assert document["virtual_servers"][0]["ports"] == ["1-65535"]
    assert document["virtual_servers"][0]["name"] == "tcp-192.0.2.10"


FIRST = "-A -t 192.0.2.10:80 -s rr\n"


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("-C\n", 1, "-C is not known here"),
        ("-A -t www:http -s rr\n", 1, "is not an IP address"),
        ("-A -t 192.0.2.10:80 -s rr --fast\n", 1, "--fast is not known here"),
        ("-a -t 192.0.2.10:80 -r 10.0.0.1:80 -m\n", 1, "no line before adds"),
        (FIRST + FIRST, 2, "is there already"),
        (FIRST + "-a -t 192.0.2.10:80 -r 10.0.0.1 -m\n" * 2, 3, "is there already"),
        (FIRST + "-a -t 192.0.2.10:80 -r 10.0.0.1 -m\n-a -t 192.0.2.10:80 -r 10.0.0.2 -g\n", 3, "in another way"),
        ("-A -t 192.0.2.10:80 -s fast\n", 1, "scheduler fast is not known"),
        ("-A -t 192.0.2.10:80 -s rr -b flag-1\n", 1, "no meaning for the scheduler rr"),
        ("-A -t 192.0.2.10:80 -s sh -b flag-3\n", 1, "no meaning for the scheduler sh"),
        ("-A -t 192.0.2.10:80 -s rr --pe sip\n", 1, "no effect without -p"),
        ("-A -f 7 -6 -s rr\n", 1, "has no servers"),
        ("-A -f 7 -s rr\n-a -f 7 -r [fd00::1]:0 -i\n", 2, "family"),
        (FIRST + "-a -t 192.0.2.10:80 -r 10.0.0.1 -m -w 70000\n", 2, "70000 is not valid here"),
        (FIRST + "-a -t 192.0.2.10:80 -r [fd00::1]:80 -m\n", 2, "is not IPv4"),
        ("-A -t 192.0.2.10:80 -s rr -p 9 --pe foo\n", 1, "'foo' is not valid here"),
    ],
)
def test_what_has_no_place_is_told_by_line(text: str, line: int, part: str) -> None:
    reading = read_rules(text)
    assert [(number, part in message) for number, message in left_out(reading)] == [(line, True)]
    assert examine(reading.document)[1] == ()


def test_all_of_it_is_told_at_once_and_in_order() -> None:
    text = "-A -f 9 -6 -s rr\n" + FIRST + "nonsense\n-a -t 192.0.2.10:80 -r 10.0.0.1 -m -w 99999\n"
    assert [number for number, _message in left_out(read_rules(text))] == [1, 3, 4]


WORDS = st.sampled_from(
    "-A -a -t -u -f -6 -s -p -M -o -b --pe -r -g -i -m -w -x --tun-type gue gre --tun-port --sctp-service rr sh wlc 1 0"
    " 7 -1 99999999999 192.0.2.1:80 192.0.2.1:0 [fd00::1]:80 10.0.0.1 10.0.0.1:80 fd00::1 255.255.255.0 64 sip sh-port"
    " \ud800"
    " # = \x1c \n \n \n".split(" ")
)


@given(st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=100))
def test_any_text_is_read(text: str) -> None:
    reading = read_rules(text)
    assert examine(reading.document)[1] == ()
    assert all(finding.place.line >= 1 and finding.message for finding in reading.left_out)


def test_many_rules() -> None:
    rules: list[str] = []
    for number in range(500):
        key = f"-t 198.51.{number // 250}.{number % 250 + 1}:80"
        rules.append(f"-A {key} -s rr")
        rules += [f"-a {key} -r 10.0.{number // 250}.{server + 1}:80 -m -w 1" for server in range(10)]
    document: dict[str, Any] = read_rules("\n".join(rules)).document
    assert (len(document["virtual_servers"]), sum(len(one["servers"]) for one in document["farms"])) == (500, 5000)
