# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a server. Written by tools/reference from the model; change them there."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the server, unique in the farm.
    type: str
    required: true
  address:
    description:
      - The address connections are sent to, IPv4 or IPv6.
    type: str
  port:
    description:
      - The port connections are sent to, 1 to 65535. Unset takes the port of the virtual server.
      - With the farm modes V(gateway) and V(tunnel) it can only be that port, because the packet is passed
        on unchanged.
    type: int
  weight:
    description:
      - The share of connections this server gets, relative to the others, 0 to 65535.
      - V(0) gives it no new connections; prefer draining, which keeps the weight for later.
      - Taken as V(1) when unset.
    type: int
  backup:
    description:
      - Whether it is used only when no other server is left.
      - Taken as V(false) when unset.
    type: bool
  max_connections:
    description:
      - The most connections it may have at a time, 1 to 2147483647; more are not sent to it. Unset means
        no limit.
    type: int
  low_connections:
    description:
      - After O(max_connections) was reached, how few connections it has to fall to before it gets new ones,
        1 to 2147483647. Unset means three quarters of it.
    type: int
  health_check:
    description:
      - The name of a health check of its own, instead of the farm's.
    type: str
  ssl_offload:
    description:
      - Whether the director speaks TLS to it.
      - Taken as V(false) when unset.
    type: bool
  certificate_profiles:
    description:
      - The names of certificate profiles for TLS to it.
    type: list
    elements: str
  description:
    description:
      - What people call it where that is no name here, or say of it, in one line of at most 255 characters.
      - For people and inventories only.
    type: str
  tenant:
    description:
      - Whose it is. For people and inventories only.
    type: str
  attributes:
    description:
      - 'Attributes of an ALOHA''s layer 7 server that have no option here, such as C(http_cookie_id: web1),
        each with a text, or null to reset it.'
    type: dict
"""
