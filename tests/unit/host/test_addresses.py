# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses as ip(8) tells them, and what it is told."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._host.addresses import (
    Held,
    add_address,
    read_addresses,
    remove_address,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, HostFault
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

# iproute2 6.1, shortened
SAID = """[
{"ifindex":1,"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"label":"lo"}]},
{"ifindex":3,"ifname":"eth1","addr_info":[
 {"family":"inet","local":"10.10.0.50","prefixlen":24,"scope":"global","secondary":true,"label":"eth1:web"},
 {"family":"inet6","local":"fd10::50","prefixlen":64,"scope":"global","deprecated":true,"nodad":true},
 {"family":"inet","local":"10.9.0.1","address":"10.9.0.2","prefixlen":32}]},
{},{"ifindex":4,"ifname":"eth2","addr_info":[{"family":"inet6","local":"::192.0.2.1","prefixlen":128}]}]
"""


def host(stdout: str = SAID, rc: int = 0, stderr: str = "") -> FakeSystem:
    system = FakeSystem()
    system.programs["ip"] = lambda argv: Completed(rc, stdout, stderr)
    return system


def test_every_address_with_its_interface_and_prefix():
    assert read_addresses(host()) == {
        Held("lo", "127.0.0.1/8"),
        Held("eth1", "10.10.0.50/24"),
        Held("eth1", "fd10::50/64"),
        Held("eth1", "10.9.0.1/32"),
        Held("eth2", "::c000:201/128"),
    }
    assert read_addresses(host("")) == frozenset()


@pytest.mark.parametrize(
    "rubbish",
    [
        "[",
        '{"ifname": 1}',
        '[{"addr_info": [{"local": "x"}]}]',
        '[{"ifname":"a","addr_info":[{"local":"x","prefixlen":1}]}]',
        '["eth0"]',
        "[7]",
    ],
)
def test_what_cannot_be_understood_is_a_fault(rubbish):
    with pytest.raises(HostFault, match="cannot be understood"):
        read_addresses(host(rubbish))


def test_a_refusal_says_what_was_asked_and_why_not():
    with pytest.raises(HostFault, match=r"ip address replace 10.0.0.1/24 dev eth9 failed: Cannot find device"):
        add_address(host("", 1, 'Cannot find device "eth9"\n'), Held("eth9", "10.0.0.1/24"))


def test_only_what_is_there_is_removed():
    system = host()
    remove_address(system, Held("eth1", "10.10.0.51/24"))
    remove_address(system, Held("eth1", "10.10.0.50/24"))
    changes = [argv for argv in system.ran if "show" not in argv]
    assert changes == [("ip", "address", "delete", "10.10.0.50/24", "dev", "eth1")]
