# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cache: made once, whole or not at all, and anew when its recipe changed."""

from __future__ import annotations

import pytest
from evenkeel_lab import store
from evenkeel_lab.distros import DISTROS


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EVENKEEL_CACHE", str(tmp_path))
    return tmp_path / "lab"


def make(scratch):
    made = scratch / "made"
    made.mkdir()
    (made / "file").write_text("content")
    return made


def test_what_was_made_is_kept(cache):
    first = store.provide("thing", "a", "1", "thing", make)
    assert (first / "file").read_text() == "content"
    assert store.provide("thing", "a", "1", "thing", lambda scratch: pytest.fail("made again")) == first
    assert list((cache / "scratch").iterdir()) == []
    assert list((cache / "lock").iterdir()) == []


def test_a_failed_build_leaves_nothing(cache):
    def fail(scratch):
        (scratch / "half").mkdir()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        store.provide("thing", "a", "1", "thing", fail)
    assert list((cache / "thing").iterdir()) == []
    assert list((cache / "scratch").iterdir()) == []
    assert store.provide("thing", "a", "1", "thing", make).is_dir()


def test_what_a_killed_build_left_is_no_part_of_the_next(cache):
    leftover = cache / "scratch" / "thing-a"
    leftover.mkdir(parents=True)
    (leftover / "made").mkdir()
    (leftover / "made" / "leftover").touch()
    made = store.provide("thing", "a", "1", "thing", make)
    assert [path.name for path in made.iterdir()] == ["file"]


def test_every_ingredient_changes_the_key():
    base = DISTROS["bookworm"]
    keys = {
        store.key(1, base.name, base.offered),
        store.key(2, base.name, base.offered),
        store.key(1, "trixie", base.offered),
        store.key(1, base.name, (*base.offered, "another")),
    }
    assert len(keys) == 4
    assert store.key(1, base.name, base.offered) in keys
