# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible itself configures a pair of simulated appliances."""

from __future__ import annotations

from ansible_collections.evenkeel.lb.tests.aloha_simulator.server import Simulator

from .appliances import Play, at

# The first appliance gets each object by its module, the second one all at once, and then each what the other has.
PLAYBOOK = """
- hosts: aloha1
  gather_facts: false
  tasks:
    - name: predicted
      evenkeel.lb.lb_config: {config: "{{ whole }}"}
      check_mode: true
    - name: check
      evenkeel.lb.lb_healthcheck: {name: alive, type: tcp, interval: 5, timeout: 2}
    - name: farm
      evenkeel.lb.lb_farm: "{{ whole.farms[0] }}"
    - name: service
      evenkeel.lb.lb_virtual_server: "{{ whole.virtual_servers[0] }}"
    - name: waiting
      evenkeel.lb.lb_server: {farm: web, name: web1, state: drained, wait: {timeout: 5}}
      ignore_errors: true
    - name: drain
      evenkeel.lb.lb_server: {farm: web, name: web1, state: drained}
    - name: away
      evenkeel.lb.lb_failover: {ha_group: pair, state: away}
      ignore_errors: true
    - name: info
      evenkeel.lb.lb_info:
      register: info
- hosts: aloha2
  gather_facts: false
  tasks:
    - name: whole
      evenkeel.lb.lb_config: {config: "{{ whole }}"}
    - name: drain
      evenkeel.lb.lb_server: {farm: web, name: web1, state: drained}
- hosts: all
  gather_facts: false
  tasks:
    - name: again
      evenkeel.lb.lb_config: {config: "{{ hostvars.aloha1.info.config }}", state: overridden}
"""
WHOLE = {
    "health_checks": [{"name": "alive", "type": "tcp", "interval": 5, "timeout": 2}],
    "farms": [
        {
            "name": "web",
            "health_check": "alive",
            "servers": [
                {"name": "web1", "address": "192.0.2.101", "port": 8080, "weight": 7},
                {"name": "web2", "address": "192.0.2.102", "port": 8080},
            ],
        }
    ],
    "virtual_servers": [{"name": "www", "vip": "192.0.2.80", "port": 80, "farm": "web"}],
}


def test_a_playbook_configures_a_pair_and_changes_nothing_more(pair: list[Simulator], play: Play) -> None:
    hosts = {"aloha1": at(pair[0]), "aloha2": at(pair[1], ansible_aloha_save_path="/simulated/save")}
    # on a busy machine tasks may come late
    played = play(hosts, PLAYBOOK, whole=WHOLE, ansible_connect_timeout=200)
    results = played.results
    assert played.status == 0, played.shown
    # the prediction wrote nothing: all that it told was still to be done afterwards
    predicted = [step["subject"] for step in results["aloha1", "predicted"]["steps"]]
    assert predicted == [step["subject"] for step in results["aloha2", "whole"]["steps"]]
    assert [step["action"] for step in results["aloha1", "farm"]["steps"]] == ["add"] * 3
    first, second = (simulator.appliance for simulator in pair)
    # the one for itself, the other one's request saves
    assert results["aloha1", "farm"]["saved"] is False and not first.is_saved
    assert results["aloha2", "whole"]["saved"] is True and second.is_saved
    assert played.shown.count("the appliance forgets them at its next reboot") >= 1

    # the API has neither VRRP nor numbers of connections, and what is possible is said
    waiting, away = results["aloha1", "waiting"], results["aloha1", "away"]
    assert "has no VRRP" in away["msg"]
    assert [problem["path"] for problem in waiting["problems"]] == ["wait.for"]
    assert "one problem, nothing was changed" in waiting["msg"] and not waiting["changed"]
    assert results["aloha1", "drain"]["changed"]

    info = results["aloha1", "info"]
    assert info["drift"] == [] and info["virtual_servers"][0]["engine"] == "aloha"
    assert info["virtual_servers"][0]["servers"][0]["weight"] == 0
    assert [results[host, "again"]["changed"] for host in hosts] == [False, False]
    farms = [appliance.root.document()["l4_farm"]["web"] for appliance in (first, second)]
    assert farms[0]["children"] == farms[1]["children"] and farms[0]["children"]["web1"]["weight"] == "0"
    assert {**farms[0]["values"], "service_protocol": "tcp"} == farms[1]["values"], "but for a default that is said"
    # one for all tasks of each play
    assert [simulator.connections for simulator in pair] == [2, 2]
