# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the HAProxy engine is asked for, sees, and keeps to go back to. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, FrozenSet, Mapping, NamedTuple, Optional, Tuple

from ..blocks import Blocks
from ..capabilities import Version
from .parse import Bind
from .sections import Section


class RunningServer(NamedTuple):
    """A server as the running process has it; ``weight`` is what was asked for, without the ramp of a slow start. Of a
    server with an agent it is the weight that the agent takes a share of, and what the agent made of its state is left
    out."""

    address: str
    port: int
    weight: int
    disabled: bool
    drained: bool = False


@dataclass(frozen=True)
class Running:
    """The running process: the generation it holds, the servers of our backends, which of our frontends are open, and
    the fingerprint of each certificate it has from a file of ours, and those of all authorities in such a file."""

    generation: str
    servers: Mapping[str, Mapping[str, RunningServer]]
    open: FrozenSet[str] = frozenset()
    certificates: Mapping[str, str] = field(default_factory=dict)
    authorities: Mapping[str, FrozenSet[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Desired:
    """The blocks of our file, the sections whose text they are, by subject, and beside them what is checked on the
    host: the names and binds of our proxies, the paths of the files that profiles name, the addresses to listen on or
    to test from, and the programs that test. ``left`` are files that a run which did not end may have written."""

    blocks: Blocks
    sections: Tuple[Section, ...]
    ordered: FrozenSet[str]
    proxies: Mapping[str, str]
    binds: Tuple[Tuple[str, Bind], ...]
    files: Tuple[Tuple[str, str], ...]
    addresses: Tuple[Tuple[str, str], ...]
    quic: Tuple[str, ...]
    claims: FrozenSet[Any] = frozenset()
    programs: Tuple[Tuple[str, str], ...] = ()
    left: FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Observed:
    """Our file as it is (``header`` is None without one), whether HAProxy runs and what it holds (None where it does
    not answer on our socket), its version, the profiles whose files were renewed since or that it has otherwise, and
    those of whose authorities either is so; the paths of the files in our folder."""

    header: Optional[str]
    blocks: Blocks
    active: bool
    running: Optional[Running]
    version: Optional[Version]
    renewed: FrozenSet[str] = frozenset()
    forgotten: FrozenSet[str] = frozenset()
    believed: FrozenSet[str] = frozenset()
    folder: FrozenSet[str] = frozenset()


@dataclass(frozen=True)
class Snapshot:
    """The files of ours that were there, by path, with None for those that were not; whether HAProxy ran, and what."""

    files: Dict[str, Optional[str]]
    active: bool
    running: Optional[Running]
