# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The grammar of keepalived.conf: what is a comment, a word, a block, a definition, and for whom a line is.

The examples of definitions and sequences follow keepalived.conf(5); each result is what keepalived itself makes of it.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.daemon import FILE
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.reading.conf import read_conf
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.reading.files import matching
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.reading.lines import read_lines
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.keepalived.reading.tree import (
    Statement,
    read_tree,
    split,
    split_quoted,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.reading import BadText
from ansible_collections.evenkeel.lb.tests.conftest import soon


def lines(text: str, director: str | None = None, files: dict[str, str] | None = None) -> list[str]:
    return [line.text for line in read_lines(text, director, files).lines]


def faults(text: str, director: str | None = None, files: dict[str, str] | None = None) -> list[tuple[str, str]]:
    with pytest.raises(BadText) as bad:
        read_tree(read_lines(text, director, files))
    return [(str(finding.place), finding.message) for finding in bad.value.findings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b # c", ["a b"]),
        ("a b ! c", ["a b"]),
        ("a#b", ["a"]),
        ("  \t a \t ", ["a"]),
        ('a "x # y ! z" b # c', ['a "x # y ! z" b']),
        (r"a \# b \! c # d", ["a # b ! c"]),
        (r'a "x \" # y" # z', [r'a "x \" # y"']),
        ("a {", ["a", "{"]),
        ("a { b } c { d", ["a", "{", "b", "}", "c", "{", "d"]),
        ("{a}", ["{", "a", "}"]),
        ("a{b}", ["a", "{", "b", "}"]),
        ('a "{ }" {', ['a "{ }"', "{"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\x0bb\u2028c", ["a\x0bb\u2028c"]),
    ],
)
def test_comments_quotes_and_braces(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$A=x y\na $A b", ["a x y b"]),
        ("$A=1\na $A$A ${A}${A} $AB", ["a $A1 11 $AB"]),
        ("$A=1\nf($A, $A)", ["f(1, 1)"]),
        ("$A=\na ${A}b", ["a b"]),
        ("a $B ${_HASH}x\n", ["a $B"]),
        ('a "${_HASH} ${_BANG}"', ['a "# !"']),
        ("$BASE=10.2.${SUB}\n$SUB=0\n${BASE}.100/32\n$SUB=10\n${BASE}.100/32", ["10.2.0.100/32", "10.2.10.100/32"]),
        ("$A = 1\na", ["$A = 1", "a"]),
        ("$A=1 # one\na ${A}", ["a 1"]),
        ("$RS=a \\\n\nb\n$RS", ["b", "a"]),
        ("$RS=a \\\n# more\n b\n$RS", ["a", "b"]),
        ("$I=x \\\n y\n$O=o1 \\\n $I \\\n o2\n$O", ["o1", "x", "y", "o2"]),
        ("$RS=a \\\n b\nx $RS y", ["x $RS y"]),
    ],
)
def test_definitions(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


def test_a_definition_of_several_lines_is_put_in_each_time() -> None:
    text = "$RS= \\\nreal ${N} { \\\n  weight 1 \\\n}\n$N=1\n$RS\n$N=2\n$RS"
    assert lines(text) == ["real 1", "{", "weight 1", "}", "real 2", "{", "weight 1", "}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("~SEQ(N, 0, 3) ip 10.0.${N}.1", [f"ip 10.0.{number}.1" for number in range(4)]),
        ("~SEQ(N, 3) a ${N}", ["a 1", "a 2", "a 3"]),
        ("~SEQ(N, -2) a ${N}", ["a -1", "a -2"]),
        ("~SEQ(N, 3, 1) a $N", ["a 3", "a 2", "a 1"]),
        ("~SEQ(N, 0, 5, 12) a $N", ["a 0", "a 5", "a 10"]),
        ("~SEQx(N, 0x90, 0x10, 0xa0) fe80::${N}", ["fe80::90", "fe80::a0"]),
        ("~SEQ(A, 1, 2) ~SEQ(B, 1, 2) ${A}${B}", ["11", "12", "21", "22"]),
        ("$L=2\n~SEQ(A, 1, $L) b { c $A }", ["b", "{", "c 1", "}", "b", "{", "c 2", "}"]),
    ],
)
def test_sequences(text: str, expected: list[str]) -> None:
    assert lines(text) == expected


CONDITIONAL = "@lb1 a\n@^lb1 b\n@lb2 $P=2\n@lb1 $P=1\nc ${P}\n$IF=@lb1\n$IF d\n@lb1\n"


def test_lines_for_one_director() -> None:
    assert lines(CONDITIONAL, "lb1") == ["a", "c 1", "d"]
    assert lines(CONDITIONAL, "lb2") == ["b", "c 2"]
    assert lines("a ${_INSTANCE}", "lb1") == ["a lb1"]
    assert faults("x\n@lb1 a\n@^lb2 b")[0] == ("line 2", "is only for a director that is 'lb1'")
    assert faults("x\n@^lb2 b") == [("line 2", "is only for a director that is not 'lb2'")]


FILES = {
    "/etc/keepalived/conf.d/2.conf": "two",
    "/etc/keepalived/conf.d/10.conf": "ten\ninclude more/*.conf\nten again",
    "/etc/keepalived/conf.d/.hidden.conf": "hidden",
    "/etc/keepalived/conf.d/more/a.conf": "more",
    "/srv/x.txt": "x {",
}


def test_included_files_are_read_where_they_are_included() -> None:
    """In the order of the bytes of their names, and relative to the file that includes them."""
    assert lines("a\ninclude conf.d/*.conf\nb", files=FILES) == ["a", "ten", "more", "ten again", "two", "b"]
    assert lines('includer "/srv/x.txt"\n}', files=FILES) == ["x", "{", "}"]
    assert faults("include /srv/*.conf", files=FILES)[0][1].startswith("includes '/srv/*.conf', which cannot be")
    loop = {"/etc/keepalived/a": "include a\ninclude a"}
    assert "include each other" in faults("include a", files=loop)[0][1]
    nested = read_lines("a\ninclude conf.d/2.conf\n", files=FILES)
    assert [str(nested.physical[line.at].place) for line in nested.lines] == [
        "line 1",
        "/etc/keepalived/conf.d/2.conf line 1",
    ]


def test_our_own_file_holds_nothing_that_is_not_given() -> None:
    assert FILE == "/etc/keepalived/evenkeel.conf"
    text = f'a\ninclude "{FILE}"\n'
    assert lines(text) == ["a"]
    assert lines(text, files={FILE: "b"}) == ["a", "b"]
    assert read_conf(f"global_defs {{\n}}\ninclude {FILE}\n").rest == f"global_defs {{\n}}\ninclude {FILE}\n"


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*.conf", "a.conf", True),
        ("*.conf", ".a.conf", False),
        (".*.conf", ".a.conf", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("*/c", "a/c", True),
        ("a[b-d]e", "ace", True),
        ("a[!b-d]e", "ace", False),
        ("a[]x]e", "a]e", True),
        ("{a,b}.c", "b.c", True),
        ("{a,{b,c}}.d", "c.d", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        ("a*b*c*d*e*f*g*h*i*j*k", "abcdefghij" * 20, False),
        ("[z-a]", "m", False),
        ("[", "[", True),
    ],
)
def test_patterns_are_those_of_glob(pattern: str, name: str, fits: bool) -> None:
    assert matching(pattern, "/etc/x.conf", [f"/etc/{name}"]) == ([f"/etc/{name}"] if fits else [])


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ('a\nb "c', 2, "opens a quote"),
        ("a\nb\\", 2, "backslash"),
        ("a\0", 1, "NUL"),
        ("a" * 1023, 1, "longer than"),
        ("a\n}", 2, "not open"),
        ("a {\nb", 1, "nothing closes"),
        ("{", 1, "no keyword"),
        ("a {\n}\n{\n}", 3, "no keyword"),
        ("~LST(a, b, c) d", 1, "not understood here"),
        ("~SEQ(a, b) c", 1, "not a sequence"),
        ("~SEQ(a, 1, 0, 5) c", 1, "never gets to"),
        ("a ${_PWD}/x", 1, "only the director knows"),
        ("a ${_ENV HOME}", 1, "only the director knows"),
        ("a ${_RANDOM 1 5}", 1, "only the director knows"),
        ("a $_INSTANCE", 1, "only the director knows"),
        ("$A=$B\n$B=$A\na $A", 3, "without end"),
        ("$A=x${A}\na ${A}", 2, "without end"),
        ("$A=" + "x" * 900 + "\na ${A}${A}", 2, "longer than"),
        ("a {\n" * 13, 12, "so deep"),
    ],
)
def test_what_cannot_be_understood_is_told_by_line(text: str, line: int, part: str) -> None:
    found = faults(text)
    assert (found[0][0], part in found[0][1]) == (f"line {line}", True)


