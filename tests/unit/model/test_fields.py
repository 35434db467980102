# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Field types: what they take, what they make of it, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model import (
    addresses,
    attributes,
    fields,
    lists,
    vip,
    virtual_server,
)
from ansible_collections.evenkeel.lb.tests.conftest import at_most

TYPES = [
    fields.Name(),
    fields.InterfaceName(),
    fields.UriPath(),
    fields.HostName(),
    fields.DomainName(),
    fields.Choice("tcp", "udp"),
    fields.Integer(1, 65535),
    fields.Seconds(0.1, 60),
    fields.Boolean(),
    addresses.Address(),
    addresses.HostAddress(),
    addresses.Netmask(),
    addresses.Prefix(),
    lists.StatusCodes(),
    lists.Ports(),
    lists.References(),
    lists.Interfaces(),
    lists.Programs(),
    lists.Arguments(),
    fields.FreeText(),
    fields.FilePath(),
    fields.Ciphers(),
    fields.Password(),
    fields.Timestamp(),
    vip.Label(),
    attributes.Attributes(),
    virtual_server.VipOrAddress(),
]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=6,
) | st.from_regex(r"[0-9a-f:./]{1,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("field", "value", "canonical"),
    [
        (addresses.Address(), "FD10:0:0::0050", "fd10::50"),
        (addresses.Address(), "192.0.2.1", "192.0.2.1"),
        (addresses.HostAddress(), "FD10::50/64", "fd10::50/64"),
        (addresses.HostAddress(), "192.0.2.1/32", "192.0.2.1/32"),
        (addresses.HostAddress(), "192.0.2.0/31", "192.0.2.0/31"),
        (fields.DomainName(), "WWW.Example.com.", "www.example.com"),
        (fields.DomainName(), ".", "."),
        (fields.DomainName(), "_sip._udp.example.com", "_sip._udp.example.com"),
        (fields.Integer(1, 10), "7", 7),
        (fields.Seconds(0.01, 40.95), "0.5", 0.5),
        (fields.Seconds(0.01, 40.95), 2, 2.0),
        (fields.Boolean(), "Yes", True),
        (fields.Boolean(), 0, False),
        (addresses.Netmask(), 64, "64"),
        (addresses.Netmask(), "255.255.255.0", "255.255.255.0"),
        (lists.StatusCodes(), [301, "200-299", "404-404", 301], ("200-299", "301", "404")),
        (lists.Ports(), [82, "80-81", "8000-8100", "8050-8200"], ("80-82", "8000-8200")),
        (lists.References(), ["b", "a", "b"], ("b", "a")),
        (lists.Interfaces(), ["eth2", "eth1", "eth2"], ("eth1", "eth2")),
        (lists.Programs(), ("nginx", "haproxy"), ("haproxy", "nginx")),
        (lists.ConfigLines(), [" option  x ", "option  x"], ("option  x", "option  x")),
        (lists.Arguments(), ["-c", 1, "-c", "1"], ("-c", "1", "-c", "1")),
        (attributes.Attributes(), {"b": None, "a": 80}, (("a", "80"), ("b", None))),
        (addresses.Prefix(), "FD10:0::/64", "fd10::/64"),
        (addresses.Prefix(), "192.0.2.1", "192.0.2.1/32"),
        (fields.Timestamp(), "0999-12-31", "0999-12-31T00:00:00Z"),
        (fields.Timestamp(), "2027-01-31T01:00:00+01:00", "2027-01-31T00:00:00Z"),
        (virtual_server.VipOrAddress(), "FD10::50", "fd10::50"),
        (virtual_server.VipOrAddress(), "public.6", "public.6"),
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
        (fields.DomainName(), "a..example"),
        (fields.DomainName(), ".example"),
        (fields.DomainName(), "-a.example"),
        (fields.DomainName(), "a" * 64),
        (fields.DomainName(), "a." * 128),
        (fields.DomainName(), "www.example.com:53"),
        (fields.DomainName(), "a\n"),
        (fields.Choice("tcp", "udp"), "TCP"),
        (fields.Integer(1, 65535), 0),
        (fields.Integer(1, 65535), 65536),
        (fields.Integer(1, 65535), True),
        (fields.Integer(1, 65535), "9" * 5000),
        (fields.Seconds(0.1, 60), float("nan")),
        (fields.Seconds(0.1, 60), 0.015),
        (addresses.Address(), "224.0.0.18"),
        (addresses.Address(), "0.0.0.0"),
        (addresses.Address(), "255.255.255.255"),
        (addresses.Address(), "fe80::1%eth0"),
        (addresses.Address(), "::ffff:192.0.2.1"),
        (addresses.HostAddress(), "::ffff:192.0.2.1/128"),
        (addresses.Address(), "192.0.2.1/24"),
        (addresses.Address(), 3232235777),
        (addresses.HostAddress(), "192.0.2.1"),
        (addresses.HostAddress(), "192.0.2.0/24"),
        (addresses.HostAddress(), "192.0.2.255/24"),
        (addresses.HostAddress(), "192.0.2.1/33"),
        (addresses.Netmask(), "255.0.255.0"),
        (addresses.Netmask(), 129),
        (addresses.Netmask(), "0.0.0.0"),
        (lists.StatusCodes(), []),
        (lists.StatusCodes(), ["299-200"]),
        (lists.StatusCodes(), "200"),
        (fields.Boolean(), "maybe"),
        (addresses.Prefix(), "224.0.0.0/4"),
        (addresses.Prefix(), "192.0.2.1/24"),
        (addresses.Prefix(), "fe80::%eth0/64"),
        (lists.Ports(), [0]),
        (lists.Ports(), ["90-80"]),
        (lists.Ports(), [True]),
        (lists.References(), "web"),
        (lists.References(), ["web", "two words"]),
        (lists.Interfaces(), ["eth1", "eth 2"]),
        (lists.Interfaces(), "eth1"),
        (lists.Programs(), ["longer-than-fits"]),
        (lists.Arguments(), "-c 1"),
        (lists.Arguments(), ["two words"]),
        (lists.Arguments(), ["$(reboot)"]),
        (lists.Arguments(), ["'"]),
        (lists.Arguments(), ["end\n"]),
        (lists.Arguments(), [True]),
        (attributes.Attributes(), ["log"]),
        (attributes.Attributes(), {"max-connections": "1"}),
        (attributes.Attributes(), {1: "1"}),
        (attributes.Attributes(), {"log": True}),
        (attributes.Attributes(), {"log": "Zoë"}),
        (attributes.Attributes(), {"log": ""}),
        (attributes.Attributes(), {"log": -1}),
        (fields.FreeText(), "two\nlines"),
        (fields.FreeText(), ""),
        (fields.FilePath(), "relative/path"),
        (fields.Password(), "ninechars"),
        (fields.Timestamp(), "2027-02-30"),
        (fields.Timestamp(), "9999-12-31T23:59:59-01:00"),
        (fields.Timestamp(), 1800000000),
        (virtual_server.VipOrAddress(), "10.0.0.300"),
        (virtual_server.VipOrAddress(), "10.0.0.1/24"),
    ],
)
def test_refused_with_what_is_allowed(field, value):
    with pytest.raises(fields.BadValue) as refused:
        field.parse(value)
    assert refused.value.allowed
    assert len(refused.value.message) < 120


@pytest.mark.parametrize("field", TYPES, ids=lambda field: type(field).__name__)
@given(value=anything)
@at_most(50)
def test_a_value_is_canonical_or_refused_and_never_anything_else(field, value):
    try:
        parsed = field.parse(value)
    except fields.BadValue:
        return
    assert field.parse(field.serialise(parsed)) == parsed


def test_a_refused_password_is_not_shown():
    with pytest.raises(fields.BadValue) as refused:
        fields.Password().parse("correct horse")
    assert "horse" not in refused.value.message + refused.value.allowed
