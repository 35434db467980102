# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module for the benchmarks: makes the director hold the whole configuration in a file, by the way every module goes.

The file is on the director, in JSON; so what is measured is the collection's work, not Ansible's with long options.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ansible_collections.evenkeel.lb.plugins.module_utils._ansible.module import TRANSACTION, Module, end, reconciled
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import Problem


def main() -> None:
    understood: list[Configuration] = []

    def inspect(params: Mapping[str, Any]) -> list[Problem]:
        problems: list[Problem] = []
        with open(params["src"], encoding="utf-8") as file:
            understood.append(Configuration.parsed(json.load(file), problems))
        return problems

    module = Module({"src": {"type": "path", "required": True}, **TRANSACTION}, inspect)
    end(module, [reconciled(module, lambda recorded: understood[0])], {})


if __name__ == "__main__":
    main()
