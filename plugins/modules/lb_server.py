#!/usr/bin/python

# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lb_server
short_description: Manage one server of a farm
version_added: "0.1.0"
author:
  - The evenkeel.lb authors (@evenkeel)
description:
  - Adds, changes, drains or removes one server of a farm and leaves the others alone.
  - Draining sets the running weight to 0 and keeps the recorded one, so that O(state=present) brings the server back
    as it was. A drain is recorded, so it survives a reboot of the director, and tasks of other modules that do not
    mention the server's state.
extends_documentation_fragment:
  - evenkeel.lb.attributes
  - evenkeel.lb.transaction
  - evenkeel.lb.server
options:
  farm:
    description: The name of the farm. It has to be there already.
    type: str
    required: true
  state:
    description:
      - V(present) puts the server into rotation.
      - V(drained) keeps its connections and gives it no new ones. A client that persistence holds to it may still
        come back.
      - V(disabled) takes it out at once and keeps its description.
      - V(absent) removes it.
      - V(disabled) and V(absent) cut its connections. With O(wait), V(absent) drains the server, waits, and removes it
        then.
    type: str
    choices: [present, drained, disabled, absent]
    default: present
  wait:
    description:
      - Wait until a server that drains has no more connections, with O(state=drained) and O(state=absent) only. Unset
        waits for nothing; C({}) waits with the defaults.
      - What counts are connections that are open in any virtual server that uses the farm, as the kernel of the
        director counts them, from the end of their handshake until one side begins to close. For TCP these are the
        connections in the state C(ESTABLISHED), for SCTP the associations in that state.
      - Flows of UDP are not waited for, because nobody tells when they end. The kernel keeps sending a flow to a
        drained server as long as its datagrams come, and forgets it some minutes after the last one
        (RV(waited.flows)). Removing the server sends them to others, at once where C(net.ipv4.vs.expire_nodest_conn)
        is V(1), as the role P(evenkeel.lb.director#role) sets it. Datagrams of farms with C(one_packet) are no flows.
      - Clients that persistence holds to a drained server go on to be sent to it with new connections, so that it
        hardly ever drains, unless C(net.ipv4.vs.expire_quiescent_template) is V(1). That is not the kernel's default;
        the role P(evenkeel.lb.director#role) sets it. The module warns when it meets such clients.
      - Other tasks and people can work on the director meanwhile. The wait ends with an error when one of them takes
        the server out of its drain.
      - A server that its health check has taken out is not waited for, see RV(waited.state).
      - An HAProxy ALOHA appliance does not tell how many connections a server has. A task that would wait is refused
        there before anything is changed. Drain the server by one task, and remove it by another one when its
        connections have ended.
    type: dict
    version_added: "0.2.0"
    suboptions:
      for:
        description: What to wait for.
        type: str
        choices: [drained]
        default: drained
      timeout:
        description:
          - The longest wait, in seconds, 1 to 86400.
          - When it is over, the task fails, and the server stays drained. It keeps its connections, and the same task
            goes on waiting when it is run again.
        type: int
        default: 300
      connections:
        description: How many connections may be left, 0 to 4294967295.
        type: int
        default: 0
seealso:
  - module: evenkeel.lb.lb_farm
notes:
  - Unset options are not managed. They keep what is recorded, or take the default named here where an engine needs a
    value.
  - The intended configuration of a director is kept in C(/etc/evenkeel/lb.json). Only what is recorded there is ever
    removed.
  - Ansible shows nothing of a module before it has ended. While it waits, this one writes every ten seconds how many
    connections are left to the system log of the director (C(journalctl -f -g "waiting for server")). To see signs of
    life on the controller, wait in short pieces with C(until), as in the examples, or run the task with C(async) and
    C(poll).
  - On a pair of directors, drain the server on both before waiting on either, or clients that come over the other one
    keep it busy. A standby that takes part in connection synchronisation counts what the other one told it and may
    forget connections some minutes later than they end.
"""

EXAMPLES = r"""
---
- name: Add a server
  evenkeel.lb.lb_server:
    farm: web
    name: web3
    address: 10.20.0.23
    port: 8080

- name: Drain a server before maintenance
  evenkeel.lb.lb_server:
    farm: web
    name: web2
    state: drained

- name: Bring it back with the weight it had
  evenkeel.lb.lb_server:
    farm: web
    name: web2
    state: present

- name: Remove a server when its last connection has ended
  evenkeel.lb.lb_server:
    farm: web
    name: web2
    state: absent
    wait:
      timeout: 600

- name: Wait in pieces of 30 seconds, and tell after each
  evenkeel.lb.lb_server:
    farm: web
    name: web2
    state: drained
    wait:
      timeout: 30
  register: drain
  until: drain.waited.state | default('') != 'timeout'
  retries: 20
  delay: 0

# A rolling update without a lost connection: tasks of a play on the web servers, one after the other (serial: 1).
- name: Drain the server on every director
  evenkeel.lb.lb_server:
    farm: web
    name: "{{ inventory_hostname }}"
    state: drained
  delegate_to: "{{ item }}"
  loop: "{{ groups['directors'] }}"

- name: Wait until its connections have ended
  evenkeel.lb.lb_server:
    farm: web
    name: "{{ inventory_hostname }}"
    state: drained
    wait:
      timeout: 900
  delegate_to: "{{ item }}"
  loop: "{{ groups['directors'] }}"

# Here, tasks that update the server and see that it works.

- name: Give it new connections again
  evenkeel.lb.lb_server:
    farm: web
    name: "{{ inventory_hostname }}"
    state: present
  delegate_to: "{{ item }}"
  loop: "{{ groups['directors'] }}"
"""

RETURN = r"""
---
server:
  description: The server as it is recorded, in canonical form. Empty when it is absent.
  returned: success
  type: dict
  sample: {"address": "10.20.0.23", "name": "web3", "port": 8080, "state": "enabled"}
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
waited:
  description: How the wait ended, or what it would begin with in check mode.
  returned: with O(wait), unless the change itself failed
  type: dict
  contains:
    for:
      description: What was waited for.
      type: str
      sample: drained
    state:
      description:
        - V(drained) when the connections that were there have ended.
        - V(already_drained) when none had to be waited for, also because no virtual server uses the farm, or the server
          is not there.
        - V(down) when none of its virtual servers has it now, because its health check took it out (or keepalived does
          not run). There is nothing to wait for then, and a removal goes on. A farm that quiesces servers on failure
          keeps them; they are waited for like others.
        - V(timeout) when there are still more connections than allowed. The task fails.
        - V(taken_back) when another run made the server something else than drained. The task fails; a removal goes on
          where that was C(disabled).
        - V(removed) when another run removed it. The task fails, unless it was to remove it too.
        - V(planned) in check mode, when it would be waited for.
      type: str
      sample: drained
    seconds:
      description: How long it took.
      type: float
      sample: 12.4
    connections:
      description: The open connections that were left, of all virtual servers together.
      type: int
      sample: 0
    inactive:
      description: >-
        Connections that were being opened or closed. For virtual servers by firewall mark, flows of UDP are among them.
      type: int
      sample: 3
    flows:
      description: Flows of UDP; see O(wait).
      type: int
      sample: 0
    persistent:
      description: >-
        Entries of persistence, each a client (or network of clients) that is held to the server until it was away for
        the farm's C(persistence_timeout).
      type: int
      sample: 0
    virtual_servers:
      description: The virtual servers in which open connections were left.
      type: list
      elements: str
      sample: []
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

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.server import run_server


def main() -> None:
    run_server()


if __name__ == "__main__":
    main()
