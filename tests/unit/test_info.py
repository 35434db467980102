# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told of a director: what differs is named by object and field, what runs is counted, nothing is changed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.memory import MemoryEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host import announcing
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import Destination, ServiceKey
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._info import Asked, gathered
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._reconcile import reconcile
from ansible_collections.evenkeel.lb.tests.contract.strategies import carried_documents
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector
from ansible_collections.evenkeel.lb.tests.unit.fake_keepalived import MAIN
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

Document = dict[str, Any]

OURS = "/etc/keepalived/evenkeel.conf"
BOOT_RULES = "/etc/ipvsadm.rules"
MAIL = ServiceKey.of_address(6, "10.10.0.50", 25)
WEB = ServiceKey.of_address(6, "10.10.0.50", 80)
TRAFFIC = (7, 70, 60, 7000, 6000, 1, 10, 9, 1000, 900)


def estate() -> Document:
    """A pair that needs every engine: checked and unchecked servers, DNS, several ports, source NAT."""
    servers = [{"name": "web1", "address": "10.20.0.21"}, {"name": "web2", "address": "10.20.0.22"}]
    members = [{"name": "lb1", "priority": 150}, {"name": "lb2", "priority": 100}]
    group = {
        "name": "front", "virtual_router_id": 51, "interface": "eth1", "member": "lb1", "members": members,
        "password": "geheim",
    }  # fmt: skip
    return {
        "ha_groups": [group],
        "vips": [{"name": "www", "address": "10.10.0.50/24", "ha_group": "front"}],
        "health_checks": [{"name": "alive", "type": "tcp", "interval": 1}],
        "farms": [
            {"name": "web", "balance": "round_robin", "health_check": "alive", "servers": copy.deepcopy(servers)},
            {"name": "mail", "servers": copy.deepcopy(servers)},
            {"name": "dns", "servers": [{"name": "ns1", "address": "10.20.0.53"}]},
        ],
        "virtual_servers": [
            {"name": "web", "vip": "www", "port": 80, "farm": "web"},
            {"name": "mail", "vip": "www", "port": 25, "farm": "mail", "engine": "ipvs"},
            {"name": "dns", "vip": "www", "port": 53, "protocol": "dns", "farm": "dns", "source_nat_type": "auto"},
            {"name": "ports", "vip": "www", "ports": ["8000-8100"], "farm": "mail", "engine": "ipvs"},
        ],
    }


def applied(host: FakeDirector, document: Document) -> None:
    with mock.patch.object(announcing, "announce", lambda system, held: None):
        result = reconcile(host, engines(), lambda _held: Configuration.from_document(document))
    assert result.transaction.state in ("applied", "unchanged"), (result.fault, result.problems)


@pytest.fixture
def host() -> FakeDirector:
    director = FakeDirector()
    director.keepalived.start()
    applied(director, estate())
    return director


def look(host: FakeSystem, *subsets: str, **filters: tuple[str, ...]) -> dict[str, Any]:
    asked = Asked(subsets, **filters) if subsets else Asked(**filters)
    found, unmet = gathered(host, engines(), asked)
    return {**found, "unmet": unmet}


def drift(host: FakeSystem) -> list[tuple[str, str, str, str]]:
    entries = look(host, "drift")["drift"]
    return [(one["path"], one["field"], one["intended"], one["running"]) for one in entries]


def virtual_server(host: FakeSystem, name: str) -> dict[str, Any]:
    (found,) = look(host, "virtual_servers", virtual_servers=(name,))["virtual_servers"]
    return dict(found)


def server(host: FakeSystem, farm: str, name: str) -> dict[str, Any]:
    return next(one for one in virtual_server(host, farm)["servers"] if one["name"] == name)


def state_of(host: FakeDirector) -> Any:
    kernel = (host.kernel.table, dict(host.kernel.daemons), host.kernel.timeouts, copy.deepcopy(host.nft.tables))
    return dict(host.files), kernel, dict(host.keepalived.addresses), host.keepalived.starts


# --- drift ---


