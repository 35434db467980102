# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the running process says of certificates, in words of HAProxy 2.6.12 and 3.0.11, and what is made of it."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy import runtime
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.certificates import (
    authorities_in,
    told_in,
)
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.engine import HaproxyEngine
from ansible_collections.evenkeel.lb.plugins.module_utils._engines.status import CertificateBehind, CertificateStatus
from ansible_collections.evenkeel.lb.plugins.module_utils._host.store import Store
from ansible_collections.evenkeel.lb.plugins.module_utils._host.system import Completed, HostFault
from ansible_collections.evenkeel.lb.plugins.module_utils._info import Asked, gathered
from ansible_collections.evenkeel.lb.plugins.module_utils._model.configuration import Configuration
from ansible_collections.evenkeel.lb.tests.unit.engines.haproxy.test_pem import certificate
from ansible_collections.evenkeel.lb.tests.unit.fake_system import FakeSystem

ANSWER = """Filename: /etc/haproxy/evenkeel/one.pem
Status: Used
Serial: 7F0AF2004835CB665FFE1A7439B10159109F8A82
notBefore: Nov  8 18:33:36 2026 GMT
notAfter: Dec  8 18:33:36 2026 GMT
Subject Alternative Name: DNS:one.example, DNS:two.example,\x20
Algorithm: EC256
SHA1 FingerPrint: 43A732B0A13D021887D9E2CA0606FBB3E397D0FC
Subject: /C=FR/O=A b/CN=one
Issuer: /C=FR/O=A b/CN=authority
OCSP Response Key:\x20

"""
CHAIN = """Chain Subject: /C=FR/O=A b/CN=authority
Chain Issuer: /C=FR/O=A b/CN=root
Chain Subject: /C=FR/O=A b/CN=root
Chain Issuer: /C=FR/O=A b/CN=root
OCSP Response Key:"""
AUTHORITIES = """Filename: /etc/haproxy/evenkeel/one.authorities
Status: Used
\x20
Certificate #1:
Serial: 35A55644487C941C00D8F60039AB865B69EB2486
notBefore: Nov 28 22:26:47 2026 GMT
notAfter: Feb 14 22:26:47 2035 GMT
Subject Alternative Name:\x20
Algorithm: EC256
SHA1 FingerPrint: 62823A3F725469F66D1A9314CCA47DBB31E00AF9
Subject: /C=FR/O=A b/CN=clients
Issuer: /C=FR/O=A b/CN=clients
\x20
Certificate #2:
Serial: 7C7B87B851C7F161F0D56610D0F4229C6AF20FE2
notBefore: Nov 28 22:26:47 2026 GMT
notAfter: Dec  7 18:33:36 2026 GMT
Subject Alternative Name:\x20
Algorithm: EC256
SHA1 FingerPrint: 47E2FA373107ABACB4B48C779ED423364B8CC06A
Subject: /C=FR/O=A b/CN=partners
Issuer: /C=FR/O=A b/CN=clients

"""
NOBODY = "Can't display the CA file : Not found!\n\n"
NONE = "Can't display the certificate: Not found or the certificate is a bundle!\n\n"
END = 1796754816
ONE = CertificateStatus(
    "/C=FR/O=A b/CN=one",
    "/C=FR/O=A b/CN=authority",
    ("one.example", "two.example"),
    "43A732B0A13D021887D9E2CA0606FBB3E397D0FC",
    END - 30 * 86400,
    END,
)


def test_one_answer_after_another() -> None:
    two = ANSWER.replace("one.pem", "two.pem").replace("2026 GMT", "2049 GMT")
    found = told_in(ANSWER + NONE + two)
    assert list(found) == ["/etc/haproxy/evenkeel/one.pem", "/etc/haproxy/evenkeel/two.pem"]
    assert found["/etc/haproxy/evenkeel/one.pem"] == ONE
    assert (found["/etc/haproxy/evenkeel/two.pem"].not_after or 0) - END == 8401 * 86400


def test_what_it_does_not_have_is_not_told() -> None:
    assert told_in(NONE) == told_in("") == {}
    assert told_in(AUTHORITIES) == authorities_in(NOBODY) == authorities_in(ANSWER) == {}
    # a transaction that was never filled
    assert told_in("Filename: /etc/haproxy/evenkeel/one.pem\nStatus: Empty\n\n") == {}


