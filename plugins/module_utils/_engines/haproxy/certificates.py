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
from typing import Dict, Iterator, List, Sequence, Tuple

from ..._host.system import HostFault, System
from ..._model.configuration import Configuration
from ..status import CertificateBehind, CertificateStatus
from . import pem, runtime, unit
from .capabilities import NAME
from .tls import authorities_of, file_of, used_profiles
from .virtual_servers import carried, profiles_of

# A command line of the socket ends at 16 kB.
_AT_ONCE = 50
_FIELD = re.compile(r"^([A-Za-z0-9 ]+): ?(.*)$", re.MULTILINE)
_CHAIN = re.compile(r"^Chain Subject: ?(.*)$", re.MULTILINE)


def certificates(configuration: Configuration, system: System) -> Dict[str, CertificateStatus]:
    """By profile, what the running process has of those in use; nothing where it does not answer."""
    used = sorted({name for one in carried(configuration, NAME) for name in profiles_of(configuration, one)})
    if not used or not unit.is_active(system):
        return {}
    trusting = [one.name for one in used_profiles(configuration, used) if one.type == "mutual_tls"]
    commands = [f"show ssl cert {file_of(name)}" for name in used]
    commands += [f"show ssl ca-file {authorities_of(name)}" for name in trusting]
    try:
        answer = _asked(system, commands)
    except HostFault:
        return {}
    told, believed = told_in(answer), authorities_in(answer)
    return {
        name: dataclasses.replace(
            told[file_of(name)],
            behind=(*_chain(system, file_of(name), told[file_of(name)]), *believed.get(authorities_of(name), ())),
        )
        for name in used
        if file_of(name) in told
    }


def _asked(system: System, commands: Sequence[str]) -> str:
    parts: List[str] = []
    for begin in range(0, len(commands), _AT_ONCE):
        parts.append(runtime.ask(system, ";".join(commands[begin : begin + _AT_ONCE])))
    return "\n".join(parts)


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
        if file is not None:
            yield file, text, authorities


def _fields(text: str) -> Dict[str, str]:
    fields: Dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        fields.setdefault(name, value.strip())
    return fields