def edit(key: ServiceKey, **fields: Any) -> Callable[[FakeDirector], None]:
    def change(host: FakeDirector) -> None:
        service, _servers = host.kernel.services[key]
        assert host.kernel.edit_service(service._replace(**fields)) == 0

    return change


def edit_server(key: ServiceKey, address: str, **fields: Any) -> Callable[[FakeDirector], None]:
    def change(host: FakeDirector) -> None:
        held = host.kernel.services[key][1][address, key.port]
        assert host.kernel.put_server(key, held._replace(**fields), new=False) == 0

    return change


def replace_in(path: str, old: str, new: str) -> Callable[[FakeDirector], None]:
    def change(host: FakeDirector) -> None:
        assert old in host.files[path]
        host.files[path] = host.files[path].replace(old, new)

    return change


def flush(host: FakeDirector) -> None:
    del host.nft.tables["inet evenkeel"]


FOREIGN = Destination("10.20.0.99", 80, 0, 3)
TAMPERING: dict[str, tuple[Callable[[FakeDirector], Any], tuple[str, str, str, str]]] = {
    "service of ipvs": (
        lambda host: host.kernel.remove_service(MAIL),
        ("virtual_servers[mail]", "service", "tcp 10.10.0.50:25", ""),
    ),
    "service of keepalived": (
        lambda host: host.kernel.remove_service(WEB),
        ("virtual_servers[web]", "service", "tcp 10.10.0.50:80", ""),
    ),
    "server of ipvs": (
        lambda host: host.kernel.remove_server(MAIL, ("10.20.0.21", 25)),
        ("farms[mail].servers[web1]", "server", "10.20.0.21:25", ""),
    ),
    "unchecked server of keepalived": (
        lambda host: host.kernel.remove_server(ServiceKey.of_address(17, "10.10.0.50", 53), ("10.20.0.53", 53)),
        ("farms[dns].servers[ns1]", "server", "10.20.0.53:53", ""),
    ),
    "checked server of keepalived": (
        lambda host: host.kernel.remove_server(WEB, ("10.20.0.21", 80)),
        ("farms[web].servers[web1]", "server", "10.20.0.21:80", ""),
    ),
    "weight, ipvs": (
        edit_server(MAIL, "10.20.0.22", weight=9),
        ("farms[mail].servers[web2]", "weight", "1", "9"),
    ),
    "weight, keepalived": (
        edit_server(WEB, "10.20.0.22", weight=9),
        ("farms[web].servers[web2]", "weight", "1", "9"),
    ),
    "threshold": (
        edit_server(MAIL, "10.20.0.22", u_threshold=9),
        ("farms[mail].servers[web2]", "max_connections", "", "9"),
    ),
    "mode": (edit_server(WEB, "10.20.0.21", forward=3), ("farms[web].servers[web1]", "mode", "nat", "gateway")),
    "scheduler, ipvs": (
        edit(MAIL, scheduler="sh"),
        ("farms[mail]", "balance", "weighted_least_connections", "source_hash"),
    ),
    "scheduler, keepalived": (edit(WEB, scheduler="lc"), ("farms[web]", "balance", "round_robin", "least_connections")),
    "persistence": (edit(WEB, flags=1, timeout=60), ("farms[web]", "persistence_timeout", "", "60")),
    "foreign server": (
        lambda host: host.kernel.put_server(WEB, FOREIGN, new=True),
        ("virtual_servers[web]", "server", "", "10.20.0.99:80"),
    ),
    "keepalived's file": (
        replace_in(OURS, "lvs_sched rr", "lvs_sched lc"),
        ("virtual_servers[web]", OURS, "lvs_sched rr", "lvs_sched lc"),
    ),
    "its head": (
        lambda host: host.files.update({OURS: f"# mine\n{host.files[OURS]}"}),
        (OURS, OURS, "", "# mine"),
    ),
    "a password": (
        replace_in(OURS, "geheim", "bekannt"),
        ("ha_groups[front]", OURS, "auth_pass ******** (changed)", "auth_pass ********"),
    ),
    "daemon": (lambda host: host.keepalived.stop(), ("keepalived", "state", "running", "stopped")),
    "VIP": (
        lambda host: host.keepalived.addresses.pop(("eth1", "10.10.0.50/24")),
        ("vips[www]", "address", "10.10.0.50/24 dev eth1", ""),
    ),
    "instance": (
        lambda host: host.keepalived._instances.clear(),
        ("ha_groups[front]", "vips", "10.10.0.50", ""),
    ),
    "marks": (flush, (
        "virtual_servers[ports]", "packet marks", 'tcp_marks4: 10.10.0.50 . 8000-8100 comment "ports" : 0x47afb3f7', "",
    )),
    "source NAT": (flush, (
        "virtual_servers[dns]", "source_nat_type", 'tcp_sources4: 10.10.0.50 . 53 comment "dns" : goto source-auto\n'
        'udp_sources4: 10.10.0.50 . 53 comment "dns" : goto source-auto', "",
    )),
    "nftables' file": (
        replace_in("/etc/evenkeel/lb.nft", "8000-8100", "8000-8200"),
        ("/etc/evenkeel/lb.nft", "content", '10.10.0.50 . 8000-8100 comment "ports" : 0x47afb3f7',
         '10.10.0.50 . 8000-8200 comment "ports" : 0x47afb3f7'),
    ),
    "conntrack": (
        lambda host: host.files.update({"/proc/sys/net/ipv4/vs/conntrack": "0\n"}),
        ("net.ipv4.vs.conntrack", "value", "1", "0"),
    ),
    "boot rules edited": (
        replace_in(BOOT_RULES, "-a -t 10.10.0.50:25 -r 10.20.0.21:25 -m -w 1", "-a -t 10.10.0.50:25 -r 10.20.0.21:25 -m"
                   " -w 4"),
        ("virtual_servers[mail]", BOOT_RULES, "-a -t 10.10.0.50:25 -r 10.20.0.21:25 -m -w 1",
         "-a -t 10.10.0.50:25 -r 10.20.0.21:25 -m -w 4"),
    ),
    "boot rules removed": (
        lambda host: host.files.pop(BOOT_RULES),
        ("virtual_servers[mail]", BOOT_RULES, "-A -t 10.10.0.50:25 -s wlc\n-a -t 10.10.0.50:25 -r 10.20.0.21:25 -m -w 1"
         "\n-a -t 10.10.0.50:25 -r 10.20.0.22:25 -m -w 1", ""),
    ),
}  # fmt: skip


