# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole estate in one task against what people use today, by real Ansible over ssh to one freshly booted lab host.

Writes to build/bench.json, as seconds of a task on the controller from its start to its result:

- ``config.empty_task``, ``config.nochange``, ``config.one_change``: lb_config with 1,000 virtual servers of 10 servers
  each by the ipvs engine, against a task that only transfers the same data; and the same by keepalived, under
  ``config.keepalived_...``
- ``config.loop``: lb_config that adds virtual servers to farms that are there, against lb_virtual_server in a loop
- ``config.command_loop``: lb_config from empty, against a loop of ansible.builtin.command with a rule of ipvsadm each
- ``config.template_habit``, ``config.template_habit_one``: lb_config by keepalived, from empty and with one weight to
  change, against a template of keepalived.conf and a reload, which neither looks whether that is right nor waits for it
- ``config.growth``: what an object costs in lb_config with 5,000 virtual servers, against one of 100
- ``config.module``: the module's own process on the director, as part of the task from empty

Beside these it prints the controller's processor time and largest process for each run, and the largest memory of the
module's process. A lab host is slower than real hardware: only the ratios say something.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import REPOSITORY, Seconds, collection, compared, record
from director import LAB, SPEC, Director, director, sent_by_ansible, start_keepalived
from wishes import OTHER_WEIGHT, SERVERS, WEIGHT, rules_of, wish

HERE = REPOSITORY / "benchmarks/estate"
COLLECTIONS = REPOSITORY / "build/collections"
MODULE = REPOSITORY / "plugins/modules/lb_config.py"
FILE = "/etc/keepalived/evenkeel.conf"

SERVICES = 1000
GROWTH = (100, 1000, 5000)
ROUNDS = 3
LOOP = 1000
COMMANDS = 30
PARTS = ("tasks", "loops")


@dataclass(frozen=True)
class Run:
    """One ansible-playbook: seconds of its task, steps the task told, and what the controller spent on all of it."""

    seconds: float
    steps: int
    cpu: float
    memory_mb: float


class Ansible:
    """Playbooks of estate/ on the lab host, each run by a controller of its own."""

    def __init__(self, lab: str, folder: Path) -> None:
        self._folder = folder
        told = subprocess.run([LAB, "inventory", SPEC, "--name", lab], stdout=subprocess.PIPE, check=True)
        (folder / "hosts.json").write_bytes(told.stdout)
        inventory = folder / "hosts"
        inventory.write_text(f"#!/bin/sh\ncat {folder}/hosts.json\n")
        inventory.chmod(0o755)
        subprocess.run([sys.executable, REPOSITORY / "tools/export.py", COLLECTIONS], check=True)
        others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        self._environment = {
            **others,
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "durations",
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LIBRARY": str(HERE / "library"),
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_PIPELINING": "1",
            "DURATIONS": str(folder / "durations.json"),
        }

    def play(self, playbook: str, given: Path) -> Run:
        argv = [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", str(self._folder / "hosts")),
            *("--extra-vars", f"@{given}"),
            str(HERE / f"{playbook}.yml"),
        ]
        with (self._folder / "said").open("wb") as said:
            process = subprocess.Popen(argv, env=self._environment, cwd=self._folder, stdout=said, stderr=said)
            _pid, status, spent = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{playbook} failed:\n{(self._folder / 'said').read_text()[-4000:]}")
        task = json.loads((self._folder / "durations.json").read_text())["Measured"]
        cpu = spent.ru_utime + spent.ru_stime
        return Run(task["seconds"], task["steps"], cpu, spent.ru_maxrss / 1024)


