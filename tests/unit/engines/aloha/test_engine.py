# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engine does where the appliance is not as it expected, and what it cannot express."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.engine import AlohaEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.projection import placed
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import without_engine
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._info import Asked, gathered
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.tests.aloha_simulator.appliance import Request
from ansible_collections.evenkeel.lb.tests.aloha_simulator.switches import Fault
from ansible_collections.evenkeel.lb.tests.aloha_simulator.tree import Thing
from ansible_collections.evenkeel.lb.tests.unit.engines.aloha.controllers import (
    Controller,
    layer4,
    layer7,
    with_switches,
)

FARM = "/api/2/scope/root/l4/farm/web"


def methods(host: Controller, since: int = 0) -> list[str]:
    return [request.method for request in host.appliance.requests[since:]]


def test_one_read_per_object_one_write_per_change_and_none_for_none() -> None:
    host = Controller()
    host.applied(layer4())
    begin = len(host.appliance.requests)
    assert not host.applied(layer4()).changed
    # the farm, its two servers, and which servers it has
    assert methods(host, begin) == ["GET"] * 4
    begin = len(host.appliance.requests)
    host.applied(layer4(balance="source_hash"))
    # planned from those; before the write, the write, after the write
    assert methods(host, begin) == ["GET"] * 4 + ["GET", "PUT", "GET"]
    assert json.loads(host.appliance.requests[-2].body) == {"balance": "hash-source"}


def test_a_virtual_server_that_goes_resets_its_own_keys_and_a_farm_that_goes_is_deleted() -> None:
    host = Controller()
    host.applied(layer4())
    farm_alone = {kind: things for kind, things in layer4().items() if kind != "virtual_servers"}
    begin = len(host.appliance.requests)
    host.applied(farm_alone)
    assert "DELETE" not in methods(host, begin)
    held = host.holds()["l4_farm"]["web"]
    assert not [name for name in held["values"] if name.startswith("service_")]
    assert len(held["children"]) == 2 and held["values"]["check_interval"] == "5"
    host.applied({})
    assert host.holds()["l4_farm"] == {}


def test_a_disabled_virtual_server_is_taken_off_the_appliance() -> None:
    host = Controller()
    off = layer4()
    off["virtual_servers"][0]["enabled"] = False
    host.applied(off)
    assert "service_address" not in host.holds()["l4_farm"]["web"]["values"]


def test_virtual_servers_change_places() -> None:
    """Each waits for the address of the other."""
    for make in (layer4, layer7):
        host = with_switches(duplicates=False)
        document = make()
        document["farms"].append({"name": "api", "servers": [{"name": "a1", "address": "192.0.2.111"}]})
        document["virtual_servers"].append(
            {**document["virtual_servers"][0], "name": "x", "vip": "192.0.2.81", "farm": "api"}
        )
        host.applied(document)
        first, second = document["virtual_servers"]
        first["vip"], second["vip"] = second["vip"], first["vip"]
        host.applied(document)
        assert not host.run(document, check=True).changed
        assert "192.0.2.81" in str(host.holds()["l4_farm"].get("web") or host.holds()["l7_service"]["www"])


def by_hand(host: Controller, **values: str) -> None:
    host.appliance.root.roots["l4_farm"]["web"].values.update(values)


def test_what_others_change_meanwhile_ends_the_run() -> None:
    host = Controller()
    host.applied(layer4())
    seen = []

    def meddle(request: Request) -> None:
        if request.path == FARM:
            seen.append(request.method)
            if len(seen) == 2:
                by_hand(host, check_interval="77")

    host.appliance.before = meddle
    result = host.run(layer4(balance="source_hash"))
    assert result.transaction.state == "restored" and "changed meanwhile: check_interval differ" in result.fault
    assert "PUT" not in seen
    assert host.appliance.root.roots["l4_farm"]["web"].values["check_interval"] == "77"


def test_an_appliance_whose_put_replaces_the_object_is_noticed_and_put_back() -> None:
    host = with_switches(put="replace", more={"l4_farm": ["color"]})
    host.applied(layer4())
    by_hand(host, color="red")
    before = host.holds()
    result = host.run(layer4(balance="source_hash"))
    assert result.failed and "the appliance changed" in result.fault and "color" in result.fault
    assert result.transaction.state == "restored" and host.holds() == before


def test_what_is_not_documented_stays() -> None:
    host = with_switches(more={"l4_farm": ["color"]})
    host.applied(layer4())
    by_hand(host, color="red")
    host.applied(layer4(balance="source_hash"))
    assert host.appliance.root.roots["l4_farm"]["web"].values["color"] == "red"


