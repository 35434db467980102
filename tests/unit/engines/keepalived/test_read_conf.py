# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of keepalived.conf as people have them, and single words of them: what becomes of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.evenkeel.lb.plugins.filter.lb_render import lb_render
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.reading.conf import read_conf
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.reading import BadText, Reading
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import mark_of
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import examine
from ansible_collections.evenkeel.lb.plugins.module_utils._model.virtual_server import VirtualServer

SAMPLES = Path(__file__).with_name("samples")


def sample(name: str) -> Reading:
    return read_conf((SAMPLES / f"{name}.conf").read_text(encoding="utf-8"), "lb1")


def left_out(reading: Reading) -> list[tuple[int, str]]:
    return [(finding.place.line, finding.text) for finding in reading.left_out]


def noted(reading: Reading) -> list[tuple[int, str]]:
    return [(finding.place.line, finding.text) for finding in reading.notes]


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.conf")))
def test_samples_are_read_as_they_were_looked_over(name: str) -> None:
    """The whole configuration, what has no place in it, and the rest of the text."""
    expected = yaml.safe_load((SAMPLES / f"{name}.yml").read_text(encoding="utf-8"))
    reading = sample(name)
    document = {kind: things for kind, things in reading.document.items() if things}
    assert document == expected["configuration"]
    assert [str(finding) for finding in reading.left_out] == expected["left_out"]
    assert [str(finding) for finding in reading.notes] == expected["notes"]
    assert reading.rest.splitlines() == expected["rest"]
    assert examine(reading.document)[1] == ()


def service(inside: str, head: str = "192.0.2.10 80", server: str = "weight 1") -> Reading:
    """What becomes of words in a virtual_server with one real_server."""
    text = f"virtual_server {head} {{\n{inside}\nreal_server 10.0.0.1 80 {{\n{server}\n}}\n}}\n"
    return read_conf(text)


def farm(inside: str, **others: str) -> dict[str, Any]:
    return service(inside, **others).document["farms"][0]


def test_what_keepalived_assumes_is_said() -> None:
    """delay_loop 60, connect_timeout 5, retry 1, no protocol is UDP, no scheduler wlc, no method NAT."""
    reading = service("", server="TCP_CHECK {\ndelay_before_retry 60\n}")
    assert reading.document["virtual_servers"] == [
        {"name": "udp-192.0.2.10-80", "vip": "192.0.2.10", "port": 80, "protocol": "udp", "farm": "udp-192.0.2.10-80"}
    ]
    assert reading.document["health_checks"] == [
        {"name": "udp-192.0.2.10-80", "type": "tcp", "interval": 60.0, "timeout": 5.0, "retries": 2}
    ]
    farm_ = reading.document["farms"][0]
    assert (farm_["balance"], farm_["mode"]) == ("weighted_least_connections", "nat")
    assert farm_["servers"] == [{"name": "10.0.0.1", "address": "10.0.0.1", "weight": 1}]
    assert noted(reading) == [(1, "virtual_server 192.0.2.10 80")]


@pytest.mark.parametrize(
    ("checker", "interval", "retries", "pause"),
    [
        ("TCP_CHECK {", 60.0, 2, "1 s"),
        ("PING_CHECK {", 60.0, 2, "1 s"),
        ("SMTP_CHECK {", 60.0, 2, "1 s"),
        ("HTTP_GET {\nurl {\npath /\n}", 60.0, 2, "3 s"),
        ("SSL_GET {\nurl {\npath /\n}", 60.0, 2, "3 s"),
        ("DNS_CHECK {", 60.0, 4, None),
        ('MISC_CHECK {\nmisc_path "/bin/true 10.0.0.1 80"', 60.0, 1, None),
    ],
)
def test_each_checker_has_its_own_defaults(checker: str, interval: float, retries: int, pause: str | None) -> None:
    reading = service("protocol TCP", server=f"{checker}\n}}")
    check = reading.document["health_checks"][0]
    assert (check["interval"], check["retries"]) == (interval, retries)
    assert [pause in finding.message for finding in reading.left_out] == ([True] if pause else [])


def test_times_are_inherited_from_virtual_server_to_real_server_to_checker() -> None:
    above = "protocol TCP\ndelay_loop 10\nconnect_timeout 2\nretry 5\ndelay_before_retry 4"
    between = "delay_loop 4\nretry 3\n"
    check = service(above, server=between + "TCP_CHECK {\nconnect_timeout 1.5\n}").document["health_checks"][0]
    assert check == {
        "name": "tcp-192.0.2.10-80", "type": "tcp", "interval": 4.0, "timeout": 1.5, "retries": 4
    }  # fmt: skip


