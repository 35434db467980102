# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Health checks of every type and with every parameter, and what the servers of targets.py make of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.evenkeel.lb.tests.contract.targets import PORTS

WEB, WEB6 = "10.20.0.21", "fd20::21"
NOBODY = "10.20.0.99"
SOURCE, SOURCE6 = "10.20.0.111", "fd20::111"
SCRIPT = "/usr/local/sbin/lab-check"

# Ends well while there is /run/well, when its arguments are those of a server and a port.
PROGRAM = f"""#!/bin/sh
echo "$# $1 $2 $(id -un)" > /run/said
[ -e /run/slow ] && exec sleep 60
[ -e /run/well ] && [ "$1 $2" = "{WEB} 9000" ]
"""

INTERVAL, TIMEOUT, RETRIES = 0.5, 0.6, 3
EVERY_TYPE: dict[int, tuple[str, dict[str, Any]]] = {
    1: (WEB, {"type": "icmp"}),
    2: (WEB, {"type": "tcp", "port": PORTS["tcp"]}),
    3: (WEB, {"type": "http", "port": PORTS["http"]}),
    4: (WEB, {"type": "https", "port": PORTS["https"]}),
    5: (WEB, {"type": "dns", "port": PORTS["dns"], "query": "www.example.com"}),
    6: (WEB, {"type": "udp", "port": PORTS["udp"], "send": "ping", "expect": "pong"}),
    7: (WEB, {"type": "smtp", "port": PORTS["smtp"]}),
    8: (WEB, {"type": "script", "script": SCRIPT, "port": 9000}),
    9: (WEB, {"type": "udp", "port": PORTS["udp"]}),
    11: (WEB6, {"type": "icmp"}),
    12: (WEB6, {"type": "tcp", "port": PORTS["tcp"]}),
    13: (WEB6, {"type": "http", "port": PORTS["http"]}),
    14: (WEB6, {"type": "https", "port": PORTS["https"]}),
    15: (WEB6, {"type": "dns", "port": PORTS["dns"], "query": "www.example.com"}),
    16: (WEB6, {"type": "udp", "port": PORTS["udp"], "send": "ping", "expect": "pong"}),
    17: (WEB6, {"type": "smtp", "port": PORTS["smtp"]}),
}
HTTP = {3, 4, 13, 14}
# Tests that succeed without an answer: a connection, a datagram that nothing is expected to answer.
QUIET = {2, 9, 12}


def timed(check: dict[str, Any]) -> dict[str, Any]:
    """The check, tested as often as the tests below assume."""
    timeouts = {"script": 1} | ({} if "expect" in check else {"udp": 4})
    return {**check, "interval": INTERVAL, "retries": RETRIES, "timeout": timeouts.get(check["type"], TIMEOUT)}


