# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a VIP. Written by tools/reference from the model; change them there."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the VIP, unique on the director.
    type: str
    required: true
  address:
    description:
      - The address with the prefix length of its network, such as V(192.0.2.50/24) or V(2001:db8::50/64).
      - Needed for a new VIP.
    type: str
  interface:
    description:
      - The interface that holds the address. Unset takes the interface of the HA group.
    type: str
  label:
    description:
      - The label of the address, such as V(eth0:1). IPv4 only.
    type: str
  ha_group:
    description:
      - The HA group whose active director holds it (M(evenkeel.lb.lb_ha_group)). It has to be there already.
      - Unset means that this director holds it alone.
    type: str
  announce:
    description:
      - Whether the address is announced to the network, by gratuitous ARP or unsolicited neighbour advertisements,
        when a director takes it.
      - Taken as V(true) when unset.
    type: bool
  description:
    description:
      - What people call it where that is no name here, or say of it, in one line of at most 255 characters.
      - For people and inventories only.
    type: str
"""