def test_a_script_that_may_take_as_long_as_the_loop_of_its_virtual_server() -> None:
    inside = "MISC_CHECK {\ndelay_loop 5\nmisc_path /bin/true\n}"
    check = service("protocol TCP\ndelay_loop 20", server=inside).document["health_checks"][0]
    assert (check["interval"], check["timeout"], check["script"]) == (5.0, 20.0, "/bin/true")


def test_health_checks_that_are_equal_are_one_and_others_are_of_their_servers() -> None:
    tcp, http = "TCP_CHECK {\ndelay_before_retry 60\n}", "HTTP_GET {\nurl {\npath /\n}\ndelay_before_retry 60\n}"
    servers = "".join(
        f"real_server 10.0.0.{number} 80 {{\n{check}\n}}\n" for number, check in enumerate((tcp, tcp, http, ""), 1)
    )
    document = read_conf(f"virtual_server 192.0.2.1 80 {{\nprotocol TCP\n{servers}}}\n").document
    assert [check["name"] for check in document["health_checks"]] == [
        "none",
        "tcp-192.0.2.1-80",
        "tcp-192.0.2.1-80-10.0.0.3",
    ]
    assert document["farms"][0]["health_check"] == "tcp-192.0.2.1-80"
    assert [server.get("health_check") for server in document["farms"][0]["servers"]] == [
        None,
        None,
        "tcp-192.0.2.1-80-10.0.0.3",
        "none",
    ]


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ("lvs_sched rr", {"balance": "round_robin"}),
        ("lb_algo lblcr", {"balance": "locality_least_connections_replicated"}),
        ("lvs_sched sh\nsh-port", {"balance": "source_port_hash"}),
        ("lvs_sched mh\nmh-port\nmh-fallback", {"balance": "maglev_port", "hash_fallback": True}),
        ("flag-1\nlvs_sched sh", {"balance": "source_hash", "hash_fallback": True}),
        ("lvs_sched twos", {"balance": "power_of_two"}),
        ("lvs_method DR", {"mode": "gateway"}),
        ("lb_kind TUN", {"mode": "tunnel", "tunnel_type": "ipip"}),
        ("lvs_method TUN type gre csum", {"mode": "tunnel", "tunnel_type": "gre", "tunnel_checksum": "full"}),
        (
            "lvs_method TUN port 6080 type gue remcsum",
            {"mode": "tunnel", "tunnel_type": "gue", "tunnel_port": 6080, "tunnel_checksum": "remote"},
        ),
        ("persistence_timeout", {"persistence_timeout": 360}),
        (
            "persistence_granularity 255.255.0.0",
            {"persistence_timeout": 360, "persistence_netmask": "255.255.0.0"},
        ),
        ("protocol UDP\nops\npersistence_timeout 9\npersistence_engine sip", {"one_packet": True,
         "persistence_engine": "sip"}),
        ("inhibit_on_failure", {"on_failure": "quiesce"}),
        ("alpha", {"initial_state": "down"}),
        ("sorry_server 10.0.0.99 8080", {"sorry_server": {"address": "10.0.0.99", "port": 8080}}),
        ("sorry_server 10.0.0.99", {"sorry_server": {"address": "10.0.0.99"}}),
    ],
)  # fmt: skip
def test_words_of_a_virtual_server(words: str, fields: dict[str, Any]) -> None:
    reading = service(words)
    assert fields.items() <= reading.document["farms"][0].items()
    assert reading.left_out == ()


@pytest.mark.parametrize(
    ("words", "line", "part"),
    [
        ("quorum_up /bin/true", 2, "has its quorum again"),
        ("ha_suspend", 2, "does not hold the VIP"),
        ("omega", 2, "when keepalived stops"),
        ("smtp_alert", 2, "no mail"),
        ("sorry_server 10.0.0.9\nsorry_server_inhibit", 3, "weight 0"),
        ("sorry_server 10.0.0.9\nsorry_server_lvs_method DR", 3, "in another way"),
        ("warmup 3", 2, "delays the first test"),
        ("lvs_sched fastest", 2, "is no scheduler"),
        ("lvs_method Nat", 2, "ignores it"),
        ("lvs_method TUN type ipip csum", 2, "ignores it"),
        ("protocol ICMP", 2, "takes UDP instead"),
        ("delay_loop 0", 2, "ignores it"),
        ("quorum many", 2, "ignores it"),
        ("lvs_shed rr", 2, "no keyword of this place"),
        ("persistence_granularity 255.0.255.0\nprotocol TCP", 1, "is not valid here"),
    ],
)
def test_what_has_no_place_is_told_by_line(words: str, line: int, part: str) -> None:
    reading = service(words)
    assert [(finding.place.line, part in finding.message) for finding in reading.left_out] == [(line, True)]
    assert examine(reading.document)[1] == ()


