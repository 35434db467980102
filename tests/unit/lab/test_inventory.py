# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory is what Ansible's dynamic inventories answer, with every address in it."""

from __future__ import annotations

import json
from pathlib import Path

from evenkeel_lab.inventory import inventory
from evenkeel_lab.plan import make
from evenkeel_lab.spec import parse


def test_groups_and_addresses_are_known_before_the_lab_is_up(document):
    answer = inventory(make(parse(document)), Path("/run/lab/small"))
    assert answer["directors"] == {"hosts": ["lb1"]}
    assert answer["servers"] == {"hosts": ["web1"]}
    assert answer["all"] == {"hosts": ["lb1", "web1"], "children": ["directors", "servers"]}
    director = answer["_meta"]["hostvars"]["lb1"]
    assert director["ansible_host"] == "172.31.0.11"
    assert director["ansible_ssh_args"] == "-F /run/lab/small/ssh_config"
    assert (director["lab_name"], director["lab_kind"], director["lab_distro"]) == ("small", "vm", "trixie")
    assert director["lab_interfaces"] == {
        "mgmt": {"device": "eth0", "ipv4": "172.31.0.11/24", "ipv6": None},
        "front": {"device": "eth1", "ipv4": "10.10.0.11/24", "ipv6": "fd10::11/64"},
    }


def test_a_host_nothing_answers_on_is_not_in_it(document):
    assert "client" not in json.dumps(inventory(make(parse(document)), Path("/run")))
