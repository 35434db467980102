# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packs a module as Ansible sends it to a host: sent_by_ansible.py MODULE <options as JSON >program"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.collection_loader._collection_finder import _AnsibleCollectionFinder
from common import collection

module = Path(sys.argv[1])
with collection() as folder:
    _AnsibleCollectionFinder(paths=[str(folder)])._install()
    built = modify_module(
        module_name=module.stem,
        module_path=str(module),
        module_args=json.load(sys.stdin),
        templar=Templar(DataLoader()),
        task_vars={"ansible_python_interpreter": "/usr/bin/python3"},
    )
sys.stdout.buffer.write(built.b_module_data)