@pytest.mark.parametrize(
    ("server", "line", "part"),
    [
        ("notify_up /bin/true", 4, "is healthy again"),
        ("weight 70000", 4, "ignores it"),
        ("FILE_CHECK {\ntrack_file a\n}", 4, "from a file"),
        ("TCP_CHECK {\nretry 0\n}\nPING_CHECK {\n}", 7, "one more checker"),
        ("TCP_CHECK {\nretry 0\nconnect_ip 10.0.0.9\n}", 6, "another address"),
        ("TCP_CHECK {\nretry 0\nbind_if eth3\n}", 6, "interface"),
        ("HTTP_GET {\nretry 0\nurl {\npath /a\n}\nurl {\npath /b\n}\n}", 9, "second page"),
        ("HTTP_GET {\nretry 0\nurl {\npath /a\ndigest 00\n}\n}", 8, "digest"),
        ("HTTP_GET {\nretry 0\nurl {\npath /a\n}\nhttp_protocol 1.0C\n}", 9, "closed"),
        ("SSL_GET {\nretry 0\nenable_sni\nurl {\npath /a\n}\n}", 6, "TLS handshake"),
        ('MISC_CHECK {\nmisc_path "/bin/check -x"\n}', 4, "without a health check"),
        ("MISC_CHECK {\nmisc_path check\n}", 4, "without a health check"),
        ("MISC_CHECK {\nmisc_path /bin/true\nmisc_dynamic\n}", 6, "weight"),
        ("MISC_CHECK {\nmisc_path /bin/true\nuser nobody\n}", 6, "root"),
        ("DNS_CHECK {\nname a..b\n}", 4, "no domain name"),
        ("UDP_CHECK {\nretry 0\nrequire_reply\n}", 4, "any reply"),
        ("UDP_CHECK {\nretry 0\nrequire_reply 0x\n}", 4, "no text"),
        ("HTTP_GET {\nretry 0\n}", 4, "no path"),
    ],
)
def test_what_a_server_says_and_the_model_does_not(server: str, line: int, part: str) -> None:
    reading = service("protocol TCP", server=server)
    assert [(finding.place.line, part in finding.message) for finding in reading.left_out] == [(line, True)]


@pytest.mark.parametrize(
    ("checker", "fields"),
    [
        ('SMTP_CHECK {\nhelo_name mx.example.com\nhost {\nconnect_port 2525\nbindto 10.0.0.9\n}', {"type": "smtp",
         "host": "mx.example.com", "port": 2525, "source": "10.0.0.9"}),
        ("DNS_CHECK {\ntype txt\nname example.com", {"type": "dns", "query": "example.com", "record_type": "TXT"}),
        ("DNS_CHECK {", {"type": "dns", "query": ".", "record_type": "SOA"}),
        ("PING_CHECK {", {"type": "icmp"}),
        ("UDP_CHECK {\npayload 0d0a ff 5c", {"type": "udp", "send": r"\r\n\xff\\"}),
        ("HTTP_GET {\nnb_get_retry 2\nurl {\npath /\nstatus_code 301 200-204\n}", {"type": "http", "retries": 3,
         "status_codes": ["200-204", "301"]}),
        ('HTTP_GET {\nurl {\npath /\nregex "^<html>\\\\s+ok"\n}', {"expect": r"^<html>\s+ok", "regex": True}),
        ('HTTP_GET {\nurl {\npath /\nregex ok\n}', {"expect": "ok"}),
        ('HTTP_GET {\nvirtualhost a.example\nurl {\npath /\nvirtualhost b.example\n}', {"host": "b.example"}),
    ],
)  # fmt: skip
def test_words_of_checkers(checker: str, fields: dict[str, Any]) -> None:
    reading = service("protocol TCP\ndelay_loop 1\ndelay_before_retry 1", server=f"{checker}\n}}")
    assert reading.left_out == ()
    assert fields.items() <= reading.document["health_checks"][0].items()


def test_a_connect_port_that_is_the_servers_own_says_nothing() -> None:
    of_other = service("protocol TCP", server="TCP_CHECK {\nretry 0\nconnect_port 8080\n}")
    assert of_other.document["health_checks"][0]["port"] == 8080
    own = service("protocol TCP", server="TCP_CHECK {\nretry 0\nconnect_port 80\n}")
    assert "port" not in own.document["health_checks"][0]