def test_a_value_that_the_api_cannot_tell_stays_unless_another_is_wanted() -> None:
    host = with_switches(untold={"l4_farm": ["check_source"]})
    host.applied(layer4())
    assert not host.run(layer4(), check=True).changed
    wanted = layer4()
    wanted["health_checks"][0]["source"] = "192.0.2.5"
    result = host.run(wanted)
    assert result.transaction.state == "refused"
    assert [problem.message for problem in result.problems] == [
        "attribute check_source of layer 4 farm web has a value that the appliance's API cannot tell, so it cannot be"
        " put back"
    ]


def test_an_attribute_that_this_version_does_not_know_is_refused_where_it_is_wanted() -> None:
    host = with_switches(unknown={"l4_farm": ["persistence_netmask"]})
    host.applied(layer4(persistence_timeout=60))
    result = host.run(layer4(persistence_timeout=60, persistence_netmask="255.255.255.0"))
    assert result.transaction.state == "refused" and "not known to this version" in result.problems[0].message


def test_servers_that_somebody_added_go_and_others_of_the_appliance_stay() -> None:
    host = Controller()
    host.applied(layer4())
    farms = host.appliance.root.roots["l4_farm"]
    farms["web"].children["rogue"] = farms["web"].children["web1"].__class__("l4_server", {"address": "192.0.2.66"})
    farms["theirs"] = farms["web"].__class__("l4_farm", {"balance": "roundrobin"})
    steps = host.run(layer4(), check=True).steps
    assert [(step.action, step.subject) for step in steps] == [("repair", "server rogue of layer 4 farm web")]
    host.applied(layer4())
    assert "rogue" not in farms["web"].children and "theirs" in host.holds()["l4_farm"]


@pytest.mark.parametrize("errno", [120, 121])
def test_after_a_critical_error_nothing_more_is_sent(errno: int) -> None:
    host = Controller()
    host.applied(layer4())
    begin = len(host.appliance.requests)
    host.appliance.strike(6, Fault("errno", errno))
    result = host.run(layer4(balance="source_hash"))
    assert methods(host, begin)[-1] == "PUT"
    assert result.transaction.state == "failed" and result.transaction.left == ("change layer 4 farm web (aloha)",)
    assert "nothing more is sent" in result.fault


def test_a_write_without_an_answer_is_looked_for() -> None:
    for kind, state in (("drop_after", "applied"), ("drop", "restored")):
        host = Controller()
        host.applied(layer4())
        host.appliance.strike(6, Fault(kind))
        result = host.run(layer4(balance="source_hash"))
        assert result.transaction.state == state, result.fault


def test_nothing_is_saved_unless_the_user_says_how() -> None:
    host = Controller()
    assert host.applied(layer4()).saved is False
    assert host.applied(layer4()).saved is None, "nothing was changed"
    host.appliance.reboot()
    assert host.holds()["l4_farm"] == {}
    other = Controller(save_path="/simulated/save")
    assert other.applied(layer4()).saved is True
    other.appliance.reboot()
    assert "web" in other.holds()["l4_farm"]


def test_changes_that_cannot_be_saved_are_put_back() -> None:
    host = Controller(save_path="/simulated/save")
    host.applied(layer4())
    before = host.holds()
    host.appliance.strike(8, Fault("errno", 122))
    result = host.run(layer4(balance="source_hash"))
    assert result.transaction.state == "restored" and "could not be saved" in result.fault
    assert host.holds() == before


def test_nothing_is_put_back_where_people_want_to_look() -> None:
    host = Controller()
    host.applied(layer4())
    host.appliance.strike(7, Fault("errno", 122))
    document = layer4(balance="source_hash")
    document["farms"][0]["servers"][0]["weight"] = 7
    result = host.run(document, on_error="stop")
    assert result.transaction.state == "failed" and result.changed


def test_an_appliance_that_takes_no_weight_of_0_at_layer_4_is_left_as_it_was() -> None:
    host = with_switches(l4_weight_zero=False)
    host.applied(layer4())
    before = host.holds()
    drained = layer4()
    drained["farms"][0]["servers"][0]["state"] = "drained"
    result = host.run(drained)
    assert result.transaction.state == "restored" and "refuses the value of an attribute (weight: 0" in result.fault
    assert "a weight of 0 is not documented for layer 4 servers" in result.warnings[0]
    assert host.holds() == before


def test_other_paths_are_asked_for_where_nothing_is_found() -> None:
    host = Controller(paths={"l4_farm": "{base}/l4/pool/{0}"})
    with pytest.raises(HostFault) as caught:
        result = host.run(layer4())
        raise HostFault(result.fault)
    assert "aloha_paths" in str(caught.value)


def test_a_wrong_scope_is_told() -> None:
    result = Controller(scope="blue").run(layer4())
    assert result.failed and "aloha_scope" in result.fault


