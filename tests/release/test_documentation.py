# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Promises that hold for the documentation of every module, asked of what ansible-doc makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jmespath
import pytest
import yaml

DOC = Path(sys.executable).with_name("ansible-doc")
# Options that say how a task is carried out, not what the object shall be.
ABOUT_THE_RUN = {"state", "on_error", "max_impact", "defer", "wait", "purge_limit", "allow_empty"}
COMMON_RESULTS = {"steps", "impact", "reload", "transaction", "problems"}


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> dict[str, Any]:
    """What ansible-doc says about each module of the collection, by full name."""
    collections = tmp_path_factory.mktemp("collections")
    subprocess.run([sys.executable, repository / "tools" / "export.py", collections], check=True)
    files = sorted((repository / "plugins" / "modules").glob("lb_*.py"))
    result = subprocess.run(
        [DOC, "--type", "module", "--json", *(f"evenkeel.lb.{file.stem}" for file in files)],
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections)},
        capture_output=True,
        text=True,
        check=True,
    )
    documentation: dict[str, Any] = json.loads(result.stdout)
    assert len(documentation) == len(files) == 10
    return documentation


@pytest.fixture(scope="module")
def changing(modules: dict[str, Any]) -> dict[str, Any]:
    """Those that change something; an info module only looks."""
    return {name: module for name, module in modules.items() if not name.endswith("_info")}


def test_check_mode_and_diff_are_full_everywhere(changing: dict[str, Any]) -> None:
    support = jmespath.search(
        "*.doc.attributes.[check_mode.support, diff_mode.support, idempotent.support][]", changing
    )
    assert support == ["full"] * 3 * len(changing)


def test_no_option_of_an_object_has_a_default(changing: dict[str, Any]) -> None:
    """Unset means "not managed"; a default would manage what nobody asked for."""
    for name, module in changing.items():
        fields = {key: option for key, option in module["doc"]["options"].items() if key not in ABOUT_THE_RUN}
        assert fields, name
        assert jmespath.search("*.default", fields) == [], name
        assert jmespath.search("*.suboptions[].*.default[]", fields) == [], name


def test_common_results_are_documented(changing: dict[str, Any]) -> None:
    for name, module in changing.items():
        if "max_impact" not in module["doc"]["options"]:
            continue  # it makes no plan
        assert set(jmespath.search("keys(return)", module)) >= COMMON_RESULTS, name


def test_examples_call_the_module_by_its_full_name(modules: dict[str, Any]) -> None:
    for name, module in modules.items():
        tasks = yaml.safe_load(module["examples"])
        assert name in tasks[0], name
        # others may show what to do with the result
        assert all(name in task or any(key.startswith("ansible.builtin.") for key in task) for task in tasks), name


def test_every_module_points_to_others(modules: dict[str, Any]) -> None:
    linked = set(jmespath.search("*.doc.seealso[].module[]", modules))
    assert linked <= set(modules)
    assert all(jmespath.search("doc.seealso[].module | length(@) > `0`", module) for module in modules.values())