def test_what_keepalived_rewrites_is_rewritten_and_noted() -> None:
    reading = service("protocol TCP\nlvs_sched wlc\nsh-port\nlvs_method DR\nops\nquorum 9\nhysteresis 12\nnat_mask 1")
    text = "virtual_server 192.0.2.10 80 {\nprotocol TCP\nlvs_method DR\n"
    assert reading.left_out == ()
    assert noted(reading) == [
        (4, "sh-port"),
        (6, "ops"),
        (7, "quorum 9"),
        (8, "hysteresis 12"),
        (9, "nat_mask 1"),
    ]
    farm_ = reading.document["farms"][0]
    assert not {"quorum", "hysteresis", "one_packet"} & set(farm_)
    reading = read_conf(f"{text}real_server 10.0.0.1 81 {{\n}}\nreal_server 10.0.0.1 80 {{\n}}\n}}\n")
    assert (reading.left_out, noted(reading)) == ((), [(4, "real_server 10.0.0.1 81"), (6, "real_server 10.0.0.1 80")])
    assert reading.document["farms"][0]["servers"] == [{"name": "10.0.0.1", "address": "10.0.0.1", "weight": 1}]


def test_what_keepalived_takes_and_that_has_no_effect_is_rewritten_and_noted() -> None:
    head = "virtual_server 192.0.2.10 80 {\nprotocol TCP\nlvs_method DR\n"
    server = "real_server 10.0.0.1 80 {\nweight 3\n}\n}\n"
    reading = read_conf(f"{head}sorry_server 10.0.0.9 8080\nquorum 3\nhysteresis 2\n{server}")
    assert reading.left_out == ()
    assert noted(reading) == [(4, "sorry_server 10.0.0.9 8080"), (6, "hysteresis 2")]
    farm_ = reading.document["farms"][0]
    assert (farm_["sorry_server"], farm_["quorum"], "hysteresis" in farm_) == ({"address": "10.0.0.9"}, 3, False)
    plain = read_conf(f"{head}sorry_server 10.0.0.9 80\nquorum 2\nhysteresis 1\n{server}")
    assert noted(plain) == []
    assert plain.document["farms"][0]["hysteresis"] == 1


@pytest.mark.parametrize(("head", "port"), [("192.0.2.10 80", 81), ("fwmark 7", 81), ("192.0.2.10 81", None)])
def test_a_checker_tests_the_port_that_is_said(head: str, port: int | None) -> None:
    """check_api.c takes it before check_data.c replaces it."""
    text = f"virtual_server {head} {{\nprotocol TCP\nlvs_method DR\nreal_server 10.0.0.1 81 {{\n"
    reading = read_conf(text + "TCP_CHECK {\nretry 0\n}\n}\n}\n")
    assert reading.left_out == ()
    assert reading.document["health_checks"][0].get("port") == port
    assert "port" not in reading.document["farms"][0]["servers"][0]


def test_servers_that_are_reached_in_another_way_are_left_out() -> None:
    text = """\
virtual_server 192.0.2.10 80 {
    protocol TCP
    lvs_method NAT
    real_server 10.0.0.1 80 { weight 1 }
    real_server 10.0.0.2 80 { lvs_method DR }
}
"""
    reading = read_conf(text)
    assert left_out(reading) == [(5, "real_server 10.0.0.2 80")]
    assert [server["address"] for server in reading.document["farms"][0]["servers"]] == ["10.0.0.1"]


def test_a_sorry_server_that_is_a_server_is_inhibited_as_the_others_are() -> None:
    reading = service("protocol TCP\ninhibit_on_failure\nsorry_server 10.0.0.1 80\nsorry_server_inhibit")
    assert reading.left_out == ()
    assert reading.document["farms"][0]["sorry_server"] == {"address": "10.0.0.1"}


def test_settings_of_servers_are_those_of_the_farm() -> None:
    both = "real_server 10.0.0.{} 80 {{\ninhibit_on_failure\n}}\n"
    text = "virtual_server 192.0.2.10 80 {\nprotocol TCP\n"
    reading = read_conf(f"{text}{both.format(1)}{both.format(2)}}}\n")
    assert reading.document["farms"][0]["on_failure"] == "quiesce"
    assert reading.left_out == ()
    reading = read_conf(f"{text}{both.format(1)}real_server 10.0.0.2 80 {{\n}}\n}}\n")
    assert left_out(reading) == [(6, "real_server 10.0.0.2 80")]
    off = "inhibit_on_failure\nreal_server 10.0.0.1 80 {\ninhibit_on_failure off\n}\n"
    assert "on_failure" not in read_conf(f"{text}{off}}}\n").document["farms"][0]


