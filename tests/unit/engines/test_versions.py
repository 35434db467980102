# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions as hosts tell them, and each cell of the capabilities that needs one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.capabilities import Needs, too_new
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.engine import IpvsEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.engine import KeepalivedEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.versions import version_in
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem
from ansible_collections.evenkeel.lb.tests.unit.model.around import around, declared, where

FIELDS = declared()
# What keepalived --version of Debian 12 and 13 begins with; it goes to stderr.
KEEPALIVED = {
    "Keepalived v2.2.7 (01/16,2022)\n\nCopyright(C) 2001-2022 Alexandre Cassen\n": (2, 2, 7),
    "Keepalived v2.3.3 (03/30,2025)\n": (2, 3, 3),
}


@pytest.mark.parametrize(
    ("text", "version"),
    [
        *KEEPALIVED.items(),
        ("6.1.0-28-amd64\n", (6, 1, 0)),
        ("5.14.0-503.el9.x86_64", (5, 14, 0)),
        ("7.2.13", (7, 2, 13)),
        ("", None),
        ("no number", None),
    ],
)
def test_a_version_is_the_first_number_with_a_dot(text: str, version: tuple[int, ...] | None) -> None:
    assert version_in(text) == version


@pytest.mark.parametrize("engine", [IpvsEngine(), KeepalivedEngine()])
def test_the_kernel_tells_its_version(engine: Any) -> None:
    system = FakeSystem()
    assert engine.version("linux", system) is None
    system.files["/proc/sys/kernel/osrelease"] = "6.1.0-28-amd64\n"
    assert engine.version("linux", system) == (6, 1, 0)


def test_keepalived_tells_its_version_where_it_is_installed() -> None:
    system, engine = FakeSystem(), KeepalivedEngine()
    assert engine.version("keepalived", system) is None
    for said, version in KEEPALIVED.items():
        system.programs["keepalived"] = lambda argv, said=said: Completed(0, "", said)
        assert engine.version("keepalived", system) == version


def gated() -> Iterator[tuple[str, str, Any, Needs]]:
    for engine in engines():
        for path, can in engine.describe().items():
            for value, needs in can.since.items():
                yield engine.name, path, value, needs


@pytest.mark.parametrize(("name", "path", "value", "needs"), list(gated()), ids=str)
def test_a_value_is_refused_below_the_version_it_needs_and_there_alone(
    name: str, path: str, value: Any, needs: Needs
) -> None:
    engine = next(engine for engine in engines() if engine.name == name)
    document = around(path, value, name)
    configuration = Configuration.from_document(document)

    def refused(version: tuple[int, ...] | None) -> set[str]:
        versions = {needs.software: version}
        return {problem.path for problem in too_new(configuration, name, engine.describe(), versions.get)}

    older = (*needs.version[:-1], needs.version[-1] - 1, 99)
    assert where(document, path) in refused(older)
    assert where(document, path) not in refused(needs.version)
    assert refused(None) == set()
    (problem,) = [
        problem
        for problem in too_new(configuration, name, engine.describe(), lambda software: older)
        if problem.path == where(document, path)
    ]
    assert problem.message == f"{value} needs {needs}, here is {Needs(needs.software, older)}"
    assert problem.allowed == engine.describe()[path].hint(value)
