# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that the running process shows: for whom they are, and until when. Private to evenkeel.lb.

It tells by ``show ssl cert FILE`` (management.txt, 9.3; 2.2 and newer) of the certificate itself, and of its chain
nothing but names. Times are those of OpenSSL's ASN1_TIME_print, in GMT. Of the names that a certificate is for it tells
those of hosts alone.
"""

from __future__ import annotations

import re
import ssl
from typing import Dict, List, Optional, Sequence

from ..._host.system import HostFault, System
from ..._model.configuration import Configuration
from ..status import CertificateStatus
from . import runtime, unit
from .capabilities import NAME
from .tls import file_of
from .virtual_servers import carried, profiles_of

# A command line of the socket ends at 16 kB.
_AT_ONCE = 50
_FIELD = re.compile(r"^([A-Za-z0-9 ]+): ?(.*)$", re.MULTILINE)


def certificates(configuration: Configuration, system: System) -> Dict[str, CertificateStatus]:
    """By profile, what the running process has of those in use; nothing where it does not answer."""
    used = sorted({name for one in carried(configuration, NAME) for name in profiles_of(configuration, one)})
    if not used or not unit.is_active(system):
        return {}
    try:
        told = told_in(_asked(system, [file_of(name) for name in used]))
    except HostFault:
        return {}
    return {name: told[file_of(name)] for name in used if file_of(name) in told}


def _asked(system: System, files: Sequence[str]) -> str:
    parts: List[str] = []
    for begin in range(0, len(files), _AT_ONCE):
        parts.append(runtime.ask(system, ";".join(f"show ssl cert {file}" for file in files[begin : begin + _AT_ONCE])))
    return "\n".join(parts)


def told_in(answer: str) -> Dict[str, CertificateStatus]:
    """What answers to ``show ssl cert`` say, by file; files that the process does not have are left out."""
    found = {}
    for part in re.split(r"^(?=Filename: )", answer, flags=re.MULTILINE):
        fields: Dict[str, str] = {}
        for name, value in _FIELD.findall(part):
            fields.setdefault(name, value.strip())
        if "Filename" in fields and "notAfter" in fields:
            names = re.findall(r"DNS:([^, ]+)", fields.get("Subject Alternative Name", ""))
            found[fields["Filename"]] = CertificateStatus(
                fields.get("Subject", ""),
                fields.get("Issuer", ""),
                tuple(names),
                fields.get("SHA1 FingerPrint", ""),
                _seconds(fields.get("notBefore", "")),
                _seconds(fields["notAfter"]),
            )
    return found


def _seconds(moment: str) -> Optional[float]:
    try:
        # knows the names of months without the locale
        return float(ssl.cert_time_to_seconds(moment))
    except (ValueError, OverflowError):
        return None
