# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates that the running process shows: for whom they are, and until when. Private to evenkeel.lb.

It tells by ``show ssl cert FILE`` (management.txt, 9.3; 2.2 and newer) of the certificate itself, and of its chain
nothing but names: until when that is valid is read from the file that it was given. Of the authorities that it believes
it tells by ``show ssl ca-file FILE`` (2.6 and newer). Times are those of OpenSSL's ASN1_TIME_print, in GMT. Of the
names that a certificate is for it tells those of hosts alone.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from ..._host.system import HostFault, System
from ..._model.configuration import Configuration
from ..status import CertificateBehind, CertificateStatus
from . import pem, runtime, unit
from .capabilities import NAME
from .tls import authorities_of, file_of
from .virtual_servers import carried, given_for

# A command line of the socket ends at 16 kB.
_AT_ONCE = 50
_FIELD = re.compile(r"^([A-Za-z0-9 ]+): ?(.*)$", re.MULTILINE)
_CHAIN = re.compile(r"^Chain Subject: ?(.*)$", re.MULTILINE)


def certificates(configuration: Configuration, system: System) -> Dict[str, CertificateStatus]:
    """By profile, what the running process has of those that it should have."""
    shown, trusted = _given(configuration)
    commands = [f"show ssl cert {file_of(name)}" for name in shown]
    commands += [f"show ssl ca-file {authorities_of(name)}" for name in trusted]
    answer = _asked(system, commands)
    told, believed = told_in(answer or ""), authorities_in(answer or "")
    found = {}
    for name in sorted({*shown, *trusted}):
        one, authorities = told.get(file_of(name)), believed.get(authorities_of(name))
        has_all = (name not in shown or one is not None) and (name not in trusted or authorities is not None)
        found[name] = dataclasses.replace(
            one or CertificateStatus(),
            state="unknown" if answer is None else "present" if has_all else "missing",
            behind=(*(_chain(system, file_of(name), one) if one is not None else ()), *(authorities or ())),
        )
    return found


def _given(configuration: Configuration) -> Tuple[List[str], List[str]]:
    """The profiles whose certificates HAProxy is to have, and those whose authorities."""
    shown: Set[str] = set()
    trusted: Set[str] = set()
    for one in carried(configuration, NAME):
        with_certificate, with_authorities = given_for(configuration, one)
        shown |= with_certificate
        trusted |= with_authorities
    return sorted(shown), sorted(trusted)


def _asked(system: System, commands: Sequence[str]) -> Optional[str]:
    """What the running process answers to commands; None where it does not run or answer."""
    if not commands or not unit.is_active(system):
        return None
    parts: List[str] = []
    for begin in range(0, len(commands), _AT_ONCE):
        try:
            parts.append(runtime.ask(system, ";".join(commands[begin : begin + _AT_ONCE])))
        except HostFault:
            return None
    # it says of each file at least that it does not have it
    return "\n".join(parts) if all(part.strip() for part in parts) else None


def _chain(system: System, file: str, told: CertificateStatus) -> Tuple[CertificateBehind, ...]:
    """The chain that the process tells of, with its ends where the file is what the process was given."""
    content = system.read(file) or ""
    ends = pem.ends(content)[1:]
    if pem.fingerprint(content) != told.fingerprint or len(ends) != len(told.behind):
        return told.behind
    return tuple(dataclasses.replace(one, not_after=end) for one, end in zip(told.behind, ends))


def told_in(answer: str) -> Dict[str, CertificateStatus]:
    """What answers to ``show ssl cert`` say, by file, of the chain without its ends; files that the process does not
    have are left out."""
    found = {}
    for file, text, _authorities in _files_in(answer):
        fields = _fields(text)
        if "notAfter" in fields:
            names = re.findall(r"DNS:([^, ]+)", fields.get("Subject Alternative Name", ""))
            found[file] = CertificateStatus(
                fields.get("Subject", ""),
                fields.get("Issuer", ""),
                tuple(names),
                fields.get("SHA1 FingerPrint", ""),
                pem.seconds(fields.get("notBefore", "")),
                pem.seconds(fields["notAfter"]),
                tuple(CertificateBehind("chain", subject) for subject in _CHAIN.findall(text)),
            )
    return found


def authorities_in(answer: str) -> Dict[str, Tuple[CertificateBehind, ...]]:
    """What answers to ``show ssl ca-file`` say, by file."""
    return {
        file: tuple(
            CertificateBehind("authority", fields.get("Subject", ""), pem.seconds(fields.get("notAfter", "")))
            for fields in map(_fields, authorities)
        )
        for file, _text, authorities in _files_in(answer)
        if authorities
    }


def _files_in(answer: str) -> Iterator[Tuple[str, str, List[str]]]:
    """Each file that an answer tells of, what is said of it, and then of each authority in it."""
    for part in re.split(r"^(?=Filename: )", answer, flags=re.MULTILINE):
        text, *authorities = re.split(r"^Certificate #\d+:$", part, flags=re.MULTILINE)
        file = _fields(text).get("Filename")
        if file:
            yield file, text, authorities


def _fields(text: str) -> Dict[str, str]:
    fields: Dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        fields.setdefault(name, value.strip())
    return fields
