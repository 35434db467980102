# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How values are written in keepalived.conf: whatever they are, they arrive as they are or are refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.words import fits, flaw, pattern, quoted
from ansible_collections.evenkeel.lb.tests.unit.engines.keepalived.keepalived_reading import read_again, value_of

# What means something to keepalived somewhere, in any mixture.
SIGNS = [
    '"',
    "'",
    "\\",
    "$",
    "{",
    "}",
    "#",
    "!",
    "@",
    "~SEQ(n, 1, 3)",
    "${_HASH}",
    "$_PWD ",
    "include /x",
    " ",
    "a",
    "é",
]
hostile = st.lists(st.sampled_from(SIGNS) | st.text(max_size=3), max_size=12).map("".join)


@given(hostile)
@example("a\\")
@example("$x")
@example("}")
@example("~SEQ(n, 1, 3) path /")
@example("!#@'")
def test_a_value_arrives_or_has_a_flaw(text):
    if flaw(text) is None:
        assert value_of(f"    path {quoted(text)}") == text
    else:
        with pytest.raises(ValueError, match=r"holds|ends|is a brace"):
            quoted(text)


@pytest.mark.parametrize(
    "text", ["/health?full=1", "www.example.com:8080", "a b", "$", "$1 a$", "\\\\", "\\n", "a#b!c", "{}"]
)
def test_what_can_be_said_is_not_refused(text):
    assert flaw(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\nb", "control character"),
        ("a\x7f", "control character"),
        ('a"b', "quotation mark"),
        ("${HOME}", "one of its definitions"),
        ("$HOME", "one of its definitions"),
        ("\\\\\\", "ends with a backslash"),
        ("{", "is a brace"),
    ],
)
def test_a_flaw_says_what_it_is(text, message):
    assert message in (flaw(text) or "")


@given(st.binary(max_size=60).filter(lambda octets: 0 not in octets))
@example(b"\\\"$'#!{}~@\r\n\t\xff0")
def test_a_pattern_arrives_byte_for_byte(octets):
    assert read_again(value_of(f"regex {pattern(octets)}")) == octets


def test_a_pattern_cannot_hold_a_nul():
    with pytest.raises(ValueError, match="NUL"):
        pattern(b"a\0b")


def test_a_line_is_what_keepalived_reads_as_one():
    assert fits("é" * 511) and not fits("é" * 511 + "a")
