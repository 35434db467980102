# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of an HA group. Written by tools/reference from the model; change them there."""

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
  missed_adverts:
    description:
      - How many adverts in a row a standby has to miss before it takes over, 1 to 100. It waits that many
        advert intervals and a little more, the skew time.
      - Taken as V(3) when unset.
    type: int
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
  sync_group:
    description:
      - 'A name that groups share whose VIPs move together: this director is active in all of them or in none.'
      - Their members have to be the same, in the same order of priorities.
    type: str
  connection_sync:
    description:
      - Whether the active director tells the others its connections, so that they survive a failover.
      - It does so on O(interface), for all virtual servers; one group of a director can have it.
      - Taken as V(false) when unset.
    type: bool
  connection_timeouts:
    description:
      - How long the kernel of this director remembers connections on which nothing moves, for all virtual
        servers. Groups of one director that say it have to say the same.
    type: dict
    suboptions:
      tcp:
        description:
          - Seconds for an established TCP connection, 1 to 2678400. Unset leaves the kernel's, which is 900.
        type: int
      tcp_fin:
        description:
          - Seconds for a TCP connection that one side has closed, 1 to 2678400. The kernel's is 120.
        type: int
      udp:
        description:
          - Seconds after the last datagram of a client, 1 to 2678400. The kernel's is 300.
        type: int
  tracked_interfaces:
    description:
      - Interfaces whose link has to be up for this director to be active, beside O(interface) and those of
        the VIPs.
    type: list
    elements: str
  tracked_services:
    description:
      - Programs that have to run for this director to be active, such as V(haproxy), as C(ps -o comm) shows
        them.
      - The first one restarts keepalived, which listens for processes from its start on or not at all.
    type: list
    elements: str
  tracked_scripts:
    description:
      - Programs that have to succeed for this director to be active. Those that are not in the list are removed.
      - When they fail on every director, none is active.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name of the script, unique in the group.
        type: str
        required: true
      script:
        description:
          - The program, run by root. It says by its status 0 that the director may be active.
          - Nobody but root may be able to write to it or to a directory above it.
        type: str
      arguments:
        description:
          - 'Its arguments, each by itself; letters, digits and C(/ . _ + : @ = , % -).'
        type: list
        elements: str
      interval:
        description:
          - Seconds between two runs, 1 to 3600.
          - Taken as V(1) when unset.
        type: int
      timeout:
        description:
          - Seconds after which a run that has not ended counts as failed, 1 to 3600. Unset takes the interval.
        type: int
      rise:
        description:
          - How many runs in a row have to succeed before the director may be active again, 1 to 100.
          - Taken as V(1) when unset.
        type: int
      fall:
        description:
          - How many runs in a row have to fail before the director gives up being active, 1 to 100.
          - Taken as V(1) when unset.
        type: int
  advertised_vip:
    description:
      - The name of the VIP that adverts carry. Unset takes the first by name.
      - Name one that stays. The other VIPs of the group can then come and go without any director noticing
        a difference in the adverts, which keepalived before 2.3.3 answers with two active directors.
    type: str
  description:
    description:
      - What people call it where that is no name here, or say of it, in one line of at most 255 characters.
      - For people and inventories only.
    type: str
"""
