# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the engines write is read back as what it was written from, for whatever the engines can express.

The configurations follow from the capabilities that the engines declare: a word that one learns to write has to be read
from then on.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.filter.lb_parse import lb_parse
from ansible_collections.evenkeel.lb.plugins.filter.lb_render import lb_render
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import beyond, engines
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.tests.contract.edits import mended
from ansible_collections.evenkeel.lb.tests.contract.strategies import RANDOMS, Document, any_document, carried_documents
from ansible_collections.evenkeel.lb.tests.unit.engines.test_capabilities import CELLS
from ansible_collections.evenkeel.lb.tests.unit.model.around import around

ENGINES = {"keepalived": "keepalived", "ipvsadm": "ipvs", "haproxy": "haproxy"}
# The ports behind a mark of ours are in the rules of nftables, and in none of these texts.
PORTS_ELSEWHERE = "is the mark of packets to ports of an address"
# That an address is of an HA group is in the text of HAProxy, and which one in that of keepalived.
GROUP_ELSEWHERE = "transparent: is for an address that another director may have now"
# The family of a firewall mark is said in the text and follows from servers in the model. Where there are none of that
# family, as with a mark of ours that has no server yet, other things may be lost with it.
FAMILY_LOST = (
    "has no servers, and the family",
    "is not of the family of its",
    "is not the family of the servers",
)


def read_in(text: str, format_: str) -> dict[str, Any]:
    """What the text says, with all that it does not."""
    of_director = {"director": "lb1"} if format_ == "keepalived" else {}
    found: dict[str, Any] = lb_parse(text, format_, on_loss="report", **of_director)
    return found


def meaning(text: str) -> list[str]:
    """The lines of a text without order, as servers and VIPs are in that of their names; and without what says no more
    than a default does."""
    defaults = ("    quorum 1", "    hysteresis 0")
    blocks = [without_own_port(block) for block in re.split(r"(?m)^(?=    real_server )", text)]
    return sorted(line for block in blocks for line in block.split("\n") if line not in defaults)


def without_own_port(block: str) -> str:
    """A server without the port of its test, where that is its own."""
    head = re.match(r"    real_server \S+ (\d+) \{", block)
    return re.sub(rf"            connect_port {head[1]}\n", "", block) if head else block


def table(document: Document, engine: str) -> Any:
    """What the kernel would hold."""
    return next(one for one in engines() if one.name == engine).compile(Configuration.from_document(document)).table


def come_back(document: Document, format_: str) -> None:
    if format_ == "haproxy":
        come_back_from_haproxy(document)
        return
    engine = ENGINES[format_]
    text = lb_render(document, format_)
    read = read_in(text, format_)
    found, messages = read["configuration"], [entry["message"] for entry in read["left_out"]]
    again = lb_render(found, format_)
    assert read_in(again, format_)["configuration"] == found
    assert read["rest"] == ""
    if not any(message.startswith(FAMILY_LOST) for message in messages):
        assert [message for message in messages if not message.startswith(PORTS_ELSEWHERE)] == []
        assert meaning(again) == meaning(text)
        assert table(found, engine) == table(document, engine)
    if format_ == "keepalived":
        said = Configuration.from_document(document)
        served = {service.name for service in services(said, engine) if service.backends}
        assert {one["name"] for one in found["virtual_servers"]} == served
        with_vips = {vip.ha_group for vip in said.vips.values()} - {None}
        assert {one["name"] for one in found["ha_groups"]} == with_vips


def come_back_from_haproxy(document: Document) -> None:
    """What is read from our own file gives that file again, byte for byte, with names, order and lines of others' own;
    only the addresses of HA groups do not come and go any more."""
    text = lb_render(document, "haproxy")
    read = read_in(text, "haproxy")
    found, messages = read["configuration"], [entry["message"] for entry in read["left_out"]]
    again = lb_render(found, "haproxy")
    assert without_groups(again) == without_groups(text)
    assert [message for message in messages if not message.startswith(GROUP_ELSEWHERE)] == []
    assert (read["rest"], read["notes"]) == ("", [])
    assert read_in(again, "haproxy")["configuration"] == found
    assert Configuration.from_document(found).document() == found


