# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of ours on the director, and what the files that profiles name hold now. Private to evenkeel.lb."""

from __future__ import annotations

from typing import Dict, List, Optional

from ..._host.system import System
from ..blocks import Blocks, parse
from .programs import is_program, programs_in
from .render import document, named
from .tls import Bundle, all_bundles_in, lists_in
from .words import FILE


def content_of(system: System, bundle: Bundle) -> Optional[str]:
    """What a file of ours has to hold; None where one of its sources is not there."""
    parts = [system.read(source) for source in bundle.sources]
    if any(part is None for part in parts):
        return None
    return "".join(part if part.endswith("\n") else f"{part}\n" for part in parts if part)


def wanted(system: System, blocks: Blocks) -> Dict[str, str]:
    """All files that blocks ask for, by path. Sources that are not there make no file."""
    found = {bundle.file: content_of(system, bundle) for bundle in all_bundles_in(blocks)}
    return {
        **{file: text for file, text in found.items() if text is not None},
        **lists_in(blocks),
        **programs_in(blocks),
        FILE: document(blocks),
    }


def mode_of(file: str) -> int:
    """Who may do what with a file of ours: keys are for root alone, programs are run by HAProxy's user."""
    return 0o755 if is_program(file) else 0o600


def put(system: System, files: Dict[str, str]) -> None:
    """Write what is not there as such, and our configuration last, which names the others."""
    for file in sorted(files, key=lambda name: (name == FILE, name)):
        if system.read(file) != files[file]:
            system.write(file, files[file], mode=mode_of(file))


def clear(system: System, before: Blocks, after: Blocks) -> None:
    """Remove what only the blocks of before asked for."""
    for file in sorted(named(before) - named(after)):
        system.remove(file)


def held(system: System) -> Blocks:
    """The blocks of our configuration as it is."""
    return parse(system.read(FILE) or "")[1]


def missing(system: System, named_by: List["tuple[str, str]"]) -> List["tuple[str, str]"]:
    """Of (path in the model, file), those whose file is not there."""
    return [(path, file) for path, file in named_by if not system.exists(file)]
