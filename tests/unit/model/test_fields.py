# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Field types: what they take, what they make of it, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model import fields

TYPES = [
    fields.Name(),
    fields.InterfaceName(),
    fields.UriPath(),
    fields.HostName(),
    fields.Choice("tcp", "udp"),
    fields.Integer(1, 65535),
    fields.Seconds(0.1, 60),
    fields.Boolean(),
    fields.Address(),
    fields.HostAddress(),
    fields.Netmask(),
    fields.StatusCodes(),
]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=6,
) | st.from_regex(r"[0-9a-f:./]{1,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("field", "value", "canonical"),
    [
        (fields.Address(), "FD10:0:0::0050", "fd10::50"),
        (fields.Address(), "192.0.2.1", "192.0.2.1"),
        (fields.HostAddress(), "FD10::50/64", "fd10::50/64"),
        (fields.HostAddress(), "192.0.2.1/32", "192.0.2.1/32"),
        (fields.HostAddress(), "192.0.2.0/31", "192.0.2.0/31"),
        (fields.Integer(1, 10), "7", 7),
        (fields.Seconds(0.01, 40.95), "0.5", 0.5),
        (fields.Seconds(0.01, 40.95), 2, 2.0),
        (fields.Boolean(), "Yes", True),
        (fields.Boolean(), 0, False),
        (fields.Netmask(), 64, "64"),
        (fields.Netmask(), "255.255.255.0", "255.255.255.0"),
        (fields.StatusCodes(), [301, "200-299", "404-404", 301], ("200-299", "301", "404")),
    ],
)
def test_canonical_form(field, value, canonical):
    assert field.parse(value) == canonical


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (fields.Name(), "two words"),
        (fields.Name(), "a" * 65),
        (fields.Name(), "trailing\n"),
        (fields.Name(), ""),
        (fields.InterfaceName(), "a-name-too-long-for-linux"),
        (fields.UriPath(), "no-slash"),
        (fields.UriPath(), '/"; rm'),
        (fields.UriPath(), "/a$VAR"),
        (fields.Choice("tcp", "udp"), "TCP"),
        (fields.Integer(1, 65535), 0),
        (fields.Integer(1, 65535), 65536),
        (fields.Integer(1, 65535), True),
        (fields.Integer(1, 65535), "9" * 5000),
        (fields.Seconds(0.1, 60), float("nan")),
        (fields.Seconds(0.1, 60), 0.015),
        (fields.Address(), "224.0.0.18"),
        (fields.Address(), "0.0.0.0"),
        (fields.Address(), "255.255.255.255"),
        (fields.Address(), "fe80::1%eth0"),
        (fields.Address(), "::ffff:192.0.2.1"),
        (fields.HostAddress(), "::ffff:192.0.2.1/128"),
        (fields.Address(), "192.0.2.1/24"),
        (fields.Address(), 3232235777),
        (fields.HostAddress(), "192.0.2.1"),
        (fields.HostAddress(), "192.0.2.0/24"),
        (fields.HostAddress(), "192.0.2.255/24"),
        (fields.HostAddress(), "192.0.2.1/33"),
        (fields.Netmask(), "255.0.255.0"),
        (fields.Netmask(), 129),
        (fields.Netmask(), "0.0.0.0"),
        (fields.StatusCodes(), []),
        (fields.StatusCodes(), ["299-200"]),
        (fields.StatusCodes(), "200"),
        (fields.Boolean(), "maybe"),
    ],
)
def test_refused_with_what_is_allowed(field, value):
    with pytest.raises(fields.BadValue) as refused:
        field.parse(value)
    assert refused.value.allowed
    assert len(refused.value.message) < 120


@pytest.mark.parametrize("field", TYPES, ids=lambda field: type(field).__name__)
@given(value=anything)
def test_a_value_is_canonical_or_refused_and_never_anything_else(field, value):
    try:
        parsed = field.parse(value)
    except fields.BadValue:
        return
    assert field.parse(field.serialise(parsed)) == parsed
