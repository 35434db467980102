# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exchanges with a netlink family: what no real kernel does on demand."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._host.generic_netlink import (
    BATCH_BYTES,
    BATCH_REQUESTS,
    DUMP_ATTEMPTS,
    SO_RCVBUFFORCE,
    SO_SNDBUFFORCE,
    Family,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._host.netlink_wire import (
    NLM_F_ACK,
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLM_F_DUMP_INTR,
    FamilyMissing,
    MalformedMessage,
    Message,
    NetlinkError,
    Refused,
    attribute,
)
from ansible_collections.evenkeel.lb.tests.unit.engines.ipvs.sockets import (
    CONTROLLER,
    FAMILY,
    Handler,
    NetlinkSocket,
    Received,
    Scripted,
    done,
    error,
    family_answer,
    item,
    no_buffer,
)


def silent(_message: Message) -> list[Message]:
    return []


def family(handler: Handler = silent) -> tuple[Family, Scripted]:
    kernel = Scripted(handler)
    return Family(kernel, "IPVS", 1), kernel


def acknowledge(message: Message) -> list[Message]:
    return [error(message)] if message.flags & NLM_F_ACK else []


def refuse(*commands: int) -> Handler:
    """A kernel that refuses requests by their command number with EEXIST."""

    def handler(message: Message) -> list[Message]:
        if message.payload[0] in commands:
            return [error(message, errno.EEXIST)]
        return acknowledge(message)

    return handler


@given(st.lists(st.integers(0, 40000).map(bytes), max_size=60))
def test_a_batch_sends_everything_once_in_order_and_in_bounded_pieces(contents: list[bytes]) -> None:
    ipvs, kernel = family(acknowledge)
    contents = [attribute(1, content) for content in contents]
    result = ipvs.batch([(5, content) for content in contents])
    assert (result.sent, result.refused) == (len(contents), {})
    assert [message.payload[4:] for send in kernel.sends for message in send] == contents
    assert all(size <= BATCH_BYTES or len(send) == 1 for size, send in zip(kernel.sizes, kernel.sends, strict=True))


def test_only_the_last_request_of_each_send_asks_to_be_acknowledged() -> None:
    ipvs, kernel = family(acknowledge)
    ipvs.batch([(5, b"")] * (2 * BATCH_REQUESTS + 1))
    assert [len(send) for send in kernel.sends] == [BATCH_REQUESTS, BATCH_REQUESTS, 1]
    for send in kernel.sends:
        assert [bool(message.flags & NLM_F_ACK) for message in send] == [False] * (len(send) - 1) + [True]
    sequences = [message.sequence for send in kernel.sends for message in send]
    assert len(set(sequences)) == len(sequences)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_refusals_are_told_apart_by_position(position: int) -> None:
    ipvs, _kernel = family(refuse(7))
    commands = [5, 5, 5]
    commands[position] = 7
    result = ipvs.batch([(command, b"") for command in commands])
    assert result.sent == 3
    assert [(place, refused.errno) for place, refused in result.refused.items()] == [(position, errno.EEXIST)]


def test_after_a_send_with_refusals_there_is_no_further_one() -> None:
    ipvs, kernel = family(refuse(7))
    requests = [(5, b"")] * BATCH_REQUESTS + [(7, b"")] + [(5, b"")] * (2 * BATCH_REQUESTS)
    result = ipvs.batch(requests)
    assert result.sent == 2 * BATCH_REQUESTS
    assert list(result.refused) == [BATCH_REQUESTS]
    assert len(kernel.sends) == 2


def test_an_empty_batch_sends_nothing() -> None:
    ipvs, kernel = family()
    assert ipvs.batch([]) == (0, {})
    assert kernel.sends == []


def test_a_torn_dump_is_read_again() -> None:
    torn = [NLM_F_DUMP_INTR, 0]

    def handler(message: Message) -> list[Message]:
        flags = torn.pop(0)
        return [item(message, b"old." if flags else b"new.", flags), done(message, flags=flags)]

    ipvs, kernel = family(handler)
    assert ipvs.dump(4) == [b"new."]
    assert len(kernel.sends) == 2


def test_a_dump_that_is_always_torn_ends_with_an_error() -> None:
    ipvs, kernel = family(lambda message: [item(message, b""), done(message, flags=NLM_F_DUMP_INTR)])
    with pytest.raises(NetlinkError, match=f"changed during each of {DUMP_ATTEMPTS} attempts"):
        ipvs.dump(4)
    assert len(kernel.sends) == DUMP_ATTEMPTS


def test_a_dump_spreads_over_datagrams() -> None:
    ipvs, kernel = family()
    question = Message(FAMILY, 0, 2, b"")
    kernel.answer(item(question, b"one."), item(question, b"two."))
    kernel.answer(item(question, b"last"))
    kernel.answer(done(question))
    assert ipvs.dump(4) == [b"one.", b"two.", b"last"]


