# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters lb_parse and lb_render: what they take, what they give, and how they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.filter.lb_normalize import lb_normalize
from ansible_collections.evenkeel.lb.plugins.filter.lb_parse import lb_parse
from ansible_collections.evenkeel.lb.plugins.filter.lb_render import lb_render
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.blocks import HEADER
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.render import document
from ansible_collections.evenkeel.lb.tests.unit.configurations import pair, pair_document
from ansible_collections.evenkeel.lb.tests.unit.filter.test_configurations import Vaulted
from ansible_collections.evenkeel.lb.tests.unit.model.values import hostile

TEXT = """\
global_defs { router_id lb1 }
virtual_server 192.0.2.10 80 {
    protocol TCP
    quorum_up /bin/true
    real_server 10.0.0.1 80 { notify_up /bin/true }
    real_server 10.0.0.1 80 { weight 1 }
}
"""


def refusal(function: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(AnsibleFilterError) as refused:
        function(*arguments, **options)
    return str(refused.value)


def test_the_text_of_keepalived_is_what_the_engine_writes() -> None:
    assert lb_render(pair_document(), "keepalived") == document(KeepalivedEngine().compile(pair()).blocks)


def test_a_format_has_what_its_engine_carries() -> None:
    assert lb_render(pair_document(), "ipvsadm") == ""
    document_ = pair_document()
    for service in document_["virtual_servers"]:
        service["engine"] = "ipvs"
    del document_["farms"][0]["health_check"]
    assert lb_render(document_, "ipvsadm").splitlines()[0] == "-A -t 10.10.0.50:80 -s rr"
    assert "virtual_server " not in lb_render(document_, "keepalived")
    assert lb_render({}, "keepalived") == HEADER


def test_everything_that_keeps_it_from_being_written_is_told_at_once() -> None:
    document_ = pair_document()
    document_["virtual_servers"][0]["farm"] = "wbe"
    document_["farms"][1]["servers"][0]["backup"] = True
    document_["health_checks"][0]["rise"] = 4
    message = refusal(lb_render, document_, "keepalived")
    assert [line.partition(":")[0] for line in message.splitlines()] == [
        "the configuration has 2 problems",
        "farms[web6].servers[web1].backup",
        "virtual_servers[web].farm",
    ]


def test_the_configuration_alone_is_given_when_all_of_the_text_has_a_place() -> None:
    configuration = lb_parse(lb_render(pair_document(), "keepalived"), "keepalived")
    assert lb_normalize(configuration) == configuration
    assert [one["name"] for one in configuration["virtual_servers"]] == ["web", "web6"]


def test_what_has_no_place_fails_with_all_of_it() -> None:
    assert refusal(lb_parse, TEXT, "keepalived").splitlines() == [
        "the text says 2 things that a configuration has no word for; on_loss='report' gives the configuration and"
        " these beside it:",
        "line 4: quorum_up /bin/true: runs a script when it has its quorum again, and none is run here; allowed: leave"
        " it out",
        "line 5: notify_up /bin/true: runs a script when it is healthy again, and none is run here; allowed: leave it"
        " out",
    ]
    assert "says 1 thing that" in refusal(lb_parse, TEXT.replace("notify_up /bin/true", "weight 1"), "keepalived")


def test_what_has_no_place_is_given_beside_the_configuration() -> None:
    report = lb_parse(TEXT, "keepalived", on_loss="report")
    assert lb_normalize(report["configuration"]) == report["configuration"]
    assert [entry["line"] for entry in report["left_out"]] == [4, 5]
    assert set(report["left_out"][0]) == {"file", "line", "text", "message", "allowed"}
    assert [entry["line"] for entry in report["notes"]] == [6]
    assert report["rest"] == "global_defs { router_id lb1 }\n"
    assert json.loads(json.dumps(report)) == report


def test_a_text_that_cannot_be_understood() -> None:
    for on_loss in ("fail", "report"):
        message = refusal(lb_parse, "a {\n}\n}", "keepalived", on_loss=on_loss)
        assert message.startswith("the text cannot be understood:\nline 3: closes a block")


def test_included_files_and_the_director() -> None:
    files = {
        "/etc/keepalived/vrrp.conf": "vrrp_instance a {\n@lb2 priority 7\ninterface eth1\nvirtual_router_id 3\n}\n"
    }
    text = "global_defs {\nvrrp_version 3\n}\ninclude vrrp.conf\n"
    found = lb_parse(text, "keepalived", director="lb2", files=files)
    assert found["ha_groups"][0]["members"] == [{"name": "lb2", "priority": 7}]
    assert "line 4: includes 'vrrp.conf'" in refusal(lb_parse, text, "keepalived", director="lb2")
    message = refusal(lb_parse, text, "keepalived", files=files)
    assert "/etc/keepalived/vrrp.conf line 2: is only for a director that is 'lb2'; allowed: option director" in message
    report = lb_parse(
        "include a\n", "keepalived", files={"/etc/keepalived/a": "virtual_server fwmark 0 {\n}"}, on_loss="report"
    )
    assert (report["left_out"][0]["file"], report["left_out"][0]["line"]) == ("/etc/keepalived/a", 1)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("", "nginx"), "keepalived, ipvsadm, haproxy"),
        (("", None), "keepalived, ipvsadm, haproxy"),
        ((3, "keepalived"), "the text is no text but 3"),
        ((None, "ipvsadm"), "the text is no text"),
        (("", "keepalived", "warn"), "fail, report"),
        (("", "keepalived", "fail", "no name"), "'no name' is not valid here"),
        (("", "keepalived", "fail", None, ["/a"]), "files: a list is not a mapping"),
        (("", "keepalived", "fail", None, {"a": ""}), "files: 'a' is no absolute path"),
        (("", "keepalived", "fail", None, {"/a": 1}), "files: the text of /a is no text but 1"),
        (("", "ipvsadm", "fail", "lb1"), "have no meaning for ipvsadm"),
        (("", "haproxy", "fail", None, {}), "have no meaning for haproxy"),
        (("", "haproxy", "fail", None, None, "0.0.0.0"), "'0.0.0.0' is not a unicast address"),
        (("", "keepalived", "fail", None, None, "192.0.2.1"), "vip has no meaning for keepalived"),
    ],
)
def test_arguments_that_are_not_valid(arguments: tuple[Any, ...], part: str) -> None:
    assert part in refusal(lb_parse, *arguments)


