# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel has otherwise, by object and field: nothing that makes an operation is left unsaid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.differences import of_lines
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.kernel_differences import Places
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.service_table import table_of
from ansible_collections.evenkeel.lb.plugins.module_utils._host.ipvs_table import (
    ADD,
    EDIT,
    REMOVE,
    Destination,
    Operation,
    Service,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.plugins.module_utils._model.services import services
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.tables import kernel_destination, kernel_service

FARM: dict[str, Any] = {
    "name": "web",
    "sorry_server": {"address": "10.20.0.90"},
    "servers": [
        {"name": "web1", "address": "10.20.0.21"},
        {"name": "web2", "address": "10.20.0.22", "state": "disabled"},
    ],
}
KNOWN = services(
    Configuration.from_document(
        {"farms": [FARM], "virtual_servers": [{"name": "www", "vip": "10.10.0.50", "port": 80, "farm": "web"}]}
    ),
    "keepalived",
)
((KEY, ENTRY),) = table_of(KNOWN).items()
PLACES = Places(KNOWN)


@given(st.data())
def test_every_edit_of_a_service_names_a_field_that_differs(data: st.DataObject) -> None:
    before, after = (data.draw(kernel_service(KEY)).canonical() for _side in range(2))
    assume(before != after)
    _tells(before, after, "farms[web]")


@given(st.data())
def test_every_edit_of_a_server_names_a_field_that_differs(data: st.DataObject) -> None:
    (there,) = ENTRY.destinations
    before, after = (
        data.draw(kernel_destination(KEY, 1))._replace(address=there.address, port=there.port).canonical()
        for _side in range(2)
    )
    assume(before != after)
    _tells(before, after, "farms[web].servers[web1]")


def _tells(before: Service | Destination, after: Service | Destination, path: str) -> None:
    found = PLACES.differences(Operation(EDIT, KEY, before, after))
    assert found and all(one.path == path and one.intended != one.running for one in found)
    # the other way round it says the same of the other side
    back = PLACES.differences(Operation(EDIT, KEY, after, before))
    assert [(one.field, one.running, one.intended) for one in back] == [
        (one.field, one.intended, one.running) for one in found
    ]


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("10.20.0.21", "farms[web].servers[web1]"),
        ("10.20.0.22", "farms[web].servers[web2]"),
        ("10.20.0.90", "farms[web].sorry_server"),
        ("10.20.0.99", "virtual_servers[www]"),
    ],
)
def test_a_whole_server_is_named_as_far_as_anybody_named_it(address: str, path: str) -> None:
    server = Destination(address, 80, 0, 1)
    shown = f"{address}:80"
    assert PLACES.differences(Operation(ADD, KEY, None, server)) == ((path, "server", shown, ""),)
    assert PLACES.differences(Operation(REMOVE, KEY, server, None)) == ((path, "server", "", shown),)


def test_a_whole_service_is_its_virtual_servers() -> None:
    service = ENTRY.service
    path, shown = "virtual_servers[www]", "tcp 10.10.0.50:80"
    assert PLACES.differences(Operation(ADD, KEY, None, service)) == ((path, "service", shown, ""),)


def test_of_texts_only_the_lines_that_differ_are_told() -> None:
    assert of_lines("p", "f", "a\n  b\nc\n", "a\nx\nc\n") == (("p", "f", "b", "x"),)
    # where they only stand otherwise, all are
    assert of_lines("p", "f", "a\nb\n", "b\na\n") == (("p", "f", "a\nb", "b\na"),)