def test_a_director_that_is_as_intended_has_no_drift(host: FakeDirector) -> None:
    assert drift(host) == []


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_is_named_by_object_and_field_and_a_run_ends_it(host: FakeDirector, kind: str) -> None:
    tamper, named = TAMPERING[kind]
    tamper(host)
    before = state_of(host)
    assert named in drift(host)
    assert state_of(host) == before
    applied(host, estate())
    assert drift(host) == []


def test_two_fields_are_two_entries(host: FakeDirector) -> None:
    edit_server(MAIL, "10.20.0.22", weight=9, u_threshold=8)(host)
    assert {field for _path, field, _intended, _running in drift(host)} == {"weight", "max_connections"}


def test_an_entry_tells_what_a_run_would_do(host: FakeDirector) -> None:
    edit_server(MAIL, "10.20.0.22", weight=9)(host)
    assert look(host, "drift")["drift"] == [
        {
            "engine": "ipvs",
            "action": "repair",
            "subject": "server web2 of virtual server mail",
            "path": "farms[mail].servers[web2]",
            "field": "weight",
            "intended": "1",
            "running": "9",
            "impact": "new_connections",
        }
    ]


def refused(host: FakeSystem) -> list[tuple[str, str]]:
    return [(one["path"], one["field"]) for one in look(host, "drift")["drift"] if one["action"] == "refuse"]


def test_what_a_run_would_be_refused_for_is_drift(host: FakeDirector) -> None:
    host.files[MAIN] = ""
    host.files["/proc/sys/net/ipv4/ip_forward"] = "0\n"
    assert set(refused(host)) == {(MAIN, ""), ("farms[web]", "mode"), ("farms[mail]", "mode")}


