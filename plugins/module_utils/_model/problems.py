# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a wish, said so that the reader knows what to write instead. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence


@dataclass(frozen=True, order=True)
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
    """Carries every problem of a wish at once, in a stable order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))