class Bench:
    """What is measured, and how a director is brought to where a measure begins."""

    def __init__(self, host: Director, ansible: Ansible, folder: Path, loop: int) -> None:
        self._host = host
        self._ansible = ansible
        self._folder = folder
        self._loop = loop
        self.seconds = Seconds()
        self.spent: dict[str, Run] = {}

    def _given(self, name: str, variables: dict[str, Any]) -> Path:
        path = self._folder / f"{name}.json"
        if not path.exists():
            path.write_text(json.dumps(variables))
        return path

    def _wish(self, size: int, engine: str, weight: int = WEIGHT) -> Path:
        return self._given(f"{engine}-{size}-{weight}", {"wish": wish(size, engine, weight)})

    def _play(self, name: str, playbook: str, given: Path, steps: int | None = None) -> None:
        run = self._ansible.play(playbook, given)
        if steps is not None and run.steps != steps:
            raise SystemExit(f"{name} did {run.steps} steps, not {steps}")
        self.seconds.note(name, run.seconds)
        self.spent[name] = run

    def clear(self) -> None:
        """Nothing recorded, nothing in the kernel, and a keepalived that runs with nothing of its own."""
        self._host.shell(f": > {FILE} && systemctl reload-or-restart keepalived.service")
        self._host.do("clear")
        self._host.shell(f": > {FILE}")

    def one_task(self, engine: str) -> None:
        """From empty, nothing to change, one weight to change."""
        everything, other = self._wish(SERVICES, engine), self._wish(SERVICES, engine, OTHER_WEIGHT)
        # beside the virtual servers, the rules for the next boot
        steps = 1 if engine == "ipvs" else 0
        self.clear()
        self._play(f"{engine}_received", "received", everything)
        self._play(f"{engine}_empty", "one_task", everything)
        self._play(f"{engine}_nochange", "one_task", everything, 0)
        self._play(f"{engine}_one", "one_task", other, 1 + steps)

    def module(self) -> None:
        """The module's process alone, from empty, and the most memory it had; with the largest estate too."""
        for size in (SERVICES, GROWTH[-1]):
            self._host.write("packed", sent_by_ansible(MODULE, {"config": wish(size, "ipvs")}))
            self.clear()
            told = self._host.do("packed", "packed")
            self.seconds.note(f"module_{size}", told["seconds"])
            self.seconds.note(f"module_{size}_mb", self._host.do("memory"))

    def template(self) -> None:
        """The file by a template, from empty and with another weight, until the kernel has it."""
        for name, weight in (("template_empty", WEIGHT), ("template_one", OTHER_WEIGHT)):
            if weight == WEIGHT:
                self.clear()
            self._play(name, "template", self._wish(SERVICES, "keepalived", weight))
            self._host.do("settle", f"{weight}.rules")

    def loops(self) -> None:
        """What loops take for a part of the estate, and one task for the same part."""
        self.clear()
        self._play("part_empty", "one_task", self._wish(COMMANDS, "ipvs"))
        self.clear()
        rules = rules_of(COMMANDS).decode().splitlines()
        self._play("commands", "commands", self._given("rules", {"rules": rules}))
        part = wish(self._loop, "ipvs")
        farms = self._given("farms", {"wish": {"farms": part["farms"]}})
        everything = self._given("part", {"wish": part})
        for name, playbook in (("part_added", "one_task"), ("virtual_servers", "virtual_servers")):
            self.clear()
            self._play("farms", "one_task", farms)
            self._play(name, playbook, everything)

    def growth(self) -> None:
        for size in GROWTH:
            self.clear()
            self._play(f"size_{size}", "one_task", self._wish(size, "ipvs"))

    def measures_of_tasks(self) -> dict[str, Any]:
        seconds = self.seconds
        size = f"{SERVICES} virtual servers with {SERVERS} servers each"
        received = f"a task that only transfers the same data, {size}"
        measures = {}
        for engine, prefix in (("ipvs", "config."), ("keepalived", "config.keepalived_")):
            reference = seconds[f"{engine}_received"]
            for name, measure in (("empty", "empty_task"), ("nochange", "nochange"), ("one", "one_change")):
                measures[f"{prefix}{measure}"] = compared(seconds[f"{engine}_{name}"], reference, received)
        habit = f"a template of keepalived.conf and a reload, {size}"
        small, large = GROWTH[0], GROWTH[-1]
        each = [value / large * small for value in seconds[f"size_{large}"]]
        return {
            **measures,
            "config.template_habit": compared(seconds["keepalived_empty"], seconds["template_empty"], habit),
            "config.template_habit_one": compared(seconds["keepalived_one"], seconds["template_one"], habit),
            "config.growth": compared(
                each, seconds[f"size_{small}"], f"{small} virtual servers, of {small} instead of {large}"
            ),
            "config.module": compared(seconds[f"module_{SERVICES}"], seconds["ipvs_empty"], f"the whole task, {size}"),
        }

    def measures_of_loops(self) -> dict[str, Any]:
        added = f"lb_virtual_server in a loop over {self._loop}, whose farms of {SERVERS} servers are there"
        rules = f"ansible.builtin.command in a loop over the rules of {COMMANDS} virtual servers of {SERVERS}"
        return {
            "config.loop": compared(self.seconds["part_added"], self.seconds["virtual_servers"], added),
            "config.command_loop": compared(self.seconds["part_empty"], self.seconds["commands"], rules),
        }

    def show_spent(self) -> None:
        """What the last run of each kind cost the controller, and the module's largest process."""
        for name, run in self.spent.items():
            print(f"{name:24} controller {run.cpu:6.1f} s of processors, {run.memory_mb:6.0f} MB")
        for name, values in self.seconds.items():
            if name.endswith("_mb"):
                print(f"{name:24} {max(values):6.0f} MB")


@contextmanager
def bench(loop: int) -> Iterator[Bench]:
    with collection(), director() as host, tempfile.TemporaryDirectory() as folder:
        host.install("ipvsadm", "keepalived")
        for weight in (WEIGHT, OTHER_WEIGHT):
            host.write(f"{weight}.rules", rules_of(SERVICES, weight))
        start_keepalived(host, FILE)
        yield Bench(host, Ansible(host.lab, Path(folder)), Path(folder), loop)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--loop", type=int, default=LOOP, help="virtual servers of the loop of modules")
    parser.add_argument("--only", choices=PARTS, help="measure this part alone")
    chosen = parser.parse_args()
    parts = PARTS if chosen.only is None else (chosen.only,)
    with bench(chosen.loop) as measuring:
        for _round in range(chosen.rounds if "tasks" in parts else 0):
            measuring.one_task("ipvs")
            measuring.one_task("keepalived")
            measuring.template()
            measuring.growth()
            measuring.module()
            measuring.seconds.show()
        if "tasks" in parts:
            record(measuring.measures_of_tasks())
        if "loops" in parts:
            measuring.loops()
            record(measuring.measures_of_loops())
        measuring.show_spent()


if __name__ == "__main__":
    main()
