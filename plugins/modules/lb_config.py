#!/usr/bin/python

# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: lb_config
short_description: Manage all objects of a director at once
version_added: "0.2.0"
author:
  - The evenkeel.lb authors (@evenkeel)
description:
  - Makes any number of objects what they are described as, in one transaction. The record and the host are read once,
    one plan is made, each engine checks its candidate once and reloads once at most, and everything is put back when
    one of them fails.
  - Does the same as the modules of single objects, much faster than a loop of them. What it wants it takes from one
    option, as M(evenkeel.lb.lb_info) returns it and as the filters P(evenkeel.lb.lb_parse#filter) and
    P(evenkeel.lb.lb_normalize#filter) write it.
extends_documentation_fragment:
  - evenkeel.lb.attributes
  - evenkeel.lb.transaction
options:
  config:
    description:
      - The objects, as a mapping of kinds to lists. The kinds are C(ha_groups), C(vips), C(certificate_profiles),
        C(health_checks), C(farms) and C(virtual_servers). A kind that is not given has no objects in this task.
      - The fields of each object are the options of the module that manages it alone, and are listed in
        C(docs/reference/model.md). Servers are members of C(farms), in C(servers), and have a field C(state), one of
        C(enabled), C(drained) and C(disabled).
      - Every problem of every object is reported at once, each with its path, such as
        C(farms[web].servers[web2].address).
      - A password of eight stars (C(********)), as M(evenkeel.lb.lb_info) shows it, means the one that is recorded.
      - The result and the log show how many objects were given in place of the objects.
      - Unset with O(state=merged) wishes for nothing, so that the task applies what was deferred (O(defer)) and repairs
        what drifted.
      - Required with the other states.
    type: dict
  state:
    description:
      - What becomes of objects that are recorded, and of fields that are not given.
      - V(merged) changes the fields that are given and adds objects and servers that are new. Nothing goes, but for
        the servers of a farm with an empty list of them.
      - V(replaced) makes each object that is named exactly what is given. Its fields that are not given are unset, and
        its servers that are not given are removed. Objects that are not named stay. A server whose C(state) is not
        given stays drained or disabled, in V(overridden) too.
      - V(overridden) makes the whole record exactly what is given. Objects that are not named are removed. What was
        never recorded, such as services that somebody made by hand, stays.
      - V(deleted) removes the objects that are named, whatever else is said of them. One that an object names which
        stays cannot go. O(purge_limit) does not hold for them, as each was named.
    type: str
    choices: [merged, replaced, overridden, deleted]
    default: merged
  purge_limit:
    description:
      - How much of what is there the task may remove, in percent, 0 to 100. Each kind is counted by itself, and so are
        the servers of all farms together. When the task would remove more, it fails before anything is touched, in
        check mode too, and says how many of how many, and which.
      - What is there is what is recorded, with what was deferred. Objects that O(state=deleted) names do not count.
      - The default refuses a wish that lost half of its objects on the way, also where there are only two of a kind. To
        remove one of two, or the only one, raise the limit for that task.
    type: int
    default: 40
  allow_empty:
    description:
      - Allows O(state=overridden) without any object, which removes everything that is recorded, and a farm that stays
        and loses all of its servers. O(purge_limit) does not count then.
      - Without it, such a task fails before anything is touched, in check mode too, and says what it would have
        removed.
    type: bool
    default: false
  wait:
    description:
      - Waits, once the configuration is applied and verified, until servers are healthy. Unset does not wait.
      - Waited for are the enabled servers of the virtual servers that O(config) names, and of those that use a farm, a
        health check, a VIP or an HA group that it names; without O(config), of all. Servers that are drained or
        disabled, and virtual servers that are not enabled, are not waited for.
      - A server is healthy when the last test of its health check has passed. One that was just added, or whose health
        check was just changed, is waited for until its first test has passed, whatever the engine makes of it till
        then.
      - A server without a health check is taken as healthy, with a warning.
      - The engine V(ipvs) tests nothing. A task that would wait for one of its virtual servers fails before anything
        is touched.
      - Check mode does not wait. It tells what would be waited for.
      - Nothing is locked meanwhile. What another run changes counts, as if it had been so from the begin.
    type: dict
    version_added: "0.2.0"
    suboptions:
      for:
        description: What to wait for.
        type: str
        choices: [healthy]
        default: healthy
      timeout:
        description:
          - The longest wait, in seconds, 1 to 86400.
          - When it is over, the task fails and says which servers are not healthy. The configuration is applied and
            stays so, and the same task goes on waiting when it is run again.
        type: int
        default: 60
seealso:
  - module: evenkeel.lb.lb_ha_group
  - module: evenkeel.lb.lb_vip
  - module: evenkeel.lb.lb_certificate_profile
  - module: evenkeel.lb.lb_healthcheck
  - module: evenkeel.lb.lb_farm
  - module: evenkeel.lb.lb_server
  - module: evenkeel.lb.lb_virtual_server
  - plugin: evenkeel.lb.lb_validate
    plugin_type: filter
notes:
  - While it waits, this module writes every ten seconds what is left to the system log of the director
    (C(journalctl -f -g "waiting for servers")). To see signs of life on the controller, run the task with C(async) and
    C(poll).
  - The intended configuration of a director is kept in C(/etc/evenkeel/lb.json). Only what is recorded there is ever
    removed.
  - Two tasks at once on one director do not mix. The second one waits for the first, five minutes at most, and begins
    with what that one recorded.
"""

EXAMPLES = r"""
---
- name: A whole director, from variables of the inventory
  evenkeel.lb.lb_config:
    config:
      ha_groups: "{{ lb_ha_groups }}"
      vips: "{{ lb_vips }}"
      health_checks: "{{ lb_health_checks }}"
      farms: "{{ lb_farms }}"
      virtual_servers: "{{ lb_virtual_servers }}"
    state: overridden

- name: Add a service, whatever else there is
  evenkeel.lb.lb_config:
    config:
      farms:
        - name: shop
          servers:
            - {name: shop1, address: 10.20.0.31}
            - {name: shop2, address: 10.20.0.32}
      virtual_servers:
        - {name: shop, vip: public, port: 443, farm: shop}

- name: Add a service, and go on when all of its servers have passed their health check
  evenkeel.lb.lb_config:
    config:
      health_checks:
        - {name: shop, type: http, uri: /health, interval: 2}
      farms:
        - name: shop
          health_check: shop
          servers:
            - {name: shop1, address: 10.20.0.31}
            - {name: shop2, address: 10.20.0.32}
      virtual_servers:
        - {name: shop, vip: public, port: 443, farm: shop}
    wait:
      for: healthy
      timeout: 30

- name: Fail rather than cut a connection
  evenkeel.lb.lb_config:
    config: "{{ lookup('ansible.builtin.file', 'lb1.yml') | from_yaml }}"
    state: overridden
    max_impact: new_connections

- name: Remove a service with all that belongs to it
  evenkeel.lb.lb_config:
    config:
      virtual_servers: [{name: shop}]
      farms: [{name: shop}]
    state: deleted

- name: Remove everything this collection was ever asked for
  evenkeel.lb.lb_config:
    config: {}
    state: overridden
    allow_empty: true

- name: Keep the farms for later, so that other tasks can add to them
  evenkeel.lb.lb_config:
    config:
      farms: "{{ lb_farms }}"
    defer: true

- name: Apply everything that was deferred
  evenkeel.lb.lb_config:
    max_impact: drain
"""

RETURN = r"""
---
objects:
  description:
    - How many objects of each kind, and how many servers of all farms, the task adds, changes and removes in the
      intended configuration, compared with what is recorded; with O(defer=true), with what was deferred before.
    - Their names and fields are in the diff.
  returned: when the wish is valid
  type: dict
  sample:
    farms: {added: 1, changed: 0, removed: 0}
    servers: {added: 10, changed: 0, removed: 0}
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
      sample: healthy
    state:
      description:
        - V(healthy) when all servers became healthy.
        - V(already_healthy) when none had to be waited for, also because there is none.
        - V(timeout) when some are still not healthy. The task fails.
        - V(planned) in check mode, when it would be waited for.
      type: str
      sample: healthy
    seconds:
      description: How long it took.
      type: float
      sample: 4.2
    virtual_servers:
      description: The virtual servers of whose servers it was.
      type: list
      elements: str
      sample: [shop]
    servers:
      description: How many enabled servers these have. One that several of them have counts in each.
      type: int
      sample: 2
    unhealthy:
      description: The servers that are not healthy. Empty on success, but for check mode.
      type: list
      elements: dict
      sample: []
      contains:
        virtual_server:
          description: The name of the virtual server.
          type: str
          sample: shop
        server:
          description: The name of the server.
          type: str
          sample: shop2
        health:
          description:
            - V(down) when its health check fails, V(untested) when no test of it has passed yet, V(unknown) when
              nothing can be told, as when keepalived does not run, and V(missing) when the virtual server does not run.
          type: str
          sample: down
        why:
          description: The same in words.
          type: str
          sample: its health check fails
    unchecked:
      description: Servers without a health check, which were taken as healthy, as C(virtual server/server).
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

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.config import run_config


def main() -> None:
    run_config()


if __name__ == "__main__":
    main()
