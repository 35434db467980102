# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a HA group. Written by tools/reference from the model; change them there."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the HA group, unique on the director.
    type: str
    required: true
  virtual_router_id:
    description:
      - The number that tells groups on one network apart, 1 to 255.
      - Needed for a new group. It must not be in use by others on the network, as with any VRRP router.
    type: int
  interface:
    description:
      - The interface over which the directors hear each other.
      - Needed for a new group.
    type: str
  members:
    description:
      - All directors of the group. Those that are not in the list are removed.
      - Needed for a new group.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name of the director, commonly its inventory name.
        type: str
        required: true
      priority:
        description:
          - The member with the highest priority that lives is the active one, 1 to 254; each priority once.
        type: int
      address:
        description:
          - The address of the director on C(interface); needed with C(unicast=true).
        type: str
  member:
    description:
      - Which of the members this director is.
      - Needed for a new group.
    type: str
  advert_interval:
    description:
      - Seconds between two adverts, 0.01 to 40.95. All members need the same.
      - Taken as V(1) when unset.
    type: float
  preempt:
    description:
      - Whether a member with a higher priority takes the VIPs back when it returns.
      - Taken as V(true) when unset.
    type: bool
  unicast:
    description:
      - Whether adverts are sent to the members' addresses instead of the multicast group.
      - Taken as V(false) when unset.
    type: bool
  password:
    description:
      - The password of VRRP version 2, at most 8 characters. It keeps mistakes out, not attackers.
    type: str
  connection_sync:
    description:
      - Whether the active director tells the others its connections, so that they survive a failover.
      - Taken as V(false) when unset.
    type: bool
  tracked_services:
    description:
      - Names of programs that have to run for this director to be active, such as V(haproxy).
    type: list
    elements: str
  advertised_vip:
    description:
      - The name of the VIP that adverts carry. Unset takes the first by name.
      - Name one that stays. The other VIPs of the group can then come and go without any director noticing
        a difference in the adverts, which keepalived before 2.3.3 answers with two active directors.
    type: str
"""