@pytest.mark.parametrize(("method", "create"), [("post", "put"), ("put", "post")])
def test_the_method_that_creates_is_asked_for(method: str, create: str) -> None:
    host = with_switches(create=create)
    host.settings = host.settings.__class__(create_method=method)
    result = host.run(layer4())
    assert result.transaction.state == "restored" and host.holds()["l4_farm"] == {}


def test_what_drains_at_layer_4_is_warned_of_and_at_layer_7_is_not() -> None:
    for make, count in ((layer4, 1), (layer7, 0)):
        host = Controller()
        document = make()
        document["farms"][0]["servers"][0]["state"] = "drained"
        result = host.applied(document)
        assert len(result.warnings) == count
        assert '"weight": "0"' in str([request.body for request in host.appliance.requests])


def test_an_appliance_that_takes_no_weight_of_0_is_as_before() -> None:
    host = with_switches(l4_weight_zero=False)
    host.applied(layer4())
    before = host.holds()
    document = layer4()
    document["farms"][0]["servers"][0]["state"] = "drained"
    result = host.run(document)
    assert result.transaction.state == "restored" and host.holds() == before
    assert "weight: 0 is too little" in result.fault


def test_info_tells_what_is_there_and_what_is_not_as_intended() -> None:
    host = Controller()
    host.applied(layer4())
    found, _warnings = gathered(host, [AlohaEngine(host.api())], Asked())
    assert found["drift"] == [] and found["virtual_servers"][0]["state"] == "up"
    assert found["virtual_servers"][0]["engine"] == "aloha"
    by_hand(host, check_interval="77", mode="gateway")
    host.appliance.root.roots["l4_farm"]["web"].children.pop("web2")
    found, _warnings = gathered(host, [AlohaEngine(host.api())], Asked())
    told = {(one["path"], one["field"], one["intended"], one["running"]) for one in found["drift"]}
    assert told == {
        ("farms[web]", "check_interval", "5", "77"),
        ("farms[web]", "mode", "nat", "gateway"),
        ("farms[web].servers[web2]", "server web2 of layer 4 farm web", "there", ""),
    }
    assert found["virtual_servers"][0]["state"] == "missing"
    again = Configuration.from_document(found["config"])
    assert Store(host).load() == again


def test_what_others_made_is_told_as_a_configuration_and_can_be_taken_over() -> None:
    for listing in ("array", "braces"):
        theirs = with_switches(listing=listing)
        theirs.applied({**layer7(), "farms": [*layer7()["farms"], {"name": "mail", "servers": []}]})
        host = Controller(theirs.appliance)
        own = {"farms": [{"name": "api", "servers": [{"name": "a1", "address": "192.0.2.111"}]}]}
        host.applied(own)
        # one of our farms with a server that is not; it is ours as a whole, and drift tells it
        host.appliance.root.roots["l4_farm"]["api"].children["rogue"] = Thing("l4_server", {"address": "192.0.2.66"})
        before, begin = host.holds(), len(host.appliance.requests)
        found, warnings = gathered(host, [AlohaEngine(host.api())], Asked(("others",)))
        assert list(found) == ["others"] and warnings == []
        assert set(methods(host, begin)) == {"GET"} and host.holds() == before
        others = found["others"]
        assert others["left_out"] == []
        assert [one["name"] for one in others["config"]["farms"]] == ["mail", "web"]
        assert [one["name"] for one in others["config"]["virtual_servers"]] == ["www"]
        wanted = {**others["config"], "farms": [*others["config"]["farms"], *own["farms"]]}
        result = host.applied(wanted)
        # nothing to write for what is there already; only the server that is nobody's goes
        assert [(step.action, step.subject) for step in result.steps] == [
            ("repair", "server rogue of layer 4 farm api")
        ]


def test_a_list_that_cannot_be_made_out_is_told() -> None:
    host = Controller()
    host.appliance.strike(1, Fault("status", 200))
    with pytest.raises(HostFault, match=r"GET /api/2/scope/root/l4/farm: the names in the answer cannot be made out"):
        gathered(host, [AlohaEngine(host.api())], Asked(("others",)))


def with_field(kind: str, base: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**base, kind: [{**base[kind][0], **fields}]}


def servers_with(base: dict[str, Any], **fields: Any) -> dict[str, Any]:
    servers = base["farms"][0]["servers"]
    return with_field("farms", base, servers=[{**servers[0], **fields}, *servers[1:]])


