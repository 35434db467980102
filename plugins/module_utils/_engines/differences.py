# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of an object is not as it was intended, for people who look at what a plan would repair. Pure.

Private to evenkeel.lb.
"""

from __future__ import annotations

from typing import List, NamedTuple, Tuple


class Difference(NamedTuple):
    """One field that is not as intended.

    ``path`` is the object, as ``farms[web].servers[web1]``, or what there is instead of one: a file, a kernel
    parameter, a daemon. ``field`` is a field of the model, or the file in which the object's lines differ; of a whole
    service or server of the kernel that is missing or too much it is ``service`` or ``server``. ``intended`` and
    ``running`` are for people, empty where there is nothing, and hold no secret.
    """

    path: str
    field: str
    intended: str
    running: str


def of_lines(path: str, field: str, intended: str, running: str) -> Tuple[Difference, ...]:
    """The lines that one of two texts has and the other has not; where they only stand otherwise, all of them."""
    wanted, there = intended.splitlines(), running.splitlines()
    missing = [line for line in wanted if line not in there]
    strange = [line for line in there if line not in wanted]
    if not missing and not strange:
        missing, strange = wanted, there
    return (Difference(path, field, _text(missing), _text(strange)),)


def _text(lines: List[str]) -> str:
    return "\n".join(line.strip() for line in lines if line.strip())
