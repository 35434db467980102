# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects of an appliance are read back as what they were made from; what they cannot say is told."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.filter.lb_parse import lb_parse
from ansible_collections.evenkeel.lb.plugins.filter.lb_render import lb_render
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.capabilities import CAPABILITIES
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.objects import OBJECTS
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.projection import placed, projected
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import INFORMATIONAL
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.unit.engines.aloha.controllers import layer4, layer7
from ansible_collections.evenkeel.lb.tests.unit.engines.aloha.documents import any_document
from ansible_collections.evenkeel.lb.tests.unit.engines.aloha.test_attributes import CASES, VISIBLE, at
from ansible_collections.evenkeel.lb.tests.unit.model.around import around, declared, samples

# All that the appliance's objects cannot say of what a configuration says; the rest of it comes back.
LOST = ("no service uses it", "is the name of another object here")


def read_in(text: str) -> dict[str, Any]:
    found: dict[str, Any] = lb_parse(text, "aloha", on_loss="report")
    return found


def objects(document: Any) -> Any:
    desired, problems = projected(placed(Configuration.from_document(document)))
    assert problems == ()
    return desired.objects


def said(held: Any) -> Any:
    """Without attributes beyond the engine's own that are to be reset, which have no text."""
    return {
        key: {name: value for name, value in values.items() if value is not None or name in objects_own(key.kind)}
        for key, values in held.items()
    }


def objects_own(kind: str) -> set[str]:
    """What the engine writes whatever is said."""
    return {name for key, values in {**objects(layer4()), **objects(layer7())}.items() if key.kind == kind
            for name in values}  # fmt: skip


def come_back(document: Any) -> None:
    text = lb_render(document, "aloha")
    read = read_in(text)
    found, messages = read["configuration"], [entry["message"] for entry in read["left_out"]]
    assert [message for message in messages if not any(reason in message for reason in LOST)] == []
    assert read["rest"] == ""
    again = lb_render(found, "aloha")
    lost = {entry["text"] for entry in read["left_out"]}
    # a farm of layer 7 alone is one of layer 4 then, where that can have it
    instead = {text.replace("layer 7", "layer 4") for text in lost}
    assert without(instead, objects(found)) == without(lost, said(objects(document)))
    if not messages:
        assert again == text
        assert read_in(again)["configuration"] == found


def without(lost: set[str], held: Any) -> Any:
    """Objects but those, and what they hold."""
    return {key: values for key, values in held.items() if not {str(key), str(key.parent)} & lost}


@given(st.integers(0, 2**32).map(Random))
def test_whatever_an_appliance_can_hold_comes_back(random: Random) -> None:
    come_back(any_document(random))


def cells() -> list[tuple[str, Any]]:
    """Every value of every field that the engine declares, of those that are tried everywhere."""
    return [
        (path, value)
        for path, option in declared().items()
        if path in CAPABILITIES and path not in INFORMATIONAL
        for value in samples(path, option)
        if CAPABILITIES[path].expresses(option.type.parse(value))
    ]


def carried(path: str, value: Any, **fields: Any) -> dict[str, Any]:
    """The document around a value, with what Linux directors alone need left out."""
    document = around(path, value)
    document = {kind: things for kind, things in document.items() if kind not in ("ha_groups", "vips")}
    address = around(path, value)["vips"][0]["address"].partition("/")[0]
    for wish in document["virtual_servers"]:
        wish.update({"vip": address} if wish.get("vip") == "public" else {}, **fields)
    return document


# Fields and values that only their own rules keep from an appliance: seconds that are not whole, several ports, the
# protocol that says both UDP and TCP, and engines of Linux directors.
REFUSED = {
    ("health_checks.interval", 0.1),
    ("health_checks.timeout", 0.1),
    ("health_checks.status_codes", "['200-299', '301']"),
    ("farms.persistence_netmask", "64"),
    ("virtual_servers.ports", "['80', '8000-8100']"),
    ("virtual_servers.type", "dns"),
    *(("virtual_servers.engine", name) for name in ("ipvs", "keepalived", "haproxy")),
}


