# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every field that is declared can be said: alone with what it needs, recorded, read back, merged and unset."""

from __future__ import annotations

import json

import pytest

from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import Integer, Seconds
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.validation import all_problems
from ansible_collections.evenkeel.lb.tests.unit.model.around import around, declared, samples, where

CELLS = [(path, value) for path, option in declared().items() for value in samples(path, option)]


@pytest.mark.parametrize(("path", "value"), CELLS, ids=lambda part: str(part)[:40])
def test_each_value_is_valid_with_what_it_needs_and_comes_back_from_disk(path, value):
    configuration = Configuration.from_document(around(path, value))
    assert not all_problems(configuration)
    again = Configuration.from_document(json.loads(json.dumps(configuration.document())))
    assert again == configuration


@pytest.mark.parametrize("path", declared())
def test_a_field_is_refused_where_it_is_wrong(path):
    value = samples(path, declared()[path])[0]
    document = around(path, value)
    position = where(document, path)
    wrong = around(path, value)
    kind, *between, last = path.split(".")
    target = wrong[kind][0]
    for step in between:
        target = target[step][0] if isinstance(target[step], list) else target[step]
    target[last] = {"neither": ["this", "nor that"]}
    with pytest.raises(InvalidConfiguration) as refused:
        Configuration.from_document(wrong)
    paths = [problem.path for problem in refused.value.problems]
    assert paths == [position if last != "name" else position.replace(f"[{value}].name", "[0].name")]


@pytest.mark.parametrize(("path", "option"), declared().items(), ids=lambda part: str(part)[:40])
def test_a_default_is_canonical_and_described(path, option):
    assert option.text and all(sentence.strip() for sentence in option.text)
    if option.default is not None:
        assert option.type.parse(option.type.serialise(option.default)) == option.default
        assert not option.required


def numbers() -> list[str]:
    return [path for path, option in declared().items() if isinstance(option.type, (Integer, Seconds))]


@pytest.mark.parametrize("path", numbers())
def test_the_documentation_of_a_number_says_its_range(path):
    option = declared()[path]
    least, most, text = option.type._least, option.type._most, " ".join(option.text)
    said = [f"{least:g} to {most:.10g}"]
    if least == 0 and "V(0)" in text:  # has a meaning of its own there
        said.append(f"1 to {most}")
    assert any(range_ in text for range_ in said)
