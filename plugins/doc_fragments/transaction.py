# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of every module about how a change is carried out."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
---
options:
  on_error:
    description:
      - What happens when a change fails on the director after it began.
      - V(rollback) puts back everything that was touched, files, kernel and daemons, and tells what could not be.
      - V(stop) leaves everything as it is at that moment, for people to look at. The intended configuration is not
        recorded then; run the task again to go on, or a task with the old values to go back.
    type: str
    choices: [rollback, stop]
    default: rollback
  max_impact:
    description:
      - How much the change may disturb at most. When any step of the plan has a higher impact, the task fails before
        anything is touched, in check mode too, and names those steps.
      - V(none) touches no connection, V(new_connections) only decides where new ones go, V(drain) lets connections end
        by themselves, V(reset) cuts connections, V(failover) may move VIPs to another director.
      - With O(defer=true) nothing is planned, so nothing is refused. It is the task that applies which needs the limit.
    type: str
    choices: [none, new_connections, drain, reset, failover]
    default: failover
    version_added: "0.2.0"
  defer:
    description:
      - Only keep what this task wishes, and change nothing on the host. The next task without it, of any module of this
        collection that changes things, applies everything that was deferred together with its own wish, in one
        transaction. M(evenkeel.lb.lb_config) without objects does that alone, and the role
        P(evenkeel.lb.deferred#role) brings it as a handler.
      - The whole configuration is validated as if it were applied, but for what only the software on the host can say
        about a candidate.
      - What is deferred waits in C(/etc/evenkeel/lb.json.deferred). It stays there when the task that applies fails or
        is refused, so that the next one tries again. Remove the file to drop it.
      - In check mode nothing is kept, so tasks after it do not know of it.
    type: bool
    default: false
    version_added: "0.2.0"
"""
