# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is fuzzed: everything that reads bytes or text which others wrote."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import HEADER, MARK, parse, subject_at
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy import parse as haproxy
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.certificates import authorities_in, told_in
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.engine import HaproxyEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.reading.conf import read_conf as read_haproxy
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.render import document as haproxy_text
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs import rules
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.read_rules import read_rules
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived import parse as keepalived
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.reading.conf import read_conf
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.render import blocks, document
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.reading import BadText
from ansible_collections.evenkeel.lb.plugins.module_utils._host import ipvs_netlink, ipvs_settings, ipvs_wire
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    FLAG_PERSISTENT,
    IPV6,
    MASQUERADE,
    SCTP,
    TCP,
    TUNNEL,
    TUNNEL_GUE,
    UDP,
    Destination,
    Operation,
    Service,
    ServiceKey,
    Table,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import (
    NLMSG_DONE,
    NLMSG_ERROR,
    MalformedMessage,
    NetlinkError,
    attributes,
    decode_error,
    decode_messages,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.fuzz.fuzz import Target
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair_document
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.sockets import NetlinkSocket, NetlinkSystem
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

HERE = Path(__file__).resolve().parent
RECORDED: dict[str, list[tuple[str, str]]] = json.loads(
    (HERE.parent / "unit/engines/ipvs/recorded.json").read_text(encoding="utf-8")
)

WEB = ServiceKey.of_address(TCP, "10.10.0.50", 80)
SERVICES = [
    Service(WEB, "wrr"),
    Service(ServiceKey.of_address(UDP, "fd10::50", 53), "mh", FLAG_PERSISTENT | 0x10, 300, "64", "sip"),
    Service(ServiceKey.of_address(SCTP, "10.10.0.50", 80), "rr", FLAG_PERSISTENT, 60, "255.255.0.0"),
    Service(ServiceKey.of_fwmark(IPV6, 7), "sh", 0x18),
]
DESTINATIONS = [
    Destination("10.20.0.21", 8080, MASQUERADE, 3, 200, 150),
    Destination("fd20::21", 53, TUNNEL, 1, tunnel_type=TUNNEL_GUE, tunnel_port=6080, tunnel_flags=1),
]
DAEMONS = [
    ipvs_settings.Daemon(ipvs_settings.MASTER, "eth1", 51),
    ipvs_settings.Daemon(ipvs_settings.BACKUP, "eth1", 0, 1400, "ff02::81", 9000, 5),
]
NUMBERS = tuple(struct.pack("=HHI", 8, number, 1) for number in range(16))


# --- netlink ---


def messages(data: bytes) -> None:
    """A datagram as messages: acknowledgements, refusals, and what has attributes."""
    for message in decode_messages(data):
        if message.kind in (NLMSG_ERROR, NLMSG_DONE):
            decode_error(message)
        else:
            assert all(end <= len(data) for _number, _start, end in attributes(message.payload[4:]))


def comes_back(decode: Callable[[bytes], Any], encode: Callable[[Any], bytes], data: bytes) -> None:
    """What is understood of an answer is the same when it is sent again."""
    value = decode(data)
    assert decode(encode(value)) == value


class Replies(NetlinkSocket):
    """Gives one datagram after the other, whatever is asked; then nothing comes any more."""

    def __init__(self, datagrams: Iterable[bytes]) -> None:
        super().__init__()
        self.answers = [(datagram, [], 0, (0, 0)) for datagram in datagrams]

    def send(self, datagram: bytes) -> int:
        return len(datagram)


def exchange(data: bytes) -> None:
    """Whole exchanges, in which the kernel says what is in the data: byte 0 tells which, then come datagrams, each
    behind its length in two bytes."""
    datagrams, offset = [], 1
    while offset + 2 <= len(data):
        length = int.from_bytes(data[offset : offset + 2], "little")
        datagrams.append(data[offset + 2 : offset + 2 + length])
        offset += 2 + length
    system = NetlinkSystem(Replies(datagrams))
    exchanges: list[Callable[[], object]] = [
        lambda: ipvs_netlink.read_table(system),
        lambda: applied(system, 7),
        lambda: applied(system, 3),
        lambda: ipvs_settings.read_info(system),
        lambda: ipvs_settings.read_daemons(system),
        lambda: ipvs_settings.read_timeouts(system),
        lambda: ipvs_settings.stop_daemon(system, ipvs_settings.MASTER),
    ]
    exchanges[(data[0] if data else 0) % len(exchanges)]()


def applied(system: System, count: int) -> None:
    """That some operations were refused is an answer too."""
    with contextlib.suppress(ipvs_netlink.ApplyFailed):
        ipvs_netlink.apply(system, [Operation("add", WEB, None, DESTINATIONS[0])] * count)


def replies(which: int, name: str) -> bytes:
    """A recorded exchange, in the form ``exchange`` takes it."""
    datagrams = [bytes.fromhex(text) for direction, text in RECORDED[name] if direction == "receive"]
    return bytes([which]) + b"".join(len(datagram).to_bytes(2, "little") + datagram for datagram in datagrams)


def answer(name: str) -> tuple[bytes, ...]:
    """The datagrams of a recorded exchange."""
    return tuple(bytes.fromhex(text) for direction, text in RECORDED[name] if direction == "receive")


# --- text ---


def layer7_document() -> dict[str, Any]:
    """A service with TLS, a sorry server, persistence, an agent and tests of three kinds."""
    servers = [
        {"name": "s1", "address": "10.20.0.21", "weight": 50, "max_connections": 9},
        {"name": "s2", "address": "fd20::22", "port": 8080, "weight": 10, "backup": True, "health_check": "tcp"},
        {"name": "s3", "address": "10.20.0.23", "weight": 10, "health_check": "probe"},
    ]
    service = {"name": "web", "vip": "10.10.0.50", "port": 443, "type": "layer7", "protocol": "https", "farm": "web"}
    return {
        "certificate_profiles": [
            {"name": "one", "certificate_file": "/c.pem", "key_file": "/k.pem"},
            {"name": "two", "type": "mutual_tls", "certificate_file": "/c.pem", "chain_file": "/ca.pem"},
        ],
        "health_checks": [
            {"name": "tcp", "source": "fd20::11"},
            {"name": "page", "type": "http", "expect": "ok"},
            {"name": "probe", "type": "script", "script": "/usr/bin/true"},
        ],
        "farms": [
            {
                "name": "web", "agent": {"port": 9000, "send": r"\xff\n"}, "queue_limit": 3, "queue_timeout": 20,
                "health_check": "page", "servers": servers, "persistence_timeout": 60,
                "sorry_server": {"address": "10.20.0.99"}, "extra_config": ["retries 2"],
            }
        ],
        "virtual_servers": [{**service, "ssl_offload": True, "certificate_profiles": ["one", "two"]}],
    }  # fmt: skip


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def rules_of_ipvsadm(data: bytes) -> None:
    """Rules as a table, which the same rules give again and the kernel can be asked for."""
    text = text_of(data)
    table = rules.parse(text)
    for entry in table.values():
        ipvs_wire.encode_service(entry.service)
        for destination in entry.destinations:
            ipvs_wire.encode_destination(destination)
    assert rules.parse(rules.render(table)) == table
    assert rules.holds(text, set(table), table)


def rules_among_others(data: bytes) -> None:
    """Our rules among lines of others, which stay byte for byte."""
    text = text_of(data)
    ends = text and not text.endswith("\n")
    ours = Table([(SERVICES[0], DESTINATIONS[:1])])
    assert rules.replaced(text, (), Table()) == text + "\n" * bool(ends)
    written = rules.replaced(text, {WEB}, ours)
    assert rules.holds(written, {WEB}, ours)
    assert rules.replaced(written, {WEB}, ours) == written


def our_keepalived_file(data: bytes) -> None:
    """Our file as blocks. What seems to be as we wrote it says the same."""
    text = text_of(data)
    header, held = parse(text)
    if (header, held) == (HEADER, OUR_BLOCKS):
        assert sorted(filter(None, text.split("\n"))) == sorted(filter(None, document(OUR_BLOCKS).split("\n")))
    for line in (0, 1, 10, 10**9):
        subject_at(text, line)


def words_of_keepalived(data: bytes) -> None:
    for complaint in keepalived.complaints(text_of(data), "/etc/keepalived/.evenkeel-candidate.conf"):
        assert complaint.line >= 0


def keepalived_conf(data: bytes) -> None:
    """keepalived.conf of whomever, with a file to include, as a configuration that is one."""
    text, _half, included = text_of(data).partition("\f")
    reading = read_conf(text, "lb1", {"/etc/keepalived/conf.d/a.conf": included})
    Configuration.from_document(reading.document)


def haproxy_cfg(data: bytes) -> None:
    """haproxy.cfg of whomever as a configuration that is one; what is left of it can be read as well."""
    reading = read_haproxy(text_of(data), "192.0.2.99")
    Configuration.from_document(reading.document)
    assert all(finding.message for finding in (*reading.left_out, *reading.notes))


def words_of_haproxy(data: bytes) -> None:
    """Complaints about a candidate, and what is told of certificates."""
    text = text_of(data)
    assert all(complaint.line >= 0 for complaint in haproxy.complaints(text))
    assert all(file for file in (*told_in(text), *authorities_in(text)))


def saved_rules(data: bytes) -> None:
    Configuration.from_document(read_rules(text_of(data)).document)


def record(data: bytes) -> None:
    """The intended configuration on disk, however damaged."""
    system = FakeSystem()
    system.files["/etc/evenkeel/lb.json"] = text_of(data)
    store = Store(system)
    found = store.load()
    store.save(found)
    assert store.load() == found


def recorded(configuration: Configuration) -> bytes:
    """A configuration as it is on disk."""
    system = FakeSystem()
    Store(system).save(configuration)
    return system.files["/etc/evenkeel/lb.json"].encode()


OUR_BLOCKS = blocks(Configuration.from_document(pair_document()))
OUR_FILE = document(OUR_BLOCKS).encode()
OUR_CFG = haproxy_text(HaproxyEngine().compile(Configuration.from_document(layer7_document())).blocks).encode()
RULES = rules.render(
    Table((service, DESTINATIONS[number % 2 : number % 2 + 1]) for number, service in enumerate(SERVICES))
)
RULES_WORDS = tuple(
    f" {word} ".encode()
    for word in (*rules.LONG_OPTIONS, *rules.WITH_ARGUMENT, *rules.WITHOUT_ARGUMENT, "[fd10::1]:80", "10.0.0.1:80", "=")
)
RULES_SEEDS = (
    RULES.encode(),
    f"# by hand\n{RULES}".encode(),
    b"--add-service --tcp-service=10.0.0.1:80 -p -M 255.255.0.0\n",
)
CONF = (HERE / "keepalived.conf").read_bytes()
CONF_SIGNS = r"""{ } " ' \\ # ! ~SEQ(i,1,9) $A= ${A} $A ${_HASH} @lb1 @^lb1 include conf.d/*.conf <EOF"""
CONF_WORDS = (
    b"\f",
    b"\n",
    *(f" {word} ".encode() for word in CONF_SIGNS.split(" ")),
    *(line.strip() + b"\n" for line in CONF.splitlines() if line.strip()),
)
RECORDS = (recorded(Configuration.from_document(pair_document())), recorded(Configuration()))
JSON_SIGNS = rb"""[ ] { } , : null true "x" NaN 1e999 -0 \ud800 \u0000 99999999999999999999"""
JSON_WORDS = (*JSON_SIGNS.split(b" "), b"[" * 3000)
CFG = (HERE / "haproxy.cfg").read_bytes()
CFG_SIGNS = r"""{ } " ' \ # $A \x41 \xZZ :80 *:80 [::1]:80 ipv6@:: -1 99999999999 from .if .endif no default"""
CFG_WORDS = (
    b"\n",
    *(f" {word} ".encode() for word in CFG_SIGNS.split(" ")),
    *(line.strip() + b"\n" for line in CFG.splitlines() if line.strip()),
)
CFG_TOLD = b"""\
[ALERT]    (7) : config : parsing [/run/x.cfg:12] : unknown keyword 'nonsense' in 'frontend' section
Filename: /etc/haproxy/evenkeel/one.pem
notBefore: Nov  8 18:33:36 2026 GMT
notAfter: Dec  8 18:33:36 2026 GMT
Subject Alternative Name: DNS:one.example, DNS:two.example,
Chain Subject: /CN=issuer
Filename: /etc/haproxy/evenkeel/one.authorities
Certificate #1:
notAfter: Dec  8 18:33:36 2026 GMT
Subject: /CN=clients
"""
CFG_TOLD_WORDS = (b"(", b": ", b"notAfter: ", b"GMT", b"\nCertificate #1:\n", b"\nFilename: ")
COMPLAINTS = b"""\
(/etc/keepalived/.evenkeel-candidate.conf: Line 12) Unknown keyword 'lvs_shed'
(/etc/keepalived/keepalived.conf: Line 3) number '99999' outside range [1, 65535]
quorum 1 for [10.10.0.50]:tcp:80 exceeds total weight of real servers 0, reducing quorum to 0
"""

_encoded = {
    "service": tuple(map(ipvs_wire.encode_service, SERVICES)),
    "destination": tuple(map(ipvs_wire.encode_destination, DESTINATIONS)),
    "daemon": tuple(map(ipvs_settings.encode_daemon, DAEMONS)),
    "timeouts": (bytes.fromhex("08000400840300000800050078000000080006002c010000"),),
    "info": (answer("info")[2][20:],),
}

TARGETS = (
    Target("netlink.messages", (*answer("read"), *answer("refused")), NUMBERS, (MalformedMessage,), messages),
    Target(
        "netlink.exchange",
        (replies(0, "read"), replies(1, "fill"), replies(2, "refused"), replies(3, "info"), replies(6, "info")),
        NUMBERS,
        (NetlinkError,),
        exchange,
    ),
    Target(
        "ipvs.service",
        _encoded["service"],
        NUMBERS,
        (MalformedMessage,),
        partial(comes_back, ipvs_wire.decode_service, ipvs_wire.encode_service),
    ),
    Target(
        "ipvs.destination",
        _encoded["destination"],
        NUMBERS,
        (MalformedMessage,),
        partial(
            comes_back, lambda data: ipvs_wire.decode_destination(data, socket.AF_INET), ipvs_wire.encode_destination
        ),
    ),
    Target(
        "ipvs.daemon",
        _encoded["daemon"],
        NUMBERS,
        (MalformedMessage,),
        partial(comes_back, ipvs_settings.decode_daemon, ipvs_settings.encode_daemon),
    ),
    Target("ipvs.timeouts", _encoded["timeouts"], NUMBERS, (MalformedMessage,), ipvs_settings.decode_timeouts),
    Target("ipvs.info", _encoded["info"], NUMBERS, (MalformedMessage,), ipvs_settings.decode_info),
    Target("ipvsadm.rules", RULES_SEEDS, RULES_WORDS, (rules.RulesError,), rules_of_ipvsadm),
    Target("ipvsadm.among_others", RULES_SEEDS, RULES_WORDS, (), rules_among_others),
    Target("ipvsadm.configuration", RULES_SEEDS, RULES_WORDS, (BadText,), saved_rules),
    Target("keepalived.our_file", (OUR_FILE,), (f"\n{MARK}".encode(), b"\n\n", b"\r"), (), our_keepalived_file),
    Target("keepalived.complaints", (COMPLAINTS,), (b"(", b": Line ", b")"), (), words_of_keepalived),
    Target("keepalived.configuration", (CONF, OUR_FILE), CONF_WORDS, (BadText,), keepalived_conf),
    Target("haproxy.configuration", (CFG, OUR_CFG), CFG_WORDS, (BadText,), haproxy_cfg),
    Target("haproxy.words", (CFG_TOLD,), CFG_TOLD_WORDS, (), words_of_haproxy),
    Target("record", RECORDS, JSON_WORDS, (HostFault,), record),
)
