# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates: which files HAProxy is given, and the words around them. Pure. Private to evenkeel.lb.

HAProxy wants a certificate, its chain and its key in one file. We write one for each profile that is used, from the
files that the profile names, so that a renewed certificate is a change that can be seen, and given to the running
process. So are authorities that a profile trusts, in a file of their own.
"""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..._model.certificate_profile import CertificateProfile
from ..._model.configuration import Configuration
from ..._model.farm import Server
from ..._model.objects import with_defaults
from .sections import Section
from .words import FOLDER, Line

_LIST = "# crt-list: "
_PROFILE = "certificate profile "
_HOLDS = " holds "


class Bundle(NamedTuple):
    """A file of ours, and the files whose content it has, each once, in order."""

    file: str
    sources: Tuple[str, ...]


def file_of(profile: str) -> str:
    """Where the certificate of a profile is for HAProxy."""
    return f"{FOLDER}/{profile}.pem"


def authorities_of(profile: str) -> str:
    """Where the authorities are that a profile trusts."""
    return f"{FOLDER}/{profile}.authorities"


def list_of(virtual_server: str) -> str:
    """Where the list of certificates of a virtual server is."""
    return f"{FOLDER}/{virtual_server}.crtlist"


def section_of(profile: CertificateProfile) -> Section:
    """A section that is all comments: what the file of a profile holds, and that of the authorities it trusts."""
    chain = profile.chain_file if profile.type != "mutual_tls" else None
    sources = [profile.certificate_file, chain, profile.key_file]
    words = " ".join(dict.fromkeys(source for source in sources if source))
    path = f"certificate_profiles[{profile.name}]"
    trusted = f" {authorities_of(profile.name)}{_HOLDS}{profile.chain_file}" if profile.type == "mutual_tls" else ""
    return Section(
        f"{_PROFILE}{profile.name}", f"# {file_of(profile.name)}{_HOLDS}{words}", (Line(f"#{trusted}", path),)
    )


def _bundle_in(line: str) -> Bundle:
    file, _holds, sources = line.strip()[2:].partition(_HOLDS)
    return Bundle(file, tuple(sources.split()))


def used_profiles(configuration: Configuration, names: Iterable[str]) -> List[CertificateProfile]:
    """The profiles of those names, with their defaults."""
    return [with_defaults(configuration.certificate_profiles[name]) for name in sorted(set(names))]


def bind_words(configuration: Configuration, virtual_server: str, names: Sequence[str], alpn: str) -> str:
    """The words of a bind that ends TLS. The first profile says what holds where no other is asked for."""
    first = with_defaults(configuration.certificate_profiles[names[0]])
    words = ["ssl", f"crt-list {list_of(virtual_server)}", *([f"alpn {alpn}"] if alpn else [])]
    return " ".join([*words, *_rules(first)])


def list_lines(configuration: Configuration, names: Sequence[str]) -> Iterator[Line]:
    """The list of certificates, as comments in the section of the virtual server."""
    for name in names:
        profile = with_defaults(configuration.certificate_profiles[name])
        rules = " ".join(_rules(profile))
        yield Line(f"{_LIST}{file_of(name)}{f' [{rules}]' if rules else ''}", f"certificate_profiles[{name}]")


def all_bundles_in(blocks: Dict[str, str]) -> List[Bundle]:
    """The bundles of both kinds."""
    return [*bundles_in(blocks).values(), *authorities_in(blocks).values()]


def lists_in(blocks: Dict[str, str]) -> Dict[str, str]:
    """The lists of certificates that blocks ask for: texts by file."""
    found: Dict[str, str] = {}
    for subject, block in blocks.items():
        if _LIST not in block or not subject.startswith("virtual server "):
            continue
        lines = [line.strip()[len(_LIST) :] for line in block.splitlines() if line.strip().startswith(_LIST)]
        if lines:
            found[list_of(subject[len("virtual server ") :])] = "".join(f"{line}\n" for line in lines)
    return found


def bundles_in(blocks: Dict[str, str]) -> Dict[str, Bundle]:
    """The certificates that blocks ask for, by profile."""
    # somebody may have edited our file
    return {name: _bundle_in(line) for name, lines in _profiles_in(blocks) for line in lines[:1] if _HOLDS in line}


def authorities_in(blocks: Dict[str, str]) -> Dict[str, Bundle]:
    """The authorities that blocks ask for, by profile, of those profiles that trust some."""
    return {name: _bundle_in(line) for name, lines in _profiles_in(blocks) for line in lines[1:] if _HOLDS in line}


def _profiles_in(blocks: Dict[str, str]) -> Iterator[Tuple[str, List[str]]]:
    for subject, text in blocks.items():
        if subject.startswith(_PROFILE):
            yield subject[len(_PROFILE) :], text.splitlines()


def _rules(profile: CertificateProfile) -> Iterator[str]:
    if profile.type == "mutual_tls":
        yield f"verify required ca-file {authorities_of(profile.name)}"
    if profile.ciphers:
        yield f"ciphers {profile.ciphers}"
    if profile.minimum_tls:
        yield f"ssl-min-ver TLSv{profile.minimum_tls}"


def to_server(
    configuration: Configuration, server: Server
) -> Tuple[Optional[CertificateProfile], Optional[CertificateProfile]]:
    """Of the profiles of a server, that whose certificate it is shown, and that whose authorities it is believed by."""
    profiles = [with_defaults(configuration.certificate_profiles[name]) for name in server.certificate_profiles or ()]
    trusted = [profile for profile in profiles if profile.type == "mutual_tls"]
    return next(iter(profiles), None), next(iter(trusted), None)


def words_to_server(configuration: Configuration, server: Server, mode: str) -> List[str]:
    """What a server is told of TLS to it, and of HTTP/2 for gRPC. Without authorities any certificate is taken."""
    if not server.ssl_offload:
        return ["proto h2"] if mode == "grpc" else []
    shown, trusted = to_server(configuration, server)
    words = ["ssl", "verify none" if trusted is None else f"verify required ca-file {authorities_of(trusted.name)}"]
    if shown is not None:
        words.append(f"crt {file_of(shown.name)}")
        words += [rule for rule in _rules(shown) if not rule.startswith("verify")]
    if mode == "grpc":
        words.append("alpn h2")
    return words
