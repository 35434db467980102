#!/usr/bin/python

# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lb_ha_group
short_description: Manage an HA group of directors
version_added: "0.1.0"
author:
  - The evenkeel.lb authors (@evenkeel)
description:
  - Directors of an HA group share VIPs. One of them, the active director, holds all of them; when it falls silent,
    the member with the next priority takes over.
  - The group becomes a VRRP version 3 instance of keepalived as soon as it has a VIP, or one of version 2 with a
    O(password). Write the same task for every director; only O(member) differs.
  - A standby takes over after three advert intervals and a skew of (256 - its priority) / 256 advert intervals.
extends_documentation_fragment:
  - evenkeel.lb.attributes
  - evenkeel.lb.transaction
  - evenkeel.lb.ha_group
options:
  state:
    description:
      - V(present) records the HA group and makes the director hold it.
      - V(absent) removes it. A group that still has VIPs cannot go.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: evenkeel.lb.lb_vip
  - name: VRRP version 3
    description: RFC 9568.
    link: https://www.rfc-editor.org/rfc/rfc9568
  - name: VRRP version 2
    description: RFC 3768.
    link: https://www.rfc-editor.org/rfc/rfc3768
notes:
  - Directors that differ in O(password) do not hear each other and are all active. Change it on all of them in one
    play, and expect clients to be cut while it goes through.
  - A VIP that the active director lost, and one that somebody added to a standby, are seen as drift and put right. A
    standby without VIPs is as it should be.
  - Unset options are not managed. They keep what is recorded, or take the default named here where an engine needs a
    value.
  - The intended configuration of a director is kept in C(/etc/evenkeel/lb.json). Only what is recorded there is ever
    removed.
"""

EXAMPLES = r"""
---
- name: A pair of directors, the same task for both
  evenkeel.lb.lb_ha_group:
    name: main
    virtual_router_id: 51
    interface: eth1
    member: "{{ inventory_hostname }}"
    members:
      - name: lb1
        priority: 150
      - name: lb2
        priority: 100

- name: Where the network drops multicast, with faster failover
  evenkeel.lb.lb_ha_group:
    name: main
    virtual_router_id: 51
    interface: eth1
    advert_interval: 0.5
    unicast: true
    member: "{{ inventory_hostname }}"
    members:
      - name: lb1
        priority: 150
        address: 192.0.2.11
      - name: lb2
        priority: 100
        address: 192.0.2.12

- name: Only a director that reaches the gateway and runs haproxy is active
  evenkeel.lb.lb_ha_group:
    name: main
    virtual_router_id: 51
    interface: eth1
    connection_sync: true
    tracked_interfaces: [eth2]
    tracked_services: [haproxy]
    tracked_scripts:
      - name: gateway
        script: /usr/bin/ping
        arguments: [-c1, -W1, -q, 192.0.2.1]
        interval: 2
        fall: 3
    member: "{{ inventory_hostname }}"
    members:
      - name: lb1
        priority: 150
      - name: lb2
        priority: 100

- name: VRRP on both sides of a NAT director, whose two groups move together
  evenkeel.lb.lb_ha_group:
    name: "{{ item.name }}"
    virtual_router_id: "{{ item.id }}"
    interface: "{{ item.interface }}"
    sync_group: nat
    password: "{{ vrrp_password }}"
    member: "{{ inventory_hostname }}"
    members:
      - name: lb1
        priority: 150
      - name: lb2
        priority: 100
  loop:
    - {name: front, id: 51, interface: eth1}
    - {name: inside, id: 52, interface: eth2}
"""

RETURN = r"""
---
ha_group:
  description: The HA group as it is recorded, in canonical form. Empty when it is absent.
  returned: success
  type: dict
  sample:
    interface: eth1
    member: lb1
    members:
    - {name: lb1, priority: 150}
    - {name: lb2, priority: 100}
    name: main
    virtual_router_id: 51
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
    run_object("ha_groups")


if __name__ == "__main__":
    main()
