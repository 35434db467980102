# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engines count for a server: in which services of the kernel they look, and what they take for what."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import Engine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.connections import Connections
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.engine import IpvsEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.service_connections import carried
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import SCTP, TCP, UDP, ServiceKey
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import with_defaults
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import mark_of, services
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector

WEB1, WEB2 = {"name": "web1", "address": "10.20.0.21"}, {"name": "web2", "address": "10.20.0.22", "port": 8080}
ENGINES = [IpvsEngine(), KeepalivedEngine()]


def configuration(engine: str, *virtual_servers: dict[str, Any], **farm: Any) -> Configuration:
    return Configuration.from_document(
        {
            "farms": [{"name": "web", "servers": [WEB1, WEB2], **farm}, {"name": "other", "servers": [WEB2]}],
            "virtual_servers": [
                {"farm": "web", "vip": "10.10.0.50", "engine": engine, **virtual_server}
                for virtual_server in virtual_servers
            ],
        }
    )


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name)
def engine(request: pytest.FixtureRequest) -> Engine[Any, Any]:
    chosen: Engine[Any, Any] = request.param
    return chosen


@pytest.fixture
def director() -> FakeDirector:
    return FakeDirector()


def hold(director: FakeDirector, engine: Engine[Any, Any], wanted: Configuration) -> None:
    director.kernel.hold(engine.compile(wanted).table)


def test_the_counts_of_every_service_are_told_by_virtual_server(
    director: FakeDirector, engine: Engine[Any, Any]
) -> None:
    other = {"name": "other", "farm": "other", "port": 1}
    wanted = configuration(engine.name, {"name": "web", "port": 80}, {"name": "more", "port": 443}, other)
    hold(director, engine, wanted)
    web, more = (ServiceKey.of_address(TCP, "10.10.0.50", port) for port in (80, 443))
    director.kernel.counts = {
        (web, ("10.20.0.22", 8080)): (3, 4, 5),
        (more, ("10.20.0.22", 8080)): (1, 0, 0),
        (web, ("10.20.0.21", 80)): (9, 9, 9),
    }
    assert engine.connections(wanted, "web", "web2", director) == {
        "web": Connections(3, 4, persistent=5),
        "more": Connections(1),
    }
    assert engine.connections(wanted, "web", "web3", director) == {}
    assert engine.connections(wanted, "none", "web2", director) == {}


def test_a_server_that_the_kernel_has_not_is_none(director: FakeDirector, engine: Engine[Any, Any]) -> None:
    wanted = configuration(engine.name, {"name": "web", "port": 80})
    assert engine.connections(wanted, "web", "web2", director) == {"web": None}
    hold(director, engine, wanted.without_server("web", "web2"))
    assert engine.connections(wanted, "web", "web2", director) == {"web": None}
    assert engine.connections(wanted, "web", "web1", director) == {"web": Connections()}


@pytest.mark.parametrize(
    "unused",
    [
        {"name": "web", "port": 80, "enabled": False},
        {"name": "web", "port": 80, "engine": "none of these"},
    ],
)
def test_what_an_engine_does_not_carry_is_not_asked_of_it(
    director: FakeDirector, engine: Engine[Any, Any], unused: dict[str, Any]
) -> None:
    if "engine" in unused:
        unused = {**unused, "engine": next(other.name for other in ENGINES if other.name != engine.name)}
    wanted = configuration(engine.name, unused)
    assert engine.connections(wanted, "web", "web2", director) == {}


def test_a_disabled_server_is_not_expected_in_the_kernel(director: FakeDirector, engine: Engine[Any, Any]) -> None:
    wanted = configuration(engine.name, {"name": "web", "port": 80}, servers=[WEB1, {**WEB2, "state": "disabled"}])
    assert engine.connections(wanted, "web", "web2", director) == {}


def test_dns_over_both_transports_is_one_virtual_server_whose_datagrams_are_flows(
    director: FakeDirector, engine: Engine[Any, Any]
) -> None:
    wanted = configuration(engine.name, {"name": "dns", "port": 53, "protocol": "dns", "type": "layer4"})
    hold(director, engine, wanted)
    by_tcp, by_udp = (ServiceKey.of_address(protocol, "10.10.0.50", 53) for protocol in (TCP, UDP))
    server = ("10.20.0.22", 8080)
    director.kernel.counts = {(by_tcp, server): (1, 2, 0), (by_udp, server): (0, 7, 0)}
    assert engine.connections(wanted, "web", "web2", director) == {"dns": Connections(1, 2, flows=7)}
    director.kernel.remove_server(by_udp, server)
    assert engine.connections(wanted, "web", "web2", director) == {"dns": Connections(1, 2)}


def test_sctp_counts_as_tcp_does(director: FakeDirector, engine: Engine[Any, Any]) -> None:
    wanted = configuration(engine.name, {"name": "sig", "port": 2905, "protocol": "sctp"})
    hold(director, engine, wanted)
    director.kernel.counts = {
        (ServiceKey.of_address(SCTP, "10.10.0.50", 2905), ("10.20.0.22", 8080)): (1, 2, 0),
    }
    assert engine.connections(wanted, "web", "web2", director) == {"sig": Connections(1, 2)}


def test_services_by_firewall_mark_are_found(director: FakeDirector, engine: Engine[Any, Any]) -> None:
    wanted = configuration(engine.name, {"name": "all", "ports": [80, 443]}, servers=[WEB1, {**WEB2, "port": None}])
    hold(director, engine, wanted)
    key = ServiceKey.of_fwmark(2, mark_of(with_defaults(wanted.virtual_servers["all"])))
    director.kernel.counts = {(key, ("10.20.0.22", 0)): (2, 0, 0)}
    assert engine.connections(wanted, "web", "web2", director) == {"all": Connections(2)}


@pytest.mark.parametrize(("expires", "timeout", "sticky"), [("0", 60, True), ("1", 60, False), ("0", 0, False)])
def test_persistence_that_outlives_the_drain_is_told(
    director: FakeDirector, engine: Engine[Any, Any], expires: str, timeout: int, sticky: bool
) -> None:
    director.files["/proc/sys/net/ipv4/vs/expire_quiescent_template"] = f"{expires}\n"
    wanted = configuration(engine.name, {"name": "web", "port": 80}, persistence_timeout=timeout)
    hold(director, engine, wanted)
    assert engine.connections(wanted, "web", "web2", director) == {"web": Connections(sticky=sticky)}


@given(documents())
def test_exactly_the_services_with_the_server_are_looked_at(document: dict[str, Any]) -> None:
    wanted = Configuration.from_document(document)
    memory = MemoryEngine()
    for farm in wanted.farms.values():
        for server in farm.servers or ():
            found = carried(wanted, "keepalived", farm.name, server.name)
            expected = [
                (service, backend)
                for service in services(wanted, "keepalived")
                for backend in service.backends
                if service.farm.name == farm.name and backend.name == server.name
            ]
            assert found == expected
            counted = memory.connections(wanted, farm.name, server.name, FakeDirector())
            assert set(counted) == {service.name for service, _backend in found}
