# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a virtual server. Written by tools/reference from the model; change them there."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the virtual server, unique on the director.
    type: str
    required: true
  vip:
    description:
      - The name of a VIP (M(evenkeel.lb.lb_vip)), or an IPv4 or IPv6 address that something else brings up.
      - Needed for a new virtual server, unless O(fwmark) says which packets are meant, whose place it takes.
    type: str
  port:
    description:
      - The port clients connect to, 1 to 65535. Takes the place of O(ports) and O(fwmark).
    type: int
  ports:
    description:
      - Several ports and ranges of them, such as V(8000-8100), as one service. Takes the place of O(port)
        and O(fwmark).
    type: list
    elements: str
  fwmark:
    description:
      - The firewall mark of the packets that are meant, 1 to 4294967295. Takes the place of O(vip), port
        and protocol.
    type: int
  protocol:
    description:
      - What is spoken. At layer 4, V(http), V(https), V(http2) and V(grpc) are carried as TCP without looking
        into them, V(quic) is UDP, and V(dns) is UDP and TCP.
      - Taken as V(tcp) when unset.
    type: str
    choices:
      - tcp
      - udp
      - icmp
      - sctp
      - http
      - https
      - http2
      - grpc
      - quic
      - dns
      - any
  type:
    description:
      - The layer at which connections are told apart. V(layer7) needs an engine that looks into them.
      - Taken as V(layer4) when unset.
    type: str
    choices:
      - layer2
      - layer4
      - layer7
      - dns
  farm:
    description:
      - The name of the farm that serves it (M(evenkeel.lb.lb_farm)). The farm has to be there already.
      - Needed for a new virtual server. While the farm has no enabled server, the virtual server waits in
        the intended configuration.
    type: str
  enabled:
    description:
      - Whether the director serves it.
      - V(false) keeps it in the intended configuration and takes it off the director, which cuts its connections.
      - Taken as V(true) when unset.
    type: bool
  source_nat_type:
    description:
      - Which source address servers see. V(auto) is an address of the director, V(static) one address and
        V(pool) a network that O(source_nat_pool) names. Unset leaves the client's address, where the engine
        is no proxy.
      - A Linux director needs C(director_source_nat) of the role P(evenkeel.lb.director#role) for it, unless
        O(engine) is V(haproxy).
    type: str
    choices:
      - auto
      - static
      - pool
  source_nat_pool:
    description:
      - The address or network of source addresses, such as V(198.51.100.0/29). It has to lead to the director.
      - Those that no host may have, the network and broadcast address of IPv4 among them, are not used.
    type: str
  ssl_offload:
    description:
      - Whether the director ends the client's TLS; needs O(certificate_profiles).
      - Taken as V(false) when unset.
    type: bool
  certificate_profiles:
    description:
      - The names of the certificate profiles to show to clients; the first is the one for clients that name
        no host.
    type: list
    elements: str
  max_connections:
    description:
      - The most connections it may have at a time, 1 to 2147483647; more wait until one ends. Unset leaves
        it to the engine.
    type: int
  extra_config:
    description:
      - Lines in the engine's own language for what has no option here, in the section of the virtual server.
        The engine on the director is asked about them before anything is changed.
    type: list
    elements: str
  health_check:
    description:
      - The name of a health check, for people and inventories only. The farm's is what tests servers.
    type: str
  placement:
    description:
      - Where a source of truth puts it. For people and inventories only.
    type: dict
    suboptions:
      device:
        description:
          - The name of a device.
        type: str
      device_redundancy_group:
        description:
          - The name of a group of redundant devices.
        type: str
      virtual_chassis:
        description:
          - The name of a virtual chassis.
        type: str
      cloud_service:
        description:
          - The name of a cloud service.
        type: str
  description:
    description:
      - What people call it where that is no name here, or say of it, in one line of at most 255 characters.
      - For people and inventories only.
    type: str
  tenant:
    description:
      - Whose it is. For people and inventories only.
    type: str
  engine:
    description:
      - What carries it.
      - V(auto) takes V(haproxy) for O(type=layer7) and V(keepalived) for all else.
      - On an HAProxy ALOHA appliance V(auto) means V(aloha), and nothing else is possible; a Linux director
        has the others.
      - V(haproxy) ends the clients' connections and opens its own to the servers, from an address of the
        director.
      - V(keepalived) checks the health of the servers. V(ipvs) is the kernel alone, without health checks,
        and survives a reboot by the rules file of the distribution's ipvsadm package.
      - Taken as V(auto) when unset.
    type: str
    choices:
      - auto
      - ipvs
      - keepalived
      - haproxy
      - aloha
  attributes:
    description:
      - 'Attributes of an ALOHA''s layer 7 service, or of its listeners, that have no option here, such as
        C(log: enabled), each with a text, or null to reset it. Names are those of its configuration API with
        C(_) for C(-). With O(type=layer7) on an ALOHA only.'
      - Those that are said take the place of all that were said before.
    type: dict
"""
