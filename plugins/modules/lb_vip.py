#!/usr/bin/python

# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lb_vip
short_description: Manage a VIP
version_added: "0.1.0"
author:
  - The evenkeel.lb authors (@evenkeel)
description:
  - A VIP is an address clients use. The active director of its HA group holds it and announces it to the network, by
    gratuitous ARP for IPv4 and unsolicited neighbour advertisements for IPv6.
  - A VIP may also be an inside address, such as the default gateway of servers behind NAT; it moves together with the
    others.
  - A VIP without an O(ha_group) is held by this director alone. Keepalived puts it back when somebody removes it, and
    it is announced once, when it is added or changed.
extends_documentation_fragment:
  - evenkeel.lb.attributes
  - evenkeel.lb.transaction
  - evenkeel.lb.vip
options:
  state:
    description:
      - V(present) records the VIP and makes the director hold it.
      - V(absent) removes it. A VIP that a virtual server names cannot go.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: evenkeel.lb.lb_ha_group
  - module: evenkeel.lb.lb_virtual_server
notes:
  - Unset options are not managed. They keep what is recorded, or take the default named here where an engine needs a
    value.
  - The intended configuration of a director is kept in C(/etc/evenkeel/lb.json). Only what is recorded there is ever
    removed.
"""

EXAMPLES = r"""
---
- name: The public address of the pair
  evenkeel.lb.lb_vip:
    name: public
    address: 192.0.2.50/24
    interface: eth1
    ha_group: main

- name: The gateway of the servers behind NAT
  evenkeel.lb.lb_vip:
    name: inside
    address: 10.20.0.254/24
    interface: eth2
    ha_group: main

- name: An address of a director that has no partner
  evenkeel.lb.lb_vip:
    name: alone
    address: 192.0.2.60/24
    interface: eth1
    label: eth1:alone
"""

RETURN = r"""
---
vip:
  description: The VIP as it is recorded, in canonical form. Empty when it is absent.
  returned: success
  type: dict
  sample: {"address": "192.0.2.50/24", "ha_group": "main", "interface": "eth1", "name": "public"}
steps:
  description: >-
    What was changed on the host, or would be in check mode, in order. Empty when only the intended configuration
    changes, and with O(defer=true).
  returned: success
  type: list
  elements: dict
  contains:
    engine:
      description: The engine that does the step.
      type: str
      sample: keepalived
    action:
      description: One of V(add), V(change), V(remove), and V(repair) for what somebody else changed on the host.
      type: str
      sample: change
    subject:
      description: What the step is about.
      type: str
      sample: virtual server web
    impact:
      description: How much the step disturbs; see RV(impact).
      type: str
      sample: new_connections
impact:
  description:
    - The highest impact among the steps.
    - V(none) touches no connection, V(new_connections) only decides where new ones go, V(drain) lets connections end
      by themselves, V(reset) cuts connections, V(failover) may move VIPs to another director.
  returned: success
  type: str
  sample: new_connections
reload:
  description: >-
    What was done to daemons, such as C(keepalived reload) or C(keepalived start). Empty when none was touched.
  returned: success
  type: list
  elements: str
  sample: ["keepalived reload"]
saved:
  description: >-
    Whether the changes survive a reboot, on an HAProxy ALOHA appliance, which has to be told to save its configuration.
    C(false) unless a request that saves is configured.
  returned: when something was changed on such an appliance
  type: bool
  sample: false
transaction:
  description: How far the change came.
  returned: success
  type: dict
  contains:
    state:
      description:
        - V(unchanged) when nothing differs, V(planned) in check mode, V(applied) after a change that was verified,
          V(deferred) with O(defer=true).
        - When the task fails, V(refused) when the candidate was refused, or disturbs more than O(max_impact), and
          nothing was touched, V(restored) when everything was put back as it was, V(failed) when what
          RV(transaction.left) names could not be put back, or was not with O(on_error=stop).
      type: str
      sample: applied
    done:
      description: The steps that hold.
      type: list
      elements: str
    undone:
      description: The steps that were begun and put back.
      type: list
      elements: str
    left:
      description: The steps that were begun and could not be put back, or were left so with O(on_error=stop).
      type: list
      elements: str
problems:
  description: What is wrong, all at once. Empty on success.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The field, such as C(farms[web].servers[web2].address).
      type: str
    message:
      description: What is wrong with it.
      type: str
    allowed:
      description: What is allowed there.
      type: str
"""

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.module import run_object


def main() -> None:
    run_object("vips")


if __name__ == "__main__":
    main()
