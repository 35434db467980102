# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our table as text and back: what nft lists is what we wrote, in whatever words, and anything else is noticed."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables import render
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.engine import NftablesEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.parse import NotNft, parse
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.nftables.ruleset import EMPTY, Ruleset
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.unit.engines.nftables.fake_nft import TABLE, Table, listing, load
from ansible_collections.evenkeel.lb.tests.unit.engines.nftables.wishes import document, documents, everything, pool

# What nft of three versions listed after it loaded our file for everything(): nft --json --stateless --numeric
RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text(encoding="utf-8"))


def ruleset_of(wish: dict[str, Any]) -> Ruleset:
    return NftablesEngine().compile(Configuration.from_document(wish)).ruleset


def loaded(ruleset: Ruleset) -> Table:
    tables: dict[str, Table] = {TABLE: {"map stale": {"": ["type mark : verdict"], "elements": ["0x1 : accept"]}}}
    load(render.document(ruleset), tables)
    return tables[TABLE]


def test_the_file_is_as_a_person_would_write_it() -> None:
    wish = document(
        {"name": "web", "vip": "10.10.0.50", "ports": [80, "8000-8100"], **pool("198.51.100.0/29")},
        {"name": "one", "vip": "fd10::50", "port": 53, "protocol": "udp", "source_nat_type": "auto"},
    )
    mark = next(value.value for value in ruleset_of(wish).elements.values() if value.value.startswith("0x"))
    expected = """\
# Written by the Ansible collection evenkeel.lb from /etc/evenkeel/lb.json. Changes here are lost.
table inet evenkeel
delete table inet evenkeel

table inet evenkeel {
    map tcp_marked_sources4 {
        type mark : verdict
        elements = {
            MARK comment "web" : goto source-198.51.100.0-29
        }
    }
    map tcp_marks4 {
        type ipv4_addr . inet_service : mark
        flags interval
        elements = {
            10.10.0.50 . 80 comment "web" : MARK,
            10.10.0.50 . 8000-8100 comment "web" : MARK
        }
    }
    map udp_sources6 {
        type ipv6_addr . inet_service : verdict
        elements = {
            fd10::50 . 53 comment "one" : goto source-auto
        }
    }
    chain source-198.51.100.0-29 {
        snat ip to 198.51.100.1-198.51.100.6 persistent
    }
    chain source-auto {
        masquerade
    }
    chain input {
        type filter hook input priority 90; policy accept;
        meta mark set ip daddr . tcp dport map @tcp_marks4
    }
    chain output {
        type filter hook output priority -99; policy accept;
        meta mark set ip daddr . tcp dport map @tcp_marks4
    }
    chain postrouting {
        type nat hook postrouting priority 90; policy accept;
        meta nfproto ipv4 tcp flags syn meta mark vmap @tcp_marked_sources4
        meta l4proto udp ct original ip6 daddr . ct original proto-dst vmap @udp_sources6
    }
}
""".replace("    ", "\t").replace("MARK", mark)
    assert render.document(ruleset_of(wish)) == expected


@pytest.mark.parametrize("version", RECORDED)
def test_what_nft_listed_is_what_was_loaded(version: str) -> None:
    assert parse(json.dumps(RECORDED[version])) == ruleset_of(everything())


@given(documents(), st.booleans())
def test_what_is_listed_is_what_was_written(wish: dict[str, Any], words: bool) -> None:
    ruleset = ruleset_of(wish)
    assert parse(listing(loaded(ruleset), words)) == ruleset


def test_an_empty_table_is_nothing() -> None:
    assert parse(listing({})) == EMPTY


def recorded() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = copy.deepcopy(RECORDED["1.0.6"]["nftables"])
    return found


def of_kind(objects: list[dict[str, Any]], kind: str, name: str = "") -> dict[str, Any]:
    return next(
        entry[kind] for entry in objects if kind in entry and entry[kind].get("name", "") in (name, name or None)
    )


def with_rule(objects: list[dict[str, Any]], *statements: Any, **more: Any) -> None:
    objects.append(
        {"rule": {"family": "inet", "table": "evenkeel", "chain": "input", "expr": list(statements), **more}}
    )


def _accept(objects: list[dict[str, Any]]) -> None:
    with_rule(objects, {"accept": None})


def _counter(objects: list[dict[str, Any]]) -> None:
    next(entry["rule"] for entry in objects if "rule" in entry)["expr"].insert(
        0, {"counter": {"packets": 1, "bytes": 2}}
    )


def _comment(objects: list[dict[str, Any]]) -> None:
    next(entry["rule"] for entry in objects if "rule" in entry)["comment"] = "mine"


