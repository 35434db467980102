# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials of appliances are shown nowhere, whatever goes wrong, and TLS is verified."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from ansible_collections.evenkeel.lb.tests.aloha_simulator.appliance import Appliance
from ansible_collections.evenkeel.lb.tests.aloha_simulator.server import Simulator, serving

from .appliances import ENCODED, PASSWORD, Play, at

ONE_TASK = """
- hosts: all
  gather_facts: false
  tasks:
    - {name: farm, evenkeel.lb.lb_farm: {name: web}, ignore_errors: true}
"""
TLS = {"ansible_httpapi_use_ssl": True}
# Each has an address of its own: Ansible tells connections apart by it.
VERIFIED, TRUSTED, UNVERIFIED = (f"127.0.0.{number}" for number in (11, 12, 13))
OPENSSL = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=aloha -keyout key.pem -out cert.pem -addext"


def test_credentials_are_told_nowhere_and_certificates_are_verified(
    pair: list[Simulator], play: Play, tmp_path: Path
) -> None:
    names = f"subjectAltName=IP:{VERIFIED},IP:{TRUSTED},IP:{UNVERIFIED}"
    subprocess.run([*OPENSSL.split(), names], cwd=tmp_path, check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(Appliance(password=PASSWORD)) as closed:
        gone = at(closed)
    with serving(Appliance(password=PASSWORD), "0.0.0.0", context=context) as safe:
        hosts = {
            "good": at(pair[0]),
            "nobody": at(pair[1], ansible_user="nobody"),
            "gone": gone,
            "plain": at(pair[0], **TLS, ansible_port=1),
            "verified": at(safe, **TLS, ansible_host=VERIFIED),
            "trusted": at(safe, **TLS, ansible_host=TRUSTED, ansible_httpapi_ca_path=str(tmp_path / "cert.pem")),
            "unverified": at(safe, **TLS, ansible_host=UNVERIFIED, ansible_httpapi_validate_certs=False),
        }
        played = play(hosts, ONE_TASK, "-vvvvvv")
        assert [request.method for request in safe.appliance.requests].count("POST") == 1
    assert PASSWORD not in played.shown and ENCODED not in played.shown
    assert PASSWORD not in str(played.results) and ENCODED not in str(played.results)
    words = {
        "nobody": "refuses the user or the password (ansible_user, ansible_password)",
        "gone": "Connection refused",
        "plain": "WRONG_VERSION_NUMBER",
        "verified": "self-signed certificate",
    }
    told = {name: played.results[name, "farm"] for name in hosts}
    assert {name for name in hosts if told[name]["failed"]} == set(words)
    assert [(name, told[name]["msg"]) for name in words if words[name].lower() not in told[name]["msg"].lower()] == []
    # people are told before the password goes over the network, also by the only task of a play
    assert "the password goes to the appliance in clear text" in str(told["good"]["warnings"])
    assert "clear text" not in str(told["trusted"].get("warnings"))


def test_what_ansible_itself_shows_people_are_warned_of(pair: list[Simulator], play: Play) -> None:
    """Its log of a connection has the password, and an address is in everything it says; we add nothing to that."""
    hosts = {
        "logged": at(pair[0], ansible_persistent_log_messages=True),
        "inside": at(pair[1], ansible_host=f"admin:{PASSWORD}@127.0.0.2"),
    }
    played = play(hosts, ONE_TASK)
    assert "leave that out" in str(played.results["logged", "farm"]["warnings"])
    assert ENCODED not in played.shown
    inside = played.results["inside", "farm"]
    assert inside["failed"] and "ansible_host has a user or a password in it" in inside["msg"]
    assert PASSWORD not in str(inside)
    assert not pair[1].appliance.requests and pair[1].connections == 0
