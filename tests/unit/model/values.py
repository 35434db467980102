# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hypothesis strategies: values of each field type as people write them, and what no field type can want."""

from __future__ import annotations

import functools
from typing import Any

from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model import (
    addresses,
    attributes,
    fields,
    lists,
    vip,
    virtual_server,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._model.objects import options

_PATTERNS: dict[type[fields.FieldType], str] = {
    fields.Name: r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}",
    fields.ProgramName: r"[A-Za-z0-9_][A-Za-z0-9_.+:-]{0,14}",
    fields.InterfaceName: r"[a-z][a-z0-9._@:-]{0,14}",
    fields.UriPath: r"/[A-Za-z0-9/._%?=&+,:;-]{0,20}",
    fields.HostName: r"[a-z0-9][a-z0-9.-]{0,20}(:[0-9]{1,5})?",
    fields.DomainName: r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,9}[a-z0-9])?(\.[a-z]{1,9}){0,3}\.?",
    fields.FilePath: r"/[A-Za-z0-9/._+:@=,-]{1,20}",
    fields.UserName: r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}",
    fields.CookieName: r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,10}",
    fields.Ciphers: r"[A-Za-z0-9:!+@=_-]{1,20}",
    fields.Password: r"[A-Za-z0-9._+:@=,-]{1,8}",
    vip.Label: r"[a-z0-9._@:-]{1,15}",
}
_NOT_IN_TEXT = ["Cs", "Cc", "Zl", "Zp"]


def _ranges(least: int, most: int) -> st.SearchStrategy[list[Any]]:
    one = st.integers(least, most)
    pair = st.tuples(one, one).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    return st.lists(one | one.map(str) | pair, min_size=1, max_size=4)


@functools.cache
def unicast(version: int) -> st.SearchStrategy[str]:
    network = "10.0.0.0/9" if version == 4 else "fd00::/9"
    return st.ip_addresses(network=network).map(str).filter(lambda text: not text.endswith((".0", ".255", "::")))


@functools.cache
def value_of(field: fields.FieldType) -> st.SearchStrategy[Any]:
    """Values a field takes, in any spelling it takes. Made once for each field, as that takes longer than drawing."""
    if type(field) in _PATTERNS:
        return st.from_regex(_PATTERNS[type(field)], fullmatch=True)
    if isinstance(field, fields.Choice):
        return st.sampled_from(field.choices)
    if isinstance(field, fields.Integer):
        whole = st.integers(field._least, field._most)
        return whole | whole.map(str)
    if isinstance(field, fields.Seconds):
        return st.integers(round(field._least * 100), round(field._most * 100)).map(lambda hundredths: hundredths / 100)
    if isinstance(field, lists.Ranges):
        return _ranges(field._least, field._most)
    names = st.from_regex(_PATTERNS[fields.Name], fullmatch=True)
    others: dict[type[fields.FieldType], st.SearchStrategy[Any]] = {
        fields.Reference: names,
        fields.Boolean: st.sampled_from([True, False, "yes", "no", "on", "Off", "TRUE", 0, 1]),
        fields.FreeText: st.text(st.characters(exclude_categories=_NOT_IN_TEXT), min_size=1, max_size=20),
        fields.Timestamp: st.datetimes().flatmap(
            lambda moment: st.sampled_from(["", "Z", "z", "+00:00", "-05:30"]).map(
                lambda zone: f"{moment.isoformat(timespec='seconds')}{zone}"
            )
        )
        | st.dates().map(str),
        addresses.Address: unicast(4) | unicast(6),
        addresses.HostAddress: unicast(4).map(lambda text: f"{text}/32") | unicast(6).map(lambda text: f"{text}/64"),
        addresses.Prefix: unicast(4) | unicast(6).map(lambda text: f"{text}/128") | st.just("198.51.100.0/29"),
        addresses.Netmask: st.integers(1, 128) | st.sampled_from(["255.255.255.0", "128.0.0.0", "255.255.255.255"]),
        lists.References: st.lists(names, max_size=3),
        lists.Interfaces: st.lists(st.from_regex(_PATTERNS[fields.InterfaceName], fullmatch=True), max_size=3),
        lists.Programs: st.lists(st.from_regex(_PATTERNS[fields.ProgramName], fullmatch=True), max_size=3),
        lists.Arguments: st.lists(st.from_regex(r"[A-Za-z0-9/._+:@=,%-]{1,9}", fullmatch=True), max_size=3),
        attributes.Attributes: st.dictionaries(
            st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
            st.none() | st.integers(0, 9999) | st.from_regex(r"[ -~]{1,20}", fullmatch=True),
            max_size=3,
        ),
        lists.ConfigLines: st.lists(st.from_regex(r"[a-z][a-z0-9 {}/'\"-]{0,20}", fullmatch=True), max_size=3),
        virtual_server.VipOrAddress: names.filter(lambda text: not virtual_server.is_address(text)) | unicast(6),
    }
    return others[type(field)]


@functools.cache
def some(kind: type, *names: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these fields of an object class, each with any value of its own."""
    declared = options(kind)
    return st.fixed_dictionaries({}, optional={name: value_of(declared[name].type) for name in names})


_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**30, 10**32)
    | st.none().map(lambda _none: 10**5000)
    | st.floats()
    | st.text(st.characters(categories=["Cs", "Cc", "Cf", "Co", "Lu", "Nd", "Zl"]), max_size=80)
    | st.binary(max_size=20)
    | st.from_regex(r"[0-9a-f:./%-]{1,20}", fullmatch=True)
)
# What a parser of JSON or YAML can hand over, and some that no such parser would.
hostile = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3) | st.integers() | st.binary(max_size=2) | st.none(), inner, max_size=3)
    ),
    max_leaves=8,
)
