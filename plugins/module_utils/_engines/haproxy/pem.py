# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the certificates in a text in PEM are, and until when they are valid. Pure. Private to evenkeel.lb."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
import ssl
from typing import FrozenSet, List, Optional

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s*(.*?)-----END CERTIFICATE-----", re.DOTALL)


def fingerprint(content: str) -> Optional[str]:
    """The SHA1 fingerprint of the first certificate in a text, as HAProxy writes it."""
    return next(iter(_fingerprints(content)), None)


def fingerprints(content: str) -> FrozenSet[Optional[str]]:
    """The same of all certificates in a text."""
    return frozenset(_fingerprints(content))


def ends(content: str) -> List[Optional[float]]:
    """Until when each certificate in a text is valid, in their order, in seconds since 1970. None of what is no
    certificate, and of one that is no authority: it can vouch for nothing, so no client looks at it in a chain."""
    return [None if one is None else _end(one) for one in _encoded(content)]


def seconds(moment: str) -> Optional[float]:
    """A moment as OpenSSL's ASN1_TIME_print writes it, in GMT, in seconds since 1970; None of any other text."""
    try:
        # knows the names of months without the locale
        return float(ssl.cert_time_to_seconds(moment))
    except (ValueError, OverflowError):
        return None


def _encoded(content: str) -> List[Optional[bytes]]:
    return [_bytes(inner) for inner in _CERTIFICATE.findall(content)]


def _bytes(inner: str) -> Optional[bytes]:
    try:
        return base64.b64decode("".join(inner.split()))
    except ValueError:
        return None


def _fingerprints(content: str) -> List[Optional[str]]:
    return [None if one is None else hashlib.sha1(one).hexdigest().upper() for one in _encoded(content)]


# Hundreds of certificates may have the same authority behind them.
@functools.lru_cache(maxsize=1024)
def _end(encoded: bytes) -> Optional[float]:
    # The standard library reads certificates by OpenSSL, and tells of those alone that are authorities.
    reader = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        reader.load_verify_locations(cadata=encoded)
        [told] = reader.get_ca_certs()
    except (ssl.SSLError, ValueError):
        return None
    return seconds(str(told["notAfter"]))
