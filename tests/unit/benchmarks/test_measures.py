# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the benchmarks ask for and write down, and that they find what they import; that they run is seen by running."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import common
import pytest
import wishes

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.ipvs.rules import parse
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.registry import engines
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import difference
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems


def test_a_measure_has_the_medians_and_their_ratio() -> None:
    measure = common.compared([0.3, 0.1, 0.2], [9.0, 0.5, 0.4], "something else")
    assert measure == {"ratio": 0.4, "ours_s": 0.2, "reference_s": 0.5, "reference": "something else"}


def test_measures_are_added_to_those_of_other_benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "RESULT", tmp_path / "build/bench.json")
    one, other = common.compared([1.0], [2.0], "x"), common.compared([3.0], [2.0], "y")
    common.record({"a.b": one})
    common.record({"c.d": other, "a.b": other})
    assert json.loads(common.RESULT.read_text()) == {"a.b": other, "c.d": other}


@pytest.mark.parametrize("engine", ["ipvs", "keepalived"])
def test_a_wish_is_a_valid_configuration_of_one_engine(engine: str) -> None:
    configuration = Configuration.from_document(wishes.wish(5000, engine))
    assert not all_problems(configuration)
    assert {one.carrier for one in configuration.virtual_servers.values()} == {engine}
    servers = [server.address for farm in configuration.farms.values() for server in farm.servers]
    assert len(set(servers)) == len(servers) == 5000 * wishes.SERVERS


def test_the_rules_are_the_table_of_the_wish_and_one_weight_is_one_change() -> None:
    [ipvs] = [engine for engine in engines() if engine.name == "ipvs"]
    table = ipvs.compile(Configuration.from_document(wishes.wish(20, "ipvs"))).table
    assert parse(wishes.rules_of(20).decode()) == table
    other = ipvs.compile(Configuration.from_document(wishes.wish(20, "ipvs", wishes.OTHER_WEIGHT))).table
    [operation] = difference(table, other)
    assert (operation.action, operation.after.weight) == ("edit", wishes.OTHER_WEIGHT)


PROGRAMS = [path for path in Path(common.__file__).parent.glob("*.py") if '__name__ == "__main__"' in path.read_text()]


@pytest.mark.parametrize("program", sorted(path.stem for path in PROGRAMS))
def test_what_a_benchmark_imports_is_there(program: str) -> None:
    assert importlib.import_module(program).__doc__
