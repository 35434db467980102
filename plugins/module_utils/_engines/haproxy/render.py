# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The model as HAProxy configuration text, block by block. Pure. Private to evenkeel.lb.

Keywords follow configuration.txt of 2.6 to 3.0. Only values that passed the field types of the model reach this text,
quoted where they may hold a character with a meaning there; ``extra_config`` alone is HAProxy's own language.
"""

from __future__ import annotations

import hashlib
from typing import Dict, List, Set

from ..._model.configuration import Configuration
from ..blocks import HEADER, Blocks, body
from .capabilities import NAME
from .farms import Way, backends_of
from .programs import programs_in
from .sections import Section
from .tls import all_bundles_in, lists_in, used_profiles
from .tls import section_of as profile_section
from .virtual_servers import carried, profiles_of
from .virtual_servers import section_of as frontend
from .words import GENERATION, OWN, SOCKET

# Built on an OpenSSL without QUIC, HAProxy has it only when it is told to do without what that lacks (3.0, 3.1
# "limited-quic").
_QUIC = ".if feature(QUIC_OPENSSL_COMPAT)\n    limited-quic\n.endif\n"


def sections(configuration: Configuration) -> List[Section]:
    """What HAProxy should be told, section by section."""
    found: List[Section] = []
    ways: Dict[Way, Configuration] = {}
    profiles: Set[str] = set()
    for one in carried(configuration, NAME):
        found.append(frontend(one))
        ways.setdefault(one.way, one.part)
        profiles |= profiles_of(configuration, one)
    for way, part in ways.items():
        found.extend(backends_of(part, way))
    found.extend(profile_section(profile) for profile in used_profiles(configuration, profiles))
    return sorted(found, key=lambda section: section.subject)


def blocks_of(parts: List[Section]) -> Blocks:
    """The text of each section by its subject."""
    return {section.subject: section.text for section in parts}


def named(blocks: Blocks) -> Set[str]:
    """The paths of the files that blocks ask for, beside the one they are in."""
    return {*(bundle.file for bundle in all_bundles_in(blocks)), *lists_in(blocks), *programs_in(blocks)}


def document(blocks: Blocks) -> str:
    """The whole file; equal blocks give equal bytes."""
    return header(blocks) + "".join(body(blocks))


def header(blocks: Blocks) -> str:
    """What stands before the blocks: all that HAProxy needs of a second file, and the generation of the whole."""
    return (
        f"{HEADER}global\n"
        f"    stats socket {SOCKET} mode 600 level admin\n"
        f"    setenv {GENERATION} {generation(blocks)}\n"
        f"{_QUIC if any('    bind quic' in text for text in blocks.values()) else ''}"
        f"defaults {OWN}\n"
        "    mode tcp\n"
        "    log global\n"
        "    option dontlognull\n"
        # a connection that a server refuses is tried on another one at once
        "    option redispatch 1\n"
        "    timeout connect 5s\n"
        "    timeout client 1m\n"
        "    timeout server 1m\n"
        "    timeout queue 1m\n"
        "    timeout tunnel 1h\n"
        "    timeout http-request 1m\n"
        f"backend {OWN} from {OWN}\n"
        "    mode tcp\n"
        "    stick-table type string len 64 size 16 store gpt0\n"
    )


def generation(blocks: Blocks) -> str:
    """A word that tells these blocks from all others."""
    return hashlib.sha256("".join(body(blocks)).encode()).hexdigest()[:32]
