#!/usr/bin/python

# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lb_info
short_description: Look at a director
version_added: "0.2.0"
author:
  - The evenkeel.lb authors (@evenkeel)
description:
  - Tells what a director is meant to hold, what of that runs otherwise than intended, what its virtual servers and
    servers do now, which state its HA groups are in, until when its certificates are valid, and which software was
    found.
  - Changes nothing, waits for no other task and holds none up.
  - Works on a host where nothing was ever recorded, and where keepalived is not installed.
extends_documentation_fragment:
  - evenkeel.lb.attributes
options:
  gather_subset:
    description:
      - What to tell. Each of V(config), V(drift), V(virtual_servers), V(ha_groups), V(certificates) and
        V(versions) is the result of that name; V(all) stands for all of them.
      - One of them with C(!) before it is left out, such as V(!virtual_servers). With nothing but such words, all
        others are told.
      - V(others) is what an HAProxy ALOHA appliance holds beside what is recorded, RV(others). Every object of the
        appliance is read for it, so V(all) does not stand for it.
      - The numbers of ten thousand servers are some megabytes of result; who wants to know of drift alone says so.
    type: list
    elements: str
    default: [all]
  virtual_servers:
    description:
      - Names of virtual servers, or shell patterns such as V(www-*). Empty means all.
      - Narrows RV(virtual_servers) and nothing else. A name that is not there is a warning.
    type: list
    elements: str
    default: []
  farms:
    description:
      - Names of farms, or shell patterns. Empty means all.
      - Narrows RV(virtual_servers) to those that these farms serve.
    type: list
    elements: str
    default: []
  ha_groups:
    description:
      - Names of HA groups, or shell patterns. Empty means all.
      - Narrows RV(ha_groups) and nothing else.
    type: list
    elements: str
    default: []
attributes:
  action_group:
    support: none
    description: It has none of the options that the group sets for modules that change things.
    membership: []
  diff_mode:
    support: N/A
    description: There is nothing to show, because nothing changes.
seealso:
  - module: evenkeel.lb.lb_server
  - module: evenkeel.lb.lb_virtual_server
  - module: evenkeel.lb.lb_ha_group
notes:
  - RV(drift) is the plan of a run that asks for nothing new, so it names what the next run of any module of this
    collection would put right, and nothing that it would not. Health is no drift.
  - What tasks with C(defer) wished is in no result until a run makes it true. The module warns while such wishes wait.
  - Everything is read as it is at that moment, one thing after the other. On a busy director the numbers are of moments
    a few tenths of a second apart.
"""

EXAMPLES = r"""
---
- name: Look at everything
  evenkeel.lb.lb_info:
  register: director

- name: See what else is on an appliance, as a configuration
  evenkeel.lb.lb_info:
    gather_subset: [others]
  register: director

- name: Fail where something runs otherwise than intended
  evenkeel.lb.lb_info:
    gather_subset: [drift]
  register: director
  failed_when: director.drift | length > 0

- name: See how the servers of the shop do
  evenkeel.lb.lb_info:
    gather_subset: [virtual_servers]
    virtual_servers: [shop-*]
  register: shop

- name: Name the servers that their health check took out
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.servers | selectattr('health', 'eq', 'down') | map(attribute='name') | join(', ') }}"
  loop: "{{ shop.virtual_servers }}"
  loop_control:
    label: "{{ item.name }}"

- name: Fail where a certificate expires within two weeks, or has, or nobody knows
  evenkeel.lb.lb_info:
    gather_subset: [certificates]
  register: director
  failed_when: >-
    director.certificates | selectattr('days_left', 'number') | selectattr('days_left', 'lt', 14) | length > 0
    or director.certificates | selectattr('state', 'in', ['missing', 'unknown']) | length > 0

- name: Wait until this director is the one that holds the VIPs
  evenkeel.lb.lb_info:
    gather_subset: [ha_groups]
    ha_groups: [front]
  register: director
  until: director.ha_groups[0].state == "master"
  retries: 10
  delay: 1
