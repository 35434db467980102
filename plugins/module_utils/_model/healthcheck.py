# Copyright (c) 2026, the evenkeel.lb authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Health checks: how a server's life is tested. Private to evenkeel.lb."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Optional, Tuple

from .fields import Choice, HostName, Integer, Name, Seconds, StatusCodes, UriPath
from .objects import option
from .problems import Problem


@dataclass(frozen=True)
class HealthCheck:
    """A test that is repeated every ``interval``; ``retries`` failures in a row take a server out, one success brings
    it back."""

    WORD = "health check"

    name: str = option(Name(), required=True)
    type: str = option(Choice("tcp", "http"), default="tcp")
    interval: float = option(Seconds(0.1, 86400), default=5.0)
    timeout: float = option(Seconds(0.1, 3600), default=3.0)
    retries: int = option(Integer(1, 100), default=3)
    port: Optional[int] = option(Integer(1, 65535))
    uri: str = option(UriPath(), default="/")
    host: Optional[str] = option(HostName())
    status_codes: Tuple[str, ...] = option(StatusCodes(), default=("200-299",))

    def problems(self, path: str) -> Iterator[Problem]:
        if self.type != "http":
            for name in ("uri", "host", "status_codes"):
                if getattr(self, name) is not None:
                    yield Problem(
                        f"{path}.{name}", "has no meaning for this type of check", "type: http, or leave it out"
                    )
