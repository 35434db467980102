# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the prober tells from the probes it sent."""

from __future__ import annotations

from prober import Probe, outages, report


def probes(*answers: str | None) -> list[Probe]:
    """One every 20 ms, answered by that server or by none."""
    return [Probe(number * 0.02, server, "" if server else "timed out") for number, server in enumerate(answers)]


def test_no_failure_is_no_outage():
    assert outages(probes("web1", "web2", "web1")) == []


def test_an_outage_lasts_from_answer_to_answer():
    assert outages(probes("web1", "web1", None, None, None, "web2")) == [{"at_ms": 20, "length_ms": 80, "failed": 3}]


def test_each_outage_is_told():
    assert [outage["failed"] for outage in outages(probes("web1", None, "web1", None, None, "web1"))] == [1, 2]


def test_an_outage_that_did_not_end_has_no_length():
    assert outages(probes("web1", None, None)) == [{"at_ms": 0, "length_ms": None, "failed": 2}]


def test_the_report_is_in_the_order_of_sending():
    sent = probes("web1", "web2", None, "web1")
    told = report([sent[2], sent[3], sent[0], sent[1]])  # in the order answers came
    assert (told["sent"], told["failed"], told["by_server"]) == (4, 1, {"web1": 2, "web2": 1})
    assert (told["first_at"], told["last_at"]) == ({"web1": 0, "web2": 20}, {"web1": 60, "web2": 20})
    assert told["outages"] == [{"at_ms": 20, "length_ms": 40, "failed": 1}]
    assert told["errors"] == {"timed out": 1}