# What a check says, and whether the server is healthy by it: each parameter makes a difference.
FAST = {"interval": 0.5, "retries": 1, "timeout": 1}
HTTP_PORT, HTTPS_PORT = {"type": "http", "port": PORTS["http"]}, {"type": "https", "port": PORTS["https"]}
HELLO = b"hello".hex()
SIGNS = "\"{$#!é'"
PARAMETERS: list[tuple[dict[str, Any], bool]] = [
    ({"type": "tcp", "port": PORTS["tcp"]}, True),
    ({"type": "tcp"}, False),
    ({**HTTP_PORT, "uri": "/status/204"}, True),
    ({**HTTP_PORT, "uri": "/status/301"}, False),
    ({**HTTP_PORT, "uri": "/status/301", "status_codes": ["200-299", 301]}, True),
    ({**HTTP_PORT, "uri": "/status/204", "status_codes": [200]}, False),
    ({**HTTP_PORT, "uri": "/host/www.example.com", "host": "www.example.com"}, True),
    ({**HTTP_PORT, "uri": "/host/www.example.com", "host": "other.example.com"}, False),
    ({**HTTP_PORT, "uri": f"/host/{WEB}:8080"}, True),
    ({**HTTP_PORT, "uri": "/host/www.example.com:81", "host": "www.example.com:81"}, True),
    ({**HTTP_PORT, "uri": "/version/1.0"}, True),
    ({**HTTP_PORT, "uri": "/version/1.1"}, False),
    ({**HTTP_PORT, "uri": "/version/1.1", "http_version": "1.1"}, True),
    ({**HTTP_PORT, "uri": f"/from/{SOURCE}"}, False),
    ({**HTTP_PORT, "uri": f"/from/{SOURCE}", "source": SOURCE}, True),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "ell"}, True),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}/1", "expect": "hello"}, True),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "help"}, False),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "h.l"}, False),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "h.l", "regex": True}, True),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "^x|l{2}", "regex": True}, True),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "l{3}", "regex": True}, False),
    # could go on, as far as keepalived knows
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "hello$", "regex": True}, False),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "hello", "regex": True}, True),
    # in the headers, which are not searched
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "OK"}, False),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}/1", "expect": "secret"}, False),
    ({**HTTP_PORT, "uri": f"/body/{HELLO}", "expect": "Server: secret", "regex": True}, False),
    ({**HTTP_PORT, "uri": f"/body/{(b'.' * 480 + b'end').hex()}", "expect": "end"}, True),
    ({**HTTP_PORT, "uri": "/body/61000a62", "expect": r"a\x00\nb"}, True),
    ({**HTTP_PORT, "uri": "/body/61010a62", "expect": r"a\x00\nb"}, False),
    ({**HTTPS_PORT, "uri": "/sni/www.example.com", "host": "www.example.com"}, True),
    ({**HTTPS_PORT, "uri": "/sni/none"}, True),
    ({**HTTPS_PORT, "uri": "/sni/none", "host": "www.example.com"}, False),
    ({**HTTPS_PORT, "uri": "/host/www.example.com", "host": "www.example.com"}, True),
    ({**HTTPS_PORT, "uri": f"/body/{HELLO}/1", "expect": "hello"}, True),
    ({**HTTPS_PORT, "uri": f"/body/{HELLO}", "expect": "help"}, False),
    ({**HTTPS_PORT, "port": PORTS["http"]}, False),
    ({"type": "dns", "port": PORTS["dns"], "query": "www.example.com"}, True),
    ({"type": "dns", "port": PORTS["dns"], "query": "mail.example.com"}, False),
    ({"type": "dns", "port": PORTS["dns"], "query": "www.example.com", "record_type": "AAAA"}, False),
    ({"type": "dns", "port": PORTS["dns"], "query": "six.example.com", "record_type": "AAAA"}, True),
    ({"type": "dns", "port": PORTS["dns"], "query": ".", "record_type": "SOA"}, True),
    ({"type": "udp", "port": PORTS["udp"], "send": "ping", "expect": "pong"}, True),
    ({"type": "udp", "port": PORTS["udp"], "send": "ping", "expect": r"pong\x00\xff and"}, True),
    ({"type": "udp", "port": PORTS["udp"], "send": "ping", "expect": "ong"}, False),
    ({"type": "udp", "port": PORTS["udp"], "send": "say hello", "expect": "hello you"}, False),
    ({"type": "udp", "port": PORTS["udp"], "send": r"say \\ \x00\r", "expect": r"\\ \x00\r"}, True),
    ({"type": "udp", "port": PORTS["udp"], "send": "ping", "expect": r"pong\x00\xfe and"}, False),
    ({"type": "udp", "port": PORTS["udp"], "expect": "pong"}, False),
    ({"type": "udp", "port": PORTS["udp"], "timeout": 4}, True),
    ({"type": "udp", "port": 7008, "timeout": 4}, False),
    ({"type": "smtp", "port": PORTS["smtp"], "host": "lb1.example.com"}, True),
    ({"type": "smtp", "port": PORTS["smtp"], "host": "bad.example.com"}, False),
    ({"type": "smtp", "port": PORTS["tcp"]}, False),
    ({"type": "script", "script": SCRIPT, "port": 9000}, True),
    ({"type": "script", "script": SCRIPT, "port": 9001}, False),
    ({"type": "none"}, True),
]

# What keepalived would take without a word, and then do something else.
REFUSED = {
    "a missing program": ({"type": "script", "script": "/usr/local/sbin/none"}, "there is no /usr/local/sbin/none"),
    "no program": ({"type": "script", "script": "/etc/hostname"}, "is no program that may be executed"),
    "a program of others": ({"type": "script", "script": "/tmp/others"}, "can be changed by others than root"),
    "a text": ({"type": "script", "script": "/usr/local/sbin/text"}, "does not say what it is to be run by"),
    "a bad pattern": (
        {"type": "http", "expect": "a(b", "regex": True},
        "is no regular expression of PCRE2: missing closing parenthesis",
    ),
    "a pattern that looks behind": (
        {"type": "http", "expect": r"\bok", "regex": True},
        "looks behind where it matches",
    ),
}