"""

RETURN = r"""
---
config:
  description:
    - What the director is meant to hold, in canonical form, whatever the filters say. Empty lists where nothing was
      recorded.
    - Each object has the fields that were said, and no defaults.
    - A password is shown as C(********). Where that comes back as a wish, it means the password that is recorded.
  returned: when O(gather_subset) has V(config) or V(all)
  type: dict
  contains:
    ha_groups:
      description: As options of M(evenkeel.lb.lb_ha_group).
      type: list
      elements: dict
    vips:
      description: As options of M(evenkeel.lb.lb_vip).
      type: list
      elements: dict
    certificate_profiles:
      description: As options of M(evenkeel.lb.lb_certificate_profile).
      type: list
      elements: dict
    health_checks:
      description: As options of M(evenkeel.lb.lb_healthcheck).
      type: list
      elements: dict
    farms:
      description: As options of M(evenkeel.lb.lb_farm).
      type: list
      elements: dict
    virtual_servers:
      description: As options of M(evenkeel.lb.lb_virtual_server).
      type: list
      elements: dict
others:
  description:
    - What an HAProxy ALOHA appliance holds beside what is recorded, whoever made it, whatever the filters say. Nothing
      of it is changed or removed by this collection until it is asked for, as with M(evenkeel.lb.lb_config), which then
      takes it over.
    - Empty on a Linux director, with a warning; filter P(evenkeel.lb.lb_parse#filter) reads what is there.
  returned: when O(gather_subset) has V(others)
  type: dict
  contains:
    config:
      description: A configuration, as RV(config).
      type: dict
    left_out:
      description: Sentences on what no configuration can say.
      type: list
      elements: str
      sample: ["layer 4 farm old: color: red has no field here; allowed: leave it to the appliance"]
    notes:
      description: Sentences on what had to be assumed, and what is said in another way.
      type: list
      elements: str
drift:
  description: >-
    What runs otherwise than intended, one entry for each field, whatever the filters say. Empty when nothing does.
  returned: when O(gather_subset) has V(drift) or V(all)
  type: list
  elements: dict
  contains:
    engine:
      description: The engine that sees it.
      type: str
      sample: ipvs
    action:
      description:
        - What the next run does about it. V(repair), V(add), V(change) and V(remove) put it right.
        - V(refuse) means that the next run would be refused until somebody puts it right, such as a missing C(include)
          line in keepalived.conf, or a kernel that forwards no packets.
      type: str
      sample: repair
    subject:
      description: What the step is about, as in the RV(ignore:steps) of other modules.
      type: str
      sample: server web1 of virtual server www
    path:
      description: >-
        The object, such as C(farms[web].servers[web1]); or a file, a kernel parameter, the table of nftables, or
        C(keepalived) for the daemon itself.
      type: str
      sample: farms[web].servers[web1]
    field:
      description:
        - The field of the object that differs, or the file in which its lines do.
        - V(service) and V(server) where a whole service or server of the kernel is missing (RV(drift[].running) is
          empty) or too much (RV(drift[].intended) is empty).
      type: str
      sample: weight
    intended:
      description: What should be there. Empty for nothing. May have several lines.
      type: str
      sample: "1"
    running:
      description: What is there. Empty for nothing. May have several lines.
      type: str
      sample: "5"
    impact:
      description: >-
        How much putting it right disturbs. One of V(none), V(new_connections), V(drain), V(reset) and V(failover).
      type: str
      sample: new_connections
virtual_servers:
  description: The recorded virtual servers and what runs of them, by name.
  returned: when O(gather_subset) has V(virtual_servers) or V(all)
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: www
    engine:
      description: What carries it.
      type: str
      sample: keepalived
    farm:
      description: The farm that serves it.
      type: str
      sample: web
    enabled:
      description: Whether it is meant to run.
      type: bool
      sample: true
    services:
      description: >-
        What the kernel tells its packets by. DNS is two services; several ports, or any protocol, are one by a mark.
      type: list
      elements: dict
      contains:
        address:
          description: The address. Empty for a mark.
          type: str
          sample: 10.10.0.50
        port:
          description: The port. 0 for a mark.
          type: int
          sample: 80
        protocol:
          description: V(tcp), V(udp) or V(sctp). Empty for a mark.
          type: str
          sample: tcp
        fwmark:
          description: The firewall mark. 0 where address, protocol and port tell.
          type: int
          sample: 0
        family:
          description: V(ipv4) or V(ipv6).
          type: str
          sample: ipv4
    state:
      description:
        - V(up) when all servers that should serve do, V(degraded) when some do not, V(down) when none takes new
          connections.
        - V(missing) when the kernel does not have it though it should, V(disabled) when it is not meant to run.
        - Servers that drain, or are disabled, are not missed.
      type: str
      sample: up
    sorry_server:
      description: Whether the farm's sorry server serves now.
      type: bool
      sample: false
    counters:
      description: >-
        What passed since the virtual server came into the kernel, of all its services together. A restart of keepalived
        and a reboot begin anew.
      type: dict
      contains: &traffic
        connections:
          description: New connections; of UDP, new flows.
          type: int
        packets_in:
          description: Packets from clients.
          type: int
        packets_out:
          description: Packets to clients. 0 with direct routing and tunnels, whose answers do not pass the director.
          type: int
        bytes_in:
          description: Bytes from clients.
          type: int
        bytes_out:
          description: Bytes to clients. 0 with direct routing and tunnels.
          type: int
    rates:
      description: >-
        The same for one second, as the kernel estimates it over the last ones; it takes some seconds to follow.
      type: dict
      contains: *traffic
    servers:
      description: The servers of its farm, by name.
      type: list
      elements: dict
      contains:
        name:
          description: Its name.
          type: str
          sample: web1
        address:
          description: Its address.
          type: str
          sample: 10.20.0.21
        port:
          description: The port connections are sent to. 0 where packets keep theirs.
          type: int
          sample: 80
        state:
          description: What is wanted of it. V(enabled), V(drained) or V(disabled).
          type: str
          sample: enabled
        health:
          description:
            - V(up) or V(down) as its health check has it, V(unchecked) when nothing tests it.
            - V(unknown) when that cannot be told, because it is disabled, or keepalived or the virtual server does not
              run; or because the kernel holds the same for a server that is well and for one that is not, as with a
              server that drains in a farm with C(on_failure=quiesce), or while a sorry server stands for a farm with a
              C(quorum) above 1.
          type: str
          sample: up
        weight:
          description: The weight that runs. None while it is not in the kernel.
          type: int
          sample: 1
        active:
          description: Open connections, as M(evenkeel.lb.lb_server) waits for.
          type: int
          sample: 12
        inactive:
          description: Connections that are being opened or closed.
          type: int
          sample: 3
        flows:
          description: Flows of UDP that are not forgotten yet.
          type: int
          sample: 0
        persistent:
          description: Clients that persistence holds to it.
          type: int
          sample: 0
        counters:
          description: What passed since it came into the kernel; see RV(virtual_servers[].counters).
          type: dict
          contains: *traffic
        rates:
          description: The same for one second; see RV(virtual_servers[].rates).
          type: dict
          contains: *traffic
ha_groups:
  description: The recorded HA groups and their state on this director, by name.
  returned: when O(gather_subset) has V(ha_groups) or V(all)
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: front
    state:
      description:
        - V(master) holds the VIPs, V(backup) is ready to, V(fault) cannot because something that it tracks failed.
        - V(stopped) when keepalived does not run, or does not run this group, as one without a VIP. V(unknown) when
          this build of keepalived does not tell.
      type: str
      sample: master
    since:
      description: >-
        When it came into its state, or keepalived read its file again in that state, in UTC by the director's clock.
        None where that is not known.
      type: str
      sample: "2026-11-28T10:00:00Z"
    virtual_router_id:
      description: Its number in the network.
      type: int
      sample: 51
    interface:
      description: The interface on which it speaks.
      type: str
      sample: eth1
    priority:
      description: The priority that counts now. None where that is not known.
      type: int
      sample: 150
    vips:
      description: The addresses of its VIPs.
      type: list
      elements: str
      sample: [10.10.0.50/24]
certificates:
  description:
    - The recorded certificate profiles by name, each with the certificate that the running process shows for it.
    - HAProxy tells until when the certificate itself is valid, and the authorities of a profile of type V(mutual_tls).
      Of the chain it tells names alone; until when that is valid is read from the file that HAProxy was given.
  returned: when O(gather_subset) has V(certificates) or V(all)
  type: list
  elements: dict
  contains:
    name:
      description: The name of the profile.
      type: str
      sample: www
    virtual_servers:
      description: The virtual servers that name it.
      type: list
      elements: str
      sample: [www]
    farms:
      description: The farms with servers that name it, to which it is shown.
      type: list
      elements: str
      sample: []
    state:
      description:
        - V(present) when the running HAProxy has the certificate, and the authorities of a profile of type
          V(mutual_tls).
        - V(missing) when HAProxy runs and was not given it, or not the authorities. What it does have is told.
        - V(unknown) when HAProxy does not run, or does not answer on the socket that this collection asks.
        - V(untold) when HAProxy is not to have it, because no enabled virtual server of it needs the profile; and on an
          appliance, which does not tell.
        - Nothing of what follows is known with V(unknown) and V(untold), and of a profile that HAProxy uses for its
          authorities alone nothing but RV(certificates[].days_left) and RV(certificates[].ends).
      type: str
      sample: present
    subject:
      description: Whose it is. Empty where that is not known.
      type: str
      sample: /CN=www.example.com
    issuer:
      description: Who issued it. Empty where that is not known.
      type: str
      sample: /C=XX/O=Example/CN=Example Issuing Authority
    names:
      description: The host names that it is for, as its subject alternative names have them.
      type: list
      elements: str
      sample: [www.example.com, example.com]
    fingerprint:
      description: Its SHA-1 fingerprint in hexadecimal. Empty where it is not known.
      type: str
      sample: 43A732B0A13D021887D9E2CA0606FBB3E397D0FC
    not_before:
      description: From when it is valid, in UTC. None where that is not known.
      type: str
      sample: "2026-10-01T00:00:00Z"
    not_after:
      description: Until when it is valid itself, in UTC. None where that is not known.
      type: str
      sample: "2026-12-30T00:00:00Z"
    days_left:
      description: >-
        Whole days by the director's clock until the first of RV(certificates[].ends) ends. 0 on the last day, less than
        0 when that one is expired. None where no end is known.
      type: int
      sample: 9
    ends:
      description: >-
        The certificate and all those behind it that have to be valid too, the first to end first. Empty where nothing
        is known.
      type: list
      elements: dict
      contains:
        part:
          description:
            - V(certificate) for the certificate itself, V(chain) for one that is shown with it, V(authority) for one
              that a profile of type V(mutual_tls) believes.
          type: str
          sample: chain
        subject:
          description: Whose it is.
          type: str
          sample: /C=XX/O=Example/CN=Example Issuing Authority
        not_after:
          description:
            - Until when it is valid, in UTC.
            - None where that is not known, as of a chain whose file was changed since, or of a certificate in the chain
              that is no authority, which no client looks at.
          type: str
          sample: "2026-12-08T00:00:00Z"
        days_left:
          description: Whole days until then, as RV(certificates[].days_left). None where it is not known.
          type: int
          sample: 9
versions:
  description: The software whose version decides what a configuration may ask for.
  returned: when O(gather_subset) has V(versions) or V(all)
  type: list
  elements: dict
  contains:
    software:
      description: V(keepalived), or V(linux) for the kernel that runs.
      type: str
      sample: keepalived
    version:
      description: The version found. None where it is not installed.
      type: str
      sample: "2.2.7"
    rules_out:
      description: What needs a newer one. Empty when nothing does.
      type: list
      elements: dict
      contains:
        path:
          description: The field.
          type: str
          sample: farms.balance
        value:
          description: The value of it that this version cannot bring about.
          type: str
          sample: power_of_two
        since:
          description: The first version that can.
          type: str
          sample: "5.12"
problems:
  description: What is wrong with the options, all at once.
  returned: failure
  type: list
  elements: dict
  contains:
    path:
      description: The option.
      type: str
    message:
      description: What is wrong with it.
      type: str
    allowed:
      description: What is allowed there.
      type: str
"""

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.info import run_info


def main() -> None:
    run_info()


if __name__ == "__main__":
    main()
