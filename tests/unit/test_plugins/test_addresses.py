# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests vip, prefix and vip_in_prefix: true exactly where the filters of the same name do not refuse."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.filter.prefix import prefix
from ansible_collections.evenkeel.lb.plugins.filter.vip import vip
from ansible_collections.evenkeel.lb.plugins.filter.vip_in_prefix import vip_in_prefix
from ansible_collections.evenkeel.lb.plugins.plugin_utils import _netaddr
from ansible_collections.evenkeel.lb.plugins.test.prefix import is_prefix
from ansible_collections.evenkeel.lb.plugins.test.vip import is_vip
from ansible_collections.evenkeel.lb.plugins.test.vip_in_prefix import is_vip_in_prefix
from ansible_collections.evenkeel.lb.tests.unit.model.values import hostile

values = hostile | st.builds("{}/{}".format, st.ip_addresses(), st.integers(0, 130)) | st.ip_addresses().map(str)


def passes(filter_: Any, *arguments: Any, **named: Any) -> bool:
    """Whether the filter takes the value, and where it answers with a truth value, that."""
    try:
        return filter_(*arguments, **named) is not False
    except AnsibleFilterError:
        return False


@given(values, st.booleans())
def test_tests_agree_with_filters(value: Any, link_local: bool) -> None:
    assert is_vip(value, link_local) is passes(vip, value, link_local)
    assert is_prefix(value) is passes(prefix, value)
    for network in ("10.0.0.0/8", "::/1", "fe80::/10"):
        answer = is_vip_in_prefix(value, network, link_local=link_local)
        assert answer is passes(vip_in_prefix, value, network, link_local=link_local)


def test_some_of_each() -> None:
    assert is_vip("192.0.2.50/24") and not is_vip("192.0.2.255/24") and not is_vip(None)
    assert is_vip("fe80::1", link_local=True) and not is_vip("fe80::1")
    assert is_prefix("2001:db8::/64") and not is_prefix("2001:db8::1/64")
    assert is_vip_in_prefix("2001:db8::1", "2001:db8::/64") and not is_vip_in_prefix("web", "2001:db8::/64")


def test_a_prefix_that_is_none_is_an_error() -> None:
    with pytest.raises(AnsibleFilterError, match=r"allowed: 10\.0\.0\.0/8, the network it is in"):
        is_vip_in_prefix("10.0.0.1", "10.0.0.1/8")
    with pytest.raises(AnsibleFilterError, match="true or false"):
        is_vip("10.0.0.1", link_local="perhaps")


def test_missing_netaddr_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be said then, not even that something is no VIP."""
    monkeypatch.setattr(_netaddr, "netaddr", None)
    for function, arguments in ((is_vip, ()), (is_prefix, ()), (is_vip_in_prefix, ("::/0",))):
        with pytest.raises(AnsibleFilterError, match="Python package netaddr is missing"):
            function("192.0.2.50", *arguments)
