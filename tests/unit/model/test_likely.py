# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where one word was probably meant, the problem says so, and also what else is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import KINDS
from ansible_collections.evenkeel.lb.plugins.module_utils._model.likely import LIKE_A_NAME, likely_first, meant
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import examine
from ansible_collections.evenkeel.lb.tests.conftest import soon
from ansible_collections.evenkeel.lb.tests.unit.model.around import around

LAYERS = ("layer2", "layer4", "layer7", "dns")


@pytest.mark.parametrize(
    ("wanted", "known", "text"),
    [
        ("layer-4", LAYERS, "layer4, most likely; or layer2, layer7, dns"),
        ("DNS", LAYERS, "dns, most likely; or layer2, layer4, layer7"),
        ("layer", LAYERS, "layer2, layer4, layer7, dns"),  # as much one as the other
        ("ftp", ("tcp", "udp"), "tcp, udp"),
        ("get", ("GET", "HEAD"), "GET, most likely; or HEAD"),
        ("tru", ("true",), "true, most likely"),
        ("", LAYERS, "layer2, layer4, layer7, dns"),
        ("layer4" + "4" * 2**20, LAYERS, "layer2, layer4, layer7, dns"),
        (None, LAYERS, "layer2, layer4, layer7, dns"),
        (["layer4"], LAYERS, "layer2, layer4, layer7, dns"),
    ],
)
def test_the_likely_word_comes_first(wanted: Any, known: tuple[str, ...], text: str) -> None:
    assert likely_first(wanted, known) == text


def test_among_many_nobody_looks() -> None:
    many = [f"farm{number}" for number in range(201)]
    assert meant("farm-7", many[:200], LIKE_A_NAME) == "farm7"
    assert meant("farm-7", many, LIKE_A_NAME) is None


def problem_at(document: dict[str, Any], path: str) -> tuple[str, str]:
    (found,) = [problem for problem in examine(document)[1] if problem.path == path]
    return found.message, found.allowed


def test_a_choice_a_field_a_kind_and_a_name_that_were_mistyped() -> None:
    document = around("virtual_servers.farm", "web")
    document["farms"][0]["balance"] = "round-robin"
    document["farms"][0]["server"] = []
    document["farm"] = []
    document["farms"].append({"name": "db"})
    document["virtual_servers"][0]["farm"] = "wbe"
    assert problem_at(document, "farms[web].balance")[1].startswith(
        "round_robin, most likely; or weighted_round_robin,"
    )
    assert problem_at(document, "farms[web].server")[1].startswith("servers, most likely; or name, balance,")
    others = ", ".join(kind for kind in KINDS if kind != "farms")
    assert problem_at(document, "farm")[1] == f"farms, most likely; or {others}"
    assert problem_at(document, "virtual_servers[web].farm") == (
        "there is no farm 'wbe'",
        "web, most likely; or db",
    )


def test_of_many_missing_names_each_is_told_and_none_is_looked_up() -> None:
    farms = [{"name": f"farm-of-shop-{number}"} for number in range(200)]
    wrong = [
        {
            "name": f"v{number}",
            "vip": f"10.0.{number >> 8}.{number & 255 | 1}",
            "port": number + 1,
            "farm": f"farm{number}",
        }
        for number in range(3000)
    ]
    with soon():
        found = examine({"farms": farms, "virtual_servers": wrong})[1]
    assert len(found) == 3000
    assert {problem.allowed.partition(",")[0] for problem in found} == {"farm-of-shop-0"}
    assert {"most likely" in problem.allowed for problem in found} == {False}
    few = examine({"farms": farms, "virtual_servers": [{**wrong[0], "farm": "farm_of-shop-77"}]})[1]
    assert [problem.allowed.partition(";")[0] for problem in few] == ["farm-of-shop-77, most likely"]