def without_groups(text: str) -> str:
    """A text of HAProxy without what says that an address is of an HA group, and without the sum of all of it."""
    return re.sub(r"(?m)^(    bind \S+) transparent|^    setenv .*\n", r"\1", text)


@given(carried_documents(["keepalived"]))
def test_keepalived_conf_comes_back(document: Document) -> None:
    come_back(document, "keepalived")


@given(carried_documents(["ipvs"]))
def test_rules_of_ipvsadm_come_back(document: Document) -> None:
    come_back(document, "ipvsadm")


@given(carried_documents(["haproxy"]))
def test_our_file_of_haproxy_comes_back(document: Document) -> None:
    come_back(document, "haproxy")


@given(RANDOMS)
def test_our_file_of_haproxy_comes_back_with_tls(random: Random) -> None:
    come_back(with_tls(any_document(random, ["haproxy"]), random), "haproxy")


def test_a_chain_that_is_shown_is_none_of_authorities() -> None:
    """Of two profiles towards a server, the one with three files is shown, and the other one is believed."""
    profiles = [
        {
            "name": "shown", "type": "client", "certificate_file": "/c.pem", "chain_file": "/chain",
            "key_file": "/k.pem",
        },
        {"name": "trusted", "type": "mutual_tls", "certificate_file": "/d.pem", "chain_file": "/chain"},
    ]  # fmt: skip
    server = {"name": "s1", "address": "192.0.2.21", "ssl_offload": True, "certificate_profiles": ["shown", "trusted"]}
    service = {"name": "web", "vip": "192.0.2.10", "port": 80, "type": "layer7", "protocol": "http", "farm": "web"}
    farms = [{"name": "web", "servers": [server]}]
    come_back({"certificate_profiles": profiles, "farms": farms, "virtual_servers": [service]}, "haproxy")


@pytest.mark.parametrize("of_farm", ["program", "other", "from", "plain", None])
@pytest.mark.parametrize("of_server", ["program", "other", "from", None])
def test_tests_by_programs_and_from_addresses_come_back(of_farm: str | None, of_server: str | None) -> None:
    """In each place, beside each other, and where no server is tested by that of the farm."""
    checks = [
        {"name": "program", "type": "script", "script": "/usr/bin/true", "timeout": 1.25, "port": 443},
        # the same test by another name is in another file
        {"name": "other", "type": "script", "script": "/usr/bin/true", "timeout": 1.25},
        {"name": "from", "type": "http", "source": "192.0.2.1"},
        {"name": "plain", "type": "http"},
    ]
    own = {"health_check": of_server} if of_server else {}
    servers = [
        {"name": "s1", "address": "192.0.2.21", "port": 443, **own},
        {"name": "s2", "address": "192.0.2.22"},
    ]
    of = {"health_check": of_farm} if of_farm else {}
    farms = [
        {"name": "both", "servers": servers, **of},
        {"name": "own", "servers": servers[:1], **of},
        {"name": "script", "servers": servers[1:], "health_check": "other"},
    ]
    services = [
        {
            "name": f"{farm['name']}-{port}",
            "vip": "192.0.2.10",
            "port": port + at,
            "farm": farm["name"],
            "engine": "haproxy",
            **more,
        }
        for at, farm in enumerate(farms)
        for port, more in ((443, {}), (8440, {"source_nat_type": "static", "source_nat_pool": "192.0.2.1/32"}))
    ]
    come_back({"health_checks": checks, "farms": farms, "virtual_servers": services}, "haproxy")