@pytest.mark.parametrize(
    ("head", "key", "name"),
    [
        ("2001:DB8:0::10 443", {"vip": "2001:db8::10", "port": 443}, "tcp-2001-db8--10-443"),
        ("192.0.2.10", {"vip": "192.0.2.10", "ports": ["1-65535"]}, "tcp-192.0.2.10"),
        ("192.0.2.10 0", {"vip": "192.0.2.10", "ports": ["1-65535"]}, "tcp-192.0.2.10"),
        ("fwmark 7", {"fwmark": 7}, "fwmark-7"),
    ],
)
def test_heads(head: str, key: dict[str, Any], name: str) -> None:
    family = "fd00::1" if ":" in head else "10.0.0.1"
    reading = read_conf(f"virtual_server {head} {{\nprotocol TCP\nreal_server {family} {{\n}}\n}}\n")
    found = reading.document["virtual_servers"][0]
    assert key.items() <= found.items()
    assert (found["name"], found["farm"]) == (name, name)
    every_port = "ports" in key
    assert reading.document["farms"][0].get("persistence_timeout") == (360 if every_port else None)


@pytest.mark.parametrize(
    "head", ["fwmark 0", "fwmark x", "group none", "192.0.2.10 99999", "192.0.2.999 80", "224.0.0.1 1"]
)
def test_a_head_that_keepalived_skips(head: str) -> None:
    reading = read_conf(f"virtual_server {head} {{\nreal_server 10.0.0.1 80 {{\n}}\n}}\n")
    assert left_out(reading) == [(1, f"virtual_server {head}")]
    assert reading.document["virtual_servers"] == []


def test_two_services_with_one_key_are_one() -> None:
    """keepalived would mix the servers of both (see the facts of PR 2644)."""
    text = "virtual_server 192.0.2.10 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n"
    reading = read_conf(text + text)
    assert [(finding.place.line, "already" in finding.message) for finding in reading.left_out] == [(6, True)]
    assert [one["name"] for one in reading.document["virtual_servers"]] == ["tcp-192.0.2.10-80"]


def test_names_are_of_snmp_or_follow_from_addresses() -> None:
    text = "virtual_server 192.0.2.{} 80 {{\nprotocol TCP\nsnmp_name {}\nreal_server 10.0.0.1 81 {{\n{}}}\n}}\n"
    reading = read_conf(text.format(1, "web", "snmp_name first\n") + text.format(2, '"no name"', ""))
    assert [one["name"] for one in reading.document["virtual_servers"]] == ["tcp-192.0.2.2-80", "web"]
    assert [one["servers"][0]["name"] for one in reading.document["farms"]] == ["10.0.0.1-81", "first"]


def test_no_message_shows_a_password() -> None:
    text = """\
vrrp_instance a {
    interface eth1
    virtual_router_id 1
    version 3
    authentication {
        auth_type PASS
        auth_pass s3cretlong
    }
    virtual_ipaddress {
        192.0.2.1
    }
}
"""
    for version in ("version 3", "version 2"):
        reading = read_conf(text.replace("version 3", version))
        assert "s3cret" not in str([*reading.left_out, *reading.notes])
    assert reading.document["ha_groups"][0]["password"] == "s3cretlo"


INSTANCE = """\
vrrp_instance main {{
    interface eth1
    virtual_router_id 51
    version 3
    {}
    virtual_ipaddress {{
        192.0.2.10/24
    }}
}}
"""


def group(words: str) -> Reading:
    return read_conf(INSTANCE.format(words), "lb1")


def test_an_instance_with_what_keepalived_assumes() -> None:
    reading = group("")
    assert reading.document["ha_groups"] == [
        {
            "name": "main",
            "virtual_router_id": 51,
            "interface": "eth1",
            "members": [{"name": "lb1", "priority": 100}],
            "member": "lb1",
            "advert_interval": 1.0,
            "preempt": True,
        }
    ]
    assert reading.document["vips"] == [{"name": "vip-192.0.2.10", "address": "192.0.2.10/24", "ha_group": "main"}]
    assert reading.left_out == ()


@pytest.mark.parametrize(
    ("words", "line", "part"),
    [
        ("priority 255", 5, "254"),
        ("use_vmac", 5, "virtual MAC"),
        ("preempt_delay 300", 5, "takes them at once"),
        ("garp_master_delay 1", 5, "announced"),
        ("notify /bin/true", 5, "changes state"),
        ("virtual_routes {\n0.0.0.0/0 via 10.0.0.1\n}", 5, "routes"),
        ("track_interface {\neth2 weight -20\n}", 6, "priority by its weight"),
        ("track_script {\nnone\n}", 6, "no vrrp_script"),
        ("higher_prio_send_advert false", 5, "once more"),
        ("unicast_peer {\n10.0.0.2\n}", 5, "address of this director"),
        ("unicast_src_ip 10.0.0.1", 5, "without unicast_peer"),
        ("authentication {\nauth_type AH\nauth_pass a\n}", 6, "signs"),
        ("accept", 5, "strict mode"),
        ("made_up", 5, "no keyword"),
    ],
)
def test_what_an_instance_says_and_the_model_does_not(words: str, line: int, part: str) -> None:
    reading = group(words)
    assert [(finding.place.line, part in finding.message) for finding in reading.left_out] == [(line, True)]
    assert [one["name"] for one in reading.document["ha_groups"]] == ["main"]


