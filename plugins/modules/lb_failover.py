#!/usr/bin/python

# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lb_failover
short_description: Move the VIPs of an HA group to another director, and back
version_added: "0.2.0"
author:
  - The evenkeel.lb authors (@evenkeel)
description:
  - Moves the VIPs of an HA group away from the director it runs on, waits until another member serves them, and keeps
    them away until they are given back. Run it on the director that shall lose its VIPs.
  - The director goes on running and hearing. It is held away by a number in a file that keepalived follows, which
    lowers its priority. The file outlives reloads, restarts and reboots, and tasks of other modules leave it alone.
extends_documentation_fragment:
  - evenkeel.lb.attributes
attributes:
  action_group:
    support: none
    description: It has none of the options that the group sets for modules that change things.
    membership: []
options:
  ha_group:
    description: The name of the HA group. It has to be recorded on the director, and to have a VIP.
    type: str
    required: true
  state:
    description:
      - V(away) holds the group away from this director. Where it is active, the task waits until another member serves
        the VIPs. When none does in time, what held it before is put back, this director serves the VIPs, and the task
        fails. On a standby nothing moves, and nothing is waited for.
      - V(back) ends that. Where this director takes the VIPs from the others, having the highest priority and
        C(preempt), the task waits until it has.
    type: str
    choices: [away, back]
    required: true
  wait:
    description: How long to wait for the VIPs to move.
    type: dict
    suboptions:
      timeout:
        description:
          - The longest wait, in seconds, 1 to 86400.
          - Where VIPs are nowhere while another member takes them (see the notes), V(away) waits shorter than that, for
            C(missed_adverts) + 1 advert intervals and two seconds, before it takes them back.
        type: int
        default: 30
seealso:
  - module: evenkeel.lb.lb_ha_group
  - name: VRRP version 3
    description: RFC 9568.
    link: https://www.rfc-editor.org/rfc/rfc9568
notes:
  - A group whose members have C(preempt) moves without a gap. Its priority here is lowered to 1, and the next member
    takes over while this director still has the VIPs, after C(missed_adverts) advert intervals and its skew time. Where
    nobody takes over, nothing has happened to clients.
  - Without C(preempt), or with a C(sync_group), members do not take over from one that is active with a low priority.
    This director then lets the VIPs go first, and they are nowhere for the skew time of the next member, less than one
    advert interval.
  - A director that is held away takes the VIPs only when it hears no other member. In a C(sync_group) it does not take
    them even then, and all groups of the sync group move together.
  - That another member serves the VIPs means that another machine answers for each of them, by ARP or neighbour
    discovery, on the network of the VIP. VIPs on interfaces without either are not asked for.
  - Whether a standby is fit cannot be known before it takes over, because a standby is silent in VRRP. A group without
    another member is refused at once.
  - Ansible shows nothing of a module before it has ended. While it waits, this one writes every ten seconds to the
    system log of the director.
"""

EXAMPLES = r"""
---
- name: Move the VIPs away before the director is rebooted
  evenkeel.lb.lb_failover:
    ha_group: main
    state: away

- name: Give them back
  evenkeel.lb.lb_failover:
    ha_group: main
    state: back
    wait:
      timeout: 60

# Tasks of a play over the directors, one after the other (serial: 1), the standby first.
- name: Move what this director serves
  evenkeel.lb.lb_failover:
    ha_group: "{{ item }}"
    state: away
  loop: "{{ lb_ha_groups | map(attribute='name') }}"

- name: Reboot it
  ansible.builtin.reboot:

- name: Let it serve again
  evenkeel.lb.lb_failover:
    ha_group: "{{ item }}"
    state: back
  loop: "{{ lb_ha_groups | map(attribute='name') }}"
"""

RETURN = r"""
---
ha_group:
  description: The HA group on this director, or what it would be in check mode.
  returned: unless the task was refused
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: main
    held:
      description: Whether it is held away from this director.
      type: bool
      sample: true
    state:
      description:
        - V(master) holds the VIPs, V(backup) does not, V(fault) cannot, V(stopped) where keepalived does not run,
          V(unknown) where it does not have the group.
        - In check mode it is supposed that the VIPs move as they should.
      type: str
      sample: backup
    before:
      description: What C(held) and C(state) were before.
      type: dict
      sample: {"held": false, "state": "master"}
waited:
  description: How the wait ended.
  returned: unless the task was refused
  type: dict
  contains:
    state:
      description:
        - V(moved) when another member serves the VIPs, V(returned) when this director does again.
        - V(unneeded) when there was nothing to wait for.
        - V(timeout) when that did not come true in time, V(released) when another run ended the hold meanwhile. The
          task fails.
        - V(planned) in check mode, when it would be waited for.
      type: str
      sample: moved
    seconds:
      description: How long it took.
      type: float
      sample: 3.9
problems:
  description: What is wrong, all at once. Empty on success.
  returned: always
  type: list
  elements: dict
  contains:
    path:
      description: The option, such as C(ha_group).
      type: str
    message:
      description: What is wrong with it.
      type: str
    allowed:
      description: What is allowed there.
      type: str
"""

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.failover import run_failover


def main() -> None:
    run_failover()


if __name__ == "__main__":
    main()
