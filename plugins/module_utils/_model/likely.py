# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which word was probably meant by one that is not known. Private to evenkeel.lb."""

from __future__ import annotations

import difflib
import functools
from typing import Any, Collection, Optional, Sequence, Tuple

# Looking among more, or for something longer, takes longer than it helps.
_AMONG = 200
_LONGEST = 64
# How alike two words have to be, from 0 to 1 (difflib): a name is typed by heart, a word of the model is looked up.
LIKE_A_NAME = 0.6
LIKE_A_WORD = 0.7


def meant(wanted: Any, known: Collection[str], alike: float) -> Optional[str]:
    """The known word that is like the one that was said and more so than any other; None where there is none."""
    if not isinstance(wanted, str) or len(wanted) > _LONGEST or len(known) > _AMONG:
        return None
    return _meant(wanted, tuple(known), alike)


@functools.lru_cache(maxsize=1 << 10)  # who mistypes a field does so in many objects
def _meant(wanted: str, known: Tuple[str, ...], alike: float) -> Optional[str]:
    folded = {word.lower(): word for word in known}
    similar = difflib.get_close_matches(wanted.lower(), folded, 2, alike)
    if not similar or (len(similar) == 2 and _likeness(wanted, similar[0]) == _likeness(wanted, similar[1])):
        return None
    return folded[similar[0]]


def _likeness(wanted: str, word: str) -> float:
    return difflib.SequenceMatcher(None, word, wanted.lower()).ratio()


def likely_first(wanted: Any, known: Sequence[str]) -> str:
    """The known words for a message; where one was probably meant, it stands first and is said to be likely."""
    likely = meant(wanted, known, LIKE_A_WORD)
    rest = ", ".join(word for word in known if word != likely)
    return rest if likely is None else with_others(likely, rest)


def with_others(likely: str, others: str) -> str:
    """What was probably meant, and what else there is."""
    return f"{likely}, most likely; or {others}" if others else f"{likely}, most likely"