def test_a_moment_that_cannot_be_read_is_not_known() -> None:
    odd = told_in(ANSWER.replace("Dec  8", "Bad time"))["/etc/haproxy/evenkeel/one.pem"]
    assert (odd.not_after, odd.subject) == (None, ONE.subject)


def test_authorities_beside_certificates() -> None:
    answer = NOBODY + ANSWER + AUTHORITIES + NONE + ANSWER.replace("one.pem", "two.pem")
    assert list(told_in(answer)) == ["/etc/haproxy/evenkeel/one.pem", "/etc/haproxy/evenkeel/two.pem"]
    assert told_in(answer)["/etc/haproxy/evenkeel/one.pem"] == ONE
    assert authorities_in(answer) == {
        "/etc/haproxy/evenkeel/one.authorities": (
            CertificateBehind("authority", "/C=FR/O=A b/CN=clients", END + 2990 * 86400 + 13991),
            CertificateBehind("authority", "/C=FR/O=A b/CN=partners", END - 86400),
        )
    }


@given(
    st.text() | st.builds(lambda place, text: ANSWER[:place] + text + ANSWER[place:], st.integers(0, 400), st.text())
)
def test_whatever_it_answers_is_read(answer: str) -> None:
    for one in (*told_in(answer).values(), *itertools.chain(*authorities_in(answer).values())):
        assert one.not_after is None or isinstance(one.not_after, float)


def document() -> dict[str, Any]:
    profiles = [{"name": name, "certificate_file": f"/etc/ssl/{name}.pem"} for name in ("one", "spare", "two")]
    return {
        "certificate_profiles": profiles,
        "farms": [
            {
                "name": "web",
                "servers": [
                    {"name": "s1", "address": "192.0.2.1", "ssl_offload": True, "certificate_profiles": ["two"]},
                ],
            }
        ],
        "virtual_servers": [
            {
                "name": "web", "vip": "198.51.100.1", "port": 443, "type": "layer7", "protocol": "https", "farm": "web",
                "ssl_offload": True, "certificate_profiles": ["one"],
            }
        ],
    }  # fmt: skip


@pytest.fixture
def host() -> FakeSystem:
    system = FakeSystem()
    system.programs["haproxy"] = lambda argv: Completed(0, "HAProxy version 2.6.12-1", "")
    system.programs["systemctl"] = lambda argv: Completed(0, "", "")
    system.clock = lambda: END - 86400.5  # type: ignore[method-assign]
    Store(system).save(Configuration.from_document(document()))
    return system


