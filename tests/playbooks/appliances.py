# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible itself plays on simulated appliances, through the httpapi connection.

To start Ansible and its connections takes longer than what they do here: one play tries many things.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.evenkeel.lb.tests.aloha_simulator.appliance import Appliance
from ansible_collections.evenkeel.lb.tests.aloha_simulator.server import Simulator, serving

PASSWORD = "pa55-w0rd-nobody-may-see"
# How the header of basic authentication begins.
ENCODED = "YWRtaW46cGE1NS13MHJk"
_TRIES = 20
# Writes down what tasks came to, as people see it in many lines.
_TELLER = """
import json, os
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = '''
name: tell
type: notification
short_description: Writes results down
description: Writes each result down as a line of JSON.
'''


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "tell"

    def _tell(self, result, failed=False):
        task = result._task.get_name().rpartition(" : ")[2]
        told = {"host": result._host.get_name(), "task": task, "result": {**result._result, "failed": failed}}
        with open(os.environ["EVENKEEL_TOLD"], "a", encoding="utf-8") as results:
            results.write(json.dumps(told, default=str) + "\\n")

    v2_runner_on_ok = _tell

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._tell(result, True)

    def v2_runner_on_unreachable(self, result):
        self._tell(result, True)
"""


class Shown(NamedTuple):
    """How a playbook ended, all that was shown and logged, and what each task of each host came to."""

    status: int
    shown: str
    results: dict[tuple[str, str], dict[str, Any]]


Play = Callable[..., Shown]
Hosts = dict[str, dict[str, Any]]


def at(simulator: Simulator, **variables: Any) -> dict[str, Any]:
    """Variables of a host that is a simulated appliance."""
    return {
        "ansible_host": simulator.server_address[0], "ansible_port": simulator.port,
        "ansible_httpapi_port": simulator.port, **variables,
    }  # fmt: skip


@pytest.fixture(scope="session")
def collections(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> str:
    """Where Ansible finds this collection and those it depends on."""
    exported = tmp_path_factory.mktemp("collections")
    subprocess.run([sys.executable, repository / "tools" / "export.py", exported], check=True)
    cache = Path(os.environ.get("EVENKEEL_CACHE", "/var/cache/evenkeel"))
    assert (cache / "collections/ansible_collections/ansible/netcommon").is_dir(), "run make setup"
    return f"{exported}:{cache / 'collections'}"


@pytest.fixture
def play(collections: str, tmp_path: Path) -> Play:
    """Plays a playbook on appliances, with all that Ansible can be made to tell."""

    def run(hosts: Hosts, playbook: str, *arguments: str, **variables: Any) -> Shown:
        shared = {
            "ansible_connection": "ansible.netcommon.httpapi",
            "ansible_network_os": "evenkeel.lb.aloha",
            "ansible_user": "admin",
            "ansible_password": PASSWORD,
            "ansible_httpapi_use_ssl": False,
            "ansible_python_interpreter": sys.executable,
            "ansible_aloha_records": str(tmp_path / "records"),
            **variables,
        }
        (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": shared}}), encoding="utf-8")
        (tmp_path / "play.yml").write_text(playbook, encoding="utf-8")
        (tmp_path / "callbacks").mkdir(exist_ok=True)
        (tmp_path / "callbacks" / "tell.py").write_text(_TELLER, encoding="utf-8")
        log, told = tmp_path / "ansible.log", tmp_path / "told"
        for file in (log, told):
            file.unlink(missing_ok=True)
        others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        ended = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.json", "play.yml", "--diff", *arguments],
            env={
                **others,
                "HOME": str(tmp_path),
                "ANSIBLE_COLLECTIONS_PATH": collections,
                "ANSIBLE_CALLBACK_PLUGINS": str(tmp_path / "callbacks"),
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOG_PATH": str(log),
                "EVENKEEL_TOLD": str(told),
                "LC_ALL": "C.UTF-8",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
        results = {(one["host"], one["task"]): one["result"] for one in map(json.loads, lines)}
        logged = log.read_text(encoding="utf-8") if log.exists() else ""
        return Shown(ended.returncode, ended.stdout + ended.stderr + logged, results)

    return run


@pytest.fixture
def pair() -> Iterator[list[Simulator]]:
    """Two appliances at one port of different addresses, as real ones are."""
    with contextlib.ExitStack() as stack:
        both = _pair(stack)
        yield both
        for simulator in both:
            assert simulator.appliance.ignored == [], "only text and null may reach the wire"


def _pair(stack: contextlib.ExitStack) -> list[Simulator]:
    for _try in range(_TRIES):
        first = stack.enter_context(serving(Appliance(password=PASSWORD)))
        with contextlib.suppress(OSError):  # somebody has the port at the other address
            return [first, stack.enter_context(serving(Appliance(password=PASSWORD), "127.0.0.2", first.port))]
    raise AssertionError("no port is free at both addresses")
