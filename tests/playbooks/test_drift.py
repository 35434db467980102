# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook drift: what its status is, and that no director is the end of the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .conftest import Perform

CLEAN: dict[str, Any] = {
    "changed": False,
    "config": {},
    "drift": [],
    "virtual_servers": [],
    "ha_groups": [],
    "versions": [],
}
DRIFTED = {
    **CLEAN,
    "drift": [
        {
            "engine": "ipvs",
            "action": "repair",
            "subject": "server web1 of virtual server www",
            "path": "farms[web].servers[web1]",
            "field": "weight",
            "intended": "1",
            "running": "5",
            "impact": "new_connections",
        }
    ],
}
FAILED = {"failed": True, "msg": "no right to read <that>"}
UNREACHABLE = {"unreachable": True, "msg": "no route to {{ host }}"}


def answers(**results: dict[str, Any]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    return {name: {"lb_info": [result]} for name, result in results.items()}


def test_no_drift_is_status_0_and_a_report(perform: Perform, tmp_path: Path) -> None:
    played = perform("evenkeel.lb.drift", answers(lb1=CLEAN, lb2=CLEAN), drift_directory=str(tmp_path / "new" / "one"))
    assert played.status == 0, played.shown
    report = json.loads((tmp_path / "new" / "one" / "report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "clean" and set(report["directors"]) == {"lb1", "lb2"}
    assert (tmp_path / "new" / "one" / "report.html").read_text(encoding="utf-8").lstrip().startswith("<!DOCTYPE html>")


def test_each_director_is_in_the_report_however_it_ended(perform: Perform, tmp_path: Path) -> None:
    # The first is where Ansible runs what runs once.
    found = answers(lb1=UNREACHABLE, lb2=FAILED, lb3=DRIFTED, lb4=CLEAN)
    played = perform("evenkeel.lb.drift", found, drift_directory=str(tmp_path))
    assert played.status == 2, played.shown
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {name: one["verdict"] for name, one in report["directors"].items()} == {
        "lb1": "unreachable",
        "lb2": "failed",
        "lb3": "drifted",
        "lb4": "clean",
    }
    assert report["directors"]["lb1"]["message"] == "no route to {{ host }}"
    assert "lb3: farms[web].servers[web1] weight: 1 → 5" in played.shown
    assert "<that>" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_it_may_be_asked_to_report_only(perform: Perform, tmp_path: Path) -> None:
    found = answers(lb1=DRIFTED, lb2=FAILED)
    played = perform("evenkeel.lb.drift", found, drift_fail=False)
    assert played.status == 0, played.shown
    # where it was run
    assert json.loads((tmp_path / "evenkeel_drift" / "report.json").read_text(encoding="utf-8"))["verdict"] == "failed"


def test_an_expired_certificate_is_reported_and_no_failure(perform: Perform, tmp_path: Path) -> None:
    end = {"part": "certificate", "subject": "/CN=www", "not_after": "2020-01-01T00:00:00Z", "days_left": -9}
    told = {
        "name": "www", "virtual_servers": ["www"], "farms": [], "state": "present", "subject": "/CN=www", "issuer": "",
        "names": [], "fingerprint": "", "not_before": None, "not_after": "2020-01-01T00:00:00Z", "days_left": -9,
        "ends": [end],
    }  # fmt: skip
    later = {**told, "name": "later", "ends": [{**end, "not_after": "9000-01-01T00:00:00Z"}]}
    played = perform(
        "evenkeel.lb.drift", answers(lb1={**CLEAN, "certificates": [told, later]}), drift_certificate_days=9
    )
    assert played.status == 0, played.shown
    assert "ATTENTION: 1 certificate expired" in played.shown
    assert "certificate www (/CN=www): expired since 2020-01-01T00:00:00Z on lb1" in played.shown
    report = json.loads((tmp_path / "evenkeel_drift" / "report.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in report["findings"]["certificates"]] == ["www"]


def test_it_only_looks(perform: Perform, tmp_path: Path) -> None:
    played = perform("evenkeel.lb.drift", answers(lb1=DRIFTED), drift_directory=str(tmp_path))
    assert [call.module for call in played.calls] == ["lb_info"]


def test_an_audit_of_nothing_does_not_pass(perform: Perform) -> None:
    played = perform("evenkeel.lb.drift", {})
    assert played.status != 0
    assert "no host in the group directors" in played.shown