@pytest.mark.parametrize(("path", "value"), cells(), ids=lambda part: str(part)[:40])
def test_every_value_that_the_engine_declares_is_read_back(path: str, value: Any) -> None:
    tried = 0
    for fields in ({}, {"type": "layer7"}, {"type": "layer7", "protocol": "http"}):
        said = {} if path.startswith("virtual_servers.") and path.rpartition(".")[2] in fields else fields
        document = carried(path, value, **said)
        configuration = placed(Configuration.from_document(document))
        foreign = [wish for wish in configuration.virtual_servers.values() if wish.carrier != "aloha"]
        if foreign or all_problems(configuration) or projected(configuration)[1]:
            continue
        come_back(document)
        tried += 1
    refused = (path, value if isinstance(value, float) else str(value)) in REFUSED
    assert bool(tried) != refused, "none, or one, can be carried"


@pytest.mark.parametrize(("kind", "name"), VISIBLE, ids=[f"{kind}.{name}" for kind, name in VISIBLE])
def test_every_attribute_that_the_documentation_shows_is_read(kind: str, name: str) -> None:
    base, path, (first, _one), (second, _other), _unset = CASES[kind, name]
    texts = []
    for value in (first, second):
        come_back(at(base, path, value))
        texts.append(lb_render(at(base, path, value), "aloha"))
    assert any(f'"{name}": "' in text for text in texts)


def test_a_text_shows_what_is_set_by_path() -> None:
    held = json.loads(lb_render(layer4(), "aloha"))
    assert list(held) == ["l4/farm/web", "l4/farm/web/server/web1", "l4/farm/web/server/web2"]
    assert held["l4/farm/web/server/web1"] == {
        "address": "192.0.2.101", "check": "enabled", "port": "8080", "weight": "1"
    }  # fmt: skip


def test_what_the_appliance_answers_may_have_nulls_and_other_spellings() -> None:
    plain = json.loads(lb_render(layer4(), "aloha"))
    spelt = {path: {**dict.fromkeys(OBJECTS["l4_farm" if path.count("/") == 2 else "l4_server"]), **values}
             for path, values in plain.items()}  # fmt: skip
    spelt["l4/farm/web"] |= {"balance": "LEAST-CONNECTIONS", "check_interval": "005"}
    spelt["l4/farm/web/server/web1"]["address"] = "192.0.2.101/32"
    assert read_in(json.dumps(spelt))["configuration"] == read_in(json.dumps(plain))["configuration"]


def test_what_the_appliance_does_without_being_told_is_said() -> None:
    read = read_in('{"l4/farm/web": {"check_interval": "30"}, "l4/farm/web/server/a": {"address": "192.0.2.1"}}')
    farm, check = (
        read["configuration"]["farms"][0],
        {one["name"]: one for one in read["configuration"]["health_checks"]},
    )
    assert (farm["balance"], farm["mode"], farm["health_check"]) == ("weighted_round_robin", "nat", "web")
    assert check["web"] == {
        "name": "web", "type": "icmp", "interval": 30, "timeout": 15, "retries": 1, "rise": 1
    }  # fmt: skip
    assert farm["servers"] == [{"name": "a", "address": "192.0.2.1", "weight": 1, "health_check": "none"}]
    assert check["none"]["type"] == "none"
    assert "round robin" in read["notes"][0]["message"]


def test_a_service_of_http_and_https_is_two_virtual_servers() -> None:
    held = json.loads(lb_render(layer7(), "aloha"))
    held["l7/service/www/listener/tls"] = {
        "address": "192.0.2.80", "port": "443", "ssl": "enabled", "ssl_certificate": "www_2026"
    }  # fmt: skip
    read = read_in(json.dumps(held, indent=1))
    assert read["left_out"] == []
    plain, tls = read["configuration"]["virtual_servers"]
    assert (plain["name"], plain["port"], plain["protocol"]) == ("www", 80, "http")
    assert (tls["name"], tls["port"], tls["protocol"], tls["farm"]) == ("www-tls", 443, "https", "web")
    assert tls["certificate_profiles"] == ["www_2026"] and tls["ssl_offload"] is True
    assert [note["message"][:20] for note in read["notes"]] == ["is reached otherwise", "www_2026 is in the a"]
    assert objects(read["configuration"])


