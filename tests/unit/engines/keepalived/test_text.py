# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keepalived file: what is written, that it comes back, and what a change of it disturbs."""

from __future__ import annotations

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import HEADER, parse, subject_at
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.daemon import FILE
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.impact import impact_of_change
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.parse import (
    Complaint,
    complaints,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.render import blocks, document
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.farm import Farm, Server
from ansible_collections.evenkeel.lb.plugins.module_utils._model.vip import HaGroup, Vip
from ansible_collections.evenkeel.lb.tests.unit.configurations import documents, pair
from ansible_collections.evenkeel.lb.tests.unit.fake_director import FakeDirector

HA_GROUP = """\
track_file main/away {
    file /etc/keepalived/evenkeel-main.away
    weight 1
}

vrrp_instance main {
    state BACKUP
    interface eth1
    virtual_router_id 51
    priority 150
    version 3
    advert_int 1
    higher_prio_send_advert true
    track_file {
        main/away
    }
    virtual_ipaddress {
        10.10.0.50/24 dev eth1
    }
    virtual_ipaddress_excluded {
        fd10::50/64 dev eth1 preferred_lft 0
    }
}
"""

VIRTUAL_SERVER = """\
virtual_server 10.10.0.50 80 {
    lvs_sched rr
    lvs_method NAT
    protocol TCP

    real_server 10.20.0.21 80 {
        weight 1
        delay_loop 2
        HTTP_GET {
            url {
                path "/"
                status_code 200-299
            }
            connect_timeout 3
            retry 2
            delay_before_retry 2
        }
    }

    real_server 10.20.0.22 8080 {
        weight 1
        delay_loop 2
        HTTP_GET {
            url {
                path "/"
                status_code 200-299
            }
            connect_timeout 3
            retry 2
            delay_before_retry 2
        }
    }
}
"""


def test_the_text_of_a_pair():
    assert blocks(pair())["HA group main"] == HA_GROUP
    assert blocks(pair())["virtual server web"] == VIRTUAL_SERVER


@given(documents())
def test_what_is_written_comes_back(description):
    wanted = blocks(Configuration.from_document(description))
    assert parse(document(wanted)) == (HEADER, wanted)


@pytest.mark.parametrize("wish", [Configuration(), pair()], ids=["nothing", "a pair"])
def test_a_file_without_anything_in_it_is_as_good_as_none(wish):
    engine, planned = KeepalivedEngine(), []
    for text in (None, "", "# by hand\n"):
        host = FakeDirector()
        host.files.update({} if text is None else {FILE: text})
        planned.append(engine.plan(engine.compile(wish), engine.read(host), engine.compile(Configuration())))
    assert planned[0] == planned[1]
    assert [step.subject for step in planned[2]] == [FILE, *(step.subject for step in planned[0])]


def test_a_block_that_is_there_twice_is_no_block_of_ours():
    wanted = blocks(pair())
    subject, text = max(wanted.items())
    found = parse(f"{document(wanted)}\n# evenkeel.lb: {subject}\n{text}")[1]
    assert found == {**wanted, subject: text + text}


@given(documents())
def test_every_block_is_balanced_and_never_empty(description):
    for text in blocks(Configuration.from_document(description)).values():
        assert text.count("{") == text.count("}") > 0


def test_what_keepalived_would_drop_is_held_back():
    configuration = pair().with_object("farms", Farm(name="web", servers=()))
    assert sorted(blocks(configuration)) == ["HA group main", "virtual server web6"]
    lonely = Configuration(ha_groups={"main": pair().ha_groups["main"]})
    assert blocks(lonely) == {}


def served(farm, **key):
    """The block of one virtual server with this farm."""
    wish = {"farms": [{"name": "web", **farm}], "virtual_servers": [{"name": "web", "farm": "web", **key}]}
    (block,) = blocks(Configuration.from_document(wish)).values()
    return block


def test_a_mark_says_its_family_where_servers_may_be_of_the_other():
    tunnel = {"mode": "tunnel", "servers": [{"name": "web1", "address": "fd20::21"}]}
    assert "    ip_family inet\n" in served(tunnel, vip="10.10.0.50", ports=[80, 443])
    assert "    ip_family inet6\n" in served(tunnel, vip="fd10::50", ports=[80, 443])
    assert "ip_family" not in served(tunnel, vip="10.10.0.50", port=80)


def test_a_sorry_server_that_is_a_server_too_stays_as_that_does():
    servers = [{"name": "web1", "address": "10.20.0.21"}, {"name": "web2", "address": "10.20.0.22", "port": 8080}]
    farm = {"on_failure": "quiesce", "servers": servers}
    for address, port, inhibits in (("10.20.0.21", 80, True), ("10.20.0.22", 80, False), ("10.20.0.99", 80, False)):
        sorry = {"sorry_server": {"address": address, "port": port}}
        assert ("sorry_server_inhibit" in served({**farm, **sorry}, vip="10.10.0.50", port=80)) == inhibits
        assert "sorry_server_inhibit" not in served({**sorry, "servers": servers}, vip="10.10.0.50", port=80)


def test_the_advertised_vip_stays_when_others_come():
    configuration = pair().with_object("ha_groups", HaGroup(name="main", advertised_vip="public"))
    before = blocks(configuration)["HA group main"]
    more = configuration.with_object("vips", Vip(name="a-first", address="10.10.0.40/24", ha_group="main"))
    after = blocks(more)["HA group main"]
    assert "virtual_ipaddress {\n        10.10.0.50/24" in after
    assert impact_of_change("HA group main", before, after) == "none"


def test_unicast_names_this_member_and_the_others():
    document_ = pair().document()
    document_["ha_groups"][0].update(unicast=True, preempt=False, advert_interval=0.25)
    for number, member in enumerate(document_["ha_groups"][0]["members"]):
        member["address"] = f"10.10.0.{11 + number}"
    text = blocks(Configuration.from_document(document_))["HA group main"]
    assert "    unicast_src_ip 10.10.0.11\n    unicast_peer {\n        10.10.0.12\n    }\n" in text
    assert "    advert_int 0.25\n" in text and "    nopreempt\n" in text


@pytest.mark.parametrize(
    ("change", "impact"),
    [
        (lambda c: c.with_server("web", Server(name="web3", address="10.20.0.23")), "new_connections"),
        (lambda c: c.with_server("web", Server(name="web2", state="drained")), "new_connections"),
        (lambda c: c.with_server("web", Server(name="web2", state="disabled")), "reset"),
        (lambda c: c.without_server("web", "web2"), "reset"),
        (lambda c: c.with_object("farms", Farm(name="web", balance="maglev")), "new_connections"),
        (lambda c: c.without_object("virtual_servers", "web"), "reset"),
        (lambda c: c.with_object("vips", Vip(name="z", address="10.10.0.9/24", ha_group="main")), "none"),
        (lambda c: c.without_object("virtual_servers", "web6").without_object("vips", "public6"), "reset"),
        (lambda c: c.with_object("ha_groups", HaGroup(name="main", advert_interval=2.0)), "failover"),
        (lambda c: c.with_object("ha_groups", HaGroup(name="main", advertised_vip="public6")), "failover"),
    ],
)
def test_what_a_change_disturbs(change, impact):
    before, after = blocks(pair()), blocks(change(pair()))
    found = {
        impact_of_change(subject, before.get(subject, ""), after.get(subject, ""))
        for subject in {*before, *after}
        if before.get(subject) != after.get(subject)
    }
    assert impact in found


def test_complaints_lose_their_place_and_what_is_known_of_drained_farms():
    # stderr of keepalived 2.2.7 -t
    output = """\
(/etc/keepalived/.evenkeel-candidate.conf: Line 15) WARNING - interface eth9 for ip address 10.20.0.254/24 doesn't exist
(/etc/keepalived/keepalived.conf: Line 3) Unknown keyword 'bogus'
Non-existent interface specified in configuration
Warning - quorum 1 for [10.10.0.50]:tcp:80 exceeds total weight of real servers 0, reducing quorum to 0
Virtual server [10.10.0.50]:tcp:80: hysteresis 0 >= quorum 0; setting hysteresis to 4294967295
"""
    assert complaints(output, "/etc/keepalived/.evenkeel-candidate.conf") == [
        Complaint(15, "WARNING - interface eth9 for ip address 10.20.0.254/24 doesn't exist"),
        Complaint(0, "Unknown keyword 'bogus'"),
        Complaint(0, "Non-existent interface specified in configuration"),
    ]


def test_a_line_leads_to_its_subject():
    text = document({"HA group main": "vrrp_instance main {\n}\n", "virtual server web": "virtual_server {\n}\n"})
    lines = text.splitlines()
    assert subject_at(text, lines.index("vrrp_instance main {") + 1) == "HA group main"
    assert subject_at(text, len(lines)) == "virtual server web"
    assert subject_at(text, 1) == ""