def test_software_that_became_too_old_is_drift(host: FakeDirector) -> None:
    document = estate()
    document["farms"][1]["balance"] = "power_of_two"
    applied(host, document)
    host.files["/proc/sys/kernel/osrelease"] = "5.4.0\n"
    assert refused(host) == [("farms[mail]", "balance")]


def test_a_keepalived_that_is_not_installed_is_drift(host: FakeDirector) -> None:
    host.keepalived.stop()
    del host.programs["keepalived"]
    assert refused(host) == [("keepalived", "")]
    assert ("keepalived", "state", "running", "stopped") in drift(host)


def test_health_is_no_drift(host: FakeDirector) -> None:
    host.keepalived.sick.add("10.20.0.21")
    host.keepalived.look()
    assert drift(host) == []


# --- what runs ---


def test_a_server_that_fails_its_check_is_down(host: FakeDirector) -> None:
    assert (server(host, "web", "web1")["health"], virtual_server(host, "web")["state"]) == ("up", "up")
    host.keepalived.sick.add("10.20.0.21")
    host.keepalived.look()
    found = virtual_server(host, "web")
    assert [(one["name"], one["health"], one["weight"]) for one in found["servers"]] == [
        ("web1", "down", None),
        ("web2", "up", 1),
    ]
    assert found["state"] == "degraded"
    host.keepalived.sick.add("10.20.0.22")
    host.keepalived.look()
    assert virtual_server(host, "web")["state"] == "down"


def test_a_server_that_somebody_took_out_is_well_and_missed(host: FakeDirector) -> None:
    host.kernel.remove_server(WEB, ("10.20.0.21", 80))
    found = server(host, "web", "web1")
    assert (found["health"], found["weight"]) == ("up", None)
    assert virtual_server(host, "web")["state"] == "degraded"


def test_of_a_service_that_is_gone_no_health_is_known(host: FakeDirector) -> None:
    host.kernel.remove_service(WEB)
    assert virtual_server(host, "web")["state"] == "missing"
    assert {one["health"] for one in virtual_server(host, "web")["servers"]} == {"unknown"}


def test_a_server_that_nothing_tests_is_unchecked(host: FakeDirector) -> None:
    for name in ("mail", "dns"):
        assert {one["health"] for one in virtual_server(host, name)["servers"]} == {"unchecked"}


def test_a_quiet_server_is_down(host: FakeDirector) -> None:
    document = estate()
    document["farms"][0].update(on_failure="quiesce")
    document["farms"][0]["servers"][1]["state"] = "drained"
    applied(host, document)
    host.keepalived.sick.add("10.20.0.21")
    host.keepalived.look()
    found = {
        one["name"]: (one["health"], one["weight"], one["state"]) for one in virtual_server(host, "web")["servers"]
    }
    # one that drains looks the same in the kernel whether it is well or not
    assert found == {"web1": ("down", 0, "enabled"), "web2": ("unknown", 0, "drained")}


def test_a_sorry_server_is_told_of(host: FakeDirector) -> None:
    document = estate()
    document["farms"][0].update(sorry_server={"address": "10.20.0.90"}, quorum=2)
    applied(host, document)
    assert not virtual_server(host, "web")["sorry_server"]
    host.keepalived.sick.add("10.20.0.21")
    host.keepalived.look()
    found = virtual_server(host, "web")
    assert (found["sorry_server"], found["state"]) == (True, "down")
    # the other one may be well, and is out all the same
    assert {one["health"] for one in found["servers"]} == {"unknown"}


def test_without_keepalived_nothing_tests_and_the_groups_stand_still(host: FakeDirector) -> None:
    host.keepalived.stop()
    assert {one["health"] for one in virtual_server(host, "web")["servers"]} == {"unknown"}
    assert virtual_server(host, "web")["state"] == "missing"
    (group,) = look(host, "ha_groups")["ha_groups"]
    assert (group["state"], group["since"], group["priority"]) == ("stopped", None, None)


