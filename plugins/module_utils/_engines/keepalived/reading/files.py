# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of the files that are given an ``include`` line of keepalived.conf means. Pure. Private to evenkeel.lb.

keepalived takes the pattern as glob(3) does with braces: names in the order of their bytes, none that begins with a dot
unless the pattern says the dot. A path that is not absolute begins at the file that includes it.
"""

from __future__ import annotations

import posixpath
import re
from typing import Iterable, List, Sequence

_MOST_ALTERNATIVES = 100
_PART = re.compile(r"\[!?\]?[^\]]*\]|\\.|.", re.DOTALL)


def matching(pattern: str, includer: str, files: Iterable[str]) -> List[str]:
    """The paths among ``files`` that a pattern in the file ``includer`` means, in the order keepalived reads them."""
    found: List[str] = []
    for alternative in _alternatives(pattern):
        wanted = posixpath.normpath(posixpath.join(posixpath.dirname(includer), alternative)).split("/")
        # glob(3) sorts what each alternative gives, and keeps the alternatives in their order
        found += sorted(path for path in files if _is_path(wanted, path.split("/")))
    return found


def _alternatives(pattern: str) -> List[str]:
    """``a{b,c}d`` is ``abd`` and ``acd``."""
    waiting = [pattern]
    done: List[str] = []
    while waiting:
        one = waiting.pop(0)
        match = re.search(r"\{([^{}]*)\}", one)
        if match is None or len(waiting) + len(done) >= _MOST_ALTERNATIVES:
            done.append(one)
        else:
            waiting[:0] = [one[: match.start()] + part + one[match.end() :] for part in match[1].split(",")]
    return done


def _is_path(wanted: Sequence[str], path: Sequence[str]) -> bool:
    return len(wanted) == len(path) and all(map(_is_name, wanted, path))


def _is_name(pattern: str, name: str) -> bool:
    """Whether one name between slashes fits its pattern. A star that took too little takes one more, the last first."""
    parts = _PART.findall(pattern)
    if name.startswith(".") and parts[:1] != ["."]:
        return False
    part = sign = 0
    star, taken = -1, 0
    while sign < len(name):
        if part < len(parts) and parts[part] == "*":
            star, taken = part, sign
            part += 1
        elif part < len(parts) and _is_sign(parts[part], name[sign]):
            part += 1
            sign += 1
        elif star >= 0:
            taken += 1
            part, sign = star + 1, taken
        else:
            return False
    return all(left == "*" for left in parts[part:])


def _is_sign(part: str, sign: str) -> bool:
    if part == "?":
        return True
    if len(part) > 2 and part.startswith("["):
        inside = part[1:-1]
        without = inside.startswith("!")
        return _is_among(inside[without:], sign) != without
    return part[-1] == sign


def _is_among(signs: str, sign: str) -> bool:
    """Whether a sign is among those between brackets, which may have ranges: ``a-z_``."""
    ranges = re.findall(r"(.)-(.)|(.)", signs, re.DOTALL)
    return any(first <= sign <= last if first else sign == alone for first, last, alone in ranges)
