# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The intended configuration on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import PATH, Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import HostFault, System
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.unit.configurations import any_documents
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem


def saved(configuration: Configuration) -> FakeSystem:
    system = FakeSystem()
    Store(system).save(configuration)
    return system


@given(any_documents())
def test_what_was_recorded_is_loaded_and_recorded_in_the_same_bytes(document: dict[str, Any]) -> None:
    configuration = Configuration.from_document(document)
    system = saved(configuration)
    again = Store(system).load()
    assert again == configuration
    assert saved(again).files == system.files
    assert system.modes[PATH] == 0o600


def test_each_object_has_a_line_of_its_own() -> None:
    checks = [{"type": "tcp", "name": "b"}, {"name": "a", "interval": 5}]
    text = saved(Configuration.from_document({"health_checks": checks})).files[PATH]
    assert text.splitlines()[3:8] == [
        ' "ha_groups": [],',
        ' "health_checks": [',
        '  {"interval": 5.0, "name": "a"},',
        '  {"name": "b", "type": "tcp"}',
        " ],",
    ]
    assert json.loads(text)["version"] == 1
    assert text.endswith("}\n")


def test_nothing_recorded_yet_is_nothing() -> None:
    assert Store(FakeSystem()).load() == Configuration()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is damaged"),
        ("{", "is damaged"),
        ("[]", "is damaged"),
        ("[" * 100_000, "is damaged"),
        ('{"version": 1}', "is damaged"),
        ('{"version": 1, "configuration": []}', "is damaged"),
        ('{"version": 1, "configuration": {"farms": [{"name": "web", "balance": "tortoise"}]}}', "tortoise"),
        ('{"version": 2, "configuration": {}}', "has version 2; this release reads version 1"),
    ],
)
def test_what_cannot_be_understood_is_a_fault(text: str, complaint: str) -> None:
    system = FakeSystem()
    system.files[PATH] = text
    with pytest.raises(HostFault, match=complaint):
        Store(system).load()


ONE, TWO, THREE = (
    Configuration.from_document({"farms": [{"name": name, "tenant": "Zoë\u2003& sons"}]})
    for name in ("one", "two", "three")
)


def test_a_run_that_did_not_end_leaves_word_of_what_it_began() -> None:
    system = saved(ONE)
    Store(system).begin(TWO)
    assert Store(system).load() == ONE
    assert Store(system).begun() == [TWO]
    Store(system).begin(TWO)
    assert Store(system).begun() == [TWO]
    Store(system).begin(THREE)
    assert Store(system).begun() == [THREE, TWO]
    assert {system.modes[path] for path in system.files} == {0o600}
    Store(system).save(THREE)
    assert (Store(system).load(), Store(system).begun(), list(system.files)) == (THREE, [], [PATH])


@pytest.mark.parametrize("before", [None, ONE])
def test_a_record_goes_back_to_what_it_was_also_when_it_changed(before: Configuration | None) -> None:
    system = FakeSystem() if before is None else saved(before)
    files = dict(system.files)
    store = Store(system)
    store.load()
    store.begin(TWO)
    store.back(left=None)
    assert system.files == files
    store.save(TWO)
    store.back(left=TWO)
    assert (Store(system).load(), Store(system).begun()) == (before or Configuration(), [TWO])
    store.forget()
    assert system.files == files


def test_what_was_begun_and_is_damaged_is_named() -> None:
    system = saved(ONE)
    system.files[f"{PATH}.new"] = "{"
    with pytest.raises(HostFault, match=rf"{PATH}\.new is damaged"):
        Store(system).begun()


def test_on_a_file_system_that_cannot_be_written_the_record_that_was_not_touched_is_back() -> None:
    class ReadOnly(FakeSystem):
        def remove(self, path: str) -> None:
            raise HostFault(f"cannot remove {path}: read-only file system")

    store = Store(ReadOnly())
    store.load()
    store.back(None)


def test_the_record_of_another_director_lies_elsewhere(tmp_path: Path) -> None:
    """Of one that has no room for it, such as an appliance; each has its own, and its own lock."""
    first, second = System.keeping(str(tmp_path / "one")), System.keeping(str(tmp_path / "two"))
    wanted = Configuration.from_document({"farms": [{"name": "web"}]})
    Store(first).save(wanted)
    assert Store(first).load() == wanted
    assert Store(second).load() == Configuration()
    assert (first.record, first.run_lock) == (str(tmp_path / "one/lb.json"), str(tmp_path / "one/lock"))
    assert System.record == PATH == "/etc/evenkeel/lb.json"
