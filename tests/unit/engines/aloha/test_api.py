# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the wire, when it goes again, and what errors say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.api import Api, NoAnswer, Refused
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.objects import Key, Paths
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.settings import Settings
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.aloha.wire import (
    WORDS,
    Answer,
    decoded_names,
    decoded_object,
    encoded,
    told,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.base import EngineFault

LOCKED = Answer(500, 100, "locked")
GOOD = Answer(200, body="{}")


class Wire:
    """Answers one after the other, or does not answer; a clock that moves by sleeping only."""

    def __init__(self, *answers: Answer | None) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, str, Any]] = []
        self.time = 0.0
        self.slept: list[float] = []

    def exchange(self, method: str, path: str, values: Mapping[str, Any] | None) -> Answer:
        self.sent.append((method, path, values))
        answer = self.answers.pop(0)
        if answer is None:
            raise NoAnswer("nobody there")
        return answer

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds

    def api(self, **settings: Any) -> Api:
        return Api(self.exchange, Settings(**settings), lambda: self.time, self.sleep)


@given(
    st.dictionaries(st.text(max_size=5), st.none() | st.text(max_size=5) | st.integers() | st.booleans() | st.floats())
)
def test_nothing_but_ascii_text_and_null_is_ever_encoded(values: dict[str, Any]) -> None:
    try:
        text = encoded(values)
    except EngineFault:
        return
    assert text.isascii()
    assert all(value is None or isinstance(value, str) for value in values.values())
    assert decoded_object(text) == values


@pytest.mark.parametrize("value", [80, True, 1.5, ["a"], "Zoë", "two\nlines"])
def test_what_the_appliance_would_ignore_is_refused(value: Any) -> None:
    with pytest.raises(EngineFault, match="attribute weight"):
        encoded({"weight": value})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('["a", "b"]', ("a", "b")),
        ('{ "a", "b.c-d_e" }', ("a", "b.c-d_e")),
        ("[]", ()),
        ("{ }", ()),
        ("{}", ()),
        ('{"a": "b"}', None),
        ("[1]", None),
        ("<html>", None),
        ("", None),
    ],
)
def test_names_are_read_in_both_forms_of_the_documentation(text: str, names: Any) -> None:
    assert decoded_names(text) == names


@pytest.mark.parametrize("errno", sorted(WORDS))
def test_every_documented_error_is_told_in_words_with_what_became_of_the_configuration(errno: int) -> None:
    text = told("PUT /x", Answer(500, errno, "their words"))
    assert text.startswith("the appliance ") and "their words" in text and f"errno {errno}" in text
    fate = {101: "put its former configuration back", 102: "applied it again", 122: "lost at the next reboot"}
    assert fate.get(errno, "look at it" if errno in (120, 121) else "its configuration is as it was") in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(401), "ansible_password"),
        (Answer(403), "does not let this user"),
        (Answer(404), "nothing of that name"),
        (Answer(405), "does not offer this method"),
        (Answer(415), "type of document"),
        (Answer(502, body="<h1>\n" + "x" * 500), "without a word of its own: <h1> xxx"),
        (Answer(500, 99), "not documented"),
    ],
)
def test_other_errors_are_told_too(answer: Answer, words: str) -> None:
    assert words in told("GET /x", answer)
    assert len(told("GET /x", answer)) < 400


def test_while_it_is_locked_a_request_is_sent_again_ever_later() -> None:
    wire = Wire(*[LOCKED] * 7, GOOD)
    wire.api(lock_timeout=200).change("/x", {"a": "b"})
    assert wire.slept == [1, 2, 4, 8, 16, 30, 30]


def test_a_lock_that_does_not_end_is_told() -> None:
    wire = Wire(*[LOCKED] * 20)
    with pytest.raises(Refused, match="locked by somebody else"):
        wire.api(lock_timeout=20).change("/x", {"a": "b"})
    assert wire.time <= 20