def test_version_2_needs_a_password_here() -> None:
    text = INSTANCE.replace("    version 3\n", "")
    reading = read_conf(text.format(""), "lb1")
    assert [(finding.place.line, "version 2" in finding.message) for finding in reading.left_out] == [(1, True)]
    with_password = read_conf(text.format("authentication {\nauth_type PASS\nauth_pass x\n}"), "lb1")
    assert with_password.left_out == ()
    assert with_password.document["ha_groups"][0]["password"] == "x"
    assert read_conf("global_defs {\nvrrp_version 3\n}\n" + text.format(""), "lb1").left_out == ()
    assert read_conf(text.format("").replace("192.0.2.10/24", "2001:db8::1/64"), "lb1").left_out == ()


def test_addresses_and_what_is_said_of_them() -> None:
    text = INSTANCE.replace("192.0.2.10/24", "{}").format(
        "", "192.0.2.10/24 brd + dev eth2 label eth2:1 scope global\n2001:db8::1/64\n192.0.2.0/24\n192.0.2.11"
    )
    reading = read_conf(text, "lb1")
    assert reading.document["vips"] == [
        {
            "name": "vip-192.0.2.10", "address": "192.0.2.10/24", "interface": "eth2", "label": "eth2:1",
            "ha_group": "main"
        },
        {"name": "vip-192.0.2.11", "address": "192.0.2.11/32", "ha_group": "main"},
        {"name": "vip-2001-db8--1", "address": "2001:db8::1/64", "ha_group": "main"},
    ]  # fmt: skip
    assert reading.document["ha_groups"][0]["advertised_vip"] == "vip-192.0.2.10"
    assert [finding.message.split()[0] for finding in reading.left_out] == ["brd", "scope", "'192.0.2.0/24'"]


def test_static_addresses_are_vips_of_this_director_alone() -> None:
    text = "static_ipaddress {\n192.0.2.2/24 dev eth2\n192.0.2.3/24\n192.0.2.4/24 dev eth2 track_group a\n}\n"
    service_ = "virtual_server 192.0.2.2 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n"
    reading = read_conf(text + service_)
    assert reading.document["vips"] == [
        {"name": "vip-192.0.2.2", "address": "192.0.2.2/24", "interface": "eth2"},
        {"name": "vip-192.0.2.4", "address": "192.0.2.4/24", "interface": "eth2"},
    ]
    assert reading.document["virtual_servers"][0]["vip"] == "vip-192.0.2.2"
    assert left_out(reading) == [(3, "192.0.2.3/24"), (4, "192.0.2.4/24 dev eth2 track_group a")]
    assert reading.rest == ""


def test_a_service_names_the_vip_it_is_on() -> None:
    text = INSTANCE.format("") + "virtual_server 192.0.2.10 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n"
    assert read_conf(text, "lb1").document["virtual_servers"][0]["vip"] == "vip-192.0.2.10"


def test_what_is_not_valid_takes_only_itself_away() -> None:
    other = INSTANCE.replace("main", "other").replace("192.0.2.10", "192.0.2.11").format("")
    service_ = "virtual_server 192.0.2.11 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n"
    reading = read_conf(INSTANCE.format("") + other + service_, "lb1")
    assert [one["name"] for one in reading.document["ha_groups"]] == ["main"]
    assert [one["vip"] for one in reading.document["virtual_servers"]] == ["192.0.2.11"]
    assert any("used on eth1" in finding.message for finding in reading.left_out)


def test_a_text_that_says_nothing() -> None:
    reading = read_conf("\n# nothing\n")
    assert all(things == [] for things in reading.document.values())
    assert (reading.left_out, reading.notes, reading.rest) == ((), (), "# nothing\n")


def test_the_rest_keeps_what_is_nobodys_business() -> None:
    text = """\
global_defs {
    router_id lb1   # mine
}
! goes with the block
virtual_server 192.0.2.1 80 { protocol TCP
    real_server 10.0.0.1 80 { weight 1 } } static_routes {
    192.0.2.9/32 dev eth0 }

track_file a { file /tmp/a }
made_up { x }
"""
    reading = read_conf(text)
    assert (
        reading.rest
        == """\
global_defs {
    router_id lb1   # mine
}

track_file a { file /tmp/a }
made_up { x }

static_routes {
    192.0.2.9/32 dev eth0
}
"""
    )
    assert noted(reading) == [(10, "made_up")]