def test_servers_that_are_not_wanted_are_not_missed(host: FakeDirector) -> None:
    document = estate()
    document["farms"][1]["servers"][0]["state"] = "disabled"
    document["farms"][1]["servers"][1]["weight"] = 0
    applied(host, document)
    found = virtual_server(host, "mail")
    assert [(one["state"], one["weight"]) for one in found["servers"]] == [("disabled", None), ("enabled", 0)]
    assert found["state"] == "down"
    document["farms"][1]["servers"][1]["weight"] = 2
    applied(host, document)
    assert virtual_server(host, "mail")["state"] == "up"


def test_a_virtual_server_that_is_not_enabled_does_nothing(host: FakeDirector) -> None:
    document = estate()
    document["virtual_servers"][0]["enabled"] = False
    applied(host, document)
    found = virtual_server(host, "web")
    assert (found["state"], found["enabled"]) == ("disabled", False)
    assert found["services"] == [
        {"address": "10.10.0.50", "port": 80, "protocol": "tcp", "fwmark": 0, "family": "ipv4"}
    ]
    assert {(one["health"], one["weight"]) for one in found["servers"]} == {("unknown", None)}


def test_a_farm_without_servers_is_down(host: FakeDirector) -> None:
    document = estate()
    document["farms"][0]["servers"] = document["farms"][1]["servers"] = []
    applied(host, document)
    assert [virtual_server(host, name)["state"] for name in ("web", "mail")] == ["down", "down"]


def test_a_server_that_drains_is_not_missed_when_it_fails(host: FakeDirector) -> None:
    document = estate()
    document["farms"][0]["servers"][0]["state"] = "drained"
    applied(host, document)
    host.keepalived.sick.add("10.20.0.21")
    host.keepalived.look()
    found = virtual_server(host, "web")
    assert (found["state"], [one["health"] for one in found["servers"]]) == ("up", ["down", "up"])


def test_the_kernels_counters_are_told_and_add_up(host: FakeDirector) -> None:
    for protocol in (6, 17):
        key = ServiceKey.of_address(protocol, "10.10.0.50", 53)
        host.kernel.traffic[key, None] = TRAFFIC
        host.kernel.traffic[key, ("10.20.0.53", 53)] = TRAFFIC
        host.kernel.counts[key, ("10.20.0.53", 53)] = (2, 5, 1)
    found = virtual_server(host, "dns")
    counters = {"connections": 14, "packets_in": 140, "packets_out": 120, "bytes_in": 14000, "bytes_out": 12000}
    rates = {"connections": 2, "packets_in": 20, "packets_out": 18, "bytes_in": 2000, "bytes_out": 1800}
    assert (found["counters"], found["rates"]) == (counters, rates)
    (ns1,) = found["servers"]
    assert (ns1["counters"], ns1["rates"]) == (counters, rates)
    # of UDP there are flows, and nothing that opens or closes
    assert [ns1[name] for name in ("active", "inactive", "flows", "persistent")] == [4, 5, 5, 2]
    assert virtual_server(host, "mail")["counters"]["connections"] == 0


def test_several_ports_are_one_service_by_a_mark(host: FakeDirector) -> None:
    (service,) = virtual_server(host, "ports")["services"]
    assert service == {"address": "", "port": 0, "protocol": "", "fwmark": 0x47AFB3F7, "family": "ipv4"}
    key = ServiceKey.of_fwmark(2, 0x47AFB3F7)
    host.kernel.traffic[key, None] = TRAFFIC
    assert virtual_server(host, "ports")["counters"]["connections"] == 7


def test_a_group_tells_its_state_and_since_when(host: FakeDirector) -> None:
    assert look(host, "ha_groups")["ha_groups"] == [
        {
            "name": "front",
            "state": "master",
            "since": "1970-01-01T00:00:01Z",
            "virtual_router_id": 51,
            "interface": "eth1",
            "priority": 150,
            "vips": ["10.10.0.50/24"],
        }
    ]


def test_a_build_of_keepalived_that_cannot_tell_leaves_the_state_open() -> None:
    director = FakeDirector()
    director.keepalived.start()
    director.programs["keepalived"] = lambda argv: Completed(1 if "--signum=JSON" in argv else 0, "", "")
    applied(director, estate())
    (group,) = look(director, "ha_groups")["ha_groups"]
    assert (group["state"], group["since"]) == ("unknown", None)