def test_a_format_that_is_not_written() -> None:
    assert "keepalived, ipvsadm, haproxy" in refusal(lb_render, pair_document(), "nginx")


def test_what_haproxy_would_be_told() -> None:
    server = {"name": "web1", "address": "192.0.2.21", "weight": 7}
    service = {"name": "web", "vip": "192.0.2.10", "port": 80, "type": "layer7", "protocol": "http", "farm": "web"}
    text = lb_render({"farms": [{"name": "web", "servers": [server]}], "virtual_servers": [service]}, "haproxy")
    assert "\n    bind 192.0.2.10:80\n    default_backend web:http:80\n" in text
    assert text.count("\n    server web1 192.0.2.21:80 weight 7\n") == 1


@given(hostile)
def test_anything_is_written_or_refused(value: Any) -> None:
    try:
        assert lb_render(value, "keepalived").startswith(HEADER)
    except AnsibleFilterError as refused:
        assert str(refused).startswith("the configuration has ")


def test_vaulted_texts_are_read() -> None:
    vaulted = Vaulted("virtual_server 192.0.2.1 80 {\nprotocol TCP\nreal_server 10.0.0.1 80 {\n}\n}\n")
    assert len(lb_parse(vaulted, "keepalived")["virtual_servers"]) == 1


def test_a_farm_goes_with_the_only_virtual_server_it_serves() -> None:
    # of a mark without servers nothing says that it is one of IPv6
    text = "-A -f 1 -s wlc\n-a -f 1 -r 10.20.0.101:0 -g -w 1\n-A -f 1 -6 -s dh\n"
    read = lb_parse(text, "ipvsadm", on_loss="report")
    assert len(read["configuration"]["virtual_servers"]) == len(read["configuration"]["farms"]) == 1
    assert read["left_out"]
