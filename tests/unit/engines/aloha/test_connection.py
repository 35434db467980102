# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection to an appliance, by HTTP against a simulated one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.api import Api, NoAnswer
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.connection import HttpConnection
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.settings import Settings
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import EngineFault
from ansible_collections.evenkeel.lb.tests.aloha_simulator.appliance import Appliance
from ansible_collections.evenkeel.lb.tests.aloha_simulator.server import Simulator, serving
from ansible_collections.evenkeel.lb.tests.aloha_simulator.switches import Fault, Switches

PASSWORD = "s3cr3t: with a colon"
FARM = "/api/2/scope/root/l7/farm/web"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with serving(Appliance(Switches(), password=PASSWORD)) as serves:
        yield serves


def connection_to(simulator: Simulator, password: str = PASSWORD, timeout: float = 10) -> HttpConnection:
    return HttpConnection("127.0.0.1", simulator.port, "admin", password, timeout, None)


def test_an_object_is_made_read_changed_and_deleted_over_one_connection(simulator: Simulator) -> None:
    http = connection_to(simulator)
    api = Api(http.exchange, Settings(), lambda: 0.0, lambda _seconds: None)
    assert api.object(FARM) is None and api.names("/api/2/scope/root/l7/farm") == ()
    api.create(FARM, {"balance": "hash-uri"})
    api.change(FARM, {"log": "enabled", "balance": None})
    assert api.object(FARM) == {"balance": None, "protocol": None, "log": "enabled", "log_format": None}
    assert api.names("/api/2/scope/root/l7/farm") == ("web",)
    api.delete(FARM)
    assert api.object(FARM) is None
    assert simulator.connections == 1


def test_numbers_never_come_to_the_wire(simulator: Simulator) -> None:
    with pytest.raises(EngineFault, match="only text or nothing"):
        connection_to(simulator).exchange("PUT", FARM, {"weight": 80})
    assert not simulator.appliance.requests


def test_wrong_credentials_are_an_answer_without_errno(simulator: Simulator) -> None:
    answer = connection_to(simulator, "wrong").exchange("GET", FARM)
    assert (answer.status, answer.errno) == (401, None)
    assert not simulator.appliance.requests


@pytest.mark.parametrize("kind", ["drop", "slow"])
def test_no_answer_is_told_without_the_credentials_and_the_next_request_goes(simulator: Simulator, kind: str) -> None:
    http = connection_to(simulator, timeout=0.5)
    simulator.appliance.strike(1, Fault(kind))
    with pytest.raises(NoAnswer) as caught:
        http.exchange("PUT", FARM, {"log": "enabled"})
    assert "no answer from 127.0.0.1" in str(caught.value)
    assert PASSWORD not in str(caught.value) and "Basic" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert http.exchange("GET", "/api/2/scope/root/l7/farm").status == 200


def test_nobody_there_is_no_answer() -> None:
    with serving(Appliance()) as gone:
        port = gone.port
    with pytest.raises(NoAnswer, match="Connection refused"):
        HttpConnection("127.0.0.1", port, "admin", PASSWORD, 1, None).exchange("GET", FARM)


def test_a_kept_connection_that_the_appliance_closed_is_opened_anew(simulator: Simulator) -> None:
    """Before the request is sent: one that was sent is never sent again."""
    http = connection_to(simulator)
    http.exchange("POST", FARM, {"log": "enabled"})
    simulator.hang_up()
    assert http.exchange("PUT", FARM, {"log": None}).status == 200
    assert [request.method for request in simulator.appliance.requests] == ["POST", "PUT"]
    assert simulator.connections == 2


def test_a_page_instead_of_an_answer_is_told_in_words(simulator: Simulator) -> None:
    api = Api(connection_to(simulator).exchange, Settings(), lambda: 0.0, lambda _seconds: None)
    simulator.appliance.strike(1, Fault("html"))
    with pytest.raises(EngineFault, match=r"without a word of its own: <html>.*status 502"):
        api.object(FARM)


def test_the_simulator_ignores_numbers_and_true_and_refuses_other_documents(simulator: Simulator) -> None:
    """As documented: whoever sends them changes nothing, and is not told."""
    appliance = simulator.appliance
    assert appliance.answer("POST", FARM, "application/json", json.dumps({"log": True, "balance": 7})).status == 200
    assert appliance.root.document()["l7_farm"]["web"]["values"] == {}
    assert appliance.answer("PUT", FARM, "text/plain", "{}").status == 415
    assert appliance.answer("POST", "/api/2/scope/root/l7/farm", "application/json", "{}").status == 405
    assert appliance.answer("POST", FARM, "application/json", "{}").headers["X-Alctl-Errno"] == "23"
    assert appliance.answer("PUT", FARM, "application/json", '{"balance": "x"}').headers["X-Alctl-Errno"] == "25"
    assert appliance.answer("PUT", FARM, "application/json", '{"color": "x"}').headers["X-Alctl-Errno"] == "1"
    assert appliance.answer("PUT", FARM, "application/json", '{"log": "\u00e4"}').status == 400
    server = f"{FARM}/server/w1"
    assert appliance.answer("POST", server, "application/json", "{}").headers["X-Alctl-Errno"] == "24"
    assert appliance.answer("GET", server).headers["X-Alctl-Errno"] == "22"


def test_the_simulator_has_one_sorry_server_a_farm_and_does_not_check_it() -> None:
    appliance, farm = Appliance(), "/api/2/scope/root/l4/farm/web"
    appliance.answer("POST", farm, "application/json", "{}")

    def server(name: str, **values: str) -> str | None:
        body = json.dumps({"address": "192.0.2.1", **values})
        return appliance.answer("POST", f"{farm}/server/{name}", "application/json", body).headers.get("X-Alctl-Errno")

    assert server("a", sorry="enabled", check="enabled") == "25"
    assert server("a", sorry="enabled") is None
    assert server("b", sorry="enabled") == "25"
    assert server("b", weight="257") == "25"
