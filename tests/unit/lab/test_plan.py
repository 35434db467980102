# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and addresses: the plan of a description."""

from __future__ import annotations

import pytest
from evenkeel_lab.base import LabError
from evenkeel_lab.plan import make, namespace, owns
from evenkeel_lab.spec import parse


def test_a_hosts_id_is_its_number_in_every_network(document):
    host = make(parse(document)).host("lb1")
    assert host.address == "172.31.0.11"
    assert [(i.network, i.device, i.port, i.addresses) for i in host.interfaces] == [
        ("mgmt", "eth0", "lb1.0", ("172.31.0.11/24",)),
        ("front", "eth1", "lb1.1", ("10.10.0.11/24", "fd10::11/64")),
    ]


def test_ids_of_three_digits_read_the_same_in_both_families(document):
    assert make(parse(document)).host("client").interface("front").addresses == ("10.10.0.100/24", "fd10::100/64")


def test_interfaces_follow_the_order_of_the_hosts_networks(document):
    document["networks"]["back"] = {"ipv4": "10.20.0.0/24"}
    document["hosts"]["web1"]["nets"] = ["mgmt", "back"]
    devices = {i.network: i.device for i in make(parse(document)).host("web1").interfaces}
    assert devices == {"mgmt": "eth0", "back": "eth1"}


def test_the_lab_itself_has_the_first_address_of_each_network(document):
    bridges = {bridge.name: bridge.addresses for bridge in make(parse(document)).bridges}
    assert bridges == {"mgmt": ("172.31.0.1/24",), "front": ("10.10.0.1/24", "fd10::1/64")}


def test_no_two_links_share_a_name_or_a_hardware_address(document):
    document["hosts"] |= {f"h{number}": {"id": number, "kind": "ns"} for number in range(30, 60)}
    interfaces = [interface for host in make(parse(document)).hosts for interface in host.interfaces]
    for attribute in ("port", "mac", "ipv4"):
        values = [getattr(interface, attribute) for interface in interfaces]
        assert len(set(values)) == len(values)
    assert max(len(interface.port) for interface in interfaces) <= 15


def test_what_is_not_there_is_named(document):
    plan = make(parse(document))
    with pytest.raises(LabError, match="no host 'lb9'; it has lb1, web1, client"):
        plan.host("lb9")
    with pytest.raises(LabError, match="web1 is not in 'back'; it is in mgmt, front"):
        plan.host("web1").interface("back")


def test_labs_of_one_name_in_two_places_are_two_labs(monkeypatch):
    monkeypatch.delenv("LAB_RUN", raising=False)
    assert namespace("a", "client") == "evk-a.client"
    monkeypatch.setenv("LAB_RUN", "/tmp/one")
    one = namespace("a")
    monkeypatch.setenv("LAB_RUN", "/tmp/other")
    assert len({"evk-a", one, namespace("a")}) == 3
    assert not owns("a", one)


def test_a_lab_owns_its_namespaces_and_no_others():
    assert owns("a", namespace("a"))
    assert owns("a", namespace("a", "client"))
    assert not owns("a", namespace("a-b"))
    assert not owns("a", namespace("a-b", "client"))
    assert not owns("a", namespace("ab"))