def _log(objects: list[dict[str, Any]]) -> None:
    with_rule(objects, {"log": {"prefix": "x"}}, {"drop": None})


def _set(objects: list[dict[str, Any]]) -> None:
    objects.append({"set": {"family": "inet", "name": "mine", "table": "evenkeel", "type": "ipv4_addr", "handle": 99}})


def _chain(objects: list[dict[str, Any]]) -> None:
    objects.append({"chain": {"family": "inet", "table": "evenkeel", "name": "mine", "handle": 99}})


def _dormant(objects: list[dict[str, Any]]) -> None:
    of_kind(objects, "table", "evenkeel")["flags"] = ["dormant"]


def _policy(objects: list[dict[str, Any]]) -> None:
    of_kind(objects, "chain", "input")["policy"] = "drop"


def _priority(objects: list[dict[str, Any]]) -> None:
    of_kind(objects, "chain", "postrouting")["prio"] = 300


def _size(objects: list[dict[str, Any]]) -> None:
    of_kind(objects, "map", "tcp_marks4")["size"] = 7


def _timeout(objects: list[dict[str, Any]]) -> None:
    of_kind(objects, "map", "tcp_marks4")["elem"][0][0]["elem"]["timeout"] = 60


def _element(objects: list[dict[str, Any]]) -> None:
    of_kind(objects, "map", "tcp_marks4")["elem"].append([{"concat": ["10.9.9.9", {"range": [1, 2]}]}, 9])


def _short_element(objects: list[dict[str, Any]]) -> None:
    of_kind(objects, "map", "tcp_marks4")["elem"].append(["10.9.9.9", 9])


def _mark(objects: list[dict[str, Any]]) -> None:
    of_kind(objects, "map", "tcp_marks4")["elem"][0][1] += 1


def _unnamed(objects: list[dict[str, Any]]) -> None:
    element = of_kind(objects, "map", "tcp_marks4")["elem"][0]
    element[0] = element[0]["elem"]["val"]


def _lost(objects: list[dict[str, Any]]) -> None:
    del of_kind(objects, "map", "tcp_marks4")["elem"][0]


def _lost_rule(objects: list[dict[str, Any]]) -> None:
    objects.pop()


def _flags(objects: list[dict[str, Any]]) -> None:
    """Exactly SYN, no longer SYN among others."""
    rules = [entry["rule"]["expr"] for entry in objects if "rule" in entry]
    next(rule[0]["match"] for rule in rules if rule[0].get("match", {}).get("op") == "in")["op"] = "=="


def _order(objects: list[dict[str, Any]]) -> None:
    objects[-2:] = reversed(objects[-2:])


CHANGES = [
    _accept, _counter, _comment, _log, _set, _chain, _dormant, _policy, _priority, _size, _timeout, _element,
    _short_element, _mark, _unnamed, _lost, _lost_rule, _flags, _order,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__.strip("_"))
def test_whatever_somebody_changes_in_our_table_is_seen(change: Any) -> None:
    objects = recorded()
    change(objects)
    assert parse(json.dumps({"nftables": objects})) != ruleset_of(everything())


def test_foreign_rules_are_shown_as_nft_has_them() -> None:
    objects = recorded()
    with_rule(objects, {"match": {"op": "!=", "left": {"meta": {"key": "mark"}}, "right": 3}}, {"drop": None})
    with_rule(objects, {"log": None}, comment="why")
    lines = parse(json.dumps({"nftables": objects})).chains["input"]
    assert lines[-2:] == ("meta mark != 3 drop", '[{"log": null}] comment "why"')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


def places(value: Any) -> list[Any]:
    """Every list and dictionary in a value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    found = [place for item in inner for place in places(item)]
    return [value, *found] if isinstance(value, (dict, list)) and value else found


@given(st.data())
def test_a_spoiled_listing_is_an_error_of_ours_or_a_ruleset(data: st.DataObject) -> None:
    objects = recorded()
    for _time in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(objects)))
        where = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if data.draw(st.booleans()):
            place[where] = data.draw(JSON)
        else:
            del place[where]
    try:
        ruleset = parse(json.dumps({"nftables": objects}))
    except NotNft:
        return
    assert all(isinstance(line, str) for line in ruleset.frame())
    assert isinstance(render.lines(ruleset.elements.items()), str)


@given(st.text() | JSON.map(json.dumps))
def test_what_is_no_listing_is_an_error_of_ours(said: str) -> None:
    with pytest.raises(NotNft):
        parse(said)
