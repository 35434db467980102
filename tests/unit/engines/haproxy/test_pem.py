# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Until when certificates are valid, as they are made by another library, and what hostile ones come to."""

from __future__ import annotations

import base64
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.evenkeel.lb.plugins.module_utils._engines.haproxy.pem import ends, seconds

KEY = ec.generate_private_key(ec.SECP256R1())
# RFC 5280, 4.1.2.5: two notations, of which the second begins with 2050.
MOMENTS = st.datetimes(datetime.datetime(1950, 1, 2), datetime.datetime(9999, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


def certificate(end: datetime.datetime, name: str = "one", authority: bool | None = True) -> x509.Certificate:
    """A certificate that says whether it is an authority, or nothing of that (None)."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(KEY.public_key())
    made = made.serial_number(1).not_valid_before(datetime.datetime(1950, 1, 1)).not_valid_after(end)
    if authority is not None:
        made = made.add_extension(x509.BasicConstraints(authority, None), critical=True)
    return made.sign(KEY, hashes.SHA256())


def pem(encoded: bytes) -> str:
    text = base64.encodebytes(encoded).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


def moment(end: datetime.datetime) -> float:
    return end.replace(tzinfo=datetime.UTC).timestamp()


@given(st.lists(st.tuples(MOMENTS, NAMES), max_size=3), st.text("ab\n-# "))
def test_ends_are_those_that_were_written_in_their_order(wanted: list[tuple[datetime.datetime, str]], gap: str) -> None:
    text = gap.join(certificate(end, name).public_bytes(Encoding.PEM).decode() for end, name in wanted)
    assert ends(f"{gap}\n{text}") == [moment(end) for end, _name in wanted]


def test_one_that_is_no_authority_has_no_end_and_keeps_its_place() -> None:
    end = datetime.datetime(2030, 1, 1)
    made = [certificate(end, authority=authority) for authority in (False, True, None)]
    text = "".join(one.public_bytes(Encoding.PEM).decode() for one in made)
    assert ends(text) == [None, moment(end), None]
    assert ends("no certificate") == []


ONE = certificate(datetime.datetime(2030, 1, 1)).public_bytes(Encoding.DER)


@given(st.integers(0, len(ONE)), st.integers(0, 40), st.binary(max_size=40))
def test_what_is_no_certificate_has_no_end_that_is_made_up(place: int, without: int, other: bytes) -> None:
    hostile = ONE[:place] + other + ONE[place + without :]
    [end] = ends(pem(hostile))
    assert end is None or isinstance(end, float)
    assert ends(pem(hostile) + pem(ONE)) == [end, moment(datetime.datetime(2030, 1, 1))]


@given(st.binary(max_size=200) | st.integers(0, len(ONE) - 1).map(lambda place: ONE[:place]))
def test_what_is_cut_short_has_no_end(encoded: bytes) -> None:
    assert ends(pem(encoded)) == [None]


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert ends(f"-----BEGIN CERTIFICATE-----{text}-----END CERTIFICATE-----") in ([None], [])
    assert seconds(text) is None