def test_profiles_in_use_are_asked_for_and_all_are_told(host: FakeSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def ask(_system: FakeSystem, command: str) -> str:
        asked.append(command)
        return ANSWER + NONE

    monkeypatch.setattr(runtime, "ask", ask)
    found = gathered(host, [HaproxyEngine()], Asked(("certificates",)))[0]["certificates"]
    assert asked == ["show ssl cert /etc/haproxy/evenkeel/one.pem;show ssl cert /etc/haproxy/evenkeel/two.pem"]
    assert found[0] == {
        "name": "one",
        "virtual_servers": ["web"],
        "farms": [],
        "state": "present",
        "subject": "/C=FR/O=A b/CN=one",
        "issuer": "/C=FR/O=A b/CN=authority",
        "names": ["one.example", "two.example"],
        "fingerprint": "43A732B0A13D021887D9E2CA0606FBB3E397D0FC",
        "not_before": "2026-11-08T18:33:36Z",
        "not_after": "2026-12-08T18:33:36Z",
        "days_left": 1,
        "ends": [
            {
                "part": "certificate",
                "subject": "/C=FR/O=A b/CN=one",
                "not_after": "2026-12-08T18:33:36Z",
                "days_left": 1,
            }
        ],
    }
    assert [one["ends"] for one in found[1:]] == [[], []]
    assert [(one["name"], one["farms"], one["state"], one["days_left"]) for one in found[1:]] == [
        ("spare", [], "untold", None),
        ("two", ["web"], "missing", None),
    ]


@pytest.mark.parametrize(("past", "left"), [(0, 0), (0.5, -1), (86400, -1), (86401, -2), (-86400, 1), (-86399, 0)])
def test_days_are_whole_ones_and_below_0_afterwards(
    host: FakeSystem, monkeypatch: pytest.MonkeyPatch, past: float, left: int
) -> None:
    monkeypatch.setattr(runtime, "ask", lambda system, command: ANSWER)
    host.clock = lambda: END + past  # type: ignore[method-assign]
    assert gathered(host, [HaproxyEngine()], Asked(("certificates",)))[0]["certificates"][0]["days_left"] == left


def with_chain(host: FakeSystem, *others: x509.Certificate) -> str:
    """What the process tells of a certificate with a chain of two, whose file has it and others."""
    first = certificate(datetime.datetime(2030, 1, 1), authority=False)
    text = "".join(one.public_bytes(Encoding.PEM).decode() for one in (first, *others))
    host.files["/etc/haproxy/evenkeel/one.pem"] = text
    told = ANSWER.replace("OCSP Response Key:", CHAIN)
    return told.replace("43A732B0A13D021887D9E2CA0606FBB3E397D0FC", first.fingerprint(hashes.SHA1()).hex().upper())


def ends(host: FakeSystem, monkeypatch: pytest.MonkeyPatch, answer: str) -> list[tuple[str, str, str | None]]:
    """What is told of profile one, of which the process says that, the first to end first."""
    monkeypatch.setattr(runtime, "ask", lambda system, command: answer)
    one = gathered(host, [HaproxyEngine()], Asked(("certificates",)))[0]["certificates"][0]
    assert one["days_left"] == one["ends"][0]["days_left"]
    return [(each["part"], each["subject"].rpartition("=")[2], each["not_after"]) for each in one["ends"]]


def test_the_first_of_the_chain_to_end_counts(host: FakeSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    soon, late = certificate(datetime.datetime(2026, 12, 1)), certificate(datetime.datetime(2060, 1, 1))
    told = with_chain(host, soon, late)
    wanted = [
        ("chain", "authority", "2026-12-01T00:00:00Z"),
        ("certificate", "one", "2026-12-08T18:33:36Z"),
        ("chain", "root", "2060-01-01T00:00:00Z"),
    ]
    assert ends(host, monkeypatch, told) == wanted
    # the same in the file in another order, which is that of the process too
    assert ends(host, monkeypatch, with_chain(host, late, soon))[0] == ("chain", "root", "2026-12-01T00:00:00Z")


@pytest.mark.parametrize(
    "edited",
    [
        lambda first, chain: first + chain,
        lambda first, chain: first + chain * 3,
        lambda first, chain: chain * 3,
        lambda first, chain: None,
    ],
    ids=["less", "more", "of another certificate", "gone"],
)
def test_a_chain_of_another_file_than_the_process_has_is_told_by_name(
    host: FakeSystem, monkeypatch: pytest.MonkeyPatch, edited: Callable[[str, str], str | None]
) -> None:
    one = certificate(datetime.datetime(2026, 12, 1))
    told, file = with_chain(host, one, one), "/etc/haproxy/evenkeel/one.pem"
    assert ends(host, monkeypatch, told)[0] == ("chain", "authority", "2026-12-01T00:00:00Z")
    chain = one.public_bytes(Encoding.PEM).decode()
    text = edited(host.files.pop(file).replace(chain, ""), chain)
    if text is not None:
        host.files[file] = text
    assert ends(host, monkeypatch, told) == [
        ("certificate", "one", "2026-12-08T18:33:36Z"),
        ("chain", "authority", None),
        ("chain", "root", None),
    ]


def test_authorities_are_asked_for_where_a_profile_has_some(host: FakeSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    changed = document()
    changed["certificate_profiles"][0].update(type="mutual_tls", chain_file="/etc/ssl/clients.pem")
    Store(host).save(Configuration.from_document(changed))

    def ask(_system: FakeSystem, command: str) -> str:
        asked.append(command)
        return ANSWER + NONE + AUTHORITIES

    monkeypatch.setattr(runtime, "ask", ask)
    [one, *_others] = gathered(host, [HaproxyEngine()], Asked(("certificates",)))[0]["certificates"]
    assert asked[0].split(";")[1:] == [
        "show ssl cert /etc/haproxy/evenkeel/two.pem",
        "show ssl ca-file /etc/haproxy/evenkeel/one.authorities",
    ]
    assert [(each["part"], each["subject"], each["days_left"]) for each in one["ends"]] == [
        ("authority", "/C=FR/O=A b/CN=partners", 0),
        ("certificate", "/C=FR/O=A b/CN=one", 1),
        ("authority", "/C=FR/O=A b/CN=clients", 2991),
    ]
    assert (one["days_left"], one["not_after"]) == (0, "2026-12-08T18:33:36Z")


def states(host: FakeSystem) -> dict[str, str]:
    told = gathered(host, [HaproxyEngine()], Asked(("certificates",)))[0]["certificates"]
    assert all(one["ends"] == [] for one in told if one["state"] in ("unknown", "untold"))
    return {one["name"]: one["state"] for one in told}


def test_that_nobody_answers_is_told_apart_from_what_is_missing(
    host: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_system: FakeSystem, _command: str) -> str:
        raise HostFault("nobody there")

    unknown = {"one": "unknown", "spare": "untold", "two": "unknown"}
    for ask in (silent, lambda system, command: "", lambda system, command: "\n"):
        monkeypatch.setattr(runtime, "ask", ask)
        assert states(host) == unknown
    monkeypatch.setattr(runtime, "ask", lambda system, command: NONE + NONE)
    assert states(host) == {"one": "missing", "spare": "untold", "two": "missing"}
    host.programs["systemctl"] = lambda argv: Completed(3, "", "")
    assert states(host) == unknown


@pytest.mark.parametrize(
    ("answer", "state", "parts"),
    [
        (ANSWER + AUTHORITIES, "present", ["authority", "certificate", "authority"]),
        (ANSWER + NOBODY, "missing", ["certificate"]),
        (NONE + AUTHORITIES, "missing", ["authority", "authority"]),
        (NONE + NOBODY, "missing", []),
    ],
)
def test_a_profile_is_missing_without_its_authorities(
    host: FakeSystem, monkeypatch: pytest.MonkeyPatch, answer: str, state: str, parts: list[str]
) -> None:
    changed = document()
    changed["certificate_profiles"][0].update(type="mutual_tls", chain_file="/etc/ssl/clients.pem")
    Store(host).save(Configuration.from_document(changed))
    monkeypatch.setattr(runtime, "ask", lambda system, command: answer)
    told = gathered(host, [HaproxyEngine()], Asked(("certificates",)))[0]["certificates"][0]
    assert (told["state"], [each["part"] for each in told["ends"]]) == (state, parts)


def test_of_the_profiles_of_a_server_haproxy_is_given_one_certificate_and_one_set_of_authorities(
    host: FakeSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    changed = document()
    changed["virtual_servers"][0].update(protocol="http", ssl_offload=False, certificate_profiles=[])
    trusting = {"type": "mutual_tls", "chain_file": "/etc/ssl/clients.pem"}
    changed["certificate_profiles"][0].update(trusting)
    changed["certificate_profiles"][1].update(trusting)
    changed["certificate_profiles"][2].update(type="client")
    changed["farms"][0]["servers"][0]["certificate_profiles"] = ["two", "one", "spare"]
    Store(host).save(Configuration.from_document(changed))

    def ask(_system: FakeSystem, command: str) -> str:
        asked.append(command)
        return ANSWER.replace("one.pem", "two.pem") + AUTHORITIES

    monkeypatch.setattr(runtime, "ask", ask)
    assert states(host) == {"one": "present", "spare": "untold", "two": "present"}
    assert asked == [
        "show ssl cert /etc/haproxy/evenkeel/two.pem;show ssl ca-file /etc/haproxy/evenkeel/one.authorities"
    ]
    [one, *_others] = gathered(host, [HaproxyEngine()], Asked(("certificates",)))[0]["certificates"]
    assert ([each["part"] for each in one["ends"]], one["subject"], one["days_left"]) == (["authority"] * 2, "", 0)
