# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a farm. Written by tools/reference from the model; change them there."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the farm, unique on the director.
    type: str
    required: true
  balance:
    description:
      - How the next server is chosen.
      - V(round_robin) and V(least_connections) pay no heed to weights, except that V(0) means no new connections.
      - V(source_hash) and V(maglev) send a client's address to the same server as long as the servers stay;
        V(maglev) moves the fewest clients when they change. V(source_port_hash) and V(maglev_port) take the
        client's port too, and so spread the connections of one client.
      - What an engine cannot do is an error that names the nearest thing it can.
      - Taken as V(weighted_least_connections) when unset.
    type: str
    choices:
      - round_robin
      - weighted_round_robin
      - least_connections
      - weighted_least_connections
      - locality_least_connections
      - locality_least_connections_replicated
      - source_hash
      - source_port_hash
      - destination_hash
      - source_destination_hash
      - maglev
      - maglev_port
      - shortest_expected_delay
      - never_queue
      - failover
      - overflow
      - power_of_two
      - url_hash
      - domain_hash
      - least_response_time
      - least_bandwidth
      - least_packets
      - least_request
      - custom_load
  hash_fallback:
    description:
      - Whether another server is chosen when the one that a hash of O(balance) leads to has weight 0 or is
        full. V(false) turns the client away.
      - Taken as V(false) when unset.
    type: bool
  mode:
    description:
      - How packets reach a server.
      - V(nat) rewrites the destination; the server's way back has to lead through the director.
      - V(gateway) sends the packet unchanged to the server's link address (direct routing); director and
        server share a network and the server has the VIP on its loopback.
      - V(tunnel) wraps the packet; the server has the VIP on its tunnel interface. Server and VIP may differ
        in family.
      - The role P(evenkeel.lb.real_server#role) prepares servers for each of them.
      - Taken as V(nat) when unset.
    type: str
    choices:
      - nat
      - gateway
      - tunnel
  tunnel_type:
    description:
      - What the packet is wrapped in, with O(mode=tunnel) only.
      - Taken as V(ipip) when unset.
    type: str
    choices:
      - ipip
      - gue
      - gre
  tunnel_port:
    description:
      - The UDP port of the tunnel, 1 to 65535, with O(tunnel_type=gue) only, which needs it.
    type: int
  tunnel_checksum:
    description:
      - How the packet around is protected, with O(tunnel_type=gue) and O(tunnel_type=gre) only. V(none) sends
        no checksum, V(full) one over the whole packet, V(remote) leaves it to the server's end (remote checksum
        offload), with O(tunnel_type=gue) only.
      - Taken as V(none) when unset.
    type: str
    choices:
      - none
      - full
      - remote
  one_packet:
    description:
      - Whether each UDP datagram is balanced on its own.
      - Taken as V(false) when unset.
    type: bool
  persistence_timeout:
    description:
      - Seconds for which a client goes back to the same server, 1 to 2678400 (31 days). V(0) or unset means
        no persistence.
    type: int
  persistence_netmask:
    description:
      - Which clients count as one for persistence, an IPv4 netmask such as V(255.255.255.0), or an IPv6 prefix
        length such as V(64). Unset takes each address alone.
    type: str
  persistence_engine:
    description:
      - What tells clients apart instead of their address. V(sip) takes the Call-ID of SIP over UDP.
    type: str
    choices:
      - sip
  persistence_cookie:
    description:
      - The name of a cookie that an HTTP client is given and by which it goes back to the same server, as
        long as it keeps the cookie.
    type: str
  health_check:
    description:
      - The name of the health check for the servers (M(evenkeel.lb.lb_healthcheck)). It has to be there already.
      - Without one, servers are taken as healthy. The engine V(ipvs) cannot check and refuses a farm that
        asks for it.
    type: str
  servers:
    description:
      - All servers of the farm. Those that are not in the list are removed; leave the option out to manage
        them one by one with M(evenkeel.lb.lb_server).
      - Their order means nothing.
    type: list
    elements: dict
    suboptions:
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
      state:
        description:
          - V(drained) keeps its connections and gets no new ones; V(disabled) is out at once.
          - Taken as V(enabled) when unset.
        type: str
        choices:
          - enabled
          - drained
          - disabled
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
          - After C(max_connections) was reached, how few connections it has to fall to before it gets new
            ones, 1 to 2147483647. Unset means three quarters of it.
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
          - 'Attributes of an ALOHA''s layer 7 server that have no option here, such as C(http_cookie_id:
            web1), each with a text, or null to reset it.'
        type: dict
  sorry_server:
    description:
      - The server of last resort, used while no server of the farm is left.
    type: dict
    suboptions:
      address:
        description:
          - Its address, IPv4 or IPv6.
        type: str
      port:
        description:
          - Its port, 1 to 65535. Unset takes the port of the virtual server.
        type: int
  agent:
    description:
      - 'A program beside each server that is asked, over and over, how much the server can take, in a line
        of words: C(75%) of its weight, C(drain), C(maint) and C(ready), C(down) and C(up), C(maxconn:30).'
      - What it says counts until it says something else, and is never drift. A server that is drained, disabled
        or of weight 0 is not asked. One that is silent changes nothing.
      - Shares are rounded down, so weights have to be 10 or more where O(balance) heeds them.
    type: dict
    suboptions:
      port:
        description:
          - The port it listens on, 1 to 65535.
        type: int
      interval:
        description:
          - Seconds between two questions, 0.1 to 86400.
          - Taken as V(5) when unset.
        type: float
      address:
        description:
          - Where it is, IPv4 or IPv6, where one answers for all servers. Unset asks each server at its own
            address.
        type: str
      send:
        description:
          - What to send it first. C(\r), C(\n), C(\t), C(\\) and C(\xHH) stand for bytes. Unset sends nothing.
        type: str
  on_failure:
    description:
      - What happens to a server whose health check fails.
      - V(remove) takes it out and cuts its connections. V(quiesce) gives it no new ones.
      - Taken as V(remove) when unset.
    type: str
    choices:
      - remove
      - quiesce
  initial_state:
    description:
      - What a server counts as until its first health check has ended. V(down) sends it nothing before it
        passed.
      - Taken as V(up) when unset.
    type: str
    choices:
      - up
      - down
  quorum:
    description:
      - How much weight of healthy servers there has to be for the farm to serve, 1 to 65535000. Servers that
        are drained or disabled lower it to the weight that is left.
      - Taken as V(1) when unset.
    type: int
  hysteresis:
    description:
      - How much weight above O(quorum) there has to be before the farm serves, and how much of it may then
        be missing before it serves no longer, 0 to 65535000.
      - While servers are drained or disabled, it serves at the latest with all others.
      - Taken as V(0) when unset.
    type: int
  queue_limit:
    description:
      - How many may wait for one server that has its C(max_connections), as those do whom persistence sends
        there, 1 to 2147483647; more go to other servers. Unset means no limit.
    type: int
  queue_timeout:
    description:
      - Seconds for which one may wait for a server before it is turned away, 0.1 to 86400. Unset means a
        minute.
    type: float
  reentry_time:
    description:
      - Seconds for which a server that failed has to be healthy before it is back, 0.1 to 86400.
    type: float
  slow_start:
    description:
      - Seconds over which the share of a server that comes back grows to its weight, 0.1 to 86400. Unset
        gives it the whole share at once.
    type: float
  load_monitor:
    description:
      - How a server reports its load, which its weight then follows. V(none) leaves weights alone.
      - Taken as V(none) when unset.
    type: str
    choices:
      - none
      - uptime
      - rup
      - ruptime
  extra_config:
    description:
      - Lines in the engine's own language for what has no option here, in the section of the farm. The engine
        on the director is asked about them before anything is changed.
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
      - 'Attributes of an ALOHA''s layer 7 farm that have no option here, such as C(log: enabled), each with
        a text, or null to reset it.'
    type: dict
"""
