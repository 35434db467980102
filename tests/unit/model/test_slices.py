# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is worked out once of the very same things, in a process that goes on and on too."""

from __future__ import annotations

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._model import slices


def test_the_very_same_things_are_looked_at_once_and_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "_MOST_KEPT", 2)
    looked: list[list[int]] = []
    total = slices.once_for_same(lambda numbers: looked.append(numbers) or sum(numbers))
    one, alike, other = [1, 2], [1, 2], [4]
    assert [total(one), total(one), total(alike)] == [3, 3, 3]
    assert [id(numbers) for numbers in looked] == [id(one), id(alike)]
    assert [total(other), total(one), total(other)] == [4, 3, 4]
    assert [id(numbers) for numbers in looked[2:]] == [id(other), id(one)]
