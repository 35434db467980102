# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module of the collection on a lab host, in a process of its own as Ansible does.

    echo '{"farm": "web", …}' | python3 run_module.py lb_server

Prints what the module prints: its result as JSON. The exit status is always 0, so that failures can be looked at.
"""

from __future__ import annotations

import importlib
import json
import sys

from ansible.module_utils import basic


def main() -> None:
    """Run the module of the first argument with the options on standard input."""
    name = sys.argv[1]
    arguments = {"_ansible_module_name": f"evenkeel.lb.{name}", **json.load(sys.stdin)}
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    try:
        importlib.import_module(f"ansible_collections.evenkeel.lb.plugins.modules.{name}").main()
    except SystemExit:
        return


if __name__ == "__main__":
    main()