@pytest.mark.parametrize(
    ("held", "message"),
    [
        ({"l7/farm/web": {}}, "no service uses it, and a farm alone is not of layer 7 here"),
        ({"l4/farm/web": {"check_source": True}}, "check_source has a value that the appliance's API cannot tell"),
        ({"l4/farm/web": {"color": "red"}}, "color: red has no field here"),
        ({"l4/farm/web": {"balance": "random"}}, "balance: random is not known here"),
        ({"l4/farm/web": {"check_port": 80}}, "is no value that an appliance gives"),
        ({"l4/farm/web": {}, "l4/farm/web/server/_a": {"address": "192.0.2.1"}}, "_a is no name here, a is taken"),
        ({"l4/farm/web/server/a": {"address": "192.0.2.1"}}, "is in layer 4 farm web, which is not there"),
        ({"l7/service/www": {}}, "has no listener, so that nobody reaches it"),
        ({"l7/service/www/rule/httpreq/1": {"type": "deny"}}, "is a rule, and rules of layer 7 are not managed"),
        ({"l5/farm/web": {}}, "is the path of no object known here"),
        ({"l4/farm/web": {"service_address": "not one"}}, "virtual_servers[web].vip: 'not one' is not valid here"),
    ],
)  # fmt: skip
def test_what_has_no_place_is_told_with_where_it_stands(held: Any, message: str) -> None:
    text = json.dumps({"l4/farm/other": {"balance": "roundrobin"}, **held}, indent=1)
    read = read_in(text)
    assert [entry for entry in read["left_out"] if message in entry["message"]], read["left_out"]
    path = list(held)[-1]
    assert text.splitlines()[read["left_out"][0]["line"] - 1].strip().startswith(f'"{path}"')
    with pytest.raises(AnsibleFilterError, match="has no word for"):
        lb_parse(text, "aloha")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"l4/farm/web": "x"}', "[" * 100_000])
def test_a_text_that_is_none_of_an_appliance_is_refused(text: str) -> None:
    with pytest.raises(AnsibleFilterError, match="cannot be understood"):
        lb_parse(text, "aloha")


@given(
    st.dictionaries(
        st.sampled_from(["l4/farm/web", "l4/farm/web/server/a", "l7/farm/web", "l7/farm/web/server/_sorry",
                         "l7/service/www", "l7/service/www/listener/x", "l7/service/www/listener/y"]) | st.text(),
        st.dictionaries(
            st.sampled_from(sorted({name for names in OBJECTS.values() for name in names})) | st.text(max_size=3),
            st.none() | st.booleans() | st.integers() | st.text(max_size=3)
            | st.sampled_from(["enabled", "80", "0", "192.0.2.1", "web", "http", "tcp", "nat", "gateway"]),
        ),
    )
)  # fmt: skip
def test_nothing_but_a_valid_configuration_comes_out_of_any_text(held: Any) -> None:
    document = read_in(json.dumps(held))["configuration"]
    assert all_problems(Configuration.from_document(document)) == ()


def test_an_engine_of_linux_directors_is_refused() -> None:
    document = layer4()
    document["virtual_servers"][0]["engine"] = "keepalived"
    with pytest.raises(AnsibleFilterError, match="this one has aloha alone"):
        lb_render(document, "aloha")


def test_servers_may_be_tested_or_not_each() -> None:
    for make, way in ((layer4, "l4"), (layer7, "l7")):
        document = make()
        document["health_checks"].append({"name": "untested", "type": "none"})
        document["farms"][0]["servers"][1]["health_check"] = "untested"
        held = json.loads(lb_render(document, "aloha"))
        assert [held[f"{way}/farm/web/server/{name}"].get("check") for name in ("web1", "web2")] == ["enabled", None]
        come_back(document)