@pytest.mark.parametrize(
    "text",
    [
        "~SEQ(A, 1, 999999999) a",
        "~SEQ(A, 1, 9999) ~SEQ(B, 1, 9999) {{{{{{{{{{{{{{{{{{{",
        "$A=a \\\n$A\n$A",
        "".join(f"$A{n}= \\\n$A{n - 1} \\\n$A{n - 1}\n" for n in range(1, 60)) + "$A59",
    ],
)
def test_texts_that_multiply_themselves_end_soon(text: str) -> None:
    with soon():
        assert faults(text)


def test_words_of_a_line() -> None:
    assert split('a  "b c"d\t""e') == ("a", "b c", "d", "", "e")
    assert split_quoted(r"""a "b c"'d e'f \x41""", escapes=False) == ("a", "b cd ef", r"\x41")
    assert split_quoted(r"""a "\x41\101\n" \"""", escapes=True) == ("a", "AA\n", '"')
    assert split_quoted(r"a \377é", escapes=True) == ("a", "\udcffé")


def flat(statements: list[Statement]) -> list[object]:
    return [(one.words, flat(one.block)) if one.block is not None else one.words for one in statements]


def test_statements_have_the_lines_they_span() -> None:
    conf = read_lines("a\n{\n b { c }\n}\nd")
    tree = read_tree(conf)
    assert flat(tree) == [(("a",), [(("b",), [("c",)])]), ("d",)]
    assert [(one.at, one.end) for one in tree] == [(0, 3), (4, 4)]


SOUP = st.lists(
    st.sampled_from(
        "virtual_server real_server vrrp_instance virtual_ipaddress TCP_CHECK url path 192.0.2.1 80 { } \n \n \" ' \\"
        " # ! $A $A= ${A} @x ~SEQ(A,3) include fwmark group 0 -1 \x00 \ud800 é".split(" ")
    ),
    max_size=60,
).map(" ".join)


@given(SOUP | st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        reading = read_conf(text, "x")
    except BadText as bad:
        assert all(finding.place.line >= 1 and finding.message for finding in bad.findings)
    else:
        assert set(reading.document) >= {"virtual_servers", "farms"}
