# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Descriptions of labs: what is understood, and that everything wrong is told at once, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from evenkeel_lab.base import LabError
from evenkeel_lab.spec import SpecError, load, parse, valid_name

SPECS = Path(__file__).resolve().parents[2] / "lab" / "specs"


def problems(document) -> list[str]:
    with pytest.raises(SpecError) as caught:
        parse(document)
    return caught.value.problems


def test_a_description_becomes_values(document):
    spec = parse(document)
    assert (spec.name, spec.kernel, spec.distros, spec.kinds) == (
        "small",
        "packaged",
        ("bookworm", "trixie"),
        frozenset({"vm", "ct", "ns"}),
    )
    director, server, client = spec.hosts
    assert (director.nets, director.memory, director.disk) == (("mgmt", "front"), 384, 2048)
    assert (server.kind, server.distro, client.distro) == ("ct", "bookworm", None)
    assert spec.groups == {"directors": ("lb1",), "servers": ("web1",)}


@pytest.mark.parametrize("name", ["demo", "nat", "direct_routing", "tunnel"])
def test_the_descriptions_we_ship_are_of_the_same_five_hosts(name):
    spec = load(SPECS / f"{name}.yml")
    assert [(host.name, host.id) for host in spec.hosts] == [
        ("lb1", 11),
        ("lb2", 12),
        ("web1", 21),
        ("web2", 22),
        ("client", 100),
    ]
    assert all(host.kind == "vm" and host.nets == ("mgmt", "front", "back") for host in spec.hosts[:2])
    assert spec.hosts[4].nets == ("mgmt", "front")
    assert dict(spec.groups) == {"directors": ("lb1", "lb2"), "servers": ("web1", "web2")}


def test_a_lab_can_be_called_otherwise(tmp_path, document):
    path = tmp_path / "lab.yml"
    path.write_text(str(document))  # such a mapping is YAML, too
    assert load(path, "other").name == "other"


def test_every_problem_is_told_with_its_place(document):
    document["kernel"] = "newest"
    document["colour"] = "blue"
    document["networks"]["front"]["ipv4"] = "10.10.0.0/33"
    document["hosts"]["lb1"]["disk"] = True
    document["hosts"]["web1"] = {"id": 11, "kind": "ct", "distro": "potato", "memory": 512, "nets": ["front", "mgnt"]}
    document["groups"]["servers"] = ["web1", "client"]
    found = {problem.partition(": ")[0] for problem in problems(document)}
    assert found == {
        "kernel",
        "colour",
        "networks.front.ipv4",
        "hosts.lb1.disk",
        "hosts.web1.id",
        "hosts.web1.distro",
        "hosts.web1.memory",
        "hosts.web1.nets[0]",
        "hosts.web1.nets[1]",
        "groups.servers[1]",
    }


def test_a_problem_says_what_is_possible(document):
    document["hosts"]["lb1"]["distro"] = "potato"
    assert problems(document) == ["hosts.lb1.distro: must be one of bookworm, trixie, noble, not 'potato'"]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"ipv4": "10.10.0.0/24", "ipv6": "10.11.0.0/24"}, "networks.front.ipv6"),
        ({"ipv4": "10.10.0.0/28"}, "networks.front.ipv4"),
        ({"ipv4": "10.10.0.7/24"}, "networks.front.ipv4"),
        ({"ipv4": "172.31.0.0/16"}, "networks.front.ipv4"),
        ({"ipv6": "fd10::/64"}, "networks.front.ipv4"),
        ("10.10.0.0/24", "networks.front"),
    ],
)
def test_a_wrong_network_is_refused(document, change, place):
    document["networks"]["front"] = change
    assert place in {problem.partition(": ")[0] for problem in problems(document)}


@pytest.mark.parametrize("identity", [0, 1, 255, "11", True, None])
def test_an_id_is_a_host_part_that_is_not_the_labs_own(document, identity):
    document["hosts"]["lb1"]["id"] = identity
    (problem,) = problems(document)
    assert problem.startswith("hosts.lb1.id: must be a whole number from 2 to 254")


def test_the_longest_host_name_still_names_an_interface(document):
    document["hosts"]["l" * 12] = {"id": 30, "kind": "ns"}
    assert len(parse(document).hosts) == 4
    document["hosts"]["l" * 13] = {"id": 31, "kind": "ns"}
    assert problems(document) == [
        f"hosts.{'l' * 13}: a name here is a lower case letter and up to 11 letters or digits"
    ]


@pytest.mark.parametrize("document", [None, [], "lab", {}])
def test_what_is_no_description_is_refused(document):
    assert problems(document)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(LabError, match=r"absent\.yml: No such file"):
        load(tmp_path / "absent.yml")
    (tmp_path / "broken.yml").write_text("a: [")
    with pytest.raises(SpecError, match="not YAML"):
        load(tmp_path / "broken.yml")


@pytest.mark.parametrize(("name", "valid"), [("demo", True), ("a-1", True), ("A", False), ("a.b", False), ("", False)])
def test_a_lab_is_named_so_that_it_can_be_part_of_a_path(name, valid):
    assert valid_name(name) is valid
