# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter lb_report_html: whatever directors tell stays text, and equal reports give equal pages."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.filter.lb_report import lb_report
from ansible_collections.evenkeel.lb.plugins.filter.lb_report_html import lb_report_html
from ansible_collections.evenkeel.lb.plugins.filter.lb_report_text import lb_report_text
from ansible_collections.evenkeel.lb.plugins.plugin_utils._report_words import visible
from ansible_collections.evenkeel.lb.tests.unit import audits

# Everything the page is made of.
ELEMENTS = set(
    "html head meta link title style body header h1 time div strong span p ul li main section h2 h3 pre details summary"
    " table caption thead tbody tr th td label input article footer script".split()
)
ATTRIBUTES = set(
    "lang charset http-equiv content name rel href class datetime aria-hidden aria-label aria-labelledby id open role"
    " scope data-label hidden for type placeholder autocomplete".split()
)
HOSTILE = [
    "<script>alert(1)</script>",
    "</script></style></title>",
    "<img src=x onerror=alert(1)>",
    "\" onload='alert(1)' x=\"",
    "&lt;&amp;&#60;",
    "{{ 7 * 7 }}{% raw %}",
    "-->]]>",
    "\x1b[2J\x00\x85\u202e\ud800",
]


class Parsed(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes.update(name for name, _value in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


texts = st.sampled_from(HOSTILE) | st.text(st.characters(), max_size=8)
sides = texts | st.just("")


@st.composite
def any_servers(draw: st.DrawFn) -> dict[str, Any]:
    state = draw(st.sampled_from(["enabled", "drained", "disabled"]))
    health = draw(st.sampled_from(["up", "down", "unchecked", "unknown"]))
    return audits.server(draw(texts), draw(texts), draw(st.integers(0, 65535)), state, health)


@st.composite
def any_virtual_servers(draw: st.DrawFn) -> dict[str, Any]:
    state = draw(st.sampled_from(["up", "degraded", "down", "disabled", "missing"]))
    told = audits.virtual_server(
        draw(texts), draw(sides), draw(texts), draw(st.lists(any_servers(), max_size=3)), state
    )
    told["services"][0]["fwmark"] = draw(st.integers(0, 3))
    told["sorry_server"] = draw(st.booleans())
    return told


@st.composite
def any_differences(draw: st.DrawFn) -> dict[str, Any]:
    action = draw(st.sampled_from(["add", "change", "remove", "repair", "refuse"]))
    impact = draw(st.sampled_from(["none", "new_connections", "drain", "reset", "failover"]))
    return audits.difference(draw(texts), draw(texts), draw(sides), draw(sides), action=action, impact=impact)


@st.composite
def any_infos(draw: st.DrawFn) -> dict[str, Any]:
    """A result of lb_info, with the subsets that were gathered."""
    state = draw(st.sampled_from(["master", "backup", "fault", "stopped", "unknown"]))
    member = draw(texts)
    services = draw(st.lists(any_virtual_servers(), max_size=3, unique_by=lambda one: one["name"]))
    told = audits.info(member, state, services, draw(st.lists(any_differences(), max_size=3)), (member, draw(texts)))
    states = st.sampled_from(["present", "missing", "unknown", "untold"])
    parts = st.sampled_from(["certificate", "chain", "authority"])
    ends = st.sampled_from([None, "2026-11-28T09:00:00Z", "2026-12-28T09:59:59Z", "2027-12-28T09:59:59Z"])
    told["certificates"] = [
        {
            **audits.certificate(draw(texts), None),
            "state": draw(states),
            "ends": [audits.end(draw(parts), draw(sides), draw(ends))],
        }
        for _number in range(draw(st.integers(0, 2)))
    ]
    told["config"]["vips"] = [{"name": draw(texts), "address": draw(texts), "ha_group": draw(texts)}]
    told["config"]["virtual_servers"] = [{"name": draw(texts), "vip": draw(texts)}]
    for subset in draw(
        st.sets(st.sampled_from(["config", "virtual_servers", "ha_groups", "versions", "certificates"]))
    ):
        del told[subset]
    return told


silences = st.sampled_from(["failed", "unreachable"]).flatmap(lambda word: st.fixed_dictionaries({word: texts}))
audited = st.dictionaries(texts, any_infos() | silences.filter(lambda one: any(one.values())), min_size=1, max_size=3)


@given(audited)
def test_whatever_directors_tell_stays_text(results: dict[str, Any]) -> None:
    report = lb_report(results, audits.GENERATED)
    assert json.loads(json.dumps(report)) == report
    page = lb_report_html(report)
    page.encode("utf-8")
    parsed = Parsed(page)
    assert set(parsed.elements) <= ELEMENTS
    assert parsed.attributes <= ATTRIBUTES
    assert parsed.elements.count("script") == parsed.elements.count("style") == 1
    told = [*report["directors"], *(one["message"] for one in report["directors"].values())]
    told += [entry[key] for entry in report["findings"]["drift"] for key in ("path", "field", "intended", "running")]
    told += [one[key] for one in report["findings"]["certificates"] for key in ("name", "subject")]
    for vip in report["topology"]:
        told += [vip["vip"], *vip["names"], *vip["ha_groups"]]
        for service in vip["virtual_servers"]:
            told += [service["name"], service["farm"]["name"], *(server["name"] for server in service["servers"])]
    assert [text for text in told if visible(text) not in parsed.text] == []
    text = lb_report_text(report)
    assert visible(text) == text
    assert text.startswith(report["verdict"].upper())


@given(audited)
def test_the_order_of_directors_does_not_matter(results: dict[str, Any]) -> None:
    backwards = dict(reversed(results.items()))
    first, second = lb_report(results, audits.GENERATED), lb_report(backwards, audits.GENERATED)
    assert first == second
    assert lb_report_html(first) == lb_report_html(second)
    assert lb_report_text(first) == lb_report_text(second)


def test_every_element_that_may_be_there_is() -> None:
    """So that the lists above stay what they say."""
    services = [audits.virtual_server("www", "10.10.0.50", "web", [], "down")]
    results = {**audits.estate(2), "lb2": audits.info("lb2", "master", services)}
    parsed = Parsed(lb_report_html(lb_report(results, audits.GENERATED)))
    assert set(parsed.elements) == ELEMENTS
    assert parsed.attributes == ATTRIBUTES


@pytest.mark.parametrize(
    ("results", "urgency"),
    [
        (audits.pair(), "good"),
        (audits.pair(drift=[audits.difference("keepalived", "service", "active", "inactive")]), "poor"),
        ({"lb1": {"failed": "x"}}, "bad"),
        ({"lb1": audits.info(certificates=[audits.certificate("www", "2026-11-28T09:59:59Z")])}, "bad"),
        ({"lb1": audits.info(certificates=[audits.certificate("www", "2026-12-01T10:00:00Z")])}, "poor"),
        ({"lb1": audits.info("lb1", "master"), "lb2": audits.info("lb2", "master")}, "bad"),
        (
            audits.pair(
                services=[audits.virtual_server("www", "::1", "web", [audits.server("a", "::2", health="down")])]
            ),
            "poor",
        ),
    ],
)
def test_the_banner_tells_how_urgent_it_is(results: dict[str, Any], urgency: str) -> None:
    assert f'<div class="verdict {urgency}">' in lb_report_html(lb_report(results, audits.GENERATED))


def test_no_report_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="is no report"):
        lb_report_html(audits.info())
