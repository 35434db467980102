# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every plugin can be imported the way Ansible imports it.

The unit tests import the collection as ordinary packages; a playbook goes through Ansible's own import hook, which has
rules of its own (which directories are packages, redirects in meta/runtime.yml). pytest-ansible puts that hook in place
when it is called with --ansible-unit-inject-only (see tools/unit.sh); without it, three lines of a conftest would do.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import pytest

COLLECTION = "ansible_collections.evenkeel.lb"
REPOSITORY = Path(__file__).resolve().parents[2]


def importable_names() -> list[str]:
    """Dotted names of all Python files under plugins/, relative to the collection."""
    files = sorted((REPOSITORY / "plugins").rglob("*.py"))
    return [".".join(file.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__") for file in files]


@pytest.mark.parametrize("name", importable_names())
def test_plugin_is_importable_through_ansible(name: str) -> None:
    imported = importlib.import_module(f"{COLLECTION}.{name}")
    specification = importlib.util.find_spec(imported.__name__)
    assert specification is not None
    assert type(specification.loader).__module__ == "ansible.utils.collection_loader._collection_finder"


def test_there_is_something_to_import() -> None:
    assert "plugins.modules.lb_virtual_server" in importable_names()
