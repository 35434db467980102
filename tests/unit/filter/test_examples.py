# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples in the documentation of filters and tests, run by Ansible: they load, and give what they say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Play = Callable[..., subprocess.CompletedProcess[str]]

BROUGHT_OVER = {
    "configuration": {
        "ha_groups": [],
        "vips": [],
        "certificate_profiles": [],
        "health_checks": [
            {"name": "tcp-192.0.2.10-80", "type": "tcp", "interval": 10.0, "timeout": 5.0, "retries": 2},
        ],
        "farms": [
            {
                "name": "tcp-192.0.2.10-80",
                "balance": "round_robin",
                "mode": "gateway",
                "health_check": "tcp-192.0.2.10-80",
                "servers": [{"name": "192.0.2.21", "address": "192.0.2.21", "weight": 1}],
            }
        ],
        "virtual_servers": [
            {
                "name": "tcp-192.0.2.10-80",
                "vip": "192.0.2.10",
                "port": 80,
                "protocol": "tcp",
                "farm": "tcp-192.0.2.10-80",
            }
        ],
    },
    "left_out": [
        {
            "file": "",
            "line": 8,
            "text": "notify_down /usr/local/bin/page",
            "message": "runs a script when it fails, and none is run here",
            "allowed": "leave it out",
        }
    ],
    "notes": [],
    "rest": "",
}
# What each example gives: the value it shows, True for an assertion that holds, or a part of the error.
EXPECTED: dict[str, list[Any]] = {
    "filter/vip": ["2001:db8::50/64", "192.0.2.50/24", "is the broadcast address of its network", "fe80::1/64"],
    "filter/prefix": ["2001:db8::/64", "192.0.2.0/24", "allowed: 192.0.2.0/24, the network it is in"],
    "filter/vip_in_prefix": [True, False],
    "filter/vips_free": ["192.0.2.2/24", [f"2001:db8::1:{number:x}/64" for number in range(10)]],
    "filter/vip_conflicts": [True],
    "filter/lb_validate": [True],
    "filter/lb_normalize": [True],
    "filter/lb_parse": [
        BROUGHT_OVER,
        "line 4: notify_down /usr/local/bin/page: runs a script when it fails, and none is run here",
        ["tcp-192.0.2.10-443"],
        "weighted_least_connections",
        [
            {
                "name": "web",
                "balance": "weighted_round_robin",
                "mode": "gateway",
                "servers": [{"name": "web1", "address": "192.0.2.21", "weight": 3}],
            }
        ],
    ],
    "filter/lb_render": [True, "-A -u 198.51.100.53:53 -s rr\n-a -u 198.51.100.53:53 -r 192.0.2.53:53 -m -w 1\n"],
    "filter/lb_report": [True],
    "filter/lb_report_text": [
        "UNREACHABLE: 1 of 2 directors unreachable (2026-11-28T10:00:00Z)\nlb2: unreachable: no route to host"
    ],
    "filter/lb_report_html": ["<title>Drift audit: unreachable, 2026-11-28T10:00:00Z</title>"],
    "test/vip": [True],
    "test/prefix": [True],
    "test/vip_in_prefix": [True],
}


def examples(repository: Path, plugin: str) -> list[dict[str, Any]]:
    sidecar = (repository / "plugins" / f"{plugin}.yml").read_text(encoding="utf-8")
    tasks: list[dict[str, Any]] = yaml.safe_load(yaml.safe_load(sidecar)["EXAMPLES"])
    return tasks


def result_of(registered: dict[str, Any]) -> Any:
    """What a task came to: its message, its fact, or whether its assertion held for every item."""
    if "ansible_facts" in registered:
        return next(iter(registered["ansible_facts"].values()))
    if "results" in registered or registered["msg"] == "All assertions passed":
        return not registered.get("failed", False)
    return registered["msg"]


@pytest.fixture(scope="module")
def results(play: Play, repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What Ansible makes of all examples, by plugin; in one play, because starting Ansible is what takes long."""
    directory = tmp_path_factory.mktemp("examples")
    for place in ("", "before", "after"):
        (directory / place).mkdir(exist_ok=True)
        for name in ("lb1.yml", "lb2.yml"):
            source = repository / "docs" / "examples" / "check_in_ci" / "directors" / name
            (directory / place / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    tasks = []
    for plugin in EXPECTED:
        for number, task in enumerate(examples(repository, plugin)):
            tasks.append({**task, "register": f"{plugin.replace('/', '_')}_{number}", "ignore_errors": True})
    names = [task["register"] for task in tasks]
    told = "{{ [" + ", ".join(names) + "] | to_json }}"
    tasks.append({"name": "Tell", "ansible.builtin.debug": {"msg": f"RESULTS {told} END"}})
    playbook = directory / "examples.yml"
    playbook.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
    )
    run = play(playbook)
    assert run.returncode == 0, run.stdout + run.stderr
    told_line = next(line for line in run.stdout.splitlines() if "RESULTS [" in line)
    text = json.loads(told_line[told_line.index('"RESULTS') :])
    registered = json.loads(text.removeprefix("RESULTS ").removesuffix(" END"))
    found: dict[str, list[Any]] = {plugin: [] for plugin in EXPECTED}
    for name, result in zip(names, registered, strict=True):
        plugin = name.rpartition("_")[0].replace("_", "/", 1)
        found[plugin].append(result_of(result))
    return found


def test_every_plugin_has_examples_here(repository: Path) -> None:
    sidecars = [*repository.glob("plugins/filter/*.yml"), *repository.glob("plugins/test/*.yml")]
    assert {f"{file.parent.name}/{file.stem}" for file in sidecars} == set(EXPECTED)
    modules = [*repository.glob("plugins/filter/*.py"), *repository.glob("plugins/test/*.py")]
    assert {file.stem for file in modules} == {file.stem for file in sidecars}


@pytest.mark.parametrize("plugin", sorted(EXPECTED))
def test_examples_give_what_they_say(plugin: str, results: dict[str, list[Any]]) -> None:
    assert len(results[plugin]) == len(EXPECTED[plugin])
    for result, expected in zip(results[plugin], EXPECTED[plugin], strict=True):
        assert result == expected or (isinstance(expected, str) and " " in expected and expected in result)