def test_answers_to_other_questions_and_from_other_processes_are_passed_over() -> None:
    ipvs, kernel = family()
    question = Message(FAMILY, 0, 2, b"")
    kernel.answer(item(Message(FAMILY, 0, 1, b""), b"of an earlier question"))
    kernel.answer(item(question, b"forged"), port=4711)
    kernel.answer(item(question, b"true"), done(question))
    assert ipvs.dump(4) == [b"true"]


@pytest.mark.parametrize("refusal", [error, done])
def test_a_refused_dump_is_an_error(refusal: Callable[..., Message]) -> None:
    ipvs, _kernel = family(lambda message: [refusal(message, errno.EPERM)])
    with pytest.raises(Refused, match="Operation not permitted") as caught:
        ipvs.dump(4)
    assert caught.value.errno == errno.EPERM


def test_the_kernels_own_explanation_is_told() -> None:
    text = attribute(1, b"Unsupported tunnel\0") + attribute(2, b"\0\0\0\0")
    ipvs, _kernel = family(lambda message: [error(message, errno.EINVAL, text, NLM_F_CAPPED | NLM_F_ACK_TLVS)])
    with pytest.raises(Refused, match=r"Invalid argument \(EINVAL\): Unsupported tunnel$"):
        ipvs.request(1)


def test_the_explanation_is_found_behind_a_whole_refused_request() -> None:
    text = attribute(1, b"no\0")
    ipvs, _kernel = family(lambda message: [error(message, errno.EINVAL, message.payload + text, NLM_F_ACK_TLVS)])
    with pytest.raises(Refused) as caught:
        ipvs.request(1, attribute(3, b"12345"))
    assert caught.value.explanation == "no"


def test_a_kernel_without_the_family_is_told_apart() -> None:
    class Without(Scripted):
        def send(self, datagram: bytes) -> int:
            self.answer(error(Message(CONTROLLER, 0, 1, b""), errno.ENOENT))
            return len(datagram)

    with pytest.raises(FamilyMissing, match="no generic netlink family IPVS"):
        Family(Without(silent), "IPVS", 1)


def test_a_look_up_that_answers_nothing_of_use_is_an_error() -> None:
    class Useless(Scripted):
        def send(self, datagram: bytes) -> int:
            self.answer(family_answer(Message(CONTROLLER, 0, 1, b""))[1])
            return len(datagram)

    with pytest.raises(MalformedMessage, match="does not tell the number"):
        Family(Useless(silent), "IPVS", 1)


def test_no_answer_is_an_error_not_a_hang() -> None:
    ipvs, _kernel = family()
    with pytest.raises(NetlinkError, match="no answer of the kernel: timed out"):
        ipvs.request(15)


def test_lost_answers_are_an_error() -> None:
    class Overflowing(Scripted):
        def recvmsg(self, size: int) -> Received:
            if self.sends:
                raise no_buffer()
            return super().recvmsg(size)

    ipvs = Family(Overflowing(silent), "IPVS", 1)
    with pytest.raises(NetlinkError, match="answers of the kernel were lost"):
        ipvs.batch([(1, b"")])


def test_a_cut_answer_is_an_error() -> None:
    ipvs, kernel = family()
    kernel.answer(item(Message(FAMILY, 0, 2, b""), b""), flags=socket.MSG_TRUNC)
    with pytest.raises(MalformedMessage, match="longer than"):
        ipvs.dump(4)


def test_without_the_capability_for_more_the_usual_buffer_is_asked_for() -> None:
    asked = []

    class Plain(Scripted):
        def setsockopt(self, level: int, option: int, value: int) -> None:
            asked.append(option)
            if option in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
                raise PermissionError(errno.EPERM, "Operation not permitted")

    Family(Plain(silent), "IPVS", 1)
    assert asked[-4:] == [SO_SNDBUFFORCE, socket.SO_SNDBUF, SO_RCVBUFFORCE, socket.SO_RCVBUF]


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_whatever_is_received_gives_a_value_or_an_error_of_its_own(datagrams: list[bytes]) -> None:
    ipvs, kernel = family()
    kernel.answers = [(datagram, [], 0, (0, 0)) for datagram in datagrams]
    with pytest.raises(NetlinkError):
        ipvs.dump(4)


@given(st.integers(0, 20), st.integers(0, 0xFFFF), st.binary(max_size=64))
def test_any_answer_to_a_question_gives_a_value_or_an_error_of_its_own(kind: int, flags: int, payload: bytes) -> None:
    ipvs, kernel = family()
    kernel.answer(Message(kind, flags, 2, payload))
    kernel.answer(Message(FAMILY, flags, 2, payload))
    try:
        answers = ipvs.request(15)
    except NetlinkError:
        return
    assert all(isinstance(answer, bytes) for answer in answers)


def test_sockets_that_cannot_be_set_up_are_an_error() -> None:
    class Broken(NetlinkSocket):
        def setsockopt(self, level: int, option: int, value: int) -> None:
            raise OSError(errno.ENOPROTOOPT, "Protocol not available")

    with pytest.raises(NetlinkError, match="cannot be set up: Protocol not available"):
        Family(Broken(), "IPVS", 1)