def test_every_fault_of_the_text_is_told_at_once() -> None:
    with pytest.raises(BadText) as bad:
        read_conf('include /etc/x.conf\nvirtual_server 192.0.2.1 80 {\n"\n$A=${_PWD}\n$A\n')
    assert [finding.place.line for finding in bad.value.findings] == [1, 3, 5]
    with pytest.raises(BadText, match=r"^line 2: closes a block that is not open.*\nline 3: b: opens a block"):
        read_conf("a { }\n}\nb {\n")


@pytest.mark.parametrize(
    ("entry", "count"),
    [
        ("192.0.2.10 80", 1),
        ("192.0.2.10-12 80", 3),
        ("192.0.2.10-192.0.2.13 80", 4),
        ("192.0.2.8/30 80", 4),
        ("2001:db8::a-f 80", 6),
        ("2001:db8::/126 80", 4),
        ("fwmark 3 inet", 1),
    ],
)
def test_entries_of_a_group(entry: str, count: int) -> None:
    family = "fd00::1" if ":" in entry else "10.0.0.1"
    group_ = f"virtual_server_group g {{\n{entry}\n}}\n"
    text = f"{group_}virtual_server group g {{\nprotocol TCP\nreal_server {family} 80 {{\n}}\n}}\n"
    reading = read_conf(text)
    assert len(reading.document["virtual_servers"]) == count
    assert {one["farm"] for one in reading.document["virtual_servers"]} == {
        "g" if count > 1 else reading.document["virtual_servers"][0]["name"]
    }


@pytest.mark.parametrize("entry", ["10.0.0.0/8 80", "192.0.2.9-3 80", "192.0.2.1/24 80", "www 80", "192.0.2.1-x 80"])
def test_entries_that_are_not_taken(entry: str) -> None:
    group_ = f"virtual_server_group g {{\n{entry}\n}}\n"
    reading = read_conf(f"{group_}virtual_server group g {{\nreal_server 10.0.0.1 80 {{\n}}\n}}\n")
    assert left_out(reading) == [(2, entry)]
    assert reading.document["virtual_servers"] == []


def test_one_farm_behind_several_ports_says_the_port_of_its_servers() -> None:
    group_ = "virtual_server_group g {\n192.0.2.1 80\n192.0.2.1 8080\n}\n"
    reading = read_conf(f"{group_}virtual_server group g {{\nprotocol TCP\nreal_server 10.0.0.1 80 {{\n}}\n}}\n")
    assert reading.document["farms"][0]["servers"][0]["port"] == 80


def test_trackers_and_what_is_lost_with_them() -> None:
    text = """\
vrrp_script weighed {
    script /bin/true
    weight 2
}
vrrp_script relative {
    script "killall -0 haproxy"
}
vrrp_script own {
    script "/bin/check a b"
    interval 0.5
    timeout 9
    user nobody
    init_fail
}
vrrp_track_process busy {
    process /usr/sbin/haproxy -W
    quorum 2
}
"""
    tracked = "track_script {\nweighed\nrelative\nown\n}\ntrack_process {\nbusy weight 5\n}\n"
    reading = read_conf(text + INSTANCE.format(tracked), "lb1")
    group_ = reading.document["ha_groups"][0]
    assert group_["tracked_scripts"] == [
        {
            "name": "own", "script": "/bin/check", "arguments": ["a", "b"], "interval": 1, "timeout": 9, "rise": 1,
            "fall": 1
        }
    ]  # fmt: skip
    assert left_out(reading) == [
        (5, "vrrp_script relative"),
        (10, "interval 0.5"),
        (12, "user nobody"),
        (13, "init_fail"),
        (24, "weighed"),
        (29, "busy weight 5"),
    ]
    by_name = INSTANCE.format("track_process {\nbusy\n}")
    reading = read_conf(text + by_name, "lb1")
    assert left_out(reading) == [(16, "process /usr/sbin/haproxy -W"), (17, "quorum 2")]
    assert reading.document["ha_groups"][0]["tracked_services"] == ["haproxy"]