PAIR = {
    "ha_groups": [
        {
            "name": "pair",
            "virtual_router_id": 50,
            "interface": "eth1",
            "member": "lb1",
            "members": [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}],
        }
    ],
    "vips": [{"name": "public", "address": "192.0.2.80/24", "ha_group": "pair"}],
}
REFUSED = [
    (with_field("virtual_servers", layer4(), engine="keepalived"), "engine", "auto, aloha"),
    (with_field("virtual_servers", layer4(), port=None, ports=["80", "443"]), "ports", "one port, or 1-65535"),
    (with_field("virtual_servers", layer4(), vip=None, port=None, fwmark=7), "fwmark", "leave it out"),
    (with_field("virtual_servers", layer4(), protocol="sctp"), "protocol", "tcp or udp"),
    (with_field("virtual_servers", layer4(), protocol="dns"), "protocol", "udp and tcp, each with a farm of its own"),
    (with_field("virtual_servers", layer7(), protocol="quic"), "protocol", "https"),
    (with_field("virtual_servers", layer7(), port=None, ports=["80-90"]), "ports", "single ports"),
    (with_field("virtual_servers", layer4(), attributes={"log": "enabled"}), "attributes", "leave it out"),
    (with_field("virtual_servers", layer7(), attributes={"protocol": "tcp"}), "attributes", "set those fields"),
    (with_field("farms", layer4(), balance="maglev"), "balance", "source_hash"),
    (with_field("farms", layer7(), balance="never_queue"), "balance", "weighted_least_connections"),
    (with_field("farms", layer7(), persistence_timeout=60), "persistence_timeout", "balance: source_hash"),
    (with_field("farms", layer4(), servers=[], mode="tunnel", tunnel_type="gre"), "tunnel_type", "ipip"),
    (with_field("farms", servers_with(layer4(), weight=5), balance="round_robin"), "balance", "weighted_round_robin"),
    (with_field("farms", layer4(), quorum=2), "quorum", "leave it out"),
    (servers_with(layer4(), weight=257), "weight", "0 to 256"),
    (servers_with(layer4(), max_connections=5), "max_connections", "leave it out"),
    (servers_with(layer4(), backup=True), "backup", "sorry_server of the farm"),
    (with_field("health_checks", layer4(), interval=0.5), "interval", "1"),
    (with_field("health_checks", layer4(), retries=3), "retries", "1, or leave it out"),
    (with_field("health_checks", layer4(), type="https"), "type", "tcp"),
    (with_field("health_checks", layer4(), type="http", status_codes=["200-299", "301"]), "status_codes", "one code"),
    (with_field("health_checks", layer7(), interval=5), "interval", "leave it out"),
    (with_field("health_checks", layer7(), type="http"), "type", "tcp"),
    ({**layer4(), **PAIR}, "ha_groups[pair]", "in the appliance's web interface"),
    ({**layer4(), **PAIR}, "vips[public]", "virtual servers name the address itself"),
]


@pytest.mark.parametrize(("document", "field", "instead"), REFUSED, ids=[f"{row[1]}-{row[2][:12]}" for row in REFUSED])
def test_what_it_cannot_express_is_an_error_that_names_the_nearest(document: Any, field: str, instead: str) -> None:
    host = Controller()
    with pytest.raises(InvalidConfiguration) as caught:
        host.run(document)
    found = [problem for problem in caught.value.problems if problem.path.endswith(field)]
    assert found and instead in found[0].allowed, caught.value.problems
    assert not host.appliance.requests


def test_two_virtual_servers_on_one_farm_are_an_error_that_says_what_to_do() -> None:
    document = layer4()
    document["virtual_servers"].append({"name": "again", "vip": "192.0.2.81", "port": 80, "farm": "web"})
    with pytest.raises(InvalidConfiguration, match=r"a farm of its own with the same servers, such as web-www"):
        Controller().run(document)
    document["virtual_servers"][1]["type"] = "layer7"
    document["virtual_servers"][1]["protocol"] = "http"
    document["health_checks"][0] = {"name": "alive", "type": "tcp"}
    host = Controller()
    host.applied(document)
    assert "web" in host.holds()["l4_farm"] and "web" in host.holds()["l7_farm"]


def test_a_farm_that_only_layer_7_can_express_waits_for_its_virtual_server() -> None:
    host = Controller()
    host.applied({"farms": [{"name": "web", "balance": "url_hash"}]})
    assert host.holds()["l4_farm"] == {} and host.holds()["l7_farm"] == {}
    assert "web" in Store(host).load().farms


def test_beyond_tells_the_same_without_a_host() -> None:
    wanted = placed(Configuration.from_document(with_field("farms", layer4(), balance="maglev")))
    assert AlohaEngine(Controller().api()).beyond(wanted)[0].path == "farms[web].balance"


def test_a_linux_director_says_whose_engine_it_is() -> None:
    wanted = Configuration.from_document(with_field("virtual_servers", layer4(), engine="aloha"))
    assert [(problem.path, problem.allowed) for problem in without_engine(wanted)] == [
        ("virtual_servers[www].engine", "auto, or a host with ansible_network_os: evenkeel.lb.aloha")
    ]
