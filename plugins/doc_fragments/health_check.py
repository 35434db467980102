# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a health check. Written by tools/reference from the model; change them there."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the health check, unique on the director.
    type: str
    required: true
  type:
    description:
      - How to test.
      - V(tcp) opens a connection, V(http) and V(https) ask for O(uri) and look at the answer, V(icmp) sends
        an echo request, V(dns) asks for O(query) by UDP and takes every answer that is no error, V(udp) sends
        a datagram, V(smtp) says hello, V(script) runs O(script) on the director.
      - V(mysql) and V(postgresql) begin a session as O(user) without a password, V(redis) sends a PING that
        has to be answered with PONG, V(ldap) binds as nobody.
      - V(https) takes any certificate.
      - V(none) takes every server as healthy.
      - Taken as V(tcp) when unset.
    type: str
    choices:
      - none
      - icmp
      - tcp
      - http
      - https
      - dns
      - udp
      - smtp
      - mysql
      - postgresql
      - redis
      - ldap
      - script
  interval:
    description:
      - Seconds between two tests, 0.1 to 86400.
      - Taken as V(5) when unset.
    type: float
  timeout:
    description:
      - Seconds to wait for the answer to a test, 0.1 to 3600.
      - Taken as V(3) when unset.
    type: float
  retries:
    description:
      - How many tests in a row have to fail before the server is taken out, 1 to 100.
      - Taken as V(3) when unset.
    type: int
  rise:
    description:
      - How many tests in a row have to succeed before the server is back, 1 to 100.
      - Taken as V(1) when unset.
    type: int
  port:
    description:
      - The port to test, 1 to 65535. Unset tests the port of the server.
    type: int
  source:
    description:
      - The address of the director to test from. Unset leaves it to the routes.
      - While the director does not have it nothing is tested, and servers stay as they are; with engine V(haproxy)
        tests fail meanwhile.
    type: str
  uri:
    description:
      - The path to ask for, with V(http) and V(https) only.
      - Taken as V(/) when unset.
    type: str
  method:
    description:
      - The HTTP method, with V(http) and V(https) only.
      - Taken as V(GET) when unset.
    type: str
    choices:
      - GET
      - HEAD
      - OPTIONS
  http_version:
    description:
      - The version of HTTP to ask in, with V(http) and V(https) only.
      - Taken as V(1.0) when unset.
    type: str
    choices:
      - '1.0'
      - '1.1'
  host:
    description:
      - The Host header, for V(https) also the name in the TLS handshake (SNI), for V(smtp) the name to greet
        with.
      - Unset sends the address of the server and no name in the handshake, and greets with a name of the
        engine's.
    type: str
  status_codes:
    description:
      - The status codes that count as healthy, each a code or a range, with V(http) and V(https) only.
      - Taken as V(200-299) when unset.
    type: list
    elements: str
  send:
    description:
      - What to send first, with V(tcp), V(udp) and V(script) only.
      - C(\r), C(\n), C(\t), C(\\) and C(\xHH) stand for bytes. Unset, V(udp) sends a few bytes of the engine's
        choice.
    type: str
  expect:
    description:
      - What the answer has to contain; with V(http) and V(https) its body, and with V(udp) it has to begin
        with it.
      - C(\r), C(\n), C(\t), C(\\) and C(\xHH) stand for bytes. A regular expression has its own.
      - Without it V(udp) takes silence as success; a server fails when it or the network says that nobody
        is there.
    type: str
  regex:
    description:
      - Whether O(expect) is a regular expression. Needs O(expect).
    type: bool
  query:
    description:
      - The name to ask for, with V(dns) only.
      - Taken as V(localhost) when unset.
    type: str
  record_type:
    description:
      - The record to ask for, with V(dns) only.
      - Taken as V(A) when unset.
    type: str
    choices:
      - A
      - AAAA
      - CNAME
      - MX
      - NS
      - SOA
      - TXT
  user:
    description:
      - The user to begin a session as, with V(mysql) and V(postgresql) only, which need it.
      - V(mysql) needs one that is there and has no password. V(postgresql) takes a question for the password
        as an answer too.
    type: str
  script:
    description:
      - The program that tests, with V(script) only. It ends with status 0 when the server is healthy.
      - It is run with the address of the server and the port to test as its two arguments; the port is V(0)
        where neither the health check, nor the server, nor the virtual server has one.
      - The engine V(keepalived) runs it as root, V(haproxy) as the user that HAProxy runs as, and only where
        your own C(haproxy.cfg) allows it to run programs.
    type: str
  description:
    description:
      - What people call it where that is no name here, or say of it, in one line of at most 255 characters.
      - For people and inventories only.
    type: str
  tenant:
    description:
      - Whose it is. For people and inventories only.
    type: str
"""