# --- the whole ---


def test_secrets_are_stars(host: FakeDirector) -> None:
    found = look(host)
    assert found["config"]["ha_groups"][0]["password"] == "********"
    assert "geheim" not in str(found)


def test_filters_narrow_what_runs_and_nothing_else(host: FakeDirector) -> None:
    edit_server(MAIL, "10.20.0.22", weight=9)(host)
    found = look(host, virtual_servers=("w*",), ha_groups=("back",))
    assert [one["name"] for one in found["virtual_servers"]] == ["web"]
    assert found["ha_groups"] == []
    assert len(found["config"]["virtual_servers"]) == 4 and len(found["drift"]) == 1
    assert found["unmet"] == ["there is no HA group 'back'"]
    assert [one["name"] for one in look(host, farms=("mail",))["virtual_servers"]] == ["mail", "ports"]


def test_only_what_was_asked_for_is_looked_at(host: FakeDirector) -> None:
    host.ran.clear()
    assert set(look(host, "config")) == {"config", "unmet"}
    assert host.ran == []


def test_versions_tell_what_they_rule_out(host: FakeDirector) -> None:
    host.files["/proc/sys/kernel/osrelease"] = "5.2.1-generic\n"
    found = {one["software"]: one for one in look(host, "versions")["versions"]}
    assert found["keepalived"] == {"software": "keepalived", "version": "2.2.7", "rules_out": []}
    assert found["linux"]["version"] == "5.2.1"
    assert {"path": "farms.balance", "value": "power_of_two", "since": "5.12"} in found["linux"]["rules_out"]
    assert {"path": "farms.tunnel_type", "value": "gre", "since": "5.3"} in found["linux"]["rules_out"]
    assert "gue" not in [one["value"] for one in found["linux"]["rules_out"]]


def test_a_host_where_nothing_was_ever_recorded() -> None:
    bare = FakeSystem()
    found = look(bare)
    assert found["drift"] == found["virtual_servers"] == found["ha_groups"] == found["unmet"] == []
    assert set(found["config"].values() and map(tuple, found["config"].values())) == {()}
    assert {one["version"] for one in found["versions"]} == {None}
    assert bare.files == {} and bare.locked == []


def test_a_damaged_record_is_said_to_be_damaged(host: FakeDirector) -> None:
    host.files[PATH] = "{"
    with pytest.raises(HostFault, match="is damaged"):
        look(host)


def test_no_lock_is_taken(host: FakeDirector) -> None:
    host.locked.clear()
    look(host)
    assert host.locked == []


@given(document=carried_documents())
def test_looking_changes_nothing_and_what_it_tells_plans_nothing(document: Document) -> None:
    director = FakeDirector()
    director.keepalived.start()
    applied(director, document)
    before = state_of(director)
    found = look(director)
    assert state_of(director) == before
    assert found["drift"] == []
    for group, held in zip(found["config"]["ha_groups"], document["ha_groups"], strict=True):
        # the one thing that does not come back as it is
        group.update({"password": held["password"]} if "password" in held else {})
    again = reconcile(director, engines(), lambda _held: Configuration.from_document(found["config"]), check_mode=True)
    assert not again.changed
    assert {one["state"] for one in found["virtual_servers"]} <= {"up", "down", "disabled"}


def test_the_reference_engine_tells_as_the_others_do() -> None:
    bare, engine = FakeSystem(), MemoryEngine()
    reconcile(bare, [engine], lambda _held: pair())
    found, _unmet = gathered(bare, [engine], Asked())
    assert [(one["name"], one["state"]) for one in found["virtual_servers"]] == [("web", "up"), ("web6", "up")]
    engine.held.clear()
    found, _unmet = gathered(bare, [engine], Asked())
    assert {one["state"] for one in found["virtual_servers"]} == {"missing"}
    assert [one["path"] for one in found["drift"]] == ["virtual server web", "virtual server web6"]
