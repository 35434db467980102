# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a wish, said so that the reader knows what to write instead. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Iterable, Optional, Sequence, Tuple

from .likely import LIKE_A_NAME, meant, with_others

_SHOWN = 10
_SHOWN_PROBLEMS = 100


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is, what is wrong, what is allowed.

    ``path`` leads to the field, like ``farms[web].servers[web2].address``. ``missing`` marks a reference to an
    object that is not there (yet); everything else is wrong whatever else is said.
    """

    path: str
    message: str
    allowed: str = ""
    missing: bool = False

    def __str__(self) -> str:
        text = f"{self.path}: {self.message}"
        return f"{text}; allowed: {self.allowed}" if self.allowed else text


class InvalidConfiguration(Exception):
    """Carries every problem of a wish at once, in a stable order; its text shows the first hundred."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        lines = [str(problem) for problem in self.problems[:_SHOWN_PROBLEMS]]
        more = len(self.problems) - len(lines)
        super().__init__("\n".join([*lines, f"and {more} more"] if more else lines))


def in_order(problems: Iterable[Problem]) -> Tuple[Problem, ...]:
    """Each problem once, in a stable order."""
    return tuple(sorted(set(problems), key=lambda problem: (problem.path, problem.message, problem.allowed)))


def some(names: Sequence[str]) -> str:
    """Names for a message: all of a few, the first of many."""
    shown = ", ".join(sorted(names)[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def nearest_names(known: Collection[str], wanted: Optional[str], word: str, listed: str) -> str:
    """What to write instead of the name of an object that is not there: the one that was probably meant first, unless
    ``wanted`` is None, and the others, of which ``listed`` is ``some``."""
    if not known:
        return f"no {word} is recorded yet"
    likely = meant(wanted, known, LIKE_A_NAME)
    return listed if likely is None else with_others(likely, some([name for name in known if name != likely]))
