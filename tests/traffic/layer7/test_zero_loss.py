# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients of layer 7 that never stop lose nothing while a director is changed: no request on connections that are
kept, by HTTP/1.1, HTTP/2 with one and with several streams at once, and gRPC; no byte of downloads, of those that take
seconds and of those that go on from before the first change until after the last; no WebSocket and no stream of gRPC.

Each change says whether HAProxy may reload for it. All that can be told to the running process is told.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from ansible_collections.evenkeel.lb.tests.traffic.layer7.content import THOUGHT
from ansible_collections.evenkeel.lb.tests.traffic.layer7.scene import (
    GRPC,
    HTTP,
    HTTPS,
    WWW,
    Document,
    Layer7,
    server,
    vip,
)
from ansible_collections.evenkeel.lb.tests.traffic.watching import watched

#: Seconds of traffic under each state.
SETTLE = 0.4
CHECK = {"name": "tcp", "type": "tcp", "interval": 0.5, "timeout": 2, "retries": 3}
OTHER_PORT, KEPT, KEPT_TLS, TALKS = 8080, 8081, 8443, 50052
#: What goes on from before the first change until after the last, on one connection.
LASTING = ("WebSocket", "a download", "downloads by HTTP/2", "a stream of gRPC")


class Change(NamedTuple):
    """What is said next; `renews` puts another certificate in place of the one before."""

    farm: dict[str, Any] | None = None
    more: bool | None = None
    renews: bool = False
    reloads: bool = False


STORY = {
    "add a server": Change({"web1": {}, "web2": {}}),
    "change weights": Change({"web1": {"weight": 5}, "web2": {"weight": 2}}),
    "replace the certificate": Change(renews=True),
    "add a virtual server": Change(more=True, reloads=True),
    # for the stream of gRPC, it is the one that serves it
    "drain a server": Change({"web1": {"state": "drained"}, "web2": {}}),
    "remove it": Change({"web2": {}}),
    "remove a virtual server": Change(more=False, reloads=True),
    "add the server again": Change({"web1": {}, "web2": {}}),
}


def document(director: str, farm: dict[str, Any], more: bool) -> Document:
    """Sites by HTTP and HTTPS, gRPC, services whose farm stays as it is, and one whose server is drained and stays."""
    farms = [
        {"name": name, "balance": "weighted_round_robin", "health_check": "tcp", "servers": servers}
        for name, servers in (
            ("web", [server(name, HTTP, **said) for name, said in farm.items()]),
            ("grpc", [server(name, GRPC, family=6, **said) for name, said in farm.items()]),
            ("kept", [server("web1", HTTP)]),
            ("talks", [server(name, GRPC, **said) for name, said in {"web1": {"state": "drained"}, **farm}.items()]),
        )
    ]
    offloaded = {"ssl_offload": True, "certificate_profiles": ["www"]}
    served: list[Document] = []
    for family in (4, 6):
        wishes: list[Document] = [
            {"name": "http", "port": HTTP, "protocol": "http", "farm": "web"},
            {"name": "https", "port": HTTPS, "protocol": "https", "farm": "web", **offloaded},
            {"name": "grpc", "port": GRPC, "protocol": "grpc", "farm": "grpc", **offloaded},
            {"name": "kept", "port": KEPT, "protocol": "http", "farm": "kept"},
            {"name": "kept-tls", "port": KEPT_TLS, "protocol": "https", "farm": "kept", **offloaded},
            {"name": "talks", "port": TALKS, "protocol": "grpc", "farm": "talks", **offloaded},
        ]
        if more:
            wishes.append({"name": "other", "port": OTHER_PORT, "protocol": "http", "farm": "web"})
        for wish in wishes:
            name = f"{wish['name']}-{family}"
            served.append({**wish, "name": name, "vip": vip(director, family), "type": "layer7"})
    profiles = [{"name": "www", "certificate_file": "/etc/ssl/www.pem"}]
    return {
        "health_checks": [CHECK],
        "certificate_profiles": profiles,
        "farms": farms,
        "virtual_servers": served,
    }


def test_not_one_request_is_lost(layer7: Layer7, director: str) -> None:
    four, six = vip(director, 4), vip(director, 6)
    layer7.give(director, "www", WWW)
    farm: dict[str, Any] = {"web1": {}}
    more = False
    layer7.converge(director, document(director, farm, more))
    clients = {
        "HTTP/1.1": layer7.client("http1", six, HTTP),
        "HTTP/1.1 within TLS": layer7.client("http1", four, HTTPS, tls=WWW),
        "HTTP/2": layer7.client("http2", six, HTTPS, tls=WWW),
        "gRPC": layer7.client("grpc", four, GRPC, tls=WWW),
        "HTTP/2, several at once": layer7.client("streams", four, HTTPS, tls=WWW),
        "downloads": layer7.client("download", four, HTTP),
        "WebSocket": layer7.client("websocket", four, KEPT),
        "a download": layer7.client("long-download", six, KEPT, "--interval", "50"),
        "downloads by HTTP/2": layer7.client("long-downloads", four, KEPT_TLS, "--interval", "50", tls=WWW),
        "a stream of gRPC": layer7.client("grpc-stream", six, TALKS, "--interval", "20", tls=WWW),
    }
    reloaded: dict[str, bool] = {}
    with watched(clients) as reports:
        began = time.monotonic()
        for name, change in STORY.items():
            farm = farm if change.farm is None else change.farm
            more = more if change.more is None else change.more
            serial = layer7.give(director, "www", WWW) if change.renews else None
            answer = layer7.converge(director, document(director, farm, more))
            assert answer["state"] == "applied", (name, answer)
            reloaded[name] = any("reload" in done for done in answer["reload"])
            if serial is not None:
                assert layer7.shown(four, HTTPS, WWW).serial_number == serial
            time.sleep(SETTLE)
        layer7.directors[director].shell("systemctl reload haproxy")
        time.sleep(SETTLE)
        seconds = time.monotonic() - began
    layer7.converge(director, {})
    for client, report in reports.items():
        assert report["failed"] == 0, (client, report)
        assert report["sent"] > (2 if client == "downloads" else 100), (client, report)
    for client in ("HTTP/1.1", "HTTP/1.1 within TLS", "HTTP/2", "HTTP/2, several at once", "gRPC"):
        assert set(reports[client]["by_server"]) == {"web1", "web2"}, reports[client]
        # told in time that the connection ends, a client sends nothing twice
        assert reports[client]["again"] == 0, reports[client]
    # the connections are kept: it takes a reload to end one
    reloads = 1 + sum(change.reloads for change in STORY.values())
    for client in ("HTTP/1.1", "HTTP/1.1 within TLS", "HTTP/2", "HTTP/2, several at once"):
        assert 1 < reports[client]["connections"] <= 1 + reloads, (client, reports[client])
    # one after the other, there would be time for fewer
    assert reports["HTTP/2, several at once"]["sent"] > 2 * seconds / THOUGHT, (seconds, reports)
    for client in LASTING:
        assert reports[client]["connections"] == 1 and len(reports[client]["by_server"]) == 1, reports[client]
    assert set(reports["a stream of gRPC"]["by_server"]) == {"web1"}
    assert reloaded == {name: change.reloads for name, change in STORY.items()}
