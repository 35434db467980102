# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How filters and tests refuse: one error that says what is wrong and what is allowed. Private to evenkeel.lb."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.evenkeel.lb.plugins.module_utils._model.fields import BadValue
from ansible_collections.evenkeel.lb.plugins.module_utils._model.problems import InvalidConfiguration


def refusing(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with what it refuses raised as AnsibleFilterError; every other exception is a fault and passes."""

    @functools.wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except BadValue as bad:
            raise AnsibleFilterError(f"{bad.message}; allowed: {bad.allowed}") from None
        except InvalidConfiguration as invalid:
            count = len(invalid.problems)
            problems = "1 problem" if count == 1 else f"{count} problems"
            raise AnsibleFilterError(f"the configuration has {problems}:\n{invalid}") from None

    return called
