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
    as it was.
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
      - V(absent) removes it. V(disabled) and V(absent) cut its connections; drain it first to let them end.
    type: str
    choices: [present, drained, disabled, absent]
    default: present
seealso:
  - module: evenkeel.lb.lb_farm
notes:
  - Unset options are not managed. They keep what is recorded, or take the default named here where an engine needs a
    value.
  - The intended configuration of a director is kept in C(/etc/evenkeel/lb.json). Only what is recorded there is ever
    removed.
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
    changes.
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
transaction:
  description: How far the change came.
  returned: success
  type: dict
  contains:
    state:
      description:
        - V(unchanged) when nothing differs, V(planned) in check mode, V(applied) after a change that was verified.
        - When the task fails, V(refused) when the candidate was refused and nothing was touched, V(restored) when
          everything was put back as it was, V(failed) when what RV(transaction.left) names could not be put back, or
          was not with O(on_error=stop).
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
