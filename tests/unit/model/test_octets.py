# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes in one line of text: every byte can be said, and nothing is said by accident."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue
from ansible_collections.evenkeel.lb.plugins.module_utils._model.octets import octets

one_line = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"),
        (r"\x00\xfF\x0ax", b"\x00\xff\nx"),
        (r"a\\n\tb", b"a\\n\tb"),
        ("Zoë", "Zoë".encode()),
        ("", b""),
    ],
)
def test_what_stands_for_what(text, expected):
    assert octets(text) == expected


@given(st.binary(max_size=40))
def test_every_byte_can_be_said(wanted):
    assert octets("".join(f"\\x{byte:02x}" for byte in wanted)) == wanted


@given(one_line)
def test_text_stands_for_itself_once_its_backslashes_are_doubled(text):
    assert octets(text.replace("\\", "\\\\")) == text.encode()


@given(one_line, st.sampled_from([r"\d", "\\", r"\x1", r"\xg0", r"\N", r"\"", r"\ "]))
def test_a_backslash_that_begins_nothing_known_is_refused(text, beginning):
    with pytest.raises(BadValue) as refused:
        octets(text.replace("\\", "") + beginning)
    assert "stands for nothing" in refused.value.message and r"\xHH" in refused.value.allowed