@pytest.mark.parametrize("balance", ["failover", "round_robin", "weighted_round_robin"])
@pytest.mark.parametrize("states", [("disabled", "drained"), ("disabled", "disabled"), ("enabled", "disabled")])
def test_agents_come_back_where_servers_serve_nobody(balance: str, states: tuple[str, str]) -> None:
    servers = [
        {"name": f"s{at}", "address": f"192.0.2.2{at}", "port": 80, "weight": 12 - at, "state": state}
        for at, state in enumerate(states)
    ]
    farm = {"name": "web", "balance": balance, "agent": {"port": 9, "send": r"aé\xff\n"}, "servers": servers}
    service = {"name": "web", "vip": "192.0.2.10", "port": 80, "farm": "web", "engine": "haproxy"}
    come_back({"farms": [farm], "virtual_servers": [service]}, "haproxy")


def test_profiles_that_trust_come_back_with_their_keys_and_with_those_that_count_for_nothing() -> None:
    def trusting(name: str, **more: str) -> dict[str, str]:
        return {
            "name": name, "type": "mutual_tls", "certificate_file": f"/{name}.pem", "chain_file": f"/ca-{name[0]}.pem",
            **more,
        }  # fmt: skip

    profiles = [trusting("a1"), trusting("a2", key_file="/a2.key", minimum_tls="1.3"), trusting("b1")]
    used = [["a2"], ["a1"], ["a1", "b1"], []]
    servers = [
        {"name": f"s{at}", "address": f"192.0.2.2{at}", "ssl_offload": True, "certificate_profiles": names}
        for at, names in enumerate(used)
    ]
    service = {
        "name": "web", "vip": "192.0.2.10", "port": 443, "type": "layer7", "protocol": "https", "ssl_offload": True,
        "certificate_profiles": ["a2", "a1"], "farm": "web",
    }  # fmt: skip
    document = {
        "certificate_profiles": profiles,
        "farms": [{"name": "web", "servers": servers}],
        "virtual_servers": [service],
    }
    come_back(document, "haproxy")
    found = read_in(lb_render(document, "haproxy"), "haproxy")["configuration"]
    assert {one["name"]: one["chain_file"] for one in found["certificate_profiles"]} == {
        "a1": "/ca-a.pem", "a2": "/ca-a.pem", "b1": "/ca-b.pem",
    }  # fmt: skip
    # no line says which server has b1 behind a1
    assert [one.get("certificate_profiles") for one in found["farms"][0]["servers"]] == [
        ["a2", "b1"],
        ["a1"],
        ["a1"],
        None,
    ]


def with_tls(document: Document, random: Random) -> Document:
    """The document with certificate profiles that some virtual servers and servers of it use."""
    profiles = []
    for number in range(random.choice([1, 2, 4])):
        kind = random.choice(["server", "client", "mutual_tls"])
        profile = {"name": f"p{number}", "type": kind, "certificate_file": f"/etc/ssl/{number}.pem"}
        if kind == "mutual_tls" or random.randrange(2):
            profile["chain_file"] = f"/etc/ssl/{random.choice('ab')}.chain"
        for name, value in (("key_file", f"/etc/ssl/{number}.key"), ("ciphers", "AESGCM"), ("minimum_tls", "1.3")):
            if random.randrange(2):
                profile[name] = value
        profiles.append(profile)
    names = [profile["name"] for profile in profiles]

    def some() -> list[str]:
        return random.sample(names, random.randint(1, min(3, len(names))))

    for service in document["virtual_servers"]:
        if random.randrange(3):
            protocol = random.choice(["tcp", "http", "https", "http2", "grpc", "quic"])
            service |= {"type": "layer7", "protocol": protocol, "ssl_offload": True, "certificate_profiles": some()}
    for server in (one for farm in document["farms"] for one in farm["servers"] if random.randrange(2)):
        server |= {"ssl_offload": True, "certificate_profiles": random.choice([[], some()])}
    return mended({**document, "certificate_profiles": profiles})


FORMATS = {engine: format_ for format_, engine in ENGINES.items()}


READ = [cell for cell in CELLS if cell[0] in FORMATS]


@pytest.mark.parametrize(("engine", "path", "value"), READ, ids=lambda part: str(part)[:40])
def test_every_value_that_an_engine_declares_is_read_back(engine: str, path: str, value: Any) -> None:
    document = around(path, value, engine)
    if not beyond(Configuration.from_document(document)):
        come_back(document, FORMATS[engine])