@pytest.mark.parametrize("status", [409, 423, 503])
def test_a_status_that_means_busy_is_a_lock(status: int) -> None:
    wire = Wire(Answer(status), GOOD)
    wire.api().delete("/x")
    assert len(wire.sent) == 2


@pytest.mark.parametrize("errno", [25, 101, 102, 120, 122])
def test_no_other_error_is_tried_again(errno: int) -> None:
    wire = Wire(Answer(503, errno))
    with pytest.raises(Refused):
        wire.api().change("/x", {"a": "b"})
    assert len(wire.sent) == 1


def test_only_what_reads_is_sent_again_when_there_is_no_answer() -> None:
    reading = Wire(None, None, GOOD)
    assert reading.api().object("/x") == {}
    for write in (
        lambda api: api.change("/x", {}),
        lambda api: api.create("/x", {}),
        lambda api: api.delete("/x"),
    ):
        wire = Wire(None, GOOD)
        with pytest.raises(NoAnswer):
            write(wire.api())
        assert len(wire.sent) == 1
    with pytest.raises(NoAnswer):
        Wire(None, None, None).api().object("/x")


@pytest.mark.parametrize(
    ("method", "answers", "sent"),
    [
        ("auto", [GOOD], ["POST"]),
        ("auto", [Answer(405), GOOD], ["POST", "PUT"]),
        ("put", [GOOD], ["PUT"]),
        ("post", [GOOD], ["POST"]),
    ],
)
def test_objects_are_made_by_the_method_asked_for(method: str, answers: list[Answer], sent: list[str]) -> None:
    wire = Wire(*answers)
    wire.api(create_method=method).create("/x", {"a": "b"})
    assert [one[0] for one in wire.sent] == sent
    with pytest.raises(Refused):
        Wire(Answer(405)).api(create_method="post").create("/x", {})


def test_nothing_is_deleted_where_that_is_for_people() -> None:
    wire = Wire()
    with pytest.raises(EngineFault, match="by hand"):
        wire.api(delete_method="refuse").delete("/x")
    assert not wire.sent


def test_what_is_no_document_is_no_appliance() -> None:
    with pytest.raises(EngineFault, match="is this the configuration API"):
        Wire(Answer(200, body="<html>")).api().object("/x")


def test_no_save_request_is_invented() -> None:
    wire = Wire(GOOD)
    assert not wire.api().save() and not wire.sent
    assert wire.api(save_method="PUT", save_path="/save", save_body={"to": "flash"}).save()
    assert wire.sent == [("PUT", "/save", {"to": "flash"})]


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a b", "ä", "", "a%2fb"])
def test_no_name_leads_elsewhere(name: str) -> None:
    with pytest.raises(EngineFault, match="no name the appliance allows"):
        Paths("root", {}).of(Key("l4_farm", (name,)))
    with pytest.raises(EngineFault):
        Paths(name, {})


@pytest.mark.parametrize(
    "changed", [{"l5_farm": "{base}/x/{0}"}, {"l4_farm": "{base}/x/{1}"}, {"l4_farm": "{x}/{0}"}, {"l4_farm": "{0"}]
)
def test_what_is_no_path_is_told(changed: dict[str, str]) -> None:
    with pytest.raises(EngineFault, match="is no path; allowed: a path for one of l4_farm"):
        Paths("root", changed)


def test_paths_can_be_others() -> None:
    paths = Paths("blue", {"l7_listener": "{base}/l7/front/{0}/bind/{1}"})
    assert paths.of(Key("l7_listener", ("www", "p"))) == "/api/2/scope/blue/l7/front/www/bind/p"
    assert paths.directory("l7_listener", "www") == "/api/2/scope/blue/l7/front/www/bind"
    assert paths.of(Key("l4_server", ("web", "w1"))) == "/api/2/scope/blue/l4/farm/web/server/w1"
    assert paths.directory("l4_farm") == "/api/2/scope/blue/l4/farm"