def test_groups_that_move_together_are_made_alike() -> None:
    one = INSTANCE.format("nopreempt\nunicast_src_ip 10.0.0.1\nunicast_peer {\n10.0.0.2\n}")
    other = INSTANCE.replace("main", "other").replace("51", "52").replace("192.0.2.10", "192.0.2.11").format("")
    together = "vrrp_sync_group both {\ngroup {\nmain other\n}\n}\n"
    alone = "vrrp_sync_group lonely {\ngroup {\nmain\n}\n}\n"
    reading = read_conf(one + other + together + alone, "lb1")
    first, second = reading.document["ha_groups"]
    assert [member["name"] for member in first["members"]] == ["lb1", "peer-1"]
    assert [member["name"] for member in second["members"]] == ["lb1", "peer-1"]
    assert (first["sync_group"], second["sync_group"], second["preempt"]) == ("both", "both", False)
    assert [finding.text for finding in reading.left_out] == ["vrrp_sync_group both"]
    assert [finding.text for finding in reading.notes if "fewer" in finding.message] == ["vrrp_sync_group lonely"]


def test_instances_with_one_name_or_none_that_the_model_bears() -> None:
    text = INSTANCE.replace("main", '"VI 1"').format("")
    reading = read_conf(text + text, "lb1")
    assert [one["name"] for one in reading.document["ha_groups"]] == ["vrid-51"]
    assert left_out(reading) == [(10, "vrrp_instance VI 1")]
    assert "is HA group vrid-51 here" in [finding.message for finding in reading.notes]


def test_state_master_decides_over_nopreempt_as_in_keepalived() -> None:
    reading = group("state MASTER\nnopreempt\nhigher_prio_send_advert on")
    assert reading.document["ha_groups"][0]["preempt"] is True
    assert [text for _line, text in noted(reading)] == ["vrrp_instance main", "state MASTER", "nopreempt"]
    assert group("state BACKUP\nnopreempt").document["ha_groups"][0]["preempt"] is False


OURS = """\
# evenkeel.lb: connection sync
global_defs {
    lvs_sync_daemon eth1 inst main id 51
}

# evenkeel.lb: connection timeouts
global_defs {
    lvs_timeouts tcp 900 udp 10
}

# evenkeel.lb: virtual server ports
virtual_server fwmark MARK {
    real_server 10.0.0.1 0 { weight 1 }
}
"""


def test_our_own_words_for_groups_are_theirs_and_those_of_others_stay() -> None:
    text = OURS.partition("# evenkeel.lb: virtual")[0]
    reading = read_conf(text + INSTANCE.format(""), "lb1")
    group_ = reading.document["ha_groups"][0]
    assert (group_["connection_sync"], group_["connection_timeouts"]) == (True, {"tcp": 900, "udp": 10})
    assert reading.rest == ""
    others = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    reading = read_conf(others + "\n" + INSTANCE.format(""), "lb1")
    assert not {"connection_sync", "connection_timeouts"} & set(reading.document["ha_groups"][0])
    assert reading.rest.split() == others.split()


def test_a_mark_of_ours_stands_for_ports_that_the_text_does_not_hold() -> None:
    mark = mark_of(VirtualServer(name="ports", protocol="any"))
    text = OURS[OURS.index("# evenkeel.lb: virtual") :].replace("MARK", str(mark))
    reading = read_conf(text)
    assert left_out(reading) == [(2, f"virtual_server fwmark {mark}")]
    assert reading.document["virtual_servers"] == [{"name": "ports", "fwmark": mark, "farm": "ports"}]


@pytest.mark.parametrize("name", sorted(path.stem for path in SAMPLES.glob("*.conf")))
def test_samples_stay_what_they_became(name: str) -> None:
    """Read, written and read again; but for farms that several virtual servers had together."""
    document = sample(name).document
    again = read_conf(lb_render(document, "keepalived"), "lb1")
    assert again.left_out == ()
    expected = dict(document)
    if name == "group":
        names = [one["name"] for one in document["virtual_servers"]]
        expected["farms"] = [{**document["farms"][0], "name": own} for own in names]
        expected["virtual_servers"] = [{**one, "farm": one["name"]} for one in document["virtual_servers"]]
    assert again.document == expected


def test_a_hold_of_ours_is_no_part_of_a_configuration_and_another_file_is_told() -> None:
    text = """\
track_file main/away {
    file /etc/keepalived/evenkeel-main.away
    weight 1
}
track_file mine/away {
    file /run/mine
}
vrrp_instance main {
    interface eth1
    virtual_router_id 51
    version 3
    track_file {
        main/away
    }
    virtual_ipaddress {
        192.0.2.50/24
    }
}
"""
    reading = read_conf(text)
    assert left_out(reading) == []
    assert reading.rest == "track_file mine/away {\n    file /run/mine\n}\n"
    (finding,) = read_conf(text.replace("        main/away", "        mine/away")).left_out
    assert (finding.place.line, finding.text) == (12, "track_file")
    (finding,) = read_conf(text.replace("        main/away", "        main/away\n        mine/away")).left_out
    assert "changes the priority by a file" in str(finding)
