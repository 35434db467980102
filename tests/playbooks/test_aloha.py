# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible itself configures a pair of simulated appliances, through the httpapi connection."""

from __future__ import annotations

import contextlib
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ansible_collections.evenkeel.lb.tests.aloha_simulator.appliance import Appliance
from ansible_collections.evenkeel.lb.tests.aloha_simulator.server import Simulator, serving
from ansible_collections.evenkeel.lb.tests.aloha_simulator.switches import Fault

PASSWORD = "pa55-w0rd-nobody-may-see"
# How the header of basic authentication begins.
ENCODED = "YWRtaW46cGE1NS13MHJk"
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - evenkeel.lb.lb_healthcheck: {name: alive, type: tcp, interval: 5, timeout: 2}
    - evenkeel.lb.lb_farm:
        name: web
        health_check: alive
        servers:
          - {name: web1, address: 192.0.2.101, port: 8080}
          - {name: web2, address: 192.0.2.102, port: 8080}
    - evenkeel.lb.lb_virtual_server: {name: www, vip: 192.0.2.80, port: 80, farm: web}
    - evenkeel.lb.lb_server: {farm: web, name: web1, state: drained}
    - evenkeel.lb.lb_info:
      register: info
    - ansible.builtin.assert:
        that:
          - info.drift == []
          - info.virtual_servers[0].engine == "aloha"
          - info.virtual_servers[0].servers[0].weight == 0
"""


class Played(NamedTuple):
    """How a playbook ended, and all that was shown and logged."""

    status: int
    shown: str


Play = Callable[..., Played]


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

    def run(pair: list[Simulator], playbook: str = PLAYBOOK, *arguments: str, **variables: Any) -> Played:
        hosts = {
            f"aloha{number}": {"ansible_host": simulator.server_address[0], "ansible_httpapi_port": simulator.port}
            for number, simulator in enumerate(pair, 1)
        }
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
        log = tmp_path / "ansible.log"
        log.unlink(missing_ok=True)
        others = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        ended = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.json", "play.yml", "--diff", *arguments],
            env={
                **others,
                "HOME": str(tmp_path),
                "ANSIBLE_COLLECTIONS_PATH": collections,
                "ANSIBLE_NOCOLOR": "1",
                "ANSIBLE_LOG_PATH": str(log),
                "LC_ALL": "C.UTF-8",
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        logged = log.read_text(encoding="utf-8") if log.exists() else ""
        return Played(ended.returncode, ended.stdout + ended.stderr + logged)

    return run


@pytest.fixture
def pair() -> Iterator[list[Simulator]]:
    """Two appliances at one port of different addresses, as real ones are."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(serving(Appliance(password=PASSWORD)))
        yield [first, stack.enter_context(serving(Appliance(password=PASSWORD), "127.0.0.2", first.port))]


def changed(shown: str) -> list[str]:
    """How many tasks changed something, by host."""
    recap = shown[shown.index("PLAY RECAP") :]
    return [line.split("changed=")[1].split()[0] for line in recap.splitlines() if "changed=" in line][:2]


def test_a_playbook_configures_a_pair_and_changes_nothing_more(pair: list[Simulator], play: Play) -> None:
    play(pair, PLAYBOOK, "--check")
    for simulator in pair:
        assert {request.method for request in simulator.appliance.requests} == {"GET"}
        assert not simulator.appliance.holds_anything
    first = play(pair)
    assert first.status == 0, first.shown
    assert changed(first.shown) == ["4", "4"]
    assert "the appliance forgets them at its next reboot" in first.shown
    for simulator in pair:
        assert simulator.appliance.root.document()["l4_farm"]["web"]["children"]["web1"]["weight"] == "0"
        assert not simulator.appliance.is_saved
        # each of the two plays has one, and keeps it for all of its tasks
        assert simulator.connections == 2
    requests = [len(simulator.appliance.requests) for simulator in pair]
    second = play(pair)
    assert second.status == 0 and changed(second.shown) == ["0", "0"]
    for simulator, before in zip(pair, requests, strict=True):
        assert {request.method for request in simulator.appliance.requests[before:]} == {"GET"}


ONE_TASK = "- {hosts: aloha1, gather_facts: false, tasks: [{evenkeel.lb.lb_farm: {name: web}}]}"


def test_credentials_are_told_nowhere(pair: list[Simulator], play: Play) -> None:
    """Neither where all is well nor in errors, at the highest verbosity."""
    good = play(pair[:1], ONE_TASK, "-vvvvvv")
    bad = play(pair[:1], ONE_TASK, "-vvvvvv", ansible_user="nobody")
    assert (good.status, bad.status) == (0, 2), good.shown
    for outcome in (good, bad):
        assert PASSWORD not in outcome.shown and ENCODED not in outcome.shown
    assert "refuses the user or the password" in bad.shown


def test_of_the_log_that_has_credentials_people_are_warned(pair: list[Simulator], play: Play) -> None:
    """Ansible itself writes them there; our requests do not add to it."""
    played = play(pair[:1], ONE_TASK, ansible_persistent_log_messages=True)
    assert played.status == 0 and "leave that out" in played.shown
    assert ENCODED not in played.shown


def test_certificates_are_verified_unless_told_otherwise(play: Play, tmp_path: Path) -> None:
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=aloha -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*command.split(), "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, check=True, stderr=-3)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(Appliance(password=PASSWORD), context=context) as simulator:
        refused = play([simulator], ONE_TASK, ansible_httpapi_use_ssl=True)
        assert refused.status == 2 and "self-signed certificate" in refused.shown
        assert not simulator.appliance.requests
        trust = {"ansible_httpapi_ca_path": str(tmp_path / "cert.pem")}
        assert play([simulator], ONE_TASK, ansible_httpapi_use_ssl=True, **trust).status == 0
        unverified = play([simulator], ONE_TASK, ansible_httpapi_use_ssl=True, ansible_httpapi_validate_certs=False)
        assert unverified.status == 0 and simulator.appliance.requests


def test_the_users_request_saves(pair: list[Simulator], play: Play) -> None:
    played = play(pair[:1], ONE_TASK, ansible_aloha_save_path="/simulated/save")
    assert played.status == 0 and pair[0].appliance.is_saved
    assert "forgets them at its next reboot" not in played.shown


def test_failover_and_waiting_say_why_they_cannot(pair: list[Simulator], play: Play) -> None:
    failover = "{evenkeel.lb.lb_failover: {ha_group: pair, state: away}}"
    played = play(pair[:1], f"- {{hosts: all, gather_facts: false, tasks: [{failover}]}}")
    assert played.status == 2 and "has no VRRP" in played.shown
    drain = PLAYBOOK.replace("state: drained", "state: drained, wait: {timeout: 5}")
    played = play(pair[:1], drain)
    assert played.status == 2 and "counts no connections" in played.shown
    assert pair[0].appliance.root.document()["l4_farm"]["web"]["children"]["web1"]["weight"] == "0"


def test_a_lock_is_waited_for_longer_than_ansible_keeps_a_silent_connection(pair: list[Simulator], play: Play) -> None:
    appliance = pair[0].appliance
    for number in range(3, 7):  # the first write, after 1 + 2 + 4 + 8 s
        appliance.strike(number, Fault("lock"))
    played = play(pair[:1], ONE_TASK, ansible_connect_timeout=7)
    assert played.status == 0, played.shown
    assert [request.method for request in appliance.requests].count("POST") == 5
